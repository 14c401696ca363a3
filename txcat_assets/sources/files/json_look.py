"""A look at a file of JSON before any of it is landed, as the header of CSV is one.

A list, pretty-printed JSON, an envelope around the records and objects of other names are refused
as a file, in words: otherwise each physical line would become a bad record. Whether a file is JSON
at all is decided in `dialect`; what becomes of each line in `json_records`.
"""

import re
from collections.abc import Collection
from typing import Any

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.column_names import normalised, refuse_unless_complete
from txcat_assets.sources.json_records import DECODER, names_of

_LOOK_LINES = 1_000
"""How many lines are looked at."""

_PLAIN_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
"""A name that is safe in a command for a shell."""

_ENVELOPE = re.compile(r'\{\s*"([A-Za-z_][A-Za-z0-9_]*)"\s*:\s*\[\s*\{')
"""The start of an object that begins with a list of objects."""


def refuse_unless_json_lines(
    path: str, text: str, columns: Collection[str], required: Collection[str], *, is_whole: bool
) -> None:
    """Raises SourceRefused unless the lines of `text` are objects with the contract's fields.

    `text` is all that the file holds (`is_whole`) or its first lines. One sound line among broken
    ones is enough. Objects that lack a required field are refused only where there is one that
    the contract does not know, which may be meant for it; otherwise the records are at fault.
    """
    lines = [line for line in text.split("\n", _LOOK_LINES)[:_LOOK_LINES] if line.strip()]
    _refuse_document(path, text, lines[0], columns, is_whole=is_whole)
    found = (names_of(line.encode()) for line in lines)
    objects = [one for one in found if one is not None]
    if not objects:
        raise SourceRefused(
            f"Reading {path}: none of its first {len(lines):,} lines is a JSON object; of the "
            f"first one JSON says: {_complaint(lines[0])}. Expected JSON Lines, one object a line, "
            "or CSV under a name such as .csv. Ask the sender for the file again."
        )
    names = dict.fromkeys(normalised(name) for one in objects for name in one)
    if not names.keys() <= set(columns):
        place = f"Reading {path}: each of its first {len(lines):,} JSON objects"
        refuse_unless_complete(place, list(names), columns, required)


def _refuse_document(
    path: str, text: str, first: str, columns: Collection[str], *, is_whole: bool
) -> None:
    """Refuse one JSON value with all records in it, and objects that go over several lines."""
    value, goes_over_lines = _value(first), False
    if value is None:
        value, goes_over_lines = _value_over_lines(text, is_whole=is_whole)
    names = _list_in(value, columns)
    if names is None and value is None and goes_over_lines:
        start = _ENVELOPE.match(text)
        names = [start.group(1)] if start else [] if text.startswith("[") else None
    if names is not None:
        raise SourceRefused(
            f"Reading {path}: it is one JSON value with the records in a list. Expected JSON "
            f"Lines, one object a line. {_conversion(names)}"
        )
    if goes_over_lines:
        raise SourceRefused(
            f"Reading {path}: its JSON objects go over several lines. Expected JSON Lines, one "
            "object a line. Convert it with: jq -c . OLD > NEW.jsonl"
        )


def _value(line: str) -> Any:
    """The JSON value of a line, objects as pairs of names and values; None for what is none."""
    try:
        return DECODER.decode(line)
    except (ValueError, RecursionError):
        return None


def _value_over_lines(text: str, *, is_whole: bool) -> tuple[Any, bool]:
    """The JSON value that begins the text, and whether it goes over lines, maybe past the text."""
    try:
        value, end = DECODER.raw_decode(text)
    except RecursionError:
        return None, False
    except ValueError as error:
        is_cut = not is_whole and getattr(error, "pos", 0) >= len(text.rstrip())
        return None, is_cut
    return value, "\n" in text[:end]


def _list_in(value: Any, columns: Collection[str]) -> list[str] | None:
    """The names that lead to a list of objects, unless the object around it is a record."""
    if isinstance(value, list):
        return [] if any(isinstance(item, tuple) for item in value) else None
    if not isinstance(value, tuple) or any(normalised(name) in columns for name, _ in value):
        return None
    found = ((name, _list_in(inner, columns)) for name, inner in value)
    return next(([name, *inner] for name, inner in found if inner is not None), None)


def _conversion(names: list[str]) -> str:
    if not all(map(_PLAIN_NAME.fullmatch, names)):
        return "Write each object of the list on a line of its own."
    return f"Convert it with: jq -c '.{'.'.join(names)}[]' OLD > NEW.jsonl"


def _complaint(line: str) -> str:
    try:
        DECODER.decode(line)
    except RecursionError:
        return "nested too deep"
    except ValueError as error:
        return str(error)
    return "it is another value"
