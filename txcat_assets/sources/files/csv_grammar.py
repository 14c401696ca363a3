"""What one record of a CSV file is, byte for byte: the rule that every reading must agree with.

RFC 4180, as Python's csv module reads it in strict mode, and kinder where no writer can have meant
anything else. Whatever is wrong, exactly one physical line is set aside, so that no defect
swallows its neighbours. Slow and sure; `csv_records` reads whole blocks at once where it can prove
that the outcome is the same. A stray quote and a field with line breaks are told apart in
`stray_quotes`; docs/input-files.md tells users the same as a table.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from txcat_assets.sources.files.stray_quotes import Lines, is_stray

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
    """Records of `width` fields; width None takes any number, as a header has.

    The last `unnamed` of them may be absent. Empty fields beyond the width are nothing: programs
    that end each line with a separator write them.
    """

    separator: str
    width: int | None = None
    unnamed: int = 0

    def record_at(self, buffer: bytes, start: int, *, is_last: bool) -> Record | None:
        """The record that starts there, or None where it takes more of the file to tell.

        A line ends with LF; carriage returns before it belong to the line end.
        """
        line_end = buffer.find(b"\n", start)
        if line_end < 0:
            if not is_last:
                return None
            line_end = len(buffer)
        line = Record(None, None, buffer[start:line_end].rstrip(b"\r"), line_end + 1)
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
        fields = line.raw.decode().split(self.separator, self._most)
        if len(fields) > self._most and not fields[-1].strip(self.separator):
            fields.pop()
        if not self._fits(len(fields)):
            return line._replace(fault="ragged_line")
        return line._replace(fields=self._padded(fields))

    def _quoted(self, buffer: bytes, start: int, line: Record, *, is_last: bool) -> Record | None:
        limit = max(start + LOOKAHEAD_BYTES, line.end)
        stop = min(len(buffer), limit)
        fields, end = self._scan(buffer, start, stop, is_end=is_last and stop == len(buffer))
        if end is None:
            if not is_last and limit > len(buffer):
                return None
            return _set_aside(line, "unclosed_quote")
        has_line_breaks = end > line.end
        if not self._fits(len(fields)):
            return _set_aside(line, "unclosed_quote" if has_line_breaks else "ragged_line")
        if has_line_breaks and self._is_stray(buffer[start:end]):
            return _set_aside(line, "unclosed_quote")
        raw = buffer[start:end].removesuffix(b"\n").rstrip(b"\r")
        fault = content_fault(raw)
        texts = None if fault else self._padded([field.decode() for field in fields])
        return Record(texts, fault, raw, end)

    def _scan(
        self, buffer: bytes, start: int, stop: int, *, is_end: bool
    ) -> tuple[list[bytes], int | None]:
        """The fields and where the next record starts: None when a quote is not closed rightly.

        Ends early with one field too many, so that a search for a closing quote stays short.
        """
        fields: list[bytes] = []
        at = start
        while match := self._field.match(buffer, at, stop):
            quoted, padded, plain, terminator = match.groups()
            at = match.end()
            if plain is None:
                fields.append((quoted if padded is None else padded).replace(b'""', b'"'))
            else:
                fields.append(plain if terminator == self._separator else plain.rstrip(b"\r"))
            if terminator != self._separator:
                return fields, at if terminator or is_end else None
            if len(fields) == self._most:
                nothing = self._nothing.match(buffer, at, stop)
                if nothing and self.width is not None:
                    return fields, nothing.end() if nothing.group(1) or is_end else None
                return [*fields, b""], at
        return fields, None

    def _is_stray(self, span: bytes) -> bool:
        if self.width is None:
            return False
        fewest = self.width - self.unnamed
        return is_stray(Lines(self._separator, self._field, fewest, self.width), span)

    def _fits(self, fields: int) -> bool:
        return self.width is None or self.width - self.unnamed <= fields <= self.width

    def _padded(self, fields: list[str]) -> list[str]:
        return fields + [""] * ((self.width or 0) - len(fields))

    @property
    def _most(self) -> int:
        return self.width or MAX_FIELDS

    @cached_property
    def _separator(self) -> bytes:
        return self.separator.encode()

    @cached_property
    def _field(self) -> re.Pattern[bytes]:
        """One field and what ends it; the time is linear in the bytes.

        Blanks around quotes are nothing where these open and close rightly within the line; what
        does not is plain text.
        """
        s = re.escape(self._separator)
        after = rb" *+(?:\r*+(?=\n|\Z))?"
        quoted = rb'"((?:[^"]++|"")*+)"' + after
        padded = rb' ++"((?:[^"\n]++|"")*+)"' + after + rb"(?=%b|\n|\Z)" % s
        return re.compile(rb'(?:%b|%b|(?!")([^%b\n]*+))(%b|\n|\Z)' % (quoted, padded, s, s))

    @cached_property
    def _nothing(self) -> re.Pattern[bytes]:
        """Empty fields to the end of the line."""
        return re.compile(rb'(?:(?:"")?%b)*+(?:"")?\r*+(\n|\Z)' % re.escape(self._separator))


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
