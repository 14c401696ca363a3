"""What the first bytes of a file say: its compression, its encoding, and whether it is text.

Guesses nothing: UTF-8, UTF-16 and UTF-32 show themselves, anything else has to be named. The
header's columns are judged in `csv_header`.
"""

import codecs

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.limits import DecompressionLimits
from txcat_assets.sources.files.opening import SourcePath
from txcat_assets.sources.files.other_formats import refuse_other_bytes
from txcat_assets.sources.files.streams import (
    Compression,
    normal_name,
    open_plain,
    refuse_damaged,
)
from txcat_assets.text import for_terminal, shortened

HEAD_BYTES = 1_048_576  # holds every header of sense, and enough lines to tell Latin-1 from UTF-8

_COMPRESSIONS: dict[bytes, Compression] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_WIDE: dict[str, dict[str, tuple[int, ...]]] = {
    "utf-16": {"utf-16-le": (1,), "utf-16-be": (0,)},
    "utf-32": {"utf-32-le": (1, 2, 3), "utf-32-be": (0, 1, 2)},
}
"""Encodings of two and of four bytes a character; which bytes of an ASCII letter are zero."""

_SAMPLE_BYTES = 64
"""How much of the header, or of the first names of the first object, is looked at for zeros."""

_CONTROLS = frozenset(range(32)) - frozenset(b"\t\r\n\x0b\x0c\x1b")


def plain_head(path: SourcePath, limits: DecompressionLimits) -> tuple[Compression | None, bytes]:
    """The file's compression and its first decompressed bytes; refuses known foreign formats."""
    with open_plain(path, None) as file:
        magic = file.read(16)
    found = next((name for mark, name in _COMPRESSIONS.items() if magic.startswith(mark)), None)
    if found is not None:
        refuse_damaged(path, found, limits)
    with open_plain(path, found) as file:
        head = file.read(HEAD_BYTES)
    refuse_other_bytes(str(path), head)
    return found, head


def encoding_of(path: str, head: bytes, given: str | None) -> str:
    """The encoding's name for `codecs`. A byte order mark is believed before the given name."""
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if given is not None and marked is None:
        return _named_encoding(path, head, given)
    return marked or _by_zeros(head, "utf-16") or _by_zeros(head, "utf-32") or "utf-8"


def refuse_unless_text(path: str, text: bytes, encoding: str, *, is_named: bool) -> None:
    """Refuse what is binary, or in an encoding that has to be named; `text` should be UTF-8.

    A few broken lines are records at fault. Mostly broken ones are another encoding.
    """
    header, *lines = [line for line in text.split(b"\n") if line.strip()]
    if _CONTROLS.intersection(header):
        raise SourceRefused(
            f"Looking into {path}: its first line is not text but binary data. Expected CSV with a "
            "header, or JSON Lines. Export the data again as one of these."
        )
    if not _is_utf8(header):
        raise _no_text(path, encoding, "its first line is not")
    foreign = [line for line in lines if not line.isascii()]
    broken = [line for line in foreign if not _is_utf8(line)]
    are_many = 2 <= len(broken) >= len(lines) / 10 or 1 <= len(broken) == len(lines)
    if are_many and len(broken) > len(foreign) / 2 and not is_named:
        raise _no_text(path, encoding, f"{len(broken)} of its first {len(lines)} records are not")


def _named_encoding(path: str, head: bytes, given: str) -> str:
    name = normal_name(given)
    if name is None:
        raise SourceRefused(
            f"Opening {path}: there is no text encoding named '{shortened(for_terminal(given))}'. "
            "Expected a name such as utf-8, utf-16, latin-1 or cp1252."
        )
    if name in _WIDE:
        return _by_zeros(head, name) or f"{name}-le"
    return "utf-8" if name == "utf-8-sig" else name


def _by_zeros(head: bytes, family: str) -> str | None:
    """The encoding of a family under whose letters zeros stand as they do here.

    ASCII letters in UTF-16 have a zero in every second byte, in UTF-32 three in every four; text
    in UTF-8 has none.
    """
    sample = head[:_SAMPLE_BYTES]
    for name, zeros in _WIDE[family].items():
        width = len(zeros) + 1
        places = [sample[place::width] for place in range(width)]
        has_zeros = all(places[place].count(0) >= len(places[place]) * 3 / 4 for place in zeros)
        letters = [places[place] for place in range(width) if place not in zeros]
        has_letters = all(place.count(0) <= 1 for place in letters)
        if len(sample) >= 2 * width and has_zeros and has_letters:
            return name
    return None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _no_text(path: str, encoding: str, found: str) -> SourceRefused:
    if encoding != "utf-8":
        return SourceRefused(
            f"Reading {path}: it seems to be {encoding}, but {found} text in that encoding: the "
            "file is damaged, or of another encoding. Ask the sender for it again, or name the "
            "encoding, such as --encoding cp1252."
        )
    return SourceRefused(
        f"Reading {path}: expected UTF-8 or UTF-16, but {found} UTF-8. If it is in "
        "another encoding, name it, such as --encoding cp1252 or --encoding latin-1."
    )
