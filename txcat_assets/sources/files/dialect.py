"""How one file has to be read, found out from its head; nothing is landed before that is known.

The steps live in `first_bytes` (compression, encoding, text or not) and `csv_header` (separator,
columns).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import msgspec

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.csv_header import check_columns, read_header
from txcat_assets.sources.files.first_bytes import (
    HEAD_BYTES,
    encoding_of,
    plain_head,
    refuse_unless_text,
)
from txcat_assets.sources.files.opening import SourcePath
from txcat_assets.sources.files.streams import Compression, pieces_of

_JSON_SUFFIXES = {".jsonl", ".ndjson"}


@dataclass(frozen=True)
class Dialect:
    """All that a reader has to know of a file; `header` has the columns' normalised names."""

    format: Literal["csv", "jsonl"]
    encoding: str
    separator: str | None
    compression: Compression | None
    header: tuple[str, ...] = ()

    @property
    def decimal_comma(self) -> bool:
        """Whether a comma in a number can only be a decimal comma: it separates no fields."""
        return self.format == "csv" and self.separator != ","

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
) -> Dialect:
    """The file's dialect, from its first MiB; `encoding` is what the user says it is.

    Raises SourceRefused for what cannot be a file of these columns: no text, an encoding that has
    to be named, nothing at all, a header that lacks a required column or has one twice. Compressed
    data is read to its end once, for what is damaged there may pass for records before it shows.
    """
    path = str(source)
    compression, plain = plain_head(source)
    found = encoding_of(path, plain, encoding)
    head = b"".join(pieces_of([plain], found)).lstrip(b"\r\n")
    line = _first_line(path, head, is_told=encoding is not None)
    if _is_json(path, line):
        return Dialect("jsonl", found, None, compression)
    separator, header = read_header(path, head, columns)
    check_columns(path, header, required)
    return Dialect("csv", found, separator, compression, header)


def _first_line(path: str, head: bytes, *, is_told: bool) -> bytes:
    if not head.strip():
        raise SourceRefused(
            f"Reading {path}: it is empty. Expected a header, or JSON Lines. Ask the sender "
            "for the file again."
        )
    line, line_feed, _ = head.partition(b"\n")
    refuse_unless_text(path, head[:HEAD_BYTES], is_told=is_told)
    if b"\r" in line.rstrip(b"\r") and not line_feed:
        raise SourceRefused(
            f"Reading {path}: its lines end with a lone carriage return. Expected LF or CRLF. "
            "Convert it with: tr '\\r' '\\n' < OLD > NEW"
        )
    if not line_feed and len(head) >= HEAD_BYTES:
        raise SourceRefused(
            f"Reading {path}: its first line is longer than {HEAD_BYTES:,} bytes. Expected a "
            "header of columns, or JSON Lines. Check that it is the file that was meant."
        )
    return line


def _is_json(path: str, line: bytes) -> bool:
    is_named_so = bool(
        _JSON_SUFFIXES.intersection(suffix.lower() for suffix in PurePath(path).suffixes)
    )
    start = line.lstrip()[:1]
    if start == b"[" and (not is_named_so or line.strip() == b"["):
        raise SourceRefused(
            f"Reading {path}: it is a JSON list. Expected JSON Lines, one object a line. Convert "
            "it with: jq -c '.[]' OLD > NEW.jsonl"
        )
    return is_named_so or start == b"{"
