"""What can be odd about a record of the sample data, and how a file's line is broken.

A defect spoils a record, which must then be quarantined for its reason and for no other; a guise
only writes a sound record in another way. Neither knows where in a file its record will stand.
Those of one dataset stand in a module of its own, such as `data.transaction_oddities`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any, Protocol, Self

from data.dialects import JSON_LINES, PLAIN, SEMICOLON, UTF16_TAB, Dialect, Fields


def instead(**texts: str) -> Callable[[Fields], Fields]:
    """Puts these texts in place of the fields of a record."""
    return lambda fields: fields | texts


def anywhere(_: Dialect) -> bool:
    """Most oddities can stand in every file."""
    return True


def is_json(dialect: Dialect) -> bool:
    """JSON Lines have defects of their own."""
    return dialect is JSON_LINES


def is_separated(dialect: Dialect) -> bool:
    """Only separated fields can be too few or too many."""
    return dialect is not JSON_LINES


def is_utf8(dialect: Dialect) -> bool:
    """A byte that is wrong in UTF-8 may be right in UTF-16."""
    return dialect is not UTF16_TAB


def has_comma(dialect: Dialect) -> bool:
    """Whether amounts have a decimal comma."""
    return dialect is SEMICOLON


def is_plain(dialect: Dialect) -> bool:
    """Where a quote may stay open: quoted newlines beside it would leave its end to guesses."""
    return dialect is PLAIN


class Original(Protocol):
    """A sound record, before it becomes a line."""

    @property
    def at(self) -> datetime:
        """When it happened, UTC."""

    @property
    def is_suspicious(self) -> bool:
        """Whether a rule finds it worth a look."""

    def fields(self) -> Fields:
        """The record as text."""

    def in_other_words(self) -> Fields:
        """Other text that says the same."""

    def with_other_content(self) -> Self:
        """Another record under the same key."""


@dataclass(frozen=True)
class Defect:
    """Spoils the `fields` of a record, or its encoded `line`, so that it has this `reason`.

    `line` is called with the line and the encoded separator. `fits` tells which files can hold it.
    """

    name: str
    reason: str
    fields: Callable[[Fields], Fields] = lambda fields: fields
    line: Callable[[bytes, bytes], bytes] = lambda line, _: line
    fits: Callable[[Dialect], bool] = anywhere

    def line_of(self, one: Original, dialect: Dialect) -> bytes:
        """The spoiled record, encoded, without the end of the line."""
        line = dialect.line(self.fields(one.fields())).encode(dialect.encoding)
        return self.line(line, dialect.separator.encode(dialect.encoding))


@dataclass(frozen=True)
class Guise:
    """Writes a sound record in an unusual way; `is_warned` says that a rule only warns of it."""

    name: str
    written: Callable[[Any], Fields]
    fits: Callable[[Dialect], bool] = anywhere
    is_warned: bool = False


BROKEN_LINES = (
    Defect(
        "byte that is no UTF-8",
        "bad_encoding",
        line=lambda line, _: line.replace(b"-", b"\xff", 1),
        fits=is_utf8,
    ),
    Defect(
        "short line",
        "ragged_line",
        line=lambda line, separator: line[: line.rindex(separator)],
        fits=is_separated,
    ),
    Defect(
        "long line",
        "ragged_line",
        line=lambda line, separator: line + separator + line[:2],
        fits=is_separated,
    ),
    Defect(
        "unclosed quote",
        "unclosed_quote",
        line=lambda line, separator: line.replace(separator, separator + b'"', 1),
        fits=is_plain,
    ),
    Defect("half a line", "broken_json", line=lambda line, _: line[: len(line) // 2], fits=is_json),
    Defect("list", "not_an_object", line=lambda line, _: b"[%b]" % line, fits=is_json),
)
"""The defects that any dataset's records can have."""


@dataclass(frozen=True)
class Recipe:
    """How the records of a dataset are made: by which fields, and what may be odd about them.

    `make` gives a sound record of a day; the same state of its random numbers gives the same one.
    """

    dataset: str
    fields: tuple[str, ...]
    make: Callable[[Random, date], Any]
    defects: tuple[Defect, ...]
    guises: tuple[Guise, ...]
