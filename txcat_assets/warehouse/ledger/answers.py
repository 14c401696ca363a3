"""The answers of the stages after `validated`: how they are kept, stored, and moved with records.

A slice's answers become visible at once, in one transaction; until then they are kept in
`ledger.predictions`, so that nothing is asked twice. Every store is guarded by content: an answer
counts only for the content that was asked. What there is to ask is in `pending`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.contracts.watchers import Watcher
from txcat_assets.pipeline.parse import dtype_of
from txcat_assets.warehouse.databases.interface import Transaction, quoted
from txcat_assets.warehouse.ledger.pending import (
    CONTENT,
    Pending,
    StageModel,
    pending_content,
    recount_pending,
)
from txcat_assets.warehouse.ledger.slices import Run, in_slices, reach
from txcat_assets.warehouse.ledger.watchers import note_groups, note_touched, watchers_of_stage
from txcat_assets.warehouse.schema.contract_versions import require_version
from txcat_assets.warehouse.schema.tables import key_of, previous

PROVENANCE = ["_slice_id", "_position", "_day", "_contract_version", "_warnings"]
"""What a stage's row takes over from the validated record, beside the contract's columns."""


def kept_answers(tx: Transaction, model: StageModel, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The answers by this model version that an earlier, unfinished run has kept.

    Columns: CONTENT, those of the stage, `refusal`.
    """
    kept = tx.frame(
        "SELECT slice_id AS _slice_id, position AS _position, digest AS _digest, answer, refusal "
        "FROM ledger.predictions WHERE dataset = $dataset AND stage = $stage "
        f"AND model_version = $model AND {in_slices(slice_ids, 'slice_id')}",
        dataset=model.contract.dataset,
        stage=model.stage.name,
        model=model.version,
    )
    columns = pl.Struct({column.name: dtype_of(column.type) for column in model.stage.columns})
    answer = pl.col("answer").str.json_decode(columns)
    return kept.select(*CONTENT, answer, "refusal").unnest("answer")


def keep_answers(tx: Transaction, model: StageModel, answers: pl.DataFrame) -> None:
    """Keep answers of unfinished slices, to be stored when their slices are complete."""
    as_json = pl.struct(model.stage.column_names).struct.json_encode()
    answer = pl.when(pl.col("refusal").is_null()).then(as_json).alias("answer")
    tx.offer("answers", answers.select(*CONTENT, answer, "refusal"))
    tx.run(
        "INSERT INTO ledger.predictions SELECT $dataset, $stage, _slice_id, _position, "
        "CAST(_digest AS UUID), $model, answer, refusal FROM answers",
        dataset=model.contract.dataset,
        stage=model.stage.name,
        model=model.version,
    )


def store_answers(
    tx: Transaction, model: StageModel, read: Pending, answers: pl.DataFrame, run: Run
) -> None:
    """Make the answers of whole slices visible: rows, refusals, counts, and the stage's version.

    `answers` has the columns of what was `read`, those of the stage, and `refusal`. An answer
    whose record has left validated, or has other content by now, is dropped; what replaced it is
    pending. An answer that another worker has stored meanwhile is dropped too.
    """
    slice_ids = list(read.revisions)
    tx.lock(model.contract.dataset, shared=True)
    require_version(tx, model.contract)
    # First of all, for it holds the slices' rows: another worker on them waits, then finds it done.
    reached = reach(tx, model.stage.name, slice_ids, str(model.version), run)
    is_unchanged = reached == {one: revision + 1 for one, revision in read.revisions.items()}
    content = read.records if is_unchanged else pending_content(tx, model, slice_ids)
    new = answers.join(content, on=CONTENT, how="semi", maintain_order="left")
    _store_rows(tx, model, new, _after_refresh(tx, model, slice_ids, run))
    refused = new.filter(pl.col("refusal").is_not_null())
    _store_refusals(tx, model, slice_ids, refused)
    left = content.join(new, on=CONTENT, how="anti")
    _add_counts(tx, model, pending=left["_slice_id"], refused=refused["_slice_id"])


def ask_again(tx: Transaction, contract: Contract, stage: Stage, positions: pl.DataFrame) -> None:
    """Forget what a stage's service refused of these records, so that they are asked once more."""
    if positions.is_empty():
        return
    tx.offer("asked_again", positions.select("_slice_id", "_position"))
    tx.run(
        "DELETE FROM ledger.refusals f USING asked_again a WHERE f.dataset = $dataset "
        "AND f.stage = $stage AND f.slice_id = a._slice_id AND f.position = a._position",
        dataset=contract.dataset,
        stage=stage.name,
    )
    recount_pending(tx, contract, stage, positions["_slice_id"].unique().to_list())


def note_answers_that_go(
    tx: Transaction, watchers: Sequence[Watcher], keys: pl.Series, at: datetime
) -> None:
    """Note the groups of the rows that keys have in the stages that are watched, before they go.

    A row may be of another group than the record that has left: it stands for content of before
    where its key was not answered again. A row that stays is of the group of a record that moved.
    """
    for watcher in watchers:
        if watcher.stage and not keys.is_empty():
            contract = watcher.contract
            tx.offer("keys", keys.to_frame())
            of_keys = tx.among(f'"{contract.key}"', f"SELECT {key_of(contract, 'k')} FROM keys k")
            rows = f"{watcher.stage}.{contract.dataset} WHERE {of_keys}"
            note_groups(tx, watcher, rows, at)


def move_answers(
    tx: Transaction, contract: Contract, stage: Stage, keys: pl.Series, winners: pl.DataFrame
) -> None:
    """Bring a stage's rows to the records that hold their keys, after records have changed.

    `keys` are those whose winner may have changed, `winners` the records that hold them now. A key
    that has left validated loses its row; where the winner has the same content, the answer stays
    and gets what the winner has beside it; where it has other content, the old row stays until the
    new answer replaces it.
    """
    if keys.is_empty():
        return
    key, table = f'"{contract.key}"', f"{stage.name}.{contract.dataset}"
    tx.offer("keys", keys.to_frame())
    tx.offer("winners", winners)
    of_keys = tx.among(key, f"SELECT {key_of(contract, 'k')} FROM keys k")
    of_winners = f"SELECT {key_of(contract, 'w')} FROM winners w"
    tx.run(f"DELETE FROM {table} WHERE {of_keys} AND {key} NOT IN ({of_winners})")
    tx.run(
        f"UPDATE {table} c SET _slice_id = j._slice_id, _position = j._position, _day = j._day, "
        "_contract_version = j._contract_version, _warnings = j._codes "
        f"FROM winners w JOIN judged.{contract.dataset} j "
        "ON j._slice_id = w._slice_id AND j._position = w._position "
        f"AND {in_slices(winners['_slice_id'].unique().to_list(), 'j._slice_id')} "
        f"WHERE {tx.among(f'c.{key}', of_winners)} AND c.{key} = {key_of(contract, 'w')} "
        "AND c._digest = CAST(w._digest AS UUID) "
        "AND (c._slice_id <> j._slice_id OR c._position <> j._position "
        "OR c._contract_version <> j._contract_version OR c._warnings IS DISTINCT FROM j._codes)"
    )


def _add_counts(
    tx: Transaction, model: StageModel, *, pending: pl.Series, refused: pl.Series
) -> None:
    """Add to the counts of slices, where `reach` has set pending to 0, one for each slice id."""
    counted = pl.concat(
        [
            pending.to_frame().with_columns(pending=1, refused=0),
            refused.to_frame().with_columns(pending=0, refused=1),
        ]
    )
    if counted.is_empty():
        return
    tx.offer("counted", counted.group_by("_slice_id").sum())
    tx.run(
        "UPDATE ledger.stages t SET pending = c.pending, refused = t.refused + c.refused "
        "FROM counted c WHERE t.slice_id = c._slice_id AND t.stage = $stage",
        stage=model.stage.name,
    )


def _after_refresh(tx: Transaction, model: StageModel, slice_ids: Sequence[int], run: Run) -> Run:
    """The run, no earlier than the full refresh that it answers: the clocks of machines differ."""
    ((refreshed_at,),) = tx.rows(
        "SELECT max(redo_from) FROM ledger.stages "
        f"WHERE stage = $stage AND {in_slices(slice_ids, 'slice_id')}",
        stage=model.stage.name,
    )
    return replace(run, at=max(run.at, refreshed_at or run.at))


def _store_rows(tx: Transaction, model: StageModel, new: pl.DataFrame, run: Run) -> None:
    """Put the answered records into the stage's table, in place of the rows with their keys."""
    key, answers = model.contract.key, model.stage.column_names
    watchers = watchers_of_stage(tx, model.contract, model.stage)
    watched = sorted({watcher.column for watcher in watchers} - {key})
    tx.offer("asked", new.select(key))
    of_asked = tx.among(f'"{key}"', f"SELECT {key_of(model.contract, 'a')} FROM asked a")
    before = tx.frame(
        f"SELECT {quoted([key, *answers, 'model_version', *watched])} FROM {model.table} "
        f"WHERE {of_asked}"
    )
    if not before.is_empty():
        tx.run(f"DELETE FROM {model.table} WHERE {of_asked}")
    said = [*answers, "model_version"]
    was = before.drop(watched).rename({name: previous(name) for name in said})
    rows = new.filter(pl.col("refusal").is_null()).join(was, on=key, how="left")
    tx.append(
        model.table,
        rows.select(
            *model.contract.column_names,
            *PROVENANCE,
            *was.columns[1:],
            *answers,
            "_digest",
            pl.lit(model.version).alias("model_version"),
            pl.lit(run.at).alias(f"{model.stage.name}_at"),
            pl.lit(run.run_id).alias("_run_id"),
        ),
        key=key,
    )
    touched = pl.concat([one.select(key, *watched) for one in (before, rows)])
    note_touched(tx, watchers, touched, run.at)


def _store_refusals(
    tx: Transaction, model: StageModel, slice_ids: Sequence[int], refused: pl.DataFrame
) -> None:
    """Note what the service refused, and delete what was kept of these slices."""
    in_these = in_slices(slice_ids, "slice_id")
    tx.run(
        "DELETE FROM ledger.predictions "
        f"WHERE dataset = $dataset AND stage = $stage AND {in_these}",
        dataset=model.contract.dataset,
        stage=model.stage.name,
    )
    tx.run(
        "DELETE FROM ledger.refusals WHERE dataset = $dataset AND stage = $stage "
        f"AND model_version <> $model AND {in_these}",
        dataset=model.contract.dataset,
        stage=model.stage.name,
        model=model.version,
    )
    if refused.is_empty():
        return
    tx.offer("refused", refused.select(*CONTENT, "refusal"))
    tx.run(
        "INSERT INTO ledger.refusals SELECT $dataset, $stage, _slice_id, _position, "
        "CAST(_digest AS UUID), $model, refusal FROM refused",
        dataset=model.contract.dataset,
        stage=model.stage.name,
        model=model.version,
    )
