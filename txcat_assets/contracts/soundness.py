"""Refuses a contract that could not work, when it is loaded: one error lists all that is wrong.

Each function here gives the problems of one part of a contract, in words for whoever wrote it. What
a contract says to the rest of txcat (a service, settings) is looked at in `definitions.py`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from txcat_assets.contracts.column_types import (
    AnswerType,
    Choice,
    Codes,
    Id,
    Instant,
    Integer,
    Money,
    Text,
)
from txcat_assets.contracts.model import Contract, Reference
from txcat_assets.contracts.names import (
    column_name_problem,
    plain_name_problem,
    schema_name_problem,
    table_name_problem,
)
from txcat_assets.contracts.reasons import CONFLICT, FAULTS, REFUSED
from txcat_assets.contracts.reports import MonthlyReport
from txcat_assets.contracts.rules import complaint_column, rules_of
from txcat_assets.errors import ContractRefused

MAX_DIGITS = 38
"""No decimal of polars, DuckDB or PostgreSQL's COPY by Arrow has more."""


KEYS = (Id, Integer, Text, Choice)
"""The types of a key: equal values are written alike wherever they are compared."""


COMPARABLE = (Id, Integer, Text | Choice)
"""The types of a reference's column and of the key that it names: two of one kind."""


def refuse_unsound(contract: Contract) -> None:
    """Raise ContractRefused with every problem of a contract."""
    parts = (_names, _columns, _rules, _references, _expectations, _answers, _marts, _reports)
    if problems := [problem for part in parts for problem in part(contract)]:
        raise ContractRefused(
            f"The contract of {contract.dataset} cannot be used. {' '.join(problems)}"
        )


def refuse_rivals(contracts: Sequence[Contract]) -> None:
    """Raise ContractRefused where two contracts claim the same dataset, file pattern or topic."""
    claims = {
        "dataset": [contract.dataset for contract in contracts],
        "pattern of files": [contract.files for contract in contracts if contract.files],
        "topic": [contract.topic for contract in contracts if contract.topic],
    }
    problems = [
        f"Two contracts have the {what} {name!r}; each record must belong to one dataset."
        for what, names in claims.items()
        for name in twice(names)
    ]
    if problems:
        raise ContractRefused(" ".join(problems))


def twice(names: Iterable[str]) -> list[str]:
    """The names that are there more than once; case does not count, as SQL has it."""
    return sorted(name for name, n in Counter(name.casefold() for name in names).items() if n > 1)


def _names(contract: Contract) -> Iterator[str]:
    if contract.version < 1:
        yield f"The version is {contract.version}; it must be 1 or more."
    if problem := table_name_problem("dataset", contract.dataset):
        yield problem
    for table in contract.answer_tables:
        if problem := schema_name_problem(type(table).__name__.lower(), table.name):
            yield problem
    for name in twice(table.name for table in contract.answer_tables):
        yield f"Two stages or marts are called {name!r}."


def _columns(contract: Contract) -> Iterator[str]:
    types = {column.name: column.type for column in contract.columns}
    for column in contract.columns:
        if problem := column_name_problem("column", column.name):
            yield problem
        yield from _type(f"The column {column.name!r}", column.type)
    for name in twice(column.name for column in contract.columns):
        yield f"Two columns are called {name!r}; upper and lower case are the same to SQL."
    if not any(c.name == contract.key and c.is_required for c in contract.columns):
        yield f"The key {contract.key!r} must be a required column."
    elif not isinstance(kind := types[contract.key], KEYS):
        yield (
            f"The key {contract.key!r} is a column of type {type(kind).__name__}; one of "
            f"{', '.join(one.__name__ for one in KEYS)} can tell records apart."
        )
    if contract.event_time and not isinstance(types.get(contract.event_time), Instant):
        yield f"The event time {contract.event_time!r} must be a column of type Instant, or empty."


def _type(what: str, kind: AnswerType) -> Iterator[str]:
    match kind:
        case Text(max_chars) if max_chars < 1:
            yield f"{what} may have {max_chars} characters; at least 1 must fit."
        case Money(precision, scale) if not 0 <= scale <= precision <= MAX_DIGITS or not precision:
            yield (
                f"{what} has {precision} digits, {scale} of them behind the point; there can be 1 "
                f"to {MAX_DIGITS}, and no more behind the point than there are."
            )
        case Choice(values) if not values or twice(values) or any(v != v.strip() for v in values):
            yield (
                f"{what} must have at least one value to choose, without blanks at its ends, and "
                "none that differs from another by case alone."
            )
        case Codes(meanings) if doubled := twice(code for code, _ in meanings):
            yield f"{what} has two codes {', '.join(doubled)}."


def _rules(contract: Contract) -> Iterator[str]:
    rules = rules_of(contract)
    codes = [*FAULTS, CONFLICT, REFUSED, *(rule.code for rule in rules)]
    codes += [reference.code for reference in contract.references]
    codes += [expected.code for expected in contract.expectations]
    for code in twice(codes):
        yield (
            f"The reason code {code!r} has two meanings: rules, references, expectations, or "
            "txcat's own codes."
        )
    names = contract.column_names
    known = {*names, *map(complaint_column, names), "_day"}
    for rule in contract.rules:
        if problem := plain_name_problem("rule", rule.code):
            yield problem
        if strange := sorted({*rule.holds.meta.root_names()} - known):
            yield f"The rule {rule.code!r} reads {', '.join(strange)}, which is no column of it."


def _references(contract: Contract) -> Iterator[str]:
    for reference in contract.references:
        if problem := plain_name_problem("reference", reference.name):
            yield problem
        yield from _unlike(contract, reference)
    for name in twice(reference.name for reference in contract.references):
        yield f"Two references are called {name!r}."


def _expectations(contract: Contract) -> Iterator[str]:
    """Expectations of what is not there, or of the record alone, which is a rule."""
    names = {*contract.column_names}
    referred = {f"{of.name}.{name}" for of in contract.references for name in of.to.column_names}
    for expected in contract.expectations:
        if problem := plain_name_problem("expectation", expected.code):
            yield problem
        if strange := sorted({*expected.columns} - names - referred):
            yield (
                f"The expectation {expected.code!r} reads {', '.join(strange)}, which is no column "
                "of it and none of what it refers to, such as customer.join_date."
            )
        elif not {*expected.columns} & referred:
            yield f"The expectation {expected.code!r} reads no other record: make it a rule."


def _unlike(contract: Contract, reference: Reference) -> Iterator[str]:
    """A reference whose column cannot hold a key of the other dataset."""
    types = {column.name: column.type for column in contract.columns}
    kind, key = types.get(reference.column), reference.to.key_type
    if not any(isinstance(kind, of) and isinstance(key, of) for of in COMPARABLE):
        yield (
            f"The reference {reference.name} is by the column {reference.column} "
            f"({type(kind).__name__}), the key of {reference.to.dataset} is {reference.to.key} "
            f"({type(key).__name__}). Both must be ids, both whole numbers, or both words."
        )


def _answers(contract: Contract) -> Iterator[str]:
    for table in contract.answer_tables:
        added = {"model_version", f"{table.name}_at"}
        for answer in table.columns:
            what = f"answer of {table.name},"
            if problem := column_name_problem(what, answer.name):
                yield problem
            yield from _type(f"The {what} {answer.name!r}", answer.type)
        names = [*contract.column_names, *added, *table.column_names]
        for name in twice(names):
            yield f"{table.name} has columns and answers of one name: {name}."
        if not table.columns:
            yield f"{table.name} has no answer."


def _marts(contract: Contract) -> Iterator[str]:
    for mart in contract.marts:
        if mart.entity not in contract.column_names:
            yield f"The mart {mart.name} goes by {mart.entity}, which is no column of the contract."


def _reports(contract: Contract) -> Iterator[str]:
    for report in contract.reports:
        if not contract.event_time:
            yield f"The report {report.name} is of months, and the contract has no event time."
        if unknown := [name for name in report.reads if name not in contract.column_names]:
            yield f"The report {report.name} reads {', '.join(unknown)}, which is no column of it."
        if not report.key or not {*report.key} <= {*report.column_names}:
            yield f"The key of the report {report.name} must be some of its columns."
        yield from _report_names(report)
    for name in twice(report.name for report in contract.reports):
        yield f"Two reports are called {name!r}."


def _report_names(report: MonthlyReport) -> Iterator[str]:
    if problem := plain_name_problem("report", report.name):
        yield problem
    for answer in report.columns:
        if problem := column_name_problem(f"column of {report.name},", answer.name):
            yield problem
        yield from _type(f"The column {answer.name!r} of {report.name}", answer.type)
