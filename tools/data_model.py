"""The page of the marts' data model, from the contracts and from what dbt says of its models.

What each mart means stands beside its SQL; what holds of all is in `docs/marts.md`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from txcat_assets.contracts.registry import all_contracts
from txcat_marts.manifest import manifest

HEAD = """\
# The data model of the marts

Written by `make docs` from the contracts and from `txcat_marts/project/models`; edit those.
[Marts](marts.md) says how they are made, and how to add one.

## The datasets that they are made of
"""


def data_model() -> str:
    """The page."""
    return "\n".join([HEAD, *_picture(), "", "## What each mart means", *_marts(), ""])


def _picture() -> Iterator[str]:
    """The datasets that marts read, by what names what, and the marts that are made of them."""
    nodes = manifest()["nodes"]
    yield from ("```mermaid", "erDiagram")
    shown = sorted({name for node in _models() for name in _datasets(node)})
    for dataset in shown:
        contract = all_contracts()[dataset]
        yield f"    {dataset} {{"
        yield from (f"        {type(c.type).__name__} {c.name}" for c in contract.columns)
        yield "    }"
        for one in contract.references:
            yield f"    {one.to.dataset} ||--o{{ {dataset} : {one.column}"
    yield from ("```", "", "```mermaid", "flowchart LR")
    for node in _models():
        name = node["name"]
        yield f"    {name}[({name})]"
        yield from (f"    {dataset} --> {name}" for dataset in _datasets(node))
        upstream = [nodes[one] for one in node["depends_on"]["nodes"] if one in nodes]
        made = [one for one in upstream if one["config"]["materialized"] != "ephemeral"]
        yield from (f"    {one['name']} --> {name}" for one in made)
    yield "```"


def _marts() -> Iterator[str]:
    for node in _models():
        yield from ("", f"### marts.{node['name']}", "", node["description"], "")
        yield from ("| column | what it is |", "| --- | --- |")
        for column in node["columns"].values():
            yield f"| `{column['name']}` | {column['description']} |"


def _models() -> list[Mapping[str, Any]]:
    """The models that are tables or views, by name."""
    found = [
        node
        for node in manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    ]
    return sorted(found, key=lambda node: str(node["name"]))


def _datasets(node: Mapping[str, Any]) -> list[str]:
    """The datasets that a model reads, be it by their staging models."""
    nodes, found, todo = manifest()["nodes"], set[str](), list(node["depends_on"]["nodes"])
    while todo:
        one = todo.pop()
        if one.startswith("source."):
            found.add(one.rpartition(".")[2])
        elif nodes[one]["config"]["materialized"] == "ephemeral":
            todo += nodes[one]["depends_on"]["nodes"]
    return sorted(found)
