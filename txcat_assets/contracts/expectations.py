"""What an expectation is: what should hold of a record beside the one that it refers to.

A rule looks at one record as it comes. An expectation looks at columns of a record and of those
that it names, as both are now. Since these change apart from it, it decides about no record: a
check counts what does not meet it, as a warning. A contract lists both.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Expectation:
    """What is expected of each current record beside the current ones that it refers to.

    `holds` is an expression over its columns and those of the others: `customer.join_date` is the
    column `join_date` of what its reference `customer` names. Null counts as holding. The
    `description` says what should hold.
    """

    code: str
    description: str
    holds: pl.Expr

    @property
    def columns(self) -> list[str]:
        """The columns that it reads, those of other records as `reference.column`."""
        return sorted({*self.holds.meta.root_names()})
