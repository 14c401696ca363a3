"""What a watcher is: whoever must know which groups of a dataset's validated records have changed.

A mart is one; a table that is made by other means, such as sales by day, is another. Who reads the
answers of a stage beside the records, such as their categories, watches these too. How changes
are noted and worked is in `txcat_assets.warehouse.ledger.watchers`.
"""

from dataclasses import dataclass
from enum import StrEnum

from txcat_assets.contracts.model import ColumnType, Contract, Date, Instant
from txcat_assets.errors import ContractRefused


class Per(StrEnum):
    """What of a column makes a group: its value, or the day or the month in which it lies."""

    VALUE = "value"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class Watcher:
    """Watches the validated records of a dataset, grouped by a column of theirs.

    `name` is its own among the watchers of the dataset. With a `stage` the rows of that stage are
    watched too, each in the group of the record that it answers. Raises ContractRefused where the
    dataset has no such column, one without days and months, or no such stage.
    """

    name: str
    contract: Contract
    column: str
    per: Per = Per.VALUE
    stage: str | None = None

    def __post_init__(self) -> None:
        if self.column not in self.contract.column_names:
            raise ContractRefused(
                f"{self.name} watches {self.contract.dataset} by {self.column}, which is no column "
                f"of it. Name one of: {', '.join(self.contract.column_names)}."
            )
        if self.per is not Per.VALUE and not isinstance(self._column_type, Date | Instant):
            raise ContractRefused(
                f"{self.name} watches {self.contract.dataset} by the {self.per} of {self.column}, "
                "which is no time. Name a column of type Date or Instant."
            )
        stages = [stage.name for stage in self.contract.stages]
        if self.stage is not None and self.stage not in stages:
            raise ContractRefused(
                f"{self.name} watches the answers of {self.stage} for {self.contract.dataset}, "
                f"which is no stage of it. Its stages: {', '.join(stages) or 'none'}."
            )

    @property
    def group_type(self) -> ColumnType:
        """The type of what tells groups apart."""
        return self._column_type if self.per is Per.VALUE else Date()

    @property
    def _column_type(self) -> ColumnType:
        return self.contract.type_of(self.column)
