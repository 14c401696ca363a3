"""What a contract is: the classes by which a dataset is declared.

One contract declares all that txcat knows of a dataset. The Pandera schema, the tables, the reason
codes, the asset checks, the column texts of the UI and the data dictionary follow from it. The
datasets themselves are in the other modules of this folder, one file each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
import xxhash

from txcat_assets.contracts.column_types import (
    AnswerType,
    Choice,
    Codes,
    ColumnType,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Number,
    Text,
)
from txcat_assets.contracts.expectations import Expectation

__all__ = [
    "AnswerType",
    "Choice",
    "Codes",
    "ColumnType",
    "Date",
    "Email",
    "Flag",
    "Id",
    "Instant",
    "Integer",
    "Money",
    "Number",
    "Text",
]

if TYPE_CHECKING:
    from txcat_assets.contracts.marts import Mart
    from txcat_assets.contracts.reports import MonthlyReport


@dataclass(frozen=True)
class Column:
    """One typed column of a dataset; `is_required` columns are never null once validated."""

    name: str
    type: ColumnType
    description: str
    is_required: bool = True


@dataclass(frozen=True)
class Answer:
    """One typed column of the answer of a stage or a mart; null where there is no answer."""

    name: str
    type: AnswerType
    description: str


class Severity(StrEnum):
    """What a broken rule does to a record: an error quarantines it, a warning is only counted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Rule:
    """What must hold of one record: `holds` is an expression over its typed columns.

    Null counts as holding: what is missing or unreadable has a reason code of its own. The
    `description` says what must hold, and where codes are listed as answers, what was found.
    """

    code: str
    description: str
    holds: pl.Expr
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Service:
    """A stage is answered by a service outside, which names the version of its model.

    `name` is what `definitions.py` knows it by.
    """

    name: str


@dataclass(frozen=True)
class Function:
    """A stage or a mart is answered by expressions that txcat computes itself.

    `of` gives an expression over the record's columns for each answer, by its name; it is called
    with the settings that `settings` names. The version follows from the expressions: see
    `txcat_assets.pipeline.computed`.
    """

    of: Callable[..., Mapping[str, pl.Expr]]
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswerTable:
    """A table of validated records with answers beside them; `name` is its schema.

    `columns` are the answers that `answered_by` gives.
    """

    name: str
    answered_by: Service | Function
    description: str
    columns: tuple[Answer, ...]

    @cached_property
    def column_names(self) -> list[str]:
        """The names of the answers, in order."""
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class Stage(AnswerTable):
    """Something that is asked of each validated record by itself, slice by slice."""


class Policy(StrEnum):
    """Which of the valid records of one key are validated, in the order of arrival."""

    FIRST = "first"
    """The first; the same content again is a duplicate, other content a conflict."""

    LATEST = "latest"
    """Each that differs from the one before it: a version. The last is current, all are kept.

    Stages, marts and references know the current one alone.
    """


@dataclass(frozen=True)
class Reference:
    """A column whose value is the key of a record of another dataset.

    A record waits until the other one is validated. Where the column is empty it waits for nothing.
    """

    name: str
    column: str
    to: "Contract"

    @property
    def code(self) -> str:
        """The reason code of a record that names what is not there."""
        return f"unknown_{self.name}"

    @property
    def description(self) -> str:
        """What must hold of the record, for people."""
        return (
            f"{self.column} must be the {self.to.key} of a validated record of {self.to.dataset}."
        )

    @property
    def remedy(self) -> str:
        """How the records that it waits for come."""
        inbox = f", or put files named {self.to.files} into the inbox" if self.to.files else ""
        return f"Load {self.to.dataset}: txcat load --dataset {self.to.dataset} PATH{inbox}."


@dataclass(frozen=True)
class Contract:
    """All that is declared about one dataset.

    `version` rises with every change of meaning: it makes every slice stale. `key` names the
    column that tells records apart, `event_time` the one that says when the thing happened.
    `files` is the glob that a file's name must match to be taken from the inbox, `topic` the Kafka
    topic whose messages are records of the dataset. Raises ContractRefused, with all that is wrong,
    where a contract could not work: see `txcat_assets.contracts.soundness`.
    """

    dataset: str
    version: int
    description: str
    owner: str
    key: str
    event_time: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    stages: tuple[Stage, ...] = ()
    files: str = ""
    topic: str = ""
    policy: Policy = Policy.FIRST
    references: tuple[Reference, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    marts: "tuple[Mart, ...]" = ()
    reports: "tuple[MonthlyReport, ...]" = ()

    def __post_init__(self) -> None:
        from txcat_assets.contracts.soundness import refuse_unsound  # noqa: PLC0415 - imports this

        refuse_unsound(self)

    @property
    def with_referred(self) -> "list[Contract]":
        """The datasets that it refers to, directly or not, and itself, last."""
        referred = [one for ref in self.references for one in ref.to.with_referred]
        return [*referred, self]

    @property
    def key_type(self) -> ColumnType:
        """The type of the key's column."""
        return self.type_of(self.key)

    def type_of(self, column: str) -> ColumnType:
        """The type of one of its columns."""
        return next(one.type for one in self.columns if one.name == column)

    @cached_property
    def column_names(self) -> list[str]:
        """The names of the typed columns, in order."""
        return [column.name for column in self.columns]

    @property
    def in_time(self) -> list[str]:
        """The columns that put records in the order of time: the event time, if any, then key."""
        return [*([self.event_time] if self.event_time else []), self.key]

    @property
    def answer_tables(self) -> "tuple[AnswerTable, ...]":
        """The stages, then the marts."""
        return (*self.stages, *self.marts)

    @cached_property
    def fingerprint(self) -> str:
        """What tells two contracts of one version apart: columns, rules by code, and so on."""
        columns = [(column.name, column.type, column.is_required) for column in self.columns]
        rules = [(rule.code, rule.severity) for rule in self.rules]
        stages = [(stage.name, stage.column_names) for stage in self.stages]
        references = [(r.name, r.column, r.to.dataset) for r in self.references]
        # What a contract does not use is left out: warehouses keep the fingerprints of before.
        gained: list[object] = [self.policy] * (self.policy is not Policy.FIRST)
        gained += references
        gained += [(mart.name, mart.entity, mart.column_names) for mart in self.marts]
        meaning = repr((self.key, self.event_time, columns, rules, stages, *gained))
        return xxhash.xxh3_128_hexdigest(meaning.encode())
