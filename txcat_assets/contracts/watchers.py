"""What a watcher is: whoever must know which groups of a dataset's validated records have changed.

A mart is one; a table that is made by other means, such as sales by day, is another. How changes
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

    `name` is its own among the watchers of the dataset. Raises ContractRefused where the dataset
    has no such column, or one without days and months.
    """

    name: str
    contract: Contract
    column: str
    per: Per = Per.VALUE

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

    @property
    def group_type(self) -> ColumnType:
        """The type of what tells groups apart."""
        return self._column_type if self.per is Per.VALUE else Date()

    @property
    def _column_type(self) -> ColumnType:
        return self.contract.type_of(self.column)
