"""What dbt says of its project, as far as Dagster and the ledger must know: `manifest.json`.

It is written by `make docs`, so that nothing is parsed when the code location loads. dbt itself
reads the project, see `txcat_marts.dbt_run`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
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
    """A model of dbt that is incremental: what it watches, the views on it, the SQL's version."""

    name: str
    views: frozenset[str]
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
    return {
        node["name"]: _mart(node)
        for node in manifest()["nodes"].values()
        if _is_made_as(node, "incremental")
    }


def _mart(node: Mapping[str, Any]) -> DbtMart:
    views = [*_linked(node, "child_map", "view")]
    names = frozenset(one["name"] for one in views)
    return DbtMart(node["name"], names, tuple(_watchers(node)), _version(node, views))


def _watchers(node: Mapping[str, Any]) -> Iterator[Watcher]:
    contracts = all_contracts()
    for one in node["config"]["meta"]["watches"]:
        per = Per(one.get("per", Per.VALUE))
        dataset, name = contracts[one["dataset"]], f"{WATCHER}{node['name']}"
        yield Watcher(name, dataset, one["column"], per, one.get("stage"))


def _version(node: Mapping[str, Any], views: Sequence[Mapping[str, Any]]) -> str:
    """A digest of the model with what it is made from and the views on it.

    Another one needs a full refresh.
    """
    macros = [macro["macro_sql"] for _, macro in sorted(manifest()["macros"].items())]
    models = [node, *_linked(node, "parent_map", "ephemeral"), *views]
    parts = [*macros, *(model["raw_code"] for model in models)]
    return xxhash.xxh3_128_hexdigest("\n".join(parts).encode())


def _linked(node: Mapping[str, Any], links: str, kind: str) -> Iterator[dict[str, Any]]:
    """The models of a kind to which `links` lead from a model, by models of that kind alone."""
    found, todo, seen = manifest(), [node["unique_id"]], set()
    while todo:
        for linked in sorted(found[links][todo.pop()]):
            one = found["nodes"].get(linked)
            if one and linked not in seen and _is_made_as(one, kind):
                seen.add(linked)
                todo.append(linked)
                yield one


def _is_made_as(node: Mapping[str, Any], kind: str) -> bool:
    return bool(node["resource_type"] == "model" and node["config"]["materialized"] == kind)
