"""What dbt says of its project, as far as Dagster and the ledger must know: `manifest.json`.

It is written by `make docs`, so that nothing is parsed when the code location loads. dbt itself
reads the project, see `txcat_marts.dbt_run`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import xxhash

from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.watchers import Per, Watcher

PROJECT = Path(__file__).parent / "project"
MANIFEST = Path(__file__).parent / "manifest.json"

WATCHER = "marts."
"""What the names of the marts' watchers begin with."""

UNMADE = ""
"""The version of a mart whose full refresh has begun and not ended."""


@dataclass(frozen=True)
class DbtMart:
    """A model of dbt that is incremental: what it watches, and the version of its SQL."""

    name: str
    watchers: tuple[Watcher, ...]
    version: str


@cache
def manifest() -> dict[str, Any]:
    """The manifest, read once."""
    read: dict[str, Any] = json.loads(MANIFEST.read_text())
    return read


@cache
def dbt_marts() -> dict[str, DbtMart]:
    """The incremental models by their names."""
    nodes = manifest()["nodes"]
    return {
        node["name"]: DbtMart(node["name"], tuple(_watchers(node)), _version(node))
        for node in nodes.values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    }


def _watchers(node: Mapping[str, Any]) -> Iterator[Watcher]:
    contracts = all_contracts()
    for one in node["config"]["meta"]["watches"]:
        per = Per(one.get("per", Per.VALUE))
        yield Watcher(f"{WATCHER}{node['name']}", contracts[one["dataset"]], one["column"], per)


def _version(node: Mapping[str, Any]) -> str:
    """A digest of the model with what it is made from: another one needs a full refresh."""
    found = manifest()
    parts = [macro["macro_sql"] for _, macro in sorted(found["macros"].items())]
    nodes, todo = found["nodes"], [node["unique_id"]]
    while todo:
        one = nodes.get(todo.pop())
        if one and (one is node or one["config"]["materialized"] == "ephemeral"):
            parts.append(one["raw_code"])
            todo += sorted(found["parent_map"][one["unique_id"]])
    return xxhash.xxh3_128_hexdigest("\n".join(parts).encode())
