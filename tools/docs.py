"""Writes the pages that follow from the code: `make docs`.

Each page is a function in PAGES; a test fails when a page is not what its function gives.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tools.access_page import access_page
from tools.data_model import data_model
from tools.dbt_manifest import dbt_manifest
from tools.dbt_sources import dbt_pages
from tools.errors_page import errors_page
from tools.graph import graph
from tools.metrics_page import metrics_page
from tools.settings_page import env_example, settings_page
from tools.sql_page import sql_page
from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import (
    AnswerType,
    Choice,
    Codes,
    Contract,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Policy,
    Severity,
    Stage,
    Text,
)
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.rules import reason_texts, rules_of

ROOT = Path(__file__).parents[1]


def data_dictionary() -> str:
    """Every dataset with its columns, rules, reason codes and stages."""
    lines = [
        "# Data dictionary",
        "",
        "Written from the contracts by `make docs`; edit those.",
    ]
    for contract in all_contracts().values():
        lines += dataset(contract)
    return "\n".join(lines) + "\n"


def dataset(contract: Contract) -> Iterator[str]:
    """The section of one dataset."""
    yield from ("", f"## {contract.dataset}", "", contract.description, "")
    yield f"Version {contract.version}, owned by {contract.owner}. Its records are told apart by"
    happened = f" and happened at `{contract.event_time}`" if contract.event_time else ""
    yield f"`{contract.key}`{happened}; files that match"
    yield f"`{contract.files}` are taken from the inbox."
    yield from references(contract)
    yield from ("", f"### validated.{contract.dataset}", "")
    yield from table(
        ("column", "type", "required", "what it is"),
        (
            (f"`{one.name}`", words(one.type), "yes" if one.is_required else "no", one.description)
            for one in contract.columns
        ),
    )
    if contract.policy is Policy.LATEST:
        yield "Each row is a version of its key; the last of each is in"
        yield f"`current.{contract.dataset}`."
    answering: list[Stage | Mart] = [*contract.stages, *contract.marts]
    for stage in answering:
        yield from ("", f"### {stage.name}.{contract.dataset}", "")
        yield from (f"{stage.description} It has all columns above, and:", "")
        yield from table(
            ("column", "type", "what it is"),
            ((f"`{one.name}`", words(one.type), one.description) for one in stage.columns),
        )
        for one in stage.columns:
            if isinstance(one.type, Codes):
                yield from ("", f"Codes of `{one.name}`:", "")
                yield from table(
                    ("code", "what it means"),
                    ((f"`{code}`", text) for code, text in one.type.meanings),
                )
    yield from ("", f"### quarantined.{contract.dataset}", "", "Reasons, and what each means:", "")
    yield from reasons(contract)
    yield from expectations(contract)


def references(contract: Contract) -> Iterator[str]:
    """What its records wait for, where they name records of other datasets."""
    if contract.references:
        yield "Its records wait until what they name is there:"
        named = [f"`{one.column}` names one of `{one.to.dataset}`" for one in contract.references]
        yield f"{', '.join(named)}."


def reasons(contract: Contract) -> Iterator[str]:
    """The reason codes; a warning is counted and its record validated all the same."""
    warnings = {rule.code for rule in rules_of(contract) if rule.severity is Severity.WARNING}
    yield from table(
        ("code", "what it means"),
        (
            (f"`{code}`", f"{'Only a warning. ' if code in warnings else ''}{text}")
            for code, text in reason_texts(contract).items()
        ),
    )


def expectations(contract: Contract) -> Iterator[str]:
    """What its checks expect of its records beside those that they refer to, if anything."""
    if contract.expectations:
        yield from ("", "A check of `validated` counts, as a warning, which current records do not")
        yield from ("meet what is expected of them beside those that they name now:", "")
        yield from table(
            ("check", "what it expects"),
            ((f"`{one.code}`", one.description) for one in contract.expectations),
        )


def words(kind: AnswerType) -> str:  # noqa: C901, PLR0911 - a case each
    """A column's type in words."""
    match kind:
        case Id():
            return "UUID"
        case Text(max_chars):
            return f"text of at most {max_chars:,} characters"
        case Money(precision, scale):
            return f"DECIMAL({precision},{scale})"
        case Email():
            return "e-mail address"
        case Integer():
            return "whole number"
        case Date():
            return "date"
        case Instant():
            return "time in UTC"
        case Choice():
            return f"one of {kind.description}"
        case Flag() | Codes():
            return "true or false" if isinstance(kind, Flag) else "list of codes"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table."""
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"


PAGES: dict[str, Callable[[], str]] = {
    "docs/access.md": access_page,
    "docs/data-dictionary.md": data_dictionary,
    "docs/errors.md": errors_page,
    "docs/graph.md": graph,
    "docs/metrics.md": metrics_page,
    "docs/settings.md": settings_page,
    "docs/sql.md": sql_page,
    ".env.example": env_example,
    **dbt_pages(),
    "txcat_marts/manifest.json": dbt_manifest,  # after what dbt reads
    "docs/data-model.md": data_model,  # after the manifest
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (ROOT / name).write_text(page())
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
