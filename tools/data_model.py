"""The page of the marts' data model, from the contracts and from what dbt says of its models.

What each mart means stands beside its SQL; what holds of all is in `docs/marts.md`.
"""

from collections.abc import Iterator

from txcat_assets.contracts.registry import all_contracts
from txcat_marts.tables import MartTable, mart_tables

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
    yield from ("```mermaid", "erDiagram")
    shown = {contract.dataset for mart in mart_tables().values() for contract in mart.datasets}
    for dataset in sorted(shown):
        contract = all_contracts()[dataset]
        yield f"    {dataset} {{"
        yield from (f"        {type(c.type).__name__} {c.name}" for c in contract.columns)
        yield "    }"
        for one in contract.references:
            yield f"    {one.to.dataset} ||--o{{ {dataset} : {one.column}"
    yield from ("```", "", "```mermaid", "flowchart LR")
    for mart in mart_tables().values():
        yield f"    {mart.name}[({mart.name})]"
        yield from (f"    {source} --> {mart.name}" for source in _sources(mart))
    yield "```"


def _sources(mart: MartTable) -> list[str]:
    """The datasets and the marts that it is made of, without those that lie behind others."""
    behind = {one.dataset for name in mart.reads for one in mart_tables()[name].datasets}
    return [one.dataset for one in mart.datasets if one.dataset not in behind] + [*mart.reads]


def _marts() -> Iterator[str]:
    for mart in mart_tables().values():
        yield from ("", f"### marts.{mart.name}", "", mart.description, "")
        yield from ("| column | what it is |", "| --- | --- |")
        for column in mart.columns:
            yield f"| `{column.name}` | {column.description} |"
