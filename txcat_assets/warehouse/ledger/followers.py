"""What changed: the groups of validated records that each follower of a dataset has yet to work.

A group (a customer, a day, a month) is touched when a validated record of it comes, goes or
changes, be it the current version of its key or one before it. `apply` notes that in its own
transaction, for the marts of the contract and for whoever has said that it follows the dataset. A
follower reads notes, works their groups from what is validated then, and deletes those very notes
in the transaction that keeps its work. What is noted meanwhile stays for its next look, and a kill
loses nothing.
"""

from collections.abc import Sequence

import polars as pl

from txcat_assets.contracts.followers import Follower, Per
from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import KEPT
from txcat_assets.warehouse.databases.interface import Transaction, listed, one
from txcat_assets.warehouse.schema.contract_versions import require_version


def lock_name(follower: Follower) -> str:
    """The lock of whoever works the follower's groups."""
    return f"{follower.name}.{follower.contract.dataset}"


def followers_of(tx: Transaction, contract: Contract) -> list[Follower]:
    """The marts of the contract, and all who have said that they follow its dataset.

    One whose column this contract does not have is left out: it has to follow anew.
    """
    said = tx.rows(
        "SELECT follower, grouped_by, per FROM ledger.followers "
        "WHERE dataset = $dataset AND grouped_by IS NOT NULL ORDER BY 1",
        dataset=contract.dataset,
    )
    others = [
        Follower(name, contract, column, Per(per))
        for name, column, per in said
        if column in contract.column_names
    ]
    return [*_marts(contract), *others]


def is_followed(tx: Transaction, follower: Follower, version: str) -> bool:
    """Whether changes are noted for the follower as it is, since all was noted for this version."""
    found = tx.rows(
        "SELECT grouped_by, per, version FROM ledger.followers "
        "WHERE dataset = $dataset AND follower = $follower",
        **_values(follower),
    )
    return found == [(*_grouping(follower), version)]


def follow(tx: Transaction, follower: Follower, version: str) -> None:
    """Note every group for a follower, and from now on each that changes. Again, it does the same.

    `version` says by what its work is done; another one needs all of it done anew.
    """
    # No record moves meanwhile: what `apply` does not note is among the groups that are noted here.
    tx.lock(follower.contract.dataset)
    require_version(tx, follower.contract)
    grouped_by, per = _grouping(follower)
    tx.run(
        "INSERT INTO ledger.followers (dataset, follower, grouped_by, per, version) "
        "VALUES ($dataset, $follower, $grouped_by, $per, $version) "
        "ON CONFLICT (dataset, follower) DO UPDATE SET grouped_by = excluded.grouped_by, "
        "per = excluded.per, version = excluded.version",
        grouped_by=grouped_by,
        per=per,
        version=version,
        **_values(follower),
    )
    note_groups(tx, follower, f"judged.{follower.contract.dataset}", f"_place IN ({listed(KEPT)})")


def unfollow(tx: Transaction, follower: Follower) -> None:
    """Note nothing any more for a follower, and forget what is noted."""
    tx.lock(follower.contract.dataset)
    for table in ("followers", "touched"):
        tx.run(
            f"DELETE FROM ledger.{table} WHERE dataset = $dataset AND follower = $follower",
            **_values(follower),
        )


def note_groups(tx: Transaction, follower: Follower, table: str, where: str = "TRUE") -> None:
    """Note every group of the records in a table that has the columns of the dataset."""
    tx.run(
        "INSERT INTO ledger.touched (dataset, follower, entity) "
        "SELECT DISTINCT $dataset, $follower, CAST(g.entity AS TEXT) FROM "
        f"(SELECT {group_of(follower)} AS entity FROM {table} WHERE {where}) g "
        "WHERE g.entity IS NOT NULL",
        **_values(follower),
    )


def note_touched(
    tx: Transaction, contract: Contract, followers: Sequence[Follower], records: pl.DataFrame
) -> None:
    """Note for each follower the groups of these records, which came, went or changed."""
    if not followers or records.is_empty():
        return
    groups = [
        records.select(follower=pl.lit(one.name), entity=_group(one)).drop_nulls().unique()
        for one in followers
    ]
    tx.offer("noted", pl.concat(groups))
    tx.run(
        "INSERT INTO ledger.touched (dataset, follower, entity) "
        "SELECT $dataset, n.follower, n.entity FROM noted n",
        dataset=contract.dataset,
    )


def read_notes(tx: Transaction, follower: Follower, limit: int) -> pl.DataFrame:
    """All notes, `id` and `entity`, of `limit` groups; empty when the follower is up to date.

    `entity` is the group as text; a day is its date, a month its first one.
    """
    which = "dataset = $dataset AND follower = $follower"
    return tx.frame(
        f"SELECT id, entity FROM ledger.touched WHERE {which} AND entity IN (SELECT DISTINCT "
        f"entity FROM ledger.touched WHERE {which} ORDER BY entity LIMIT $limit)",
        limit=limit,
        **_values(follower),
    )


def take_notes(tx: Transaction, follower: Follower, notes: pl.DataFrame) -> bool:
    """Delete the notes that were read, with what was worked from them.

    False, and nothing is deleted, where one of them is gone already: then another has worked its
    group meanwhile, maybe from newer records, and what was worked here must not be kept.
    """
    tx.lock(lock_name(follower))
    require_version(tx, follower.contract)
    tx.offer("notes", notes.select("id"))
    left = "SELECT count(*) FROM ledger.touched WHERE id IN (SELECT n.id FROM notes n)"
    if int(one(tx.rows(left))) < len(notes):
        return False
    tx.run("DELETE FROM ledger.touched WHERE id IN (SELECT n.id FROM notes n)")
    return True


def group_of(follower: Follower) -> str:
    """The group of a record as an SQL expression over the columns of its table."""
    column = f'"{follower.column}"'
    if follower.per is Per.VALUE:
        return column
    return f"CAST(date_trunc('{follower.per}', {column}) AS DATE)"


def _group(follower: Follower) -> pl.Expr:
    """The group of a record as text; as `group_of` says it, too."""
    column = pl.col(follower.column)
    match follower.per:
        case Per.VALUE:
            group = column
        case Per.DAY:
            group = column.cast(pl.Date)
        case Per.MONTH:
            group = column.cast(pl.Date).dt.month_start()
    return group.cast(pl.String)


def _marts(contract: Contract) -> list[Follower]:
    return [Follower(mart.name, contract, mart.entity) for mart in contract.marts]


def _grouping(follower: Follower) -> tuple[str | None, str | None]:
    """How a follower groups, as the ledger keeps it: nothing of a mart, whose contract says so."""
    if follower in _marts(follower.contract):
        return None, None
    return follower.column, follower.per.value


def _values(follower: Follower) -> dict[str, str]:
    return {"dataset": follower.contract.dataset, "follower": follower.name}
