"""Which slices a question is about: those of some days, or those of some files.

The questions of the UI and the command line are in `warehouse/queries`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal


@dataclass(frozen=True)
class Scope:
    """The slices that a question is about: those of some days, or of some files."""

    dataset: str
    column: Literal["day", "object_id"]
    among: Sequence[date] | Sequence[int]

    @property
    def slices(self) -> str:
        """A query for the ids of these slices, with `values`."""
        return (
            "(SELECT slice_id FROM ledger.slices "
            f"WHERE dataset = $dataset AND {self.column} = ANY($among))"
        )

    @property
    def values(self) -> dict[str, Any]:
        """The values of `slices`."""
        return {"dataset": self.dataset, "among": list(self.among)}
