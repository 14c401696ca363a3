"""What a CSV file's header says: its separator, its columns, and where the records begin.

The one reader of the header: `records` starts behind what is found here. A header that does not
fit is refused with what was found and what was expected. How names are matched is in
`column_names`.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.column_names import distinct, refuse_unless_complete
from txcat_assets.sources.files.csv_grammar import MAX_FIELDS, CsvGrammar

SEPARATORS = (",", ";", "\t", "|")

PREAMBLE_LINES = 100
"""How many lines may stand before the header, such as a bank's name and the account."""

_NO_TEXT = re.compile(rb"(?:\xef\xbb\xbf|[ \t]*+\r*+\n)*+")
"""Byte order marks and blank lines."""

_SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?[,;\t|]*\r*(?:\n|\Z)', re.IGNORECASE)
"""What Excel writes, and reads, to say which separator a file has."""


@dataclass(frozen=True)
class Header:
    """A header and where it stands in the file's text, in bytes; records begin at `records_at`.

    The last `unnamed` of the names are numbers: there was nothing but separators.
    """

    separator: str
    names: tuple[str, ...]
    unnamed: int
    begins_at: int
    records_at: int

    def columns_in(self, columns: Collection[str]) -> int:
        """How many of the contract's columns it names."""
        return len(set(self.names).intersection(columns))


def text_start(text: bytes, at: int = 0) -> int:
    """Where the first line that is not blank begins, behind all byte order marks."""
    match = _NO_TEXT.match(text, at)
    return match.end() if match else at


def find_header(
    path: str, text: bytes, columns: Collection[str], required: Collection[str]
) -> Header:
    """The header, under the separator under which most of the contract's columns are found.

    It is the first line, or a later one that has every required column, where no line before it
    can be a record. Raises SourceRefused for a header that nobody could mean.
    """
    separators, begin = _separators(path, text)
    headers: list[Header] = []
    for header in _headers(text, begin, separators, columns):
        headers.append(header)
        if set(required) <= set(header.names):
            break
    else:
        header = max(headers, key=lambda header: header.columns_in(columns))
    if len(header.names) > MAX_FIELDS:
        raise SourceRefused(
            f"Reading {path}: its header has more than {MAX_FIELDS:,} columns. Expected a file "
            f"with the columns {', '.join(columns)}. Check that it is the file that was meant."
        )
    number = text.count(b"\n", 0, header.begins_at) + 1
    place = "its header" if header is headers[0] else f"line {number}, which looks like a header,"
    refuse_unless_complete(f"Reading {path}: {place}", header.names, columns, required)
    if _may_hold_a_record(text[begin : header.begins_at], header.separator, len(required)):
        raise SourceRefused(
            f"Reading {path}: its header stands in line {number}, but lines before it have as many "
            "fields as a record. Remove what is no record, and put the header first."
        )
    return header


def _separators(path: str, text: bytes) -> tuple[Sequence[str], int]:
    """The separators that come into question, and where the first line behind `sep=` begins."""
    begin = text_start(text)
    line = _SEPARATOR_LINE.match(text, begin)
    if not line:
        return SEPARATORS, begin
    separator = line.group(1).decode("latin-1")
    if separator not in SEPARATORS:
        raise SourceRefused(
            f"Reading {path}: its first line names a separator that is none of comma, semicolon, "
            "tab and bar. Save the file with one of these."
        )
    return [separator], text_start(text, line.end())


def _headers(
    text: bytes, begin: int, separators: Sequence[str], columns: Collection[str]
) -> Iterator[Header]:
    """Each of the first lines, taken for the header; the first one may hold quoted line breaks."""
    end = len(text)
    for _ in range(PREAMBLE_LINES):
        found = [_header_at(text[:end], begin, separator, columns) for separator in separators]
        yield max(found, key=lambda header: (header.columns_in(columns), len(header.names)))
        line_end = text.find(b"\n", begin)
        begin = text_start(text, line_end + 1)
        if line_end < 0 or begin >= len(text):
            return
        end = text.find(b"\n", begin) + 1 or len(text)


def _header_at(text: bytes, begin: int, separator: str, columns: Collection[str]) -> Header:
    record = CsvGrammar(separator).record_at(text, begin, is_last=True)
    fields = (record and record.fields) or []
    named = max((place for place, name in enumerate(fields, 1) if name.strip()), default=0)
    end = min(record.end, len(text)) if record else len(text)
    return Header(separator, distinct(fields, columns), len(fields) - named, begin, end)


def _may_hold_a_record(before: bytes, separator: str, required: int) -> bool:
    """Whether any line fills as many fields as a record has to."""
    lines = before.decode(errors="replace").split("\n")
    filled = [sum(bool(field.strip()) for field in line.split(separator)) for line in lines]
    return any(count >= required for count in filled if count)
