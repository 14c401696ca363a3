"""The stages after `validated`: which records are to ask, and how their answers are stored.

A slice's answers become visible at once, in one transaction; until then they wait in
`ledger.predictions`, so that nothing is asked twice. Every store is guarded by content: an answer
counts only for the content that was asked. How rows follow records that move is in `following`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from txcat_assets.pipeline.parse import dtype_of
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.asked import CONTENT, Asked, answered_by, validated
from txcat_assets.warehouse.ledger.slices import Run, in_slices, judged_records, reach
from txcat_assets.warehouse.schema.contract_versions import require_version
from txcat_assets.warehouse.schema.tables import key_of, previous, quoted

RECORD = ["_slice_id", "_position", "_day", "_contract_version", "_warnings"]
"""What a stage's row takes over from the validated record, beside the contract's columns."""


@dataclass(frozen=True)
class ToAsk:
    """What there was to ask of some slices, and the revision of each at that moment.

    Whatever changes what a slice has to ask raises its revision; so while that is the same, the
    records are still those that were read.
    """

    records: pl.DataFrame
    revisions: Mapping[int, int]


def to_ask(tx: Transaction, asked: Asked, slice_ids: Sequence[int]) -> ToAsk:
    """The validated records of these slices that have no answer by this model version yet.

    Columns: those of `judged_records`. Answers that an earlier try has only kept do not count
    here: see `kept`.
    """
    # The revisions first: what changes while the records are read is seen by them.
    revisions = dict(
        tx.rows(
            "SELECT slice_id, revision FROM ledger.stages "
            f"WHERE stage = $stage AND {in_slices(slice_ids, 'slice_id')}",
            stage=asked.stage.name,
        )
    )
    # Two plain reads and a join of frames: joined in DuckDB, the wide rows go through a hash
    # table, which took ten times as long.
    records = judged_records(tx, asked.contract, slice_ids, VALIDATED)
    answered = tx.frame(answered_by(asked, slice_ids), **asked.values)
    return ToAsk(records.join(answered, on=CONTENT, how="anti"), revisions)


def kept(tx: Transaction, asked: Asked, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The answers by this model version that an earlier, unfinished try has kept.

    Columns: CONTENT, those of the stage, `refusal`.
    """
    found = tx.frame(
        "SELECT slice_id AS _slice_id, position AS _position, digest AS _digest, "
        "answer, refusal FROM ledger.predictions WHERE dataset = $dataset AND stage = $stage "
        f"AND model_version = $model AND {in_slices(slice_ids, 'slice_id')}",
        **asked.values,
    )
    written = pl.Struct({column.name: dtype_of(column.type) for column in asked.stage.columns})
    answer = pl.col("answer").str.json_decode(written)
    return found.select(*CONTENT, answer, "refusal").unnest("answer")


def keep(tx: Transaction, asked: Asked, answers: pl.DataFrame) -> None:
    """Put answers of unfinished slices aside, to be stored when their slices are complete."""
    written = pl.struct(asked.stage.column_names).struct.json_encode()
    answer = pl.when(pl.col("refusal").is_null()).then(written).alias("answer")
    tx.offer("answers", answers.select(*CONTENT, answer, "refusal"))
    tx.run(
        "INSERT INTO ledger.predictions SELECT $dataset, $stage, _slice_id, _position, "
        "CAST(_digest AS UUID), $model, answer, refusal FROM answers",
        **asked.values,
    )


def store(tx: Transaction, asked: Asked, read: ToAsk, answered: pl.DataFrame, run: Run) -> None:
    """Make the answers of whole slices visible: rows, refusals, counts, and the stage's version.

    `answered` has the columns of what was `read`, those of the stage, and `refusal`. An answer
    whose record has left validated, or has other content by now, is dropped; what replaced it is
    pending. An answer that another worker has stored meanwhile is dropped too.
    """
    slice_ids = list(read.revisions)
    tx.lock(asked.contract.dataset, shared=True)
    require_version(tx, asked.contract)
    # First of all, for it holds the slices' rows: another worker on them waits, then finds it done.
    reached = reach(tx, asked.stage.name, slice_ids, asked.model, run)
    is_unchanged = reached == {one: revision + 1 for one, revision in read.revisions.items()}
    todo = read.records.select(CONTENT) if is_unchanged else _unanswered(tx, asked, slice_ids)
    new = answered.join(todo, on=CONTENT, how="semi", maintain_order="left")
    run = _after_refresh(tx, asked, slice_ids, run)
    _store_rows(tx, asked, new, run)
    _store_refusals(tx, asked, slice_ids, new.filter(pl.col("refusal").is_not_null()))
    _count(tx, asked, todo, new)


def _unanswered(tx: Transaction, asked: Asked, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The content of these slices that has no answer now."""
    known = tx.frame(answered_by(asked, slice_ids), **asked.values)
    return tx.frame(validated(asked, slice_ids)).join(known, on=CONTENT, how="anti")


def _count(tx: Transaction, asked: Asked, todo: pl.DataFrame, new: pl.DataFrame) -> None:
    """Say what is left pending of the slices, nothing by `reach`, and add what was refused."""
    left = todo.join(new, on=CONTENT, how="anti").select("_slice_id", pending=1, refused=0)
    refused = new.filter(pl.col("refusal").is_not_null())
    counted = pl.concat([left, refused.select("_slice_id", pending=0, refused=1)])
    if counted.is_empty():
        return
    tx.offer("counted", counted.group_by("_slice_id").sum())
    tx.run(
        "UPDATE ledger.stages t SET pending = c.pending, refused = t.refused + c.refused "
        "FROM counted c WHERE t.slice_id = c._slice_id AND t.stage = $stage",
        stage=asked.stage.name,
    )


def _after_refresh(tx: Transaction, asked: Asked, slice_ids: Sequence[int], run: Run) -> Run:
    """The run, no earlier than the full refresh that it answers: the clocks of machines differ."""
    ((refreshed_at,),) = tx.rows(
        "SELECT max(redo_from) FROM ledger.stages "
        f"WHERE stage = $stage AND {in_slices(slice_ids, 'slice_id')}",
        stage=asked.stage.name,
    )
    return replace(run, at=max(run.at, refreshed_at or run.at))


def _store_rows(tx: Transaction, asked: Asked, new: pl.DataFrame, run: Run) -> None:
    """Put the answered records into the stage's table, in place of what stood under their keys."""
    key, answers = asked.contract.key, asked.stage.column_names
    tx.offer("asked", new.select(key))
    of_asked = tx.among(f'"{key}"', f"SELECT {key_of(asked.contract, 'a')} FROM asked a")
    before = tx.frame(
        f"SELECT {quoted([key, *answers, 'model_version'])} FROM {asked.table} WHERE {of_asked}"
    )
    if not before.is_empty():
        tx.run(f"DELETE FROM {asked.table} WHERE {of_asked}")
    was = before.rename({name: previous(name) for name in [*answers, "model_version"]})
    rows = new.filter(pl.col("refusal").is_null()).join(was, on=key, how="left")
    tx.append(
        asked.table,
        rows.select(
            *asked.contract.column_names,
            *RECORD,
            *was.columns[1:],
            *answers,
            "_digest",
            pl.lit(asked.model).alias("model_version"),
            pl.lit(run.at).alias(f"{asked.stage.name}_at"),
            pl.lit(run.run_id).alias("_run_id"),
        ),
        key=key,
    )


def _store_refusals(
    tx: Transaction, asked: Asked, slice_ids: Sequence[int], refused: pl.DataFrame
) -> None:
    """Note what the service refused; what it was asked before is forgotten with these slices."""
    of_slices = f"dataset = $dataset AND stage = $stage AND {in_slices(slice_ids, 'slice_id')}"
    named = {"dataset": asked.contract.dataset, "stage": asked.stage.name}
    tx.run(f"DELETE FROM ledger.predictions WHERE {of_slices}", **named)
    tx.run(
        f"DELETE FROM ledger.refusals WHERE {of_slices} AND model_version <> $model",
        **asked.values,
    )
    if refused.is_empty():
        return
    tx.offer("refused", refused.select(*CONTENT, "refusal"))
    tx.run(
        "INSERT INTO ledger.refusals SELECT $dataset, $stage, _slice_id, _position, "
        "CAST(_digest AS UUID), $model, refusal FROM refused",
        **asked.values,
    )
