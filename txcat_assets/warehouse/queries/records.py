"""Records for those who ask: filtered, in an order, from where the last page ended, as one query.

Names of columns and tables come from contracts, values are always bound. What may be asked, and who
may, is said in `reporting_api`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from txcat_assets.contracts.model import (
    Answer,
    AnswerType,
    Codes,
    Contract,
    Date,
    Integer,
    Policy,
    Stage,
    Text,
)
from txcat_assets.errors import VersionRefused
from txcat_assets.warehouse.databases.interface import Reading
from txcat_assets.warehouse.schema.contract_versions import require_versions
from txcat_assets.warehouse.schema.migrations import MIGRATIONS
from txcat_assets.warehouse.schema.tables import sql_type

Sign = Literal["=", ">", ">=", "<", "<="]

ORDER = "_order_{}"
"""The columns, beside those that were asked for, that say where a page ended."""


@dataclass(frozen=True)
class Field:
    """A column of a source: its name, how SQL says it, and its type in a contract's words."""

    name: str
    sql: str
    type: AnswerType
    description: str = ""


@dataclass(frozen=True)
class Filter:
    """A condition: any of some columns is one of some values, or on one side of a single one."""

    columns: Sequence[str]
    sign: Sign
    sql_type: str
    values: Sequence[Any]


@dataclass(frozen=True)
class Ordering:
    """A column by which records are in order; `after` is where the last page ended."""

    sql: str
    sql_type: str
    after: Any = None


@dataclass(frozen=True)
class Question:
    """Which records of a source are wanted, and how; the last ordering tells them apart.

    `columns` are SQL by the names that they get; `values` are bound in the source.
    """

    source: str
    columns: Mapping[str, str]
    order: Sequence[Ordering] = ()
    filters: Sequence[Filter] = ()
    is_descending: bool = False
    limit: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bound(self) -> tuple[str, dict[str, Any]]:
        """The query, and the values that are bound in it."""
        values = dict(self.values)
        conditions = [_condition(number, one, values) for number, one in enumerate(self.filters)]
        if self.order and self.order[0].after is not None:
            conditions.append(self._goes_on(values))
        columns = [f'{sql} AS "{name}"' for name, sql in self.columns.items()]
        columns += [f"{one.sql} AS {ORDER.format(n)}" for n, one in enumerate(self.order)]
        direction = " DESC" if self.is_descending else ""
        order = ", ".join(f"{one.sql}{direction}" for one in self.order)
        return (
            f"SELECT {', '.join(columns)} FROM {self.source} "
            f"WHERE {' AND '.join(conditions) or 'TRUE'}{f' ORDER BY {order}' if order else ''}"
            f"{'' if self.limit is None else f' LIMIT {self.limit}'}"
        ), values

    def _goes_on(self, values: dict[str, Any]) -> str:
        """The condition that a record comes behind where the last page ended."""
        names = [f"after_{number}" for number in range(len(self.order))]
        values |= {name: one.after for name, one in zip(names, self.order, strict=True)}
        marks = [
            f"CAST(${name} AS {one.sql_type})" for name, one in zip(names, self.order, strict=True)
        ]
        columns = ", ".join(one.sql for one in self.order)
        return f"({columns}) {'<' if self.is_descending else '>'} ({', '.join(marks)})"


def _condition(number: int, given: Filter, values: dict[str, Any]) -> str:
    names = [f"filter_{number}_{n}" for n in range(len(given.values))]
    values |= dict(zip(names, given.values, strict=True))
    marks = ", ".join(f"CAST(${name} AS {given.sql_type})" for name in names)
    compared = f"IN ({marks})" if given.sign == "=" else f"{given.sign} {marks}"
    return f"({' OR '.join(f'{column} {compared}' for column in given.columns)})"


@dataclass(frozen=True)
class AsOf:
    """As of what an answer is true: the newest slice of its datasets, and their contracts.

    `is_behind` says whether something is noted that its watchers have not worked yet.
    """

    newest_slice: int
    versions: Mapping[str, int]
    is_behind: bool


def as_of(tx: Reading, contracts: Sequence[Contract], watchers: Sequence[str] = ()) -> AsOf:
    """What is known now of these datasets, and of the watchers that an answer comes from.

    Raises VersionRefused where the tables are not those of this code.
    """
    ((newest, made_by, is_behind),) = tx.rows(
        "SELECT (SELECT max(slice_id) FROM ledger.slices WHERE dataset = ANY($datasets)), "
        "(SELECT max(number) FROM ledger.migrations), EXISTS (SELECT 1 FROM ledger.touched "
        "WHERE dataset = ANY($datasets) AND watcher = ANY(CAST($watchers AS TEXT[])))",
        datasets=[contract.dataset for contract in contracts],
        watchers=[*watchers],
    )
    if made_by != len(MIGRATIONS) or not require_versions(tx, contracts):
        raise VersionRefused(
            f"The tables of {', '.join(one.dataset for one in contracts)} are not those of this "
            "code. Run `txcat upgrade`, or load some of their records first."
        )
    return AsOf(newest or 0, {one.dataset: one.version for one in contracts}, is_behind)


def fields_of(contract: Contract) -> list[Field]:
    """The columns of `validated_with_answers`: those of the contract, then each stage's answers."""
    found = [
        Field(one.name, f'r."{one.name}"', one.type, one.description) for one in contract.columns
    ]
    for _, answer, name in _answers(contract):
        found.append(Field(name, f'r."{name}"', answer.type, answer.description))
    return found


def validated_with_answers(contract: Contract) -> str:
    """A source `r`: each validated record with its answers; of keys with versions the current.

    Answers are those to its very content; where there is none yet they are null.
    """
    dataset = contract.dataset
    table = f"current.{dataset}" if contract.policy is Policy.LATEST else f"validated.{dataset}"
    answers = [f'{stage}."{answer.name}" AS "{name}"' for stage, answer, name in _answers(contract)]
    answers += [f"{one.name}.model_version AS {_version(one)}" for one in contract.stages]
    joins = [
        f"LEFT JOIN {one.name}.{dataset} AS {one.name} ON {one.name}._slice_id = v._slice_id "
        f"AND {one.name}._position = v._position AND {one.name}._digest = v._digest"
        for one in contract.stages
    ]
    return f"(SELECT {', '.join(['v.*', *answers])} FROM {table} AS v {' '.join(joins)}) AS r"


def with_origin(contract: Contract) -> str:
    """The same source, each record with the columns of `origin_columns`."""
    return (
        "(SELECT r.*, s.landed_at AS _landed_at, o.kind AS _kind, o.name AS _source, "
        f'o."partition" AS _partition FROM {validated_with_answers(contract)} '
        "JOIN ledger.slices AS s ON s.slice_id = r._slice_id "
        "JOIN ledger.objects AS o ON o.object_id = s.object_id) AS r"
    )


def origin_columns(contract: Contract) -> dict[str, str]:
    """Where a record came from, and which contract, models and run made it, by their names."""
    names = ["_kind", "_source", "_partition", "_slice_id", "_position", "_day", "_landed_at"]
    names += ["_contract_version", "_run_id", *(_version(stage) for stage in contract.stages)]
    return {name: f"r.{name}" for name in names}


def quarantined_fields(contract: Contract) -> list[Field]:
    """The columns of a quarantined record: its texts as they came, and why it was set aside."""
    texts = [
        Field(one.name, f'r."{one.name}"', Text(), one.description) for one in contract.columns
    ]
    why: dict[str, AnswerType] = {
        "reasons": Codes(()),
        "stage": Text(),
        "words": Text(),
        "_fault": Text(),
    }
    at: dict[str, AnswerType] = {
        "_extra": Text(),
        "_day": Date(),
        "_slice_id": Integer(),
        "_position": Integer(),
    }
    return texts + [Field(name, f"r.{name}", kind) for name, kind in (why | at).items()]


def _version(stage: Stage) -> str:
    return f"_{stage.name}_version"


def _answers(contract: Contract) -> Iterator[tuple[str, Answer, str]]:
    """Each stage's name and answers, with the name that it has beside all others.

    One whose own is taken has the stage's before it.
    """
    taken = set(contract.column_names)
    for stage in contract.stages:
        for answer in stage.columns:
            name = f"{stage.name}_{answer.name}" if answer.name in taken else answer.name
            taken.add(name)
            yield stage.name, answer, name


def in_order(fields: Sequence[Field], after: Sequence[Any]) -> list[Ordering]:
    """The order by these fields, from where the last page ended; empty for the first page."""
    moments = after or (None,) * len(fields)
    return [
        Ordering(field.sql, sql_type(field.type), moment)
        for field, moment in zip(fields, moments, strict=True)
    ]


def condition(field: Field, sign: Sign, values: Sequence[Any]) -> Filter:
    """A condition on a field."""
    return Filter([field.sql], sign, sql_type(field.type), values)


def between(field: Field, first: Any, last: Any) -> list[Filter]:
    """The conditions that a field lies between two values, both included; None where it is open."""
    ends: dict[Sign, Any] = {">=": first, "<=": last}
    return [condition(field, sign, [end]) for sign, end in ends.items() if end is not None]
