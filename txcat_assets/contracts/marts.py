"""What a mart is: a table of the records that stand out among all records of the same entity.

A stage (see `txcat_assets.contracts.model`) answers from one record alone; a mart from all
validated records of an entity, such as the sender of payments. A contract lists both.
"""

from dataclasses import dataclass

from txcat_assets.contracts.model import AnswerTable, Function


@dataclass(frozen=True, kw_only=True)
class Mart(AnswerTable):
    """The validated records that stand out among all of the same entity.

    `entity` is the column whose value such records share. The expressions of `answered_by` are
    given all validated records of several whole entities, sorted by event time and then by key, so
    that the order of arrival does not matter. An expression that looks at other records of the
    entity says `.over(entity)`. A record whose answers are all null gets no row.
    """

    entity: str
    answered_by: Function
