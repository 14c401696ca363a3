"""The tables of marts: the rows that replace those of an entity, such as the sender of a payment.

A mart watches its entities as any watcher does, see `watchers`. Which records get a row is
computed in `txcat_assets.pipeline.computed`.
"""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.watchers import Watcher
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.databases.interface import Transaction, one, quoted
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.slices import Run
from txcat_assets.warehouse.ledger.watchers import note_groups, take_notes, watch
from txcat_assets.warehouse.schema.tables import sql_type


@dataclass(frozen=True)
class MartTable:
    """The table of a mart of a dataset, and how the rows of an entity are found."""

    contract: Contract
    mart: Mart

    @property
    def name(self) -> str:
        """The table's name, such as `alerts.payments`."""
        return f"{self.mart.name}.{self.contract.dataset}"

    @property
    def watcher(self) -> Watcher:
        """The mart as one who watches the entities of the dataset."""
        return Watcher(self.mart.name, self.contract, self.mart.entity)

    def is_of_offered_entity(self, tx: Transaction) -> str:
        """An SQL condition on a table of the dataset: the entity is one of table `entities`."""
        kind = sql_type(self.watcher.group_type)
        return tx.among(f'"{self.mart.entity}"', f"SELECT CAST(e.entity AS {kind}) FROM entities e")


PROVENANCE = ["_slice_id", "_position", "_day"]
"""What a mart's row takes over from the validated record, beside the contract's columns."""


def watch_anew(tx: Transaction, table: MartTable, version: str, at: datetime) -> None:
    """Note every entity, also one that only the mart still has: its rows go."""
    watch(tx, table.watcher, version, at)
    note_groups(tx, table.watcher, table.name, at)


def records_of_entities(tx: Transaction, table: MartTable, notes: pl.DataFrame) -> pl.DataFrame:
    """All validated records of the entities of these notes."""
    _offer_entities(tx, notes)
    columns = quoted([*table.contract.column_names, *PROVENANCE])
    return tx.frame(
        f"SELECT {columns} FROM judged.{table.contract.dataset} "
        f"WHERE _place = {VALIDATED} AND {table.is_of_offered_entity(tx)}"
    )


def replace_rows(
    tx: Transaction, table: MartTable, notes: pl.DataFrame, rows: pl.DataFrame, run: Run
) -> bool:
    """Replace all rows of the entities of these notes, and delete the notes.

    False, and nothing is written, where another run has updated one of them meanwhile.
    """
    if not take_notes(tx, table.watcher, notes):
        return False
    _offer_entities(tx, notes)
    tx.run(f"DELETE FROM {table.name} WHERE {table.is_of_offered_entity(tx)}")
    tx.append(
        table.name,
        rows.select(
            *(*table.contract.column_names, *table.mart.column_names, *PROVENANCE),
            pl.lit(run.run_id).alias("_run_id"),
            pl.lit(run.at).alias(f"{table.mart.name}_at"),
        ),
    )
    return True


def rows_of_entities(tx: Transaction, table: MartTable, entities: pl.DataFrame) -> pl.DataFrame:
    """All rows that the mart has of some entities."""
    _offer_entities(tx, entities)
    return tx.frame(f"SELECT * FROM {table.name} WHERE {table.is_of_offered_entity(tx)}")


def entities_of_days(tx: Transaction, table: MartTable, scope: Scope) -> pl.DataFrame:
    """The entities, as text, with validated records or rows of the mart on some days."""
    entity = f'CAST("{table.mart.entity}" AS TEXT) AS entity'
    return tx.frame(
        f"SELECT {entity} FROM judged.{table.contract.dataset} "
        f"WHERE _place = {VALIDATED} AND _slice_id IN {scope.slices} "
        f"UNION SELECT {entity} FROM {table.name} WHERE _slice_id IN {scope.slices}",
        **scope.values,
    ).drop_nulls()


def days_of_doubled_rows(tx: Transaction, table: MartTable) -> list[date]:
    """The day of each record that has more than one row in the mart."""
    found = tx.rows(
        f'SELECT min(_day) FROM {table.name} GROUP BY "{table.contract.key}" HAVING count(*) > 1'
    )
    return [day for (day,) in found]


def latest_rows(tx: Transaction, table: MartTable, limit: int) -> tuple[int, pl.DataFrame]:
    """How many rows the mart has, and those of the latest event times."""
    columns = quoted([*table.contract.column_names, *table.mart.column_names])
    *event_time, key = table.contract.in_time
    order = ", ".join([*(f'"{name}" DESC' for name in event_time), f'"{key}"'])
    rows = one(tx.rows(f"SELECT count(*) FROM {table.name}"))
    return int(rows), tx.frame(
        f"SELECT {columns} FROM {table.name} ORDER BY {order} LIMIT $limit", limit=limit
    )


def days_with_marts_to_update(tx: Transaction, contract: Contract) -> list[date]:
    """The last day with records, where a mart has notes: any run of the dataset updates it."""
    if not contract.marts:
        return []
    found = (
        "SELECT max(day) FROM ledger.slices WHERE dataset = $dataset "
        "AND EXISTS (SELECT 1 FROM ledger.touched "
        "WHERE dataset = $dataset AND watcher = ANY($marts))"
    )
    marts = [mart.name for mart in contract.marts]
    return [day for (day,) in tx.rows(found, dataset=contract.dataset, marts=marts) if day]


def _offer_entities(tx: Transaction, notes: pl.DataFrame) -> None:
    tx.offer("entities", notes.select("entity").unique())
