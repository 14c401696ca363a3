"""JSON Lines: one object a line, each field as the text that stands there.

Numbers keep their digits (250.00 stays 250.00), true and false are words, null is nothing. Names
are matched as the header of a CSV file is. A name given twice has no safe reading: broken_json.
"""

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import msgspec

from txcat_assets.sources.files.column_names import normalised
from txcat_assets.sources.files.csv_grammar import MAX_LINE_BYTES, content_fault
from txcat_assets.sources.frames import Cut, Row, rows_frame


class _Fault(Exception):
    """The name of a fault, on its way up to `row_of`."""


def _refuse_constant(word: str) -> str:
    raise ValueError(f"{word} is a word of JavaScript, not of JSON")


DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=_refuse_constant
)
"""Reads JSON strictly: numbers keep their digits, and objects are pairs, so that none is lost."""


@dataclass(frozen=True)
class JsonCutter:
    """Cuts objects with the contract's fields from the front of a buffer."""

    columns: tuple[str, ...]

    def cut(self, buffer: bytes, *, is_last: bool) -> Cut:
        """The records of the buffer that are surely whole; `is_last`: the file ends with it."""
        end = len(buffer) if is_last else buffer.rfind(b"\n") + 1
        lines = buffer[:end].split(b"\n")
        rows = [self.row_of(line.removesuffix(b"\r")) for line in lines if line.strip()]
        return rows_frame(rows, [*self.columns, "_extra"]), end

    def row_of(self, line: bytes) -> Row:
        """The contract's fields and, last, the others as JSON; or the fault of the line."""
        try:
            return self._fields(line), None, line
        except _Fault as fault:
            return None, str(fault), line[:MAX_LINE_BYTES]

    def _fields(self, line: bytes) -> list[str | None]:
        pairs = _pairs(line)
        named = {normalised(name): value for name, value in pairs}
        if len(named) != len(pairs):
            raise _Fault("broken_json")
        values = [named.get(name) for name in self.columns]
        fields = [value if type(value) is str else _plain(value) for value in values]
        if b"\\u" in line:
            _refuse_what_no_table_holds(fields)
        others = named.keys() - set(self.columns)
        return [*fields, _as_json(line, others) if others else None]


def names_of(line: bytes) -> list[str] | None:
    """The names of the object that a line holds; None of what is no object."""
    try:
        return [name for name, _ in _pairs(line)]
    except _Fault:
        return None


def _pairs(line: bytes) -> tuple[tuple[str, Any], ...]:
    if len(line) > MAX_LINE_BYTES:
        raise _Fault("field_too_long")
    fault = content_fault(line)
    if fault is not None:
        raise _Fault(fault)
    try:
        found = DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise _Fault("broken_json") from error
    if not isinstance(found, tuple):
        raise _Fault("not_an_object")
    return found


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    raise _Fault("nested_value")


def _refuse_what_no_table_holds(fields: Sequence[str | None]) -> None:
    """Escapes can spell a NUL, or half a character, which the bytes of the line do not show."""
    text = "".join(field for field in fields if field)
    if "\0" in text:
        raise _Fault("nul_byte")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Fault("bad_encoding") from error


def _as_json(line: bytes, names: Set[str]) -> str:
    """The named fields as one JSON object, their values letter by letter as they stand in line."""
    try:
        values = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _Fault("broken_json") from error
    named = {normalised(name): value for name, value in values.items()}
    return msgspec.json.encode({name: named[name] for name in named if name in names}).decode()
