"""The marts as those see them who read them: what a row is, its key and columns, the datasets.

It is read from the manifest alone, so that a reader needs neither dbt nor a database.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from txcat_assets.contracts.model import (
    Answer,
    AnswerType,
    Contract,
    Date,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Text,
)
from txcat_assets.contracts.registry import all_contracts
from txcat_marts.manifest import WATCHER, dbt_marts, manifest

TYPES: Mapping[str, AnswerType] = {
    "BIGINT": Integer(),
    "BOOLEAN": Flag(),
    "DATE": Date(),
    "INTEGER": Integer(),
    "TIMESTAMP": Instant(),
    "UUID": Id(takes_integers=False),
    "VARCHAR": Text(),
}
"""The types of a contract by those of the database that the manifest was written with."""

DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass(frozen=True)
class MartTable:
    """A table or view of the schema `marts`; `key` are the columns that tell its rows apart."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Answer, ...]
    datasets: tuple[Contract, ...]
    """What its rows are made of."""

    reads: tuple[str, ...]
    """The other marts that it is a view on."""

    watchers: tuple[str, ...]
    """The watchers that are told what changed of it."""


@cache
def mart_tables() -> dict[str, MartTable]:
    """All of them by name."""
    tables = [_table(node) for node in manifest()["nodes"].values() if _is_stored(node)]
    return {table.name: table for table in sorted(tables, key=lambda table: table.name)}


def _is_stored(node: Mapping[str, Any]) -> bool:
    is_model: bool = node["resource_type"] == "model"
    return is_model and bool(node["config"]["materialized"] != "ephemeral")


def _table(node: Mapping[str, Any]) -> MartTable:
    columns = node["columns"].values()
    reads = tuple(one["name"] for one in _upstream(node) if _is_stored(one))
    return MartTable(
        node["name"],
        node["description"],
        _key(node),
        tuple(Answer(c["name"], _type(c["data_type"]), c["description"]) for c in columns),
        tuple(all_contracts()[name] for name in sorted(set(_datasets(node)))),
        reads,
        tuple(f"{WATCHER}{name}" for name in (node["name"], *reads) if name in dbt_marts()),
    )


def _key(node: Mapping[str, Any]) -> tuple[str, ...]:
    """As the constraint says it, in its order; a single column as dbt knows it from its tests."""
    keys = [one["columns"] for one in node["constraints"] if one["type"] == "primary_key"]
    return tuple(keys[0] if keys else node["primary_key"])


def _type(name: str) -> AnswerType:
    if decimal := DECIMAL.fullmatch(name):
        precision, scale = decimal.groups()
        return Money(int(precision), int(scale))
    return TYPES[name]


def _datasets(node: Mapping[str, Any]) -> Iterator[str]:
    """The datasets that a model reads, be it by other models."""
    for one in node["depends_on"]["nodes"]:
        if one.startswith("source."):
            yield one.rpartition(".")[2]
    for model in _upstream(node):
        yield from _datasets(model)


def _upstream(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    nodes = manifest()["nodes"]
    return (nodes[one] for one in node["depends_on"]["nodes"] if one in nodes)
