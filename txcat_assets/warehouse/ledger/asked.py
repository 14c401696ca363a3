"""Who answers for a stage, and which content needs no more asking: queries that others build on.

How answers are stored is in `answers`, how they follow records that move in `following`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.ledger.slices import in_slices

CONTENT = ["_slice_id", "_position", "_digest"]
"""What an answer is bound to: a position, and the content that was asked."""


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


def validated(asked: Asked, slice_ids: Sequence[int]) -> str:
    """A query: which content of which position is validated now."""
    return (
        f"SELECT {', '.join(CONTENT)} FROM judged.{asked.contract.dataset} "
        f"WHERE _place = {VALIDATED} AND {in_slices(slice_ids)}"
    )


def answered_by(asked: Asked, slice_ids: Sequence[int]) -> str:
    """A query: which content of which position needs no more asking."""
    return f"{stored(asked, slice_ids, '$model')} UNION ALL {refused(slice_ids, '$model')}"


def stored(asked: Asked, slice_ids: Sequence[int], model: str) -> str:
    """A query: which content of which position has an answer by `model`.

    After a full refresh only a new answer counts.
    """
    return (
        f"SELECT c._slice_id, c._position, c._digest FROM {asked.table} c "
        "JOIN ledger.stages t ON t.slice_id = c._slice_id AND t.stage = $stage "
        f"WHERE {in_slices(slice_ids, 'c._slice_id')} AND c.model_version = {model} "
        f"AND (t.redo_from IS NULL OR c.{asked.stage.name}_at >= t.redo_from)"
    )


def refused(slice_ids: Sequence[int], model: str) -> str:
    """A query: which content of which position `model` has refused."""
    return (
        "SELECT f.slice_id AS _slice_id, f.position AS _position, f.digest AS _digest "
        "FROM ledger.refusals f JOIN ledger.stages t ON t.slice_id = f.slice_id "
        "AND t.stage = $stage WHERE f.dataset = $dataset AND f.stage = $stage "
        f"AND {in_slices(slice_ids, 'f.slice_id')} AND f.model_version = {model}"
    )
