"""What one record of a CSV file is, byte for byte: the rule that every reading must agree with.

RFC 4180, as Python's csv module reads it in strict mode, and one thing more: whatever is wrong,
exactly one physical line is set aside, so that no defect swallows its neighbours. Slow and sure;
`csv_records` reads whole blocks at once where it can prove that the outcome is the same.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

MAX_LINE_BYTES = 16_777_216
"""A longer line is set aside: whatever it is, it is no transaction, and memory has to end."""

LOOKAHEAD_BYTES = 1_048_576
"""How far a quoted field with line breaks may reach; beyond it the quote was never closed."""

MAX_FIELDS = 1_000


class Record(NamedTuple):
    """What starts at one place of a file: fields, a fault, or (both None) a blank line.

    `raw` has no line end; `end` is the place in the buffer where the next record starts.
    """

    fields: list[str] | None
    fault: str | None
    raw: bytes
    end: int

    @property
    def is_blank(self) -> bool:
        """Whether it is an empty line, which is no record."""
        return self.fields is None and self.fault is None


@dataclass(frozen=True)
class CsvGrammar:
    """Records of `width` fields; width None takes any number, as a header has."""

    separator: str
    width: int | None = None

    def record_at(self, buffer: bytes, start: int, *, is_last: bool) -> Record | None:
        """The record that starts there, or None where it takes more of the file to tell."""
        line_end = buffer.find(b"\n", start)
        if line_end < 0:
            if not is_last:
                return None
            line_end = len(buffer)
        line = Record(None, None, buffer[start:line_end].removesuffix(b"\r"), line_end + 1)
        if len(line.raw) > MAX_LINE_BYTES:
            return line._replace(fault="field_too_long", raw=line.raw[:MAX_LINE_BYTES])
        if b'"' not in line.raw:
            return self._unquoted(line)
        return self._quoted(buffer, start, line, is_last=is_last)

    def _unquoted(self, line: Record) -> Record:
        if not line.raw:
            return line
        fault = content_fault(line.raw)
        if fault is not None:
            return line._replace(fault=fault)
        fields = line.raw.decode().split(self.separator)
        if len(fields) != (self.width or len(fields)):
            return line._replace(fault="ragged_line")
        return line._replace(fields=fields)

    def _quoted(self, buffer: bytes, start: int, line: Record, *, is_last: bool) -> Record | None:
        limit = max(start + LOOKAHEAD_BYTES, line.end)
        stop = min(len(buffer), limit)
        fields, end = self._scan(buffer, start, stop, is_end=is_last and stop == len(buffer))
        if end is None:
            if not is_last and limit > len(buffer):
                return None
            return _set_aside(line, "unclosed_quote")
        if len(fields) != (self.width or len(fields)):
            return _set_aside(line, "ragged_line" if end <= line.end else "unclosed_quote")
        raw = buffer[start:end].removesuffix(b"\n").removesuffix(b"\r")
        fault = content_fault(raw)
        return Record(None if fault else [field.decode() for field in fields], fault, raw, end)

    def _scan(
        self, buffer: bytes, start: int, stop: int, *, is_end: bool
    ) -> tuple[list[bytes], int | None]:
        """The fields and where the next record starts: None when a quote is not closed rightly.

        Ends early with one field too many, so that a search for a closing quote stays short.
        """
        fields: list[bytes] = []
        at = start
        while match := self._field.match(buffer, at, stop):
            quoted, plain, terminator = match.groups()
            at = match.end()
            if quoted is not None:
                fields.append(quoted.replace(b'""', b'"'))
            else:
                fields.append(plain if terminator == self._separator else plain.removesuffix(b"\r"))
            if terminator != self._separator:
                return fields, at if terminator or is_end else None
            if len(fields) == (self.width or MAX_FIELDS):
                return [*fields, b""], at
        return fields, None

    @cached_property
    def _separator(self) -> bytes:
        return self.separator.encode()

    @cached_property
    def _field(self) -> re.Pattern[bytes]:
        """One field and what ends it. Nothing is tried twice: the time is linear in the bytes."""
        s = re.escape(self._separator)
        return re.compile(
            rb'(?:"((?:[^"]++|"")*+)"(?:\r(?=\n|\Z))?|(?!")([^%b\n]*+))(%b|\n|\Z)' % (s, s)
        )


def content_fault(raw: bytes) -> str | None:
    """What makes bytes unfit for text, or None."""
    if b"\0" in raw:
        return "nul_byte"
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "bad_encoding"
    return None


def _set_aside(line: Record, fault: str) -> Record:
    return line._replace(fault=content_fault(line.raw) or fault)
