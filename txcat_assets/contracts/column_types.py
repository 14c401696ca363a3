"""The types that a contract's columns can have, with the options of each.

How text is read as each type is in `txcat_assets.pipeline.parse`; contracts import the types from
`model`.
"""

from dataclasses import dataclass, field, fields


class ShortRepr:
    """Its repr leaves out options at their default, so a new option changes no repr of before.

    `Contract.fingerprint` is made of these reprs.
    """

    def __repr__(self) -> str:
        options = [
            f"{one.name}={value!r}"
            for one in fields(self)  # type: ignore[arg-type]  # only dataclasses have it
            if (value := getattr(self, one.name)) != one.default
        ]
        return f"{type(self).__name__}({', '.join(options)})"


@dataclass(frozen=True, repr=False)
class Id(ShortRepr):
    """A UUID in any case, with or without braces, or an integer n, which is UUID(int=n).

    With `takes_integers=False` an integer is rejected.
    """

    takes_integers: bool = True


@dataclass(frozen=True)
class Text:
    """Text of at most `max_chars` characters, kept as it came, without blanks at its ends."""

    max_chars: int = 1_000


@dataclass(frozen=True)
class Integer:
    """A whole number of 64 bits, such as 17 or -3: a number in every table, and as a key too."""


@dataclass(frozen=True)
class Email:
    """An e-mail address of at most 254 characters, kept as it came."""


@dataclass(frozen=True)
class Money:
    """An exact decimal of at most `precision` digits, `scale` of them behind the point."""

    precision: int = 18
    scale: int = 2


@dataclass(frozen=True, repr=False)
class Instant(ShortRepr):
    """An ISO 8601 time, kept as UTC; without an offset it is taken to be UTC.

    With `needs_offset` a time without one is rejected. So is a time later than the end of the day
    after the record's arrival.
    """

    needs_offset: bool = False


@dataclass(frozen=True)
class Date:
    """A day of the calendar, such as 2025-01-31, without a time.

    One later than the day after the record's arrival is rejected.
    """


@dataclass(frozen=True)
class Choice:
    """One of some words, matched in any case and kept as it is declared here.

    `described_as` stands for them where they are too many to be listed, such as "the codes of
    ISO 4217".
    """

    values: tuple[str, ...]
    described_as: str = field(default="", repr=False)

    @property
    def description(self) -> str:
        """The values, for people."""
        return self.described_as or ", ".join(self.values)


@dataclass(frozen=True)
class Flag:
    """True or false, in any case."""


@dataclass(frozen=True)
class Codes:
    """A list of codes, each with what it means; only a stage answers with one, no record has it."""

    meanings: tuple[tuple[str, str], ...]


ColumnType = Id | Text | Email | Integer | Money | Date | Instant | Choice | Flag
"""What a record's column can be."""

Number = Integer | Money
"""What is written as a number, with digits behind its point or none."""

AnswerType = ColumnType | Codes
"""What a column of a stage's answer can be."""
