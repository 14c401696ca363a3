"""References between datasets: whether what a record names is there, and whom to judge again.

Nothing is signalled. A record waits while it names what is not validated in the other dataset; what
came meanwhile is found by a query, and so is what has gone, among the keys that `apply` noted.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from txcat_assets.contracts.model import Contract, Reference
from txcat_assets.pipeline.places import CLOSED, INVALID, VALIDATED, WAITING
from txcat_assets.warehouse.databases.interface import Transaction, listed
from txcat_assets.warehouse.ledger.slices import FROZEN, Slice, in_slices
from txcat_assets.warehouse.schema.tables import sql_type


def unknown_references(tx: Transaction, contract: Contract, records: pl.DataFrame) -> pl.Series:
    """For each record the codes of the references that name what is not there; null where none."""
    codes = [
        pl.when(pl.col(reference.column).is_in(absent.implode())).then(pl.lit(reference.code))
        for reference in contract.references
        if len(absent := _absent(tx, reference, records[reference.column]))
    ]
    if not codes:
        return pl.Series("_unknown", [None], pl.List(pl.String)).new_from_index(0, len(records))
    listed = pl.concat_list(codes).list.drop_nulls()
    return records.select(_unknown=pl.when(listed.list.len() > 0).then(listed)).to_series()


def _absent(tx: Transaction, reference: Reference, values: pl.Series) -> pl.Series:
    """The values that are no key of the other dataset now."""
    named = values.drop_nulls().unique().alias("key")
    if named.is_empty():
        return named
    tx.offer("named", named.to_frame())
    found = f"SELECT n.key FROM named n WHERE NOT {_is_there(reference, _typed(reference, 'n'))}"
    return tx.frame(found)["key"]


def note_withdrawn(tx: Transaction, contract: Contract, keys: pl.Series) -> None:
    """Note keys that have left validated, for each dataset that refers to this one."""
    if keys.is_empty():
        return
    tx.offer("gone", keys.alias("key").to_frame())
    tx.run(
        "INSERT INTO ledger.withdrawn (dataset, refers_to, key) "
        "SELECT d.dataset, d.refers_to, g.key FROM gone g, ledger.dependents d "
        "WHERE d.refers_to = $dataset",
        dataset=contract.dataset,
    )


def slices_to_judge_again(
    tx: Transaction, contract: Contract, days: Sequence[date] | None = None
) -> list[Slice]:
    """The slices of these days, or of all, with records whose references have come or gone.

    `records` is how many they are. Slices that are stale are left out: they are judged whole; and
    frozen ones, which are judged no more.
    """
    if not contract.references:
        return []
    slices = (
        "(SELECT t.slice_id FROM ledger.stages t WHERE t.dataset = $dataset "
        f"AND t.stage = 'validated' AND t.version = $version AND t.slice_id NOT IN {FROZEN}"
        f"{'' if days is None else ' AND t.day = ANY($days)'})"
    )
    found = tx.rows(
        f"SELECT a._slice_id, count(*), o.dialect FROM ({_again(tx, contract, slices)}) a "
        "JOIN ledger.slices s ON s.slice_id = a._slice_id "
        "JOIN ledger.objects o ON o.object_id = s.object_id GROUP BY 1, 3 ORDER BY 1",
        dataset=contract.dataset,
        version=str(contract.version),
        **({} if days is None else {"days": list(days)}),
    )
    return [Slice(*row) for row in found]


def days_to_judge_again(tx: Transaction, contract: Contract) -> list[date]:
    """The days of which `slices_to_judge_again` has slices."""
    slice_ids = [one.slice_id for one in slices_to_judge_again(tx, contract)]
    if not slice_ids:
        return []
    days = f"SELECT DISTINCT day FROM ledger.slices WHERE {in_slices(slice_ids, 'slice_id')}"
    return [day for (day,) in tx.rows(days)]


def positions_to_judge_again(
    tx: Transaction, contract: Contract, slice_ids: Sequence[int]
) -> pl.DataFrame:
    """The positions in these slices whose references have come or gone."""
    ids = f"(SELECT slice_id FROM ledger.slices WHERE {in_slices(slice_ids, 'slice_id')})"
    return tx.frame(_again(tx, contract, ids))


def has_withdrawn(tx: Transaction, contract: Contract) -> bool:
    """Whether keys that this dataset may refer to have been noted as gone."""
    noted = "SELECT 1 FROM ledger.withdrawn WHERE dataset = $dataset LIMIT 1"
    return bool(tx.rows(noted, dataset=contract.dataset))


def forget_withdrawn(tx: Transaction, contract: Contract) -> None:
    """Delete the notes of keys that are gone, once no record names one as if it were there."""
    tx.lock(contract.dataset)
    noted = tx.rows(
        "SELECT id FROM ledger.withdrawn WHERE dataset = $dataset", dataset=contract.dataset
    )
    if noted and not slices_to_judge_again(tx, contract):
        # By what was read, not by key: it may have gone again meanwhile.
        tx.run(f"DELETE FROM ledger.withdrawn WHERE id IN ({', '.join(str(i) for (i,) in noted)})")


def _again(tx: Transaction, contract: Contract, slices: str) -> str:
    """A query for the positions to judge again in `slices`, itself a query."""
    parts = [_come(contract, reference, slices) for reference in contract.references]
    if has_withdrawn(tx, contract):
        parts += [_gone(contract, reference, slices) for reference in contract.references]
    return " UNION ".join(parts)


def _come(contract: Contract, reference: Reference, slices: str) -> str:
    """Who waits for what is there by now."""
    return (
        f"SELECT j._slice_id, j._position FROM judged.{contract.dataset} j "
        f"WHERE j._place = {WAITING} AND '{reference.code}' = ANY(j._codes) "
        f"AND {_is_there(reference, _named(reference))} AND j._slice_id IN {slices}"
    )


def _gone(contract: Contract, reference: Reference, slices: str) -> str:
    """Who names what has gone, and does not know yet."""
    is_out = f"j._place IN ({listed([INVALID, *CLOSED])})"
    is_waiting = f"(j._place = {WAITING} AND '{reference.code}' = ANY(j._codes))"
    return (
        f"SELECT j._slice_id, j._position FROM judged.{contract.dataset} j "
        f"WHERE NOT {is_out} AND NOT {is_waiting} AND {_named(reference)} IN "
        f"(SELECT {_typed(reference, 'w')} FROM ledger.withdrawn w "
        f"WHERE w.dataset = '{contract.dataset}' AND w.refers_to = '{reference.to.dataset}') "
        f"AND NOT {_is_there(reference, _named(reference))} AND j._slice_id IN {slices}"
    )


def _is_there(reference: Reference, key: str) -> str:
    """A condition: `key`, an expression, is one of the other dataset's validated records now."""
    return (
        f"EXISTS (SELECT 1 FROM judged.{reference.to.dataset} r "
        f'WHERE r._place = {VALIDATED} AND r."{reference.to.key}" = {key})'
    )


def _named(reference: Reference) -> str:
    return f'j."{reference.column}"'


def _typed(reference: Reference, table: str) -> str:
    """The key in a table of texts, as the type that it has when stored."""
    return f"CAST({table}.key AS {sql_type(reference.to.key_type)})"
