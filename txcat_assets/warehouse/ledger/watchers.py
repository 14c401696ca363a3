"""What changed: the groups of validated records that each watcher of a dataset still has to work.

A group (a customer, a day, a month) is touched when a validated record of it comes, goes or
changes, be it the current version of its key or one before it; for who watches a stage, also when
a row of its answers does. Whatever writes them notes that in its own transaction, for the marts of
the contract and for every watcher that registered by `watch`: `apply` for records and for the
answers that move with them, `store_answers` for new ones. A watcher reads notes, works their groups
from what is there then, and deletes those very notes in the transaction that keeps its work. What
is noted meanwhile stays for its next look, and a kill loses nothing.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.contracts.watchers import Per, Watcher
from txcat_assets.pipeline.places import KEPT, VALIDATED
from txcat_assets.warehouse.databases.interface import Transaction, listed, one, quoted
from txcat_assets.warehouse.schema.contract_versions import require_version
from txcat_assets.warehouse.schema.tables import sql_type


def lock_name(watcher: Watcher) -> str:
    """The lock of whoever works the watcher's groups."""
    return f"{watcher.name}.{watcher.contract.dataset}"


def watchers_of(tx: Transaction, contract: Contract) -> list[Watcher]:
    """The marts of the contract, and all others that registered as watchers of its dataset.

    One whose column or stage this contract does not have is left out: it has to register again.
    """
    registered = tx.rows(
        "SELECT watcher, grouped_by, per, stage FROM ledger.watchers "
        "WHERE dataset = $dataset AND grouped_by IS NOT NULL ORDER BY 1",
        dataset=contract.dataset,
    )
    stages = {None, *(stage.name for stage in contract.stages)}
    others = [
        Watcher(name, contract, column, Per(per), stage)
        for name, column, per, stage in registered
        if column in contract.column_names and stage in stages
    ]
    return [*_marts(contract), *others]


def watchers_of_stage(tx: Transaction, contract: Contract, stage: Stage) -> list[Watcher]:
    """Those of them that watch the answers of a stage."""
    return [one for one in watchers_of(tx, contract) if one.stage == stage.name]


def is_watched(tx: Transaction, watcher: Watcher, version: str) -> bool:
    """Whether changes are noted for the watcher as it is, since all was noted for this version."""
    found = tx.rows(
        "SELECT grouped_by, per, stage, version FROM ledger.watchers "
        "WHERE dataset = $dataset AND watcher = $watcher",
        **_values(watcher),
    )
    return found == [(*_grouping(watcher), version)]


def watch(tx: Transaction, watcher: Watcher, version: str, at: datetime) -> None:
    """Note every group for a watcher, and from now on each that changes. Again, it does the same.

    `version` says by what its work is done; another one needs all of it done anew.
    """
    register(tx, watcher, version)
    dataset = watcher.contract.dataset
    note_groups(tx, watcher, f"judged.{dataset} WHERE _place IN ({listed(KEPT)})", at)
    if watcher.stage:
        note_groups(tx, watcher, f"{watcher.stage}.{dataset}", at)


def register(tx: Transaction, watcher: Watcher, version: str) -> None:
    """Note from now on each group that changes, and none of before: all of them are worked anyway.

    Again, it only gives the watcher's work another version.
    """
    # No record moves meanwhile: what `apply` has not noted, whoever looks after this commit sees.
    tx.lock(watcher.contract.dataset)
    require_version(tx, watcher.contract)
    grouped_by, per, stage = _grouping(watcher)
    tx.run(
        "INSERT INTO ledger.watchers (dataset, watcher, grouped_by, per, stage, version) "
        "VALUES ($dataset, $watcher, $grouped_by, $per, $stage, $version) "
        "ON CONFLICT (dataset, watcher) DO UPDATE SET grouped_by = excluded.grouped_by, "
        "per = excluded.per, stage = excluded.stage, version = excluded.version",
        grouped_by=grouped_by,
        per=per,
        stage=stage,
        version=version,
        **_values(watcher),
    )


def unwatch(tx: Transaction, watcher: Watcher) -> None:
    """Note nothing any more for a watcher, and forget what is noted."""
    tx.lock(watcher.contract.dataset)
    for table in ("watchers", "touched"):
        tx.run(
            f"DELETE FROM ledger.{table} WHERE dataset = $dataset AND watcher = $watcher",
            **_values(watcher),
        )


def note_groups(tx: Transaction, watcher: Watcher, table: str, at: datetime) -> None:
    """Note every group of the records in a table that has the columns of the dataset.

    `table` may be followed by a condition, and `at` is UTC: when they were touched.
    """
    tx.run(
        "INSERT INTO ledger.touched (dataset, watcher, entity, noted_at) "
        "SELECT DISTINCT $dataset, $watcher, CAST(g.entity AS TEXT), CAST($at AS TIMESTAMP) FROM "
        f"(SELECT {group_of(watcher)} AS entity FROM {table}) g "
        "WHERE g.entity IS NOT NULL",
        at=at,
        **_values(watcher),
    )


def note_touched(
    tx: Transaction, watchers: Sequence[Watcher], records: pl.DataFrame, at: datetime
) -> None:
    """Note for each watcher the groups of these records, which came, went or changed.

    They may be rows of a stage that it watches: these have the columns of the records.
    """
    if not watchers or records.is_empty():
        return
    groups = [
        records.select(watcher=pl.lit(one.name), entity=_group(one)).drop_nulls().unique()
        for one in watchers
    ]
    tx.offer("noted", pl.concat(groups))
    tx.run(
        "INSERT INTO ledger.touched (dataset, watcher, entity, noted_at) "
        "SELECT $dataset, n.watcher, n.entity, CAST($at AS TIMESTAMP) FROM noted n",
        dataset=watchers[0].contract.dataset,
        at=at,
    )


def read_notes(tx: Transaction, watcher: Watcher, limit: int) -> pl.DataFrame:
    """All notes, `id` and `entity`, of `limit` groups; empty when the watcher is up to date.

    `entity` is the group as text; a day is its date, a month its first one.
    """
    which = "dataset = $dataset AND watcher = $watcher"
    return tx.frame(
        f"SELECT id, entity FROM ledger.touched WHERE {which} AND entity IN (SELECT DISTINCT "
        f"entity FROM ledger.touched WHERE {which} ORDER BY entity LIMIT $limit)",
        limit=limit,
        **_values(watcher),
    )


def notes_of_group(tx: Transaction, watcher: Watcher, group: str) -> pl.DataFrame:
    """All notes of one group, as `read_notes` gives them; empty where it has not changed."""
    return tx.frame(
        "SELECT id, entity FROM ledger.touched "
        "WHERE dataset = $dataset AND watcher = $watcher AND entity = $group",
        group=group,
        **_values(watcher),
    )


def records_of_group(
    tx: Transaction, watcher: Watcher, group: str, columns: Sequence[str]
) -> pl.DataFrame:
    """These columns of all validated records of one group; of keys with versions the current."""
    return tx.frame(
        f"SELECT {quoted(columns)} FROM judged.{watcher.contract.dataset} WHERE _place = "
        f"{VALIDATED} AND {group_of(watcher)} = CAST($group AS {sql_type(watcher.group_type)})",
        group=group,
    )


def noted_groups(tx: Transaction, watcher: Watcher) -> pl.Series:
    """The groups, as text, that the watcher has yet to work."""
    groups = tx.frame(
        "SELECT DISTINCT entity FROM ledger.touched "
        "WHERE dataset = $dataset AND watcher = $watcher",
        **_values(watcher),
    )
    return groups["entity"].cast(pl.String)


def late_groups(tx: Transaction, watcher: Watcher, limit: datetime) -> tuple[int, int]:
    """How many groups the watcher has yet to work, and of how many that was noted before `limit`.

    `limit` is UTC.
    """
    ((groups, late),) = tx.rows(
        "SELECT count(DISTINCT entity), "
        "count(DISTINCT CASE WHEN noted_at < CAST($limit AS TIMESTAMP) THEN entity END) "
        "FROM ledger.touched WHERE dataset = $dataset AND watcher = $watcher",
        limit=limit,
        **_values(watcher),
    )
    return int(groups), int(late)


def take_notes(tx: Transaction, watcher: Watcher, notes: pl.DataFrame) -> bool:
    """Delete the notes that were read, with what was worked from them.

    False, and nothing is deleted, where one of them is gone already: then another has worked its
    group meanwhile, maybe from newer records, and what was worked here must not be kept.
    """
    tx.lock(lock_name(watcher))
    require_version(tx, watcher.contract)
    tx.offer("notes", notes.select("id"))
    left = "SELECT count(*) FROM ledger.touched WHERE id IN (SELECT n.id FROM notes n)"
    if int(one(tx.rows(left))) < len(notes):
        return False
    tx.run("DELETE FROM ledger.touched WHERE id IN (SELECT n.id FROM notes n)")
    return True


def group_of(watcher: Watcher) -> str:
    """The group of a record as an SQL expression over the columns of its table."""
    column = f'"{watcher.column}"'
    if watcher.per is Per.VALUE:
        return column
    return f"CAST(date_trunc('{watcher.per}', {column}) AS DATE)"


def _group(watcher: Watcher) -> pl.Expr:
    """The group of a record as text; as `group_of` says it, too."""
    column = pl.col(watcher.column)
    groups = {
        Per.VALUE: column,
        Per.DAY: column.cast(pl.Date),
        Per.MONTH: column.cast(pl.Date).dt.month_start(),
    }
    return groups[watcher.per].cast(pl.String)


def _marts(contract: Contract) -> list[Watcher]:
    return [Watcher(mart.name, contract, mart.entity) for mart in contract.marts]


def _grouping(watcher: Watcher) -> tuple[str | None, str | None, str | None]:
    """What a watcher watches, as the ledger keeps it: nothing of a mart, whose contract says so."""
    if watcher in _marts(watcher.contract):
        return None, None, None
    return watcher.column, watcher.per.value, watcher.stage


def _values(watcher: Watcher) -> dict[str, str]:
    return {"dataset": watcher.contract.dataset, "watcher": watcher.name}
