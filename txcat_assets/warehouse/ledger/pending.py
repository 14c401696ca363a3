"""What a stage after `validated` still has to ask: validated records without an answer, as counted.

Content is asked, not a record: an answer counts for the position and the digest that were asked, by
the version of the model that answered. How answers are stored is in `answers`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.slices import in_slices, judged_records

CONTENT = ["_slice_id", "_position", "_digest"]
"""What an answer is bound to: a position, and the content that was asked."""


@dataclass(frozen=True)
class StageModel:
    """A stage of a dataset and the model that answers for it.

    Without a `version` it is, for each slice, the version that its stage has reached.
    """

    contract: Contract
    stage: Stage
    version: str | None

    @property
    def table(self) -> str:
        """The table of the stage, such as `categorized.transactions`."""
        return f"{self.stage.name}.{self.contract.dataset}"


@dataclass(frozen=True)
class Pending:
    """The records of some slices that are to ask, and the revision of each slice at that moment.

    Whatever changes what a slice has to ask raises its revision; so while that is the same, the
    records are still those that were read.
    """

    records: pl.DataFrame
    revisions: Mapping[int, int]


def pending(tx: Transaction, model: StageModel, slice_ids: Sequence[int]) -> Pending:
    """The validated records of these slices that this model has neither answered nor refused.

    Columns: those of `judged_records`. Answers that an earlier run has kept, but not stored, do not
    count: see `answers.kept_answers`.
    """
    # The revisions first: what changes while the records are read is seen by them.
    revisions = dict(
        tx.rows(
            "SELECT slice_id, revision FROM ledger.stages "
            f"WHERE stage = $stage AND {in_slices(slice_ids, 'slice_id')}",
            stage=model.stage.name,
        )
    )
    # Plain reads and a join of frames: joined in DuckDB, the wide rows go through a hash table,
    # which took ten times as long.
    records = judged_records(tx, model.contract, slice_ids, [VALIDATED])
    return Pending(_without_answer(tx, model, slice_ids, records), revisions)


def pending_content(tx: Transaction, model: StageModel, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The CONTENT of the records that `pending` gives."""
    return _without_answer(tx, model, slice_ids, _validated(tx, model, slice_ids))


def recount_pending(
    tx: Transaction, contract: Contract, stage: Stage, slice_ids: Sequence[int]
) -> None:
    """Set pending and refused of slices from the tables, after records of theirs have moved.

    Pending are the validated records that hold their keys, without an answer, for their content,
    by the model version that the slice's stage has reached: all of them where it has reached none.
    """
    in_these = in_slices(slice_ids, "t.slice_id")
    tx.run(
        "UPDATE ledger.stages t SET refused = 0, revision = t.revision + 1, "
        "pending = s.validated - s.superseded "
        "FROM ledger.slices s WHERE s.slice_id = t.slice_id AND t.version IS NULL "
        f"AND t.stage = $stage AND {in_these}",
        stage=stage.name,
    )
    reached = tx.rows(
        "SELECT t.slice_id FROM ledger.stages t "
        f"WHERE t.version IS NOT NULL AND t.stage = $stage AND {in_these}",
        stage=stage.name,
    )
    if reached:
        _recount_reached(tx, StageModel(contract, stage, None), [row[0] for row in reached])


def _recount_reached(tx: Transaction, model: StageModel, slice_ids: Sequence[int]) -> None:
    # Joined in Polars: the databases have no statistics yet of slices that have just landed.
    content = _validated(tx, model, slice_ids)
    counted = pl.DataFrame({"slice_id": slice_ids}, schema={"slice_id": pl.Int64})
    settled = {
        "answered": _answered(tx, model, slice_ids),
        "refused": _refused(tx, model, slice_ids),
    }
    for name, positions in settled.items():
        number = content.join(positions, on=CONTENT, how="semi").group_by("_slice_id").len(name)
        counted = counted.join(number, left_on="slice_id", right_on="_slice_id", how="left")
    tx.offer("counted", counted.fill_null(0))
    tx.run(
        "UPDATE ledger.stages t SET refused = c.refused, revision = t.revision + 1, "
        "pending = s.validated - s.superseded - c.answered - c.refused "
        "FROM ledger.slices s JOIN counted c ON c.slice_id = s.slice_id "
        "WHERE t.slice_id = s.slice_id AND t.stage = $stage",
        stage=model.stage.name,
    )


def _without_answer(
    tx: Transaction, model: StageModel, slice_ids: Sequence[int], records: pl.DataFrame
) -> pl.DataFrame:
    """Those of the records whose content the model has neither answered nor refused."""
    for settled in (_answered(tx, model, slice_ids), _refused(tx, model, slice_ids)):
        records = records.join(settled, on=CONTENT, how="anti")
    return records


def _validated(tx: Transaction, model: StageModel, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The content of these slices that is validated now."""
    return tx.frame(
        f"SELECT _slice_id, _position, _digest FROM judged.{model.contract.dataset} "
        f"WHERE _place = {VALIDATED} AND {in_slices(slice_ids)}"
    )


def _answered(tx: Transaction, model: StageModel, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The content that the model has answered; after a full refresh only a newer answer counts."""
    return tx.frame(
        f"SELECT c._slice_id, c._position, c._digest FROM {model.table} c "
        "JOIN ledger.stages t ON t.slice_id = c._slice_id AND t.stage = $stage "
        f"WHERE {in_slices(slice_ids, 'c._slice_id')} "
        "AND c.model_version = coalesce(CAST($version AS TEXT), t.version) "
        f"AND (t.redo_from IS NULL OR c.{model.stage.name}_at >= t.redo_from)",
        stage=model.stage.name,
        version=model.version,
    )


def _refused(tx: Transaction, model: StageModel, slice_ids: Sequence[int]) -> pl.DataFrame:
    """The content that the model has refused."""
    return tx.frame(
        "SELECT f.slice_id AS _slice_id, f.position AS _position, f.digest AS _digest "
        "FROM ledger.refusals f "
        "JOIN ledger.stages t ON t.slice_id = f.slice_id AND t.stage = $stage "
        f"WHERE {in_slices(slice_ids, 'f.slice_id')} "
        "AND f.dataset = $dataset AND f.stage = $stage "
        "AND f.model_version = coalesce(CAST($version AS TEXT), t.version)",
        dataset=model.contract.dataset,
        stage=model.stage.name,
        version=model.version,
    )
