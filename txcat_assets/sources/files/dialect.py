"""How one file has to be read, found out from its head; nothing is landed before that is known.

The steps live in `first_bytes` (compression, encoding, text or not), `csv_header` (separator,
columns), `json_look` (objects, fields) and `first_records` (whether any record can be cut).
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal

import msgspec

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.csv_header import Header, find_header, text_start
from txcat_assets.sources.files.csv_records import CsvCutter
from txcat_assets.sources.files.first_bytes import (
    HEAD_BYTES,
    encoding_of,
    plain_head,
    refuse_unless_text,
)
from txcat_assets.sources.files.first_records import refuse_unless_some_are_sound
from txcat_assets.sources.files.json_look import refuse_unless_json_lines
from txcat_assets.sources.files.limits import DEFAULT_LIMITS, DecompressionLimits
from txcat_assets.sources.files.opening import SourcePath
from txcat_assets.sources.files.other_formats import refuse_other_text
from txcat_assets.sources.files.streams import Compression, pieces_of
from txcat_assets.sources.frames import Cutter
from txcat_assets.sources.json_records import JsonCutter

_JSON_SUFFIXES = {".jsonl", ".ndjson"}
_COMPRESSED_SUFFIXES = {".gz", ".zst"}
_JSON_START = re.compile(rb"\s*(?:\{|\[\s*[{\]])")


@dataclass(frozen=True)
class Dialect:
    """All that a reader has to know of a file; `header` has the columns' normalised names.

    The last `unnamed` columns have no name in the header, and records may lack them. `records_at`
    is how many bytes of the file's text, as UTF-8, stand before the first record.
    """

    format: Literal["csv", "jsonl"]
    encoding: str
    separator: str | None
    compression: Compression | None
    header: tuple[str, ...] = ()
    unnamed: int = 0
    records_at: int = 0

    @property
    def decimal_comma(self) -> bool:
        """Whether a comma in a number can only be a decimal comma: it separates no fields."""
        return self.format == "csv" and self.separator != ","

    def cutter(self, columns: Sequence[str]) -> Cutter:
        """What cuts the file's records into these columns."""
        if self.separator is None:
            return JsonCutter(tuple(columns))
        return CsvCutter(self.separator, self.header, tuple(columns), self.unnamed)

    def to_json(self) -> str:
        """A short text from which `from_json` makes the same dialect."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Dialect":
        """The dialect that `to_json` wrote down."""
        return msgspec.json.decode(text, type=cls)


def inspect(
    source: SourcePath,
    columns: Sequence[str],
    required: Collection[str],
    encoding: str | None = None,
    limits: DecompressionLimits = DEFAULT_LIMITS,
) -> Dialect:
    """The file's dialect, from its first MiB; `encoding` is what the user says it is.

    Raises SourceRefused for what cannot be a file of these columns: no text, an encoding that has
    to be named, nothing at all, a header that lacks a required column or has one twice, JSON that
    is no JSON Lines, a file none of whose first records can be cut. Compressed data is read to its
    end once, for what is damaged there may pass for records before it shows; `limits` say how
    much it may be.
    """
    path = str(source)
    compression, plain = plain_head(source, limits)
    found = encoding_of(path, plain, encoding)
    is_whole = len(plain) < HEAD_BYTES
    text = b"".join(pieces_of([plain], found))
    begin = text_start(text)
    _refuse_unless_lines(
        path, text[begin:], found, is_named=encoding is not None, is_whole=is_whole
    )
    if not is_whole:
        text = text[: text.rfind(b"\n") + 1]
    refuse_other_text(path, text[begin:])
    dialect = Dialect("jsonl", found, None, compression, records_at=begin)
    if _is_json(path, text[begin:]):
        words = text[begin:].decode(errors="replace")
        refuse_unless_json_lines(path, words, columns, required, is_whole=is_whole)
    else:
        dialect = _with_header(dialect, find_header(path, text, columns, required))
    records, _ = dialect.cutter(columns).cut(text[dialect.records_at :], is_last=is_whole)
    refuse_unless_some_are_sound(path, records, dialect.separator, len(dialect.header))
    return dialect


def _with_header(dialect: Dialect, header: Header) -> Dialect:
    return replace(
        dialect,
        format="csv",
        separator=header.separator,
        header=header.names,
        unnamed=header.unnamed,
        records_at=header.records_at,
    )


def _refuse_unless_lines(
    path: str, text: bytes, encoding: str, *, is_named: bool, is_whole: bool
) -> None:
    if not text.strip():
        found = "it is empty" if is_whole else f"its first {HEAD_BYTES:,} bytes are blank lines"
        raise SourceRefused(
            f"Reading {path}: {found}. Expected a header, or JSON Lines. Ask the sender for the "
            "file again."
        )
    line, line_feed, _ = text.partition(b"\n")
    refuse_unless_text(path, text, encoding, is_named=is_named)
    if b"\r" in line.rstrip(b"\r") and not line_feed:
        raise SourceRefused(
            f"Reading {path}: its lines end with a lone carriage return. Expected LF or CRLF. "
            "Convert it with: tr '\\r' '\\n' < OLD > NEW"
        )
    if not line_feed and not is_whole:
        raise SourceRefused(
            f"Reading {path}: its first line is longer than {HEAD_BYTES:,} bytes. Expected a "
            "header of columns, or JSON Lines, one object a line. Check that it is the file that "
            "was meant."
        )


def _is_json(path: str, text: bytes) -> bool:
    """Whether it is named as JSON Lines, or begins as JSON does and CSV does not."""
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes]
    while suffixes and suffixes[-1] in _COMPRESSED_SUFFIXES:
        suffixes.pop()
    is_named_so = bool(suffixes) and suffixes[-1] in _JSON_SUFFIXES
    return is_named_so or _JSON_START.match(text) is not None
