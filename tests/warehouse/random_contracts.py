"""Contracts as somebody might write them, drawn at random, and records for them, good and bad.

Each comes with the plain judge of it. What becomes of the records is worked out by the oracle.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
from hypothesis import strategies as st

from tests.oracle import Arrived, Verdict
from tests.plain_judge import values_of
from txcat_assets.contracts.model import (
    Answer,
    Choice,
    Codes,
    Column,
    ColumnType,
    Contract,
    Date,
    Email,
    Flag,
    Function,
    Id,
    Instant,
    Integer,
    Money,
    Policy,
    Reference,
    Rule,
    Service,
    Severity,
    Stage,
    Text,
)
from txcat_assets.contracts.rules import broken_codes

DAY = date(2025, 1, 3)
NAMES = ["order", "user", "end", "sum", "group", "select", "name", "value", "table", "from"]
"""Words that SQL keeps for itself among them."""

Record = Mapping[str, str | None]

TYPES: st.SearchStrategy[ColumnType] = st.one_of(
    st.builds(Id, takes_integers=st.booleans()),
    st.builds(Text, max_chars=st.integers(3, 9)),
    st.builds(Money, precision=st.integers(6, 18), scale=st.integers(0, 4)),
    st.sampled_from([Integer(), Date(), Email()]),
    st.builds(Instant, needs_offset=st.booleans()),
    st.just(Choice(("up", "down"))),
    st.just(Flag()),
)
KEY_TYPES = st.one_of(
    st.builds(Id, takes_integers=st.booleans()),
    st.builds(Text, max_chars=st.integers(3, 9)),
    st.just(Integer()),
)


def texts_for(kind: ColumnType) -> list[str | None]:
    """Ways to write a few values of a type, equal ones among them, and ways to fail."""
    return [*_texts_for(kind), None, " "]


def _texts_for(kind: ColumnType) -> list[str]:  # noqa: C901, PLR0911 - a case each
    match kind:
        case Id():
            one, two = str(UUID(int=1)), str(UUID(int=2))
            return [one, one.upper(), f"{{{two}}}", two, "1", "2", "007", "no-id"]
        case Text(max_chars):
            return ["a", " a ", "b", 'é, "q"', "x" * max_chars, "x" * (max_chars + 1)]
        case Money(precision, scale):
            nines, ones = "9" * (precision - scale), "1" * (scale + 1)
            return ["1", "+1", "2", "-3", "0", nines, nines + "9", f"1.{ones}", "1e3"]
        case Integer():
            return ["1", "+1", "2", "-3", "0", "-0", "007", "1.0", "1.5", "9" * 19, "one"]
        case Email():
            return ["a@b.co", "A@b.co", "a.b+c@d-e.example", "a@b", "a@@b.co", "a b@c.de"]
        case Date():
            return ["2025-01-01", "2025-1-1", "2025-01-04", "2025-01-05", "1970-1-1", "2025-02-30"]
        case Instant():
            sound = ["2025-1-1 10:00:00", "2025-01-01T10:00:00Z", "2025-01-01 11:00:00.0+01:00"]
            return [*sound, "2042-01-01T00:00:00Z", "soon"]
        case Choice() | Flag():
            flags = ["true", "FALSE", "maybe"]
            return flags if isinstance(kind, Flag) else ["up", "UP", "down", "left"]


@dataclass(frozen=True)
class Drawn:
    """A contract, and what its own rules are in plain words: names of columns, and a bound."""

    contract: Contract
    capped: tuple[str, int, Severity] | None = None

    def verdict_of(self, record: Arrived) -> Verdict:
        """The plain judge of the contract."""
        if record.fault is not None:
            return Verdict(None, None, (record.fault,))
        texts = dict(zip(self.contract.column_names, record.texts, strict=True))
        values, errors = values_of(self.contract, texts, DAY)
        if self.capped and self.capped[2] is Severity.ERROR and self._is_above(values):
            errors.append("above_cap")
        if errors:
            return Verdict(None, None, tuple(errors))
        content = tuple("" if value is None else str(value) for value in values.values())
        return Verdict(str(values[self.contract.key]), self._with_places(content))

    def _is_above(self, values: Mapping[str, Any]) -> bool:
        name, cap, _ = self.capped or ("", 0, None)
        return values[name] is not None and values[name] > cap

    def _with_places(self, content: tuple[str, ...]) -> tuple[str, ...]:
        """Money as the tables show it: with all its decimal places."""
        return tuple(
            f"{pl.Series([text]).cast(pl.Decimal(38, column.type.scale))[0]:f}"
            if isinstance(column.type, Money) and text
            else text
            for column, text in zip(self.contract.columns, content, strict=True)
        )

    def unknown(self, keys: set[str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
        """Which references of a content name what is not among the keys of the other dataset."""
        at = {name: number for number, name in enumerate(self.contract.column_names)}

        def codes(content: tuple[str, ...]) -> tuple[str, ...]:
            named = [(one.code, content[at[one.column]]) for one in self.contract.references]
            return tuple(code for code, key in named if key and key not in keys)

        return codes


@st.composite
def reference_data(draw: st.DrawFn) -> Drawn:
    """A dataset with versions that others can name."""
    columns = [Column("code", draw(KEY_TYPES), "The key.")]
    columns += draw(_columns(["name", "table"], at_least=0))
    return Drawn(_contract("shops", columns, policy=Policy.LATEST))


@st.composite
def contracts(draw: st.DrawFn, to: Drawn) -> Drawn:
    """A dataset of any columns, with or without rules, references, a stage, and versions."""
    columns = [Column("order", draw(KEY_TYPES), "The key.")]
    columns += draw(_columns(NAMES[1:], at_least=1))
    money = [column.name for column in columns if isinstance(column.type, Money)]
    severity = draw(st.sampled_from(Severity))
    capped = (draw(st.sampled_from(money)), draw(st.integers(-1, 2)), severity) if money else None
    references = []
    if draw(st.booleans()):
        columns.append(Column("shop", to.contract.key_type, "Where.", draw(st.booleans())))
        references.append(Reference("shop", "shop", to.contract))
    policy = draw(st.sampled_from(Policy))
    stages = draw(st.sampled_from([(), (MARKED,), (SAID,), (MARKED, SAID)]))
    contract = _contract(
        "sales",
        columns,
        policy=policy,
        rules=(_cap(*capped),) if capped else (),
        references=tuple(references),
        stages=stages,
    )
    return Drawn(contract, capped)


def records_for(contract: Contract) -> st.SearchStrategy[list[Record]]:
    """A few records, each field of it written in any of the ways above."""
    fields = {c.name: st.sampled_from(texts_for(c.type)) for c in contract.columns}
    return st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=12)


def as_csv(contract: Contract, records: Sequence[Record]) -> str:
    """A file with a header."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, contract.column_names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return lines.getvalue()


def as_json_lines(contract: Contract, records: Sequence[Record]) -> str:  # noqa: ARG001
    """A file of objects, in which what is missing is left out."""
    kept = [{name: text for name, text in one.items() if text is not None} for one in records]
    return "".join(f"{json.dumps(one)}\n" for one in kept)


@st.composite
def _columns(draw: st.DrawFn, names: Sequence[str], *, at_least: int) -> list[Column]:
    chosen = draw(st.lists(st.sampled_from(names), min_size=at_least, max_size=4, unique=True))
    return [Column(name, draw(TYPES), "Something.", draw(st.booleans())) for name in chosen]


def _contract(dataset: str, columns: Sequence[Column], **more: Any) -> Contract:
    return Contract(
        dataset=dataset,
        version=1,
        description="One row is one of them.",
        owner="team:tests",
        key=columns[0].name,
        event_time="",
        files=f"{dataset}*",
        columns=tuple(columns),
        **more,
    )


def _cap(name: str, cap: int, severity: Severity) -> Rule:
    return Rule("above_cap", f"At most {cap}.", pl.col(name) <= cap, severity)


def marks() -> dict[str, pl.Expr]:
    """What the stage `marked` says: whether a key is long, and why."""
    is_short = Rule("long_key", "A short key.", pl.col("order").cast(pl.String).str.len_chars() < 5)
    codes = broken_codes([is_short])
    return {"is_long": codes.list.len() > 0, "why": codes}


MARKED = Stage(
    "marked",
    Function(marks),
    "Marked.",
    (Answer("is_long", Flag(), "Long."), Answer("why", Codes((("long_key", "Long."),)), "Why.")),
)
SAID = Stage("said", Service("echo"), "Said.", (Answer("words", Text(), "The key again."),))


class Echo:
    """A service that says a record's key again, and refuses keys that end with 2 or b."""

    def version(self) -> str:
        """Its version."""
        return "echo"

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """One at a time."""
        for row, key in enumerate(records["order"].cast(pl.String)):
            words = None if key[-1] in "2b" else key
            refusal = "no such keys" if words is None else None
            schema = {"row": pl.UInt32, "words": pl.String, "refusal": pl.String}
            yield pl.DataFrame([(row, words, refusal)], schema, orient="row")
