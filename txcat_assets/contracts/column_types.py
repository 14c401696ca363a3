"""The types that a contract's columns can have, each with what may be said of it.

How text is read into them is in `txcat_assets.pipeline.parse`; contracts import them from `model`.
"""

from dataclasses import dataclass, field, fields


class Brief:
    """Names only what is not as usual, so that an option that a type gains later changes no name.

    `Contract.fingerprint` is made of these names.
    """

    def __repr__(self) -> str:
        told = [
            f"{one.name}={value!r}"
            for one in fields(self)  # type: ignore[arg-type]  # only dataclasses are brief
            if (value := getattr(self, one.name)) != one.default
        ]
        return f"{type(self).__name__}({', '.join(told)})"


@dataclass(frozen=True, repr=False)
class Id(Brief):
    """A UUID in any case, with or without braces, or an integer n, which is UUID(int=n).

    Without `takes_integers` an integer is none.
    """

    takes_integers: bool = True


@dataclass(frozen=True)
class Text:
    """Text of at most `max_chars` characters, kept as it came but for blanks at its ends."""

    max_chars: int = 1_000


@dataclass(frozen=True)
class Money:
    """An exact decimal of at most `precision` digits, `scale` of them behind the point."""

    precision: int = 18
    scale: int = 2


@dataclass(frozen=True, repr=False)
class Instant(Brief):
    """An ISO 8601 time, kept as UTC; without an offset it is taken to be UTC.

    With `needs_offset` a time without one is rejected. So is a time later than the end of the day
    after the record's arrival.
    """

    needs_offset: bool = False


@dataclass(frozen=True)
class Choice:
    """One of some words, matched in any case and kept as it is declared here.

    `called` names them where they are too many to be listed, such as "ISO 4217 currency codes".
    """

    values: tuple[str, ...]
    called: str = field(default="", repr=False)

    @property
    def words(self) -> str:
        """What the value is one of, for people."""
        return self.called or ", ".join(self.values)


@dataclass(frozen=True)
class Flag:
    """True or false, in any case."""


@dataclass(frozen=True)
class Codes:
    """A list of codes, each with what it means; only a stage answers with one, no record has it."""

    meanings: tuple[tuple[str, str], ...]


ColumnType = Id | Text | Money | Instant | Choice | Flag
"""What a record's column can be."""

AnswerType = ColumnType | Codes
"""What a column of a stage's answer can be."""
