"""Every rule that a record of a dataset is judged by, and what each reason code means.

Most rules follow from the types of the columns; a contract adds its own. They speak of a record
as `txcat_assets.pipeline.parse` reads it: the typed value of each column, null where there is
none, beside the complaint that kept its text from being read (see `why`). Nothing is judged here.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Flag,
    Id,
    Instant,
    Money,
    Policy,
    Rule,
    Service,
    Stage,
    Text,
)
from txcat_assets.contracts.reasons import CONFLICT, FAULTS, REFUSED


def why(name: str) -> str:
    """The name of the column that says why column `name` has no value though it had text."""
    return f"_why_{name}"


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """All rules of a dataset in the order in which reasons are given: by column, then its own.

    One column breaks at most one of the rules that follow from its type.
    """
    of_columns = [rule for column in contract.columns for rule in _rules_of_column(column)]
    return (*of_columns, *contract.rules)


def reason_texts(contract: Contract) -> dict[str, str]:
    """Every reason code that a record of this dataset can bear, with what it means to a reader."""
    conflict = {CONFLICT: "A record with the same key and other content arrived before."}
    refused = {REFUSED: "The service of a later stage refused the record; it stays validated."}
    return {
        **FAULTS,
        **{rule.code: rule.description for rule in rules_of(contract)},
        **{reference.code: reference.description for reference in contract.references},
        **(conflict if contract.policy is Policy.FIRST else {}),
        **(refused if any(map(can_refuse, contract.stages)) else {}),
    }


def broken_codes(rules: Sequence[Rule]) -> pl.Expr:
    """The codes of the rules that a record breaks, in their order; empty where it keeps all.

    For a handful of rules: each combination of them is listed once and looked up, which takes a
    twentieth of the time of making a list for each record.
    """
    combinations = [
        [rule.code for bit, rule in enumerate(rules) if number >> bit & 1]
        for number in range(1 << len(rules))
    ]
    broken = [(~rule.holds).fill_null(value=False).cast(pl.UInt32) for rule in rules]
    number = pl.sum_horizontal(one * (1 << bit) for bit, one in enumerate(broken))
    return pl.lit(pl.Series(combinations, dtype=pl.List(pl.String))).gather(number)


def can_refuse(stage: Stage) -> bool:
    """Whether a stage may refuse a record: a service may, a function has an answer for all."""
    return isinstance(stage.answered_by, Service)


def _rules_of_column(column: Column) -> Iterator[Rule]:
    if column.is_required:
        present = pl.col(column.name).is_not_null() | pl.col(why(column.name)).is_not_null()
        yield _rule(column, "missing", "is required; it was absent or blank.", present)
    yield from _rules_of_type(column)


def _rules_of_type(column: Column) -> Iterator[Rule]:
    value = pl.col(column.name)
    match column.type:
        case Id(takes_integers):
            says = "is neither a UUID nor an integer." if takes_integers else "is no UUID."
            yield _readable(column, "invalid", says)
        case Text(max_chars):
            fits = value.str.len_chars() <= max_chars
            yield _rule(column, "too_long", f"has more than {max_chars:,} characters.", fits)
        case Money(precision, scale):
            yield _readable(column, "invalid", "is not a plain decimal number.")
            yield _readable(column, "too_precise", f"has more than {scale} decimal places.")
            says = f"has more than {precision - scale} digits before the point."
            yield _readable(column, "out_of_range", says)
        case Instant(needs_offset):
            yield _readable(column, "invalid", "is no ISO 8601 time such as 2025-01-31T23:59:59Z.")
            if needs_offset:
                says = "does not say how far it is from UTC, such as by Z or +01:00."
                yield _readable(column, "without_offset", says)
            end = pl.col("_day").cast(pl.Datetime("us")) + pl.duration(days=2)
            says = "is later than the end of the day after the record's arrival."
            yield _rule(column, "in_future", says, value < end)
        case Choice(values):
            known = pl.col(why(column.name)).is_null() & value.is_in(values)
            yield _rule(column, "unknown", f"is none of: {column.type.words}.", known)
        case Flag():
            yield _readable(column, "invalid", "is neither true nor false.")


def _readable(column: Column, complaint: str, says: str) -> Rule:
    return _rule(column, complaint, says, pl.col(why(column.name)) != complaint)


def _rule(column: Column, complaint: str, says: str, holds: pl.Expr) -> Rule:
    return Rule(f"{column.name}_{complaint}", f"{column.name} {says}", holds)
