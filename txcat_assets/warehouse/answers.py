"""The stages after `validated`: which records are to ask, and how their answers are stored.

A slice's answers become visible at once, in one transaction; until then they wait in
`ledger.predictions`, so that nothing is asked twice. Every store is guarded by content: an answer
counts only for the content that was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.pipeline.parse import dtype_of
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.interface import Transaction
from txcat_assets.warehouse.known import require_version
from txcat_assets.warehouse.ledger import Run, in_slices, judged_records, reach
from txcat_assets.warehouse.tables import key_of, previous, quoted

CONTENT = ["_slice_id", "_position", "_digest"]
"""What an answer is bound to: a position, and the content that was asked."""

RECORD = ["_slice_id", "_position", "_day", "_contract_version", "_warnings"]
"""What a stage's row takes over from the validated record, beside the contract's columns."""


@dataclass(frozen=True)
class Asked:
    """Who answers: a stage of a dataset, and the model version that is wanted."""

    contract: Contract
    stage: Stage
    model: str

    @property
    def table(self) -> str:
        """The table of the stage."""
        return f"{self.stage.name}.{self.contract.dataset}"

    @property
    def values(self) -> dict[str, str]:
        """Dataset, stage and model version, for a query."""
        return {
            "dataset": self.contract.dataset,
            "stage": self.stage.name,
            "model": self.model,
        }


def to_ask(tx: Transaction, asked: Asked, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The validated records of these slices that have no answer by this model version yet.

    Columns: those of `judged_records`. Answers that an earlier try has only kept do not count
    here: see `kept`.
    """
    # Two plain reads and a join of frames: joined in DuckDB, the wide rows go through a hash
    # table, which took ten times as long.
    records = judged_records(tx, asked.contract, slice_ids, VALIDATED)
    answered = tx.frame(_answered(asked, slice_ids), **asked.values)
    return records.join(answered, on=answered.columns, how="anti")


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


def store(
    tx: Transaction, asked: Asked, slice_ids: Sequence[int], answered: pl.DataFrame, run: Run
) -> None:
    """Make the answers of whole slices visible: rows, refusals, counts, and the stage's version.

    `answered` has the columns of `to_ask`, those of the stage, and `refusal`. An answer whose
    record has left validated, or has other content by now, is dropped; what replaced it is pending.
    An answer that another worker has stored meanwhile is dropped too.
    """
    tx.lock(asked.contract.dataset, shared=True)
    require_version(tx, asked.contract)
    # First of all, for it holds the slices' rows: another worker on them waits, then finds it done.
    reach(tx, asked.stage.name, slice_ids, asked.model, run)
    current = tx.frame(
        f"SELECT {', '.join(CONTENT)} FROM judged.{asked.contract.dataset} "
        f"WHERE _place = {VALIDATED} AND {in_slices(slice_ids)}"
    )
    stored = tx.frame(_answered(asked, slice_ids), **asked.values)
    todo = current.join(stored, on=CONTENT, how="anti")
    new = answered.join(todo, on=CONTENT, how="semi")
    _store_rows(tx, asked, new, run)
    _store_refusals(tx, asked, slice_ids, new.filter(pl.col("refusal").is_not_null()))
    recount(tx, asked.contract, asked.stage, slice_ids)


def follow(
    tx: Transaction, contract: Contract, stage: Stage, met: pl.Series, winners: pl.DataFrame
) -> None:
    """Let a stage's rows follow their keys after records have moved.

    `met` are the keys whose winner may have changed, `winners` who holds them now. A key that
    has left validated loses its row; the same content elsewhere keeps its answer and gets the
    winner's provenance; other content keeps the old row until the new answer replaces it.
    """
    if met.is_empty():
        return
    key, table = f'"{contract.key}"', f"{stage.name}.{contract.dataset}"
    tx.offer("met", met.to_frame())
    tx.offer("winners", winners)
    tx.run(
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key_of(contract, 'm')} FROM met m) "
        f"AND {key} NOT IN (SELECT {key_of(contract, 'w')} FROM winners w)"
    )
    tx.run(
        f"UPDATE {table} c SET _slice_id = w._slice_id, _position = w._position, _day = w._day "
        f"FROM winners w WHERE c.{key} = {key_of(contract, 'w')} "
        "AND c._digest = CAST(w._digest AS UUID) "
        "AND (c._slice_id <> w._slice_id OR c._position <> w._position)"
    )


def recount(tx: Transaction, contract: Contract, stage: Stage, slice_ids: Sequence[int]) -> None:
    """Set pending and refused of slices from the tables.

    Pending are the validated records without an answer, for their content, by the model version
    that the slice's stage has reached: all of them where it has reached none.
    """
    asked = Asked(contract, stage, "")
    tx.run(
        "WITH counted AS (SELECT v._slice_id, count(c._slice_id) AS answered, "
        f"count(f._slice_id) AS refused FROM judged.{contract.dataset} v "
        f"LEFT JOIN ({_stored(asked, slice_ids, 't.version')}) c ON {_same('c')} "
        f"LEFT JOIN ({_refused(slice_ids, 't.version')}) f ON {_same('f')} "
        f"WHERE v._place = {VALIDATED} AND {in_slices(slice_ids, 'v._slice_id')} "
        "GROUP BY v._slice_id) "
        "UPDATE ledger.stages t SET refused = coalesce(c.refused, 0), "
        "pending = s.validated - coalesce(c.answered, 0) - coalesce(c.refused, 0) "
        "FROM ledger.slices s LEFT JOIN counted c ON c._slice_id = s.slice_id "
        f"WHERE t.slice_id = s.slice_id AND t.stage = $stage "
        f"AND {in_slices(slice_ids, 's.slice_id')}",
        dataset=contract.dataset,
        stage=stage.name,
    )


def _answered(asked: Asked, slice_ids: Sequence[int]) -> str:
    """A query: which content of which position needs no more asking."""
    return f"{_stored(asked, slice_ids, '$model')} UNION ALL {_refused(slice_ids, '$model')}"


def _stored(asked: Asked, slice_ids: Sequence[int], model: str) -> str:
    """A query: which content of which position has an answer by `model`.

    After a full refresh only a new answer counts.
    """
    return (
        f"SELECT c._slice_id, c._position, c._digest FROM {asked.table} c "
        "JOIN ledger.stages t ON t.slice_id = c._slice_id AND t.stage = $stage "
        f"WHERE {in_slices(slice_ids, 'c._slice_id')} AND c.model_version = {model} "
        f"AND (t.redo_from IS NULL OR c.{asked.stage.name}_at >= t.redo_from)"
    )


def _refused(slice_ids: Sequence[int], model: str) -> str:
    """A query: which content of which position `model` has refused."""
    return (
        "SELECT f.slice_id AS _slice_id, f.position AS _position, f.digest AS _digest "
        "FROM ledger.refusals f JOIN ledger.stages t ON t.slice_id = f.slice_id "
        "AND t.stage = $stage WHERE f.dataset = $dataset AND f.stage = $stage "
        f"AND {in_slices(slice_ids, 'f.slice_id')} AND f.model_version = {model}"
    )


def _same(other: str) -> str:
    return " AND ".join(f"{other}.{column} = v.{column}" for column in CONTENT)


def _store_rows(tx: Transaction, asked: Asked, new: pl.DataFrame, run: Run) -> None:
    """Put the answered records into the stage's table, in place of what stood under their keys."""
    key, answers = asked.contract.key, asked.stage.column_names
    tx.offer("asked", new.select(key))
    of_asked = f'"{key}" IN (SELECT {key_of(asked.contract, "a")} FROM asked a)'
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
