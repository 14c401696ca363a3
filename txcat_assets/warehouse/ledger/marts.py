"""Marts: which entities had a validated record come, go or change, and the rows told of them.

`apply` notes entities in its own transaction. A mart's work reads notes, then all that is validated
of their entities, and replaces their rows while it deletes those very notes, by their ids: what was
noted meanwhile is work for the next time. What stands out is said in `txcat_assets.pipeline`.
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
class MartOf:
    """A mart of a dataset: its table, and how its entities are found."""

    contract: Contract
    mart: Mart

    @property
    def table(self) -> str:
        """The table of the mart."""
        return f"{self.mart.name}.{self.contract.dataset}"

    @property
    def values(self) -> dict[str, str]:
        """Dataset and mart, for a query."""
        return {"dataset": self.contract.dataset, "mart": self.mart.name}

    def of_these(self, tx: Transaction) -> str:
        """A condition on a table of the dataset: its entity is one of those that were offered."""
        entity = self.mart.entity
        (kind,) = (one.type for one in self.contract.columns if one.name == entity)
        offered = f"SELECT CAST(e.entity AS {sql_type(kind)}) FROM entities e"
        return tx.among(f'"{entity}"', offered)


KEPT = ["_slice_id", "_position", "_day"]
"""What a mart's row takes over from the validated record, beside the contract's columns."""


def note_touched(tx: Transaction, of: MartOf, entities: pl.Series) -> None:
    """Note entities of which the mart does not tell the latest from now on."""
    noted = entities.drop_nulls().unique().alias("entity").to_frame()
    if noted.is_empty():
        return
    tx.offer("noted", noted)
    tx.run(
        "INSERT INTO ledger.touched (dataset, mart, entity) SELECT $dataset, $mart, n.entity "
        "FROM noted n",
        **of.values,
    )


def renew(tx: Transaction, of: MartOf, version: str, *, full_refresh: bool) -> None:
    """Note every entity where the mart was told by another version, or all is to be told anew."""
    tx.lock(of.table)
    require_version(tx, of.contract)
    known = "SELECT version FROM ledger.marts WHERE dataset = $dataset AND mart = $mart"
    if tx.rows(known, **of.values) == [(version,)] and not full_refresh:
        return
    tx.run(
        "INSERT INTO ledger.marts VALUES ($dataset, $mart, $version) ON CONFLICT (dataset, mart) "
        "DO UPDATE SET version = excluded.version",
        version=version,
        **of.values,
    )
    entity = f'"{of.mart.entity}"'
    tx.run(
        "INSERT INTO ledger.touched (dataset, mart, entity) SELECT $dataset, $mart, "
        f"CAST(e.entity AS TEXT) FROM (SELECT {entity} AS entity FROM judged.{of.contract.dataset} "
        f"WHERE _place = {VALIDATED} UNION SELECT {entity} FROM {of.table}) e "
        "WHERE e.entity IS NOT NULL",
        **of.values,
    )


def notes(tx: Transaction, of: MartOf, limit: int) -> pl.DataFrame:
    """The notes, `id` and `entity`, of so many entities; empty when the mart tells the latest."""
    which = "dataset = $dataset AND mart = $mart"
    return tx.frame(
        f"SELECT id, entity FROM ledger.touched WHERE {which} AND entity IN (SELECT DISTINCT "
        f"entity FROM ledger.touched WHERE {which} ORDER BY entity LIMIT $limit)",
        limit=limit,
        **of.values,
    )


def records_of(tx: Transaction, of: MartOf, noted: pl.DataFrame) -> pl.DataFrame:
    """All validated records of the entities of these notes."""
    _offer_entities(tx, noted)
    return tx.frame(
        f"SELECT {quoted([*of.contract.column_names, *KEPT])} FROM judged.{of.contract.dataset} "
        f"WHERE _place = {VALIDATED} AND {of.of_these(tx)}"
    )


def replace_rows(
    tx: Transaction, of: MartOf, noted: pl.DataFrame, rows: pl.DataFrame, run: Run
) -> bool:
    """Put these rows in place of all that the mart has of the entities of these notes.

    The notes go with it. False, and nothing is written, where one of them is gone already: then
    somebody else has told of its entity meanwhile, maybe by what came later.
    """
    tx.lock(of.table)
    require_version(tx, of.contract)
    tx.offer("told", noted.select("id"))
    still = "SELECT count(*) FROM ledger.touched WHERE id IN (SELECT t.id FROM told t)"
    if int(one(tx.rows(still))) < len(noted):
        return False
    tx.run("DELETE FROM ledger.touched WHERE id IN (SELECT t.id FROM told t)")
    _offer_entities(tx, noted)
    tx.run(f"DELETE FROM {of.table} WHERE {of.of_these(tx)}")
    tx.append(
        of.table,
        rows.select(
            *(*of.contract.column_names, *of.mart.column_names, *KEPT),
            pl.lit(run.run_id).alias("_run_id"),
            pl.lit(run.at).alias(f"{of.mart.name}_at"),
        ),
    )
    return True


def newest(tx: Transaction, of: MartOf, limit: int) -> tuple[int, pl.DataFrame]:
    """How many rows the mart has, and those that happened last."""
    shown = quoted([*of.contract.column_names, *of.mart.column_names])
    last = f'ORDER BY "{of.contract.event_time}" DESC, "{of.contract.key}" LIMIT $limit'
    rows = one(tx.rows(f"SELECT count(*) FROM {of.table}"))
    return int(rows), tx.frame(f"SELECT {shown} FROM {of.table} {last}", limit=limit)


def days_to_tell_marts(tx: Transaction, contract: Contract) -> list[date]:
    """The last day with records, where a mart has notes: any run of the dataset works them."""
    if not contract.marts:
        return []
    found = (
        "SELECT max(day) FROM ledger.slices WHERE dataset = $dataset "
        "AND EXISTS (SELECT 1 FROM ledger.touched WHERE dataset = $dataset)"
    )
    return [day for (day,) in tx.rows(found, dataset=contract.dataset) if day]


def _offer_entities(tx: Transaction, noted: pl.DataFrame) -> None:
    tx.offer("entities", noted.select("entity").unique())
