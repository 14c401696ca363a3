"""Marts in the ledger: which entities were touched, and the rows that replace those of an entity.

An entity (such as the sender of a payment) is touched when a validated record of it comes, goes or
changes; `apply` notes that in its own transaction. Updating a mart reads notes and all validated
records of their entities, then replaces the entities' rows and deletes those very notes by id. What
is noted meanwhile stays for the next update. Which records get a row is computed in
`txcat_assets.pipeline.computed`.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.databases.interface import Transaction, one
from txcat_assets.warehouse.ledger.slices import Run
from txcat_assets.warehouse.schema.contract_versions import require_version
from txcat_assets.warehouse.schema.tables import quoted, sql_type


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
    def values(self) -> dict[str, str]:
        """Dataset and mart, to be bound in a query."""
        return {"dataset": self.contract.dataset, "mart": self.mart.name}

    def is_of_offered_entity(self, tx: Transaction) -> str:
        """An SQL condition on a table of the dataset: the entity is one of table `entities`."""
        entity = self.mart.entity
        (kind,) = (one.type for one in self.contract.columns if one.name == entity)
        offered = f"SELECT CAST(e.entity AS {sql_type(kind)}) FROM entities e"
        return tx.among(f'"{entity}"', offered)


PROVENANCE = ["_slice_id", "_position", "_day"]
"""What a mart's row takes over from the validated record, beside the contract's columns."""


def note_touched(tx: Transaction, table: MartTable, entities: pl.Series) -> None:
    """Note entities whose rows in the mart are out of date from now on."""
    noted = entities.drop_nulls().unique().alias("entity").to_frame()
    if noted.is_empty():
        return
    tx.offer("noted", noted)
    tx.run(
        "INSERT INTO ledger.touched (dataset, mart, entity) SELECT $dataset, $mart, n.entity "
        "FROM noted n",
        **table.values,
    )


def note_all_if_changed(
    tx: Transaction, table: MartTable, version: str, *, full_refresh: bool
) -> None:
    """Note every entity where the mart was made by another version, or on a full refresh."""
    tx.lock(table.name)
    require_version(tx, table.contract)
    made_by = "SELECT version FROM ledger.marts WHERE dataset = $dataset AND mart = $mart"
    if tx.rows(made_by, **table.values) == [(version,)] and not full_refresh:
        return
    tx.run(
        "INSERT INTO ledger.marts VALUES ($dataset, $mart, $version) ON CONFLICT (dataset, mart) "
        "DO UPDATE SET version = excluded.version",
        version=version,
        **table.values,
    )
    entity, judged = f'"{table.mart.entity}"', f"judged.{table.contract.dataset}"
    tx.run(
        "INSERT INTO ledger.touched (dataset, mart, entity) "
        "SELECT $dataset, $mart, CAST(e.entity AS TEXT) "
        f"FROM (SELECT {entity} AS entity FROM {judged} WHERE _place = {VALIDATED} "
        f"UNION SELECT {entity} FROM {table.name}) e WHERE e.entity IS NOT NULL",
        **table.values,
    )


def read_notes(tx: Transaction, table: MartTable, limit: int) -> pl.DataFrame:
    """All notes, `id` and `entity`, of `limit` entities; empty when the mart is up to date."""
    which = "dataset = $dataset AND mart = $mart"
    return tx.frame(
        f"SELECT id, entity FROM ledger.touched WHERE {which} AND entity IN (SELECT DISTINCT "
        f"entity FROM ledger.touched WHERE {which} ORDER BY entity LIMIT $limit)",
        limit=limit,
        **table.values,
    )


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

    False, and nothing is written, where one of the notes is gone already: then another run has
    updated its entity meanwhile, maybe from newer records.
    """
    tx.lock(table.name)
    require_version(tx, table.contract)
    tx.offer("notes", notes.select("id"))
    left = "SELECT count(*) FROM ledger.touched WHERE id IN (SELECT n.id FROM notes n)"
    if int(one(tx.rows(left))) < len(notes):
        return False
    tx.run("DELETE FROM ledger.touched WHERE id IN (SELECT n.id FROM notes n)")
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
        "AND EXISTS (SELECT 1 FROM ledger.touched WHERE dataset = $dataset)"
    )
    return [day for (day,) in tx.rows(found, dataset=contract.dataset) if day]


def _offer_entities(tx: Transaction, notes: pl.DataFrame) -> None:
    tx.offer("entities", notes.select("entity").unique())
