"""What a mart is: a table of the records that stand out among all records of the same entity.

A stage (see `txcat_assets.contracts.model`) answers from one record alone; a mart from all
validated records of an entity, such as the sender of payments. A contract lists both.
"""

from dataclasses import dataclass
from functools import cached_property

from txcat_assets.contracts.model import Answer, Function


@dataclass(frozen=True)
class Mart:
    """The validated records that stand out among all of the same entity: `name` is its schema.

    `entity` is the column whose value such records share. The expressions of `answered_by` are
    given all validated records of several whole entities, sorted by event time and then by key, so
    that the order of arrival does not matter. An expression that looks at other records of the
    entity says `.over(entity)`. A record whose answers are all null gets no row.
    """

    name: str
    entity: str
    answered_by: Function
    description: str
    columns: tuple[Answer, ...]

    @cached_property
    def column_names(self) -> list[str]:
        """The names of the answers, in order."""
        return [column.name for column in self.columns]
