"""What a mart of a dataset is: what is said of a record by all that its entity has done.

A stage looks at one record alone, see `txcat_assets.contracts.model`; what needs other records is
declared here, and listed by the contract too.
"""

from dataclasses import dataclass
from functools import cached_property

from txcat_assets.contracts.model import Answer, Function


@dataclass(frozen=True)
class Mart:
    """The validated records that stand out among all of the same entity: `name` is its schema.

    `entity` is the column whose value such records share. The expressions of `answered_by` see
    whole entities, several at once: all their validated records, sorted by event time and then by
    key, so the order of arrival cannot show. Each says `.over(entity)` where it looks at others.
    A record of which every answer is null has no row.
    """

    name: str
    entity: str
    answered_by: Function
    description: str
    columns: tuple[Answer, ...]

    @cached_property
    def column_names(self) -> list[str]:
        """The names of what the answers add, in order."""
        return [column.name for column in self.columns]
