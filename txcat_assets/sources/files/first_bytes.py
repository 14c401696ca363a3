"""What the first bytes of a file say: its compression, its encoding, and whether it is text.

Guesses nothing: UTF-8 and UTF-16 show themselves, anything else has to be told. The header's
columns are judged in `csv_header`.
"""

import codecs

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.opening import SourcePath
from txcat_assets.sources.files.streams import (
    Compression,
    is_text_encoding,
    open_plain,
    refuse_damaged,
)

HEAD_BYTES = 1_048_576  # holds every header of sense, and enough lines to tell Latin-1 from UTF-8

_COMPRESSIONS: dict[bytes, Compression] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook. Unzip it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file. Save the sheet as CSV",
    b"PAR1": "a Parquet file. Export it as CSV or JSON Lines",
    b"BZh": "bzip2-compressed. Decompress it, or use gzip or zstd",
    b"\xfd7zXZ": "xz-compressed. Decompress it, or use gzip or zstd",
    b"%PDF": "a PDF. Ask for the same data as CSV",
    b"SQLite format 3": "a SQLite database. Export its table as CSV",
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\r\n\x0b\x0c\x1b")


def plain_head(path: SourcePath) -> tuple[Compression | None, bytes]:
    """The file's compression and its first decompressed bytes; refuses known foreign formats."""
    with open_plain(path, None) as file:
        magic = file.read(16)
    found = next((name for mark, name in _COMPRESSIONS.items() if magic.startswith(mark)), None)
    if found is not None:
        refuse_damaged(path, found)
    with open_plain(path, found) as file:
        head = file.read(HEAD_BYTES)
    for mark, words in _FOREIGN.items():
        if head.startswith(mark):
            raise SourceRefused(f"Looking into {path}: expected CSV or JSON Lines, found {words}.")
    return found, head


def encoding_of(path: str, head: bytes, told: str | None) -> str:
    """The encoding's name for `codecs`. A byte order mark is believed before what was told."""
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if told is not None and marked is None:
        return _told(path, head, told)
    return marked or _utf16_by_its_zeros(head) or "utf-8"


def refuse_unless_text(path: str, text: bytes, *, is_told: bool) -> None:
    """Refuse what is binary, or in an encoding that has to be told; `text` should be UTF-8.

    A few broken lines are records at fault. Mostly broken ones are another encoding.
    """
    header, *lines = [line for line in text.split(b"\n") if line.strip()]
    if _CONTROLS.intersection(header):
        raise SourceRefused(
            f"Looking into {path}: its first line is not text but binary data. Expected CSV with a "
            "header, or JSON Lines. Export the data again as one of these."
        )
    if not _is_utf8(header):
        raise _not_utf8(path, "its first line is not")
    foreign = [line for line in lines if not line.isascii()]
    broken = [line for line in foreign if not _is_utf8(line)]
    are_many = 2 <= len(broken) >= len(lines) / 10 or 1 <= len(broken) == len(lines)
    if are_many and len(broken) > len(foreign) / 2 and not is_told:
        raise _not_utf8(path, f"{len(broken)} of its first {len(lines)} records are not")


def _told(path: str, head: bytes, told: str) -> str:
    if not is_text_encoding(told):
        raise SourceRefused(
            f"Opening {path}: there is no text encoding named '{told}'. Expected a name such as "
            "utf-8, utf-16, latin-1 or cp1252."
        )
    name = codecs.lookup(told).name
    if name in {"utf-16", "utf-32"}:
        return _utf16_by_its_zeros(head) or f"{name}-le"
    return "utf-8" if name == "utf-8-sig" else name


def _utf16_by_its_zeros(head: bytes) -> str | None:
    """ASCII letters in UTF-16 have a zero in every second byte; text in UTF-8 has none."""
    sample = head[:64]  # of the header, or of the first names of the first object
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 16 or min(even, odd) > 1:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_utf8(path: str, found: str) -> SourceRefused:
    return SourceRefused(
        f"Reading {path}: expected UTF-8 or UTF-16, but {found} UTF-8. If it is in "
        "another encoding, name it, such as --encoding cp1252 or --encoding latin-1."
    )
