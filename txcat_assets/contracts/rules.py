"""Every rule that a record of a dataset is judged by, and what each reason code means.

Most rules follow from the types of the columns; a contract adds its own. A rule is an expression
over a record as `txcat_assets.pipeline.parse` reads it: the typed value of each column, null where
there is none, and for each column the complaint that kept its text from being read (see
`complaint_column`). A rule's description says what must hold, so that it reads well as a reason and
beside a check that has passed. Nothing is judged here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Number,
    Policy,
    Rule,
    Service,
    Severity,
    Stage,
    Text,
)
from txcat_assets.contracts.reasons import CONFLICT, FAULTS, REFUSED


def complaint_column(name: str) -> str:
    """The name of the column that says why the text of column `name` could not be read."""
    return f"_complaint_{name}"


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """All rules of a dataset in the order in which reasons are given: by column, then its own.

    One column breaks at most one of the rules that follow from its type.
    """
    of_columns = [rule for column in contract.columns for rule in _rules_of_column(column)]
    return (*of_columns, *contract.rules)


def requires(
    code: str,
    description: str,
    *,
    where: pl.Expr,
    column: str,
    severity: Severity = Severity.ERROR,
) -> Rule:
    """The rule that a column is filled wherever a condition holds: some columns imply another.

    What stands there and cannot be read has a reason of its own, and counts as filled here.
    """
    is_filled = pl.col(column).is_not_null() | pl.col(complaint_column(column)).is_not_null()
    return Rule(code, description, ~where | is_filled, severity)


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


def with_meanings(codes: Iterable[str], texts: Mapping[str, str]) -> list[str]:
    """Each code with what it means, by the dataset's `reason_texts`."""
    return [f"{code}: {texts.get(code, '')}" for code in codes]


def broken_codes(rules: Sequence[Rule]) -> pl.Expr:
    """The codes of the rules that a record breaks, in their order; empty where it keeps all.

    Each combination of up to eight rules is listed once and looked up, which takes a twentieth of
    the time of making a list for each record; the lists of more rules are put together.
    """
    groups = [rules[start : start + 8] for start in range(0, len(rules), 8)]
    return pl.concat_list(map(_codes_of_few, groups)) if groups[1:] else _codes_of_few(rules)


def _codes_of_few(rules: Sequence[Rule]) -> pl.Expr:
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
        code, text = f"{column.name}_missing", f"{column.name} must be there and not blank."
        yield requires(code, text, where=pl.lit(value=True), column=column.name)
    yield from _rules_of_type(column)


def _rules_of_type(column: Column) -> Iterator[Rule]:
    value = pl.col(column.name)
    match column.type:
        case Id(takes_integers):
            must = "must be a UUID or an integer." if takes_integers else "must be a UUID."
            yield _readable(column, "invalid", must)
        case Text(max_chars):
            fits = value.str.len_chars() <= max_chars
            yield _rule(column, "too_long", f"must have at most {max_chars:,} characters.", fits)
        case Email():
            yield _readable(column, "invalid", "must be an e-mail address such as a@example.com.")
        case Choice(values):
            is_choice = pl.col(complaint_column(column.name)).is_null() & value.is_in(values)
            yield _rule(column, "unknown", f"must be one of: {column.type.description}.", is_choice)
        case Flag():
            yield _readable(column, "invalid", "must be true or false.")
        case Integer() | Money():
            yield from _rules_of_number(column, column.type)
        case Date() | Instant():
            yield from _rules_of_time(column, column.type)


def _rules_of_number(column: Column, kind: Number) -> Iterator[Rule]:
    if isinstance(kind, Integer):
        what, places, fits = "a whole", "no", "fit into 64 bits."
    else:
        what, places = "a plain decimal", f"at most {kind.scale}"
        fits = f"have at most {kind.precision - kind.scale} digits before the point."
    must = f"must be {what} number, and none that may mean thousands."
    yield _readable(column, "invalid", must)
    yield _readable(column, "too_precise", f"must have {places} decimal places.")
    yield _readable(column, "out_of_range", f"must {fits}")


def _rules_of_time(column: Column, kind: Date | Instant) -> Iterator[Rule]:
    value, day = pl.col(column.name), pl.col("_day")
    if isinstance(kind, Date):
        what, example = "date", "2025-01-31"
        latest, in_time = "the day", value <= day + pl.duration(days=1)
    else:
        what, example, latest = "time", "2025-01-31T23:59:59Z", "the end of the day"
        in_time = value < day.cast(pl.Datetime("us")) + pl.duration(days=2)
    yield _readable(column, "invalid", f"must be an ISO 8601 {what} such as {example}.")
    must = f"must not be what programs write for no {what}, such as 0001-01-01 or 1899-12-30."
    yield _readable(column, "placeholder", must)
    if isinstance(kind, Instant) and kind.needs_offset:
        must = "must have its offset from UTC, such as Z or +01:00."
        yield _readable(column, "without_offset", must)
    must = f"must not be later than {latest} after the record's arrival."
    yield _rule(column, "in_future", must, in_time)


def _readable(column: Column, complaint: str, must: str) -> Rule:
    return _rule(column, complaint, must, pl.col(complaint_column(column.name)) != complaint)


def _rule(column: Column, complaint: str, must: str, holds: pl.Expr) -> Rule:
    return Rule(f"{column.name}_{complaint}", f"{column.name} {must}", holds)
