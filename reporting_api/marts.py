"""The marts that dbt makes as tables to ask for, from its manifest: a new mart gets its route.

Two are known by names of their own too, with what is asked of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reporting_api.tables import Table
from txcat_assets.contracts.model import Date
from txcat_assets.warehouse.databases.interface import Reading
from txcat_assets.warehouse.queries.records import Field
from txcat_marts.tables import MartTable, mart_tables


@dataclass(frozen=True)
class Named:
    """A mart under another name: some columns of it, and by what they are in order."""

    mart: str
    columns: Sequence[str]
    order: str


OTHER_NAMES = {
    "top_customers": Named(
        "customer_lifetime_value",
        ("customer_id", "name", "total_spent", "order_count"),
        "-total_spent",
    ),
    "product_metrics": Named("product_performance", (), "product_id"),
}


def tables_of_marts() -> Iterator[Table]:
    """Every mart, and those with other names."""
    for mart in mart_tables().values():
        yield _table(mart.name, mart, (), ())
    for name, named in OTHER_NAMES.items():
        yield _table(name, mart_tables()[named.mart], named.columns, [named.order])


def _table(name: str, mart: MartTable, columns: Sequence[str], orders: Sequence[str]) -> Table:
    by_name = {
        one.name: Field(one.name, f'r."{one.name}"', one.type, one.description)
        for one in mart.columns
    }
    fields = [by_name[column] for column in columns or by_name]
    days = [one.name for one in mart.columns if isinstance(one.type, Date)]
    return Table(
        name,
        mart.description,
        mart.datasets,
        f"marts.{mart.name} AS r",
        fields,
        mart.key,
        next((column for column in mart.key if column in days), None),
        [*dict.fromkeys([*orders, *mart.key[:1]])],
        lambda tx: _is_made(tx, mart.name),
        f"The mart {mart.name} has not been made yet: run `txcat marts`.",
        mart.watchers,
    )


def _is_made(tx: Reading, name: str) -> bool:
    return bool(
        tx.rows(
            "SELECT 1 FROM information_schema.tables "
            "WHERE table_schema = 'marts' AND table_name = $name",
            name=name,
        )
    )
