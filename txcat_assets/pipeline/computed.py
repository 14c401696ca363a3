"""Answers that txcat computes itself, by the function that a stage or a mart declares.

Which records a stage asks, and how answers are stored, is in `txcat_assets.stages.enrich`; for
marts see `txcat_assets.stages.marts`.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from xxhash import xxh3_64_hexdigest

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Answer, Contract, Stage
from txcat_assets.errors import ContractRefused
from txcat_assets.pipeline.parse import dtype_of


class ComputedStage:
    """The answers of a stage by expressions over a record's columns; nothing is ever refused.

    `expressions` has one for each column of the stage, by its name.
    """

    def __init__(self, stage: Stage, expressions: Mapping[str, pl.Expr]) -> None:
        self._columns = _typed(stage.columns, expressions)

    def version(self) -> str:
        """A digest of the expressions: another rule or limit makes old answers stale.

        Another version of polars may write the same expression otherwise. Then answers only look
        stale: they stay until somebody runs their days again, and come out the same.
        """
        return _digest(self._columns)

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """All answers at once: `row` in `records`, the stage's columns, and no `refusal`."""
        row, refusal = pl.row_index("row").cast(pl.UInt32), pl.lit(None, pl.String)
        yield records.select(row, **self._columns, refusal=refusal)


class ComputedMart:
    """The rows of a mart by expressions over all records of whole entities.

    `expressions` has one for each column of the mart, by its name.
    """

    def __init__(self, contract: Contract, mart: Mart, expressions: Mapping[str, pl.Expr]) -> None:
        self._order = contract.in_time
        self._entity = mart.entity
        self._columns = _typed(mart.columns, expressions)

    def version(self) -> str:
        """A digest of the expressions, and of the columns that sort and group records."""
        by = {name: pl.col(name) for name in (*self._order, self._entity)}
        return _digest(self._columns | by)

    def rows(self, records: pl.DataFrame) -> pl.DataFrame:
        """The records that get a row, those with any answer, with the mart's columns.

        `records` are all validated records of some entities, in any order.
        """
        answered = records.sort(self._order).with_columns(**self._columns)
        is_any = pl.any_horizontal(pl.col(*self._columns).is_not_null())
        return answered.filter(is_any)


def _typed(columns: Sequence[Answer], expressions: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    """The expressions, typed; raises ContractRefused where they are not those of the columns."""
    declared = [column.name for column in columns]
    if sorted(declared) != sorted(expressions):
        raise ContractRefused(
            f"A function gives expressions for {', '.join(sorted(expressions)) or 'nothing'}, but "
            f"the contract declares the answers {', '.join(sorted(declared))}. Make them the same."
        )
    return {one.name: expressions[one.name].cast(dtype_of(one.type)) for one in columns}


def _digest(expressions: Mapping[str, pl.Expr]) -> str:
    serialized = [name.encode() + one.meta.serialize() for name, one in expressions.items()]
    return xxh3_64_hexdigest(b"".join(serialized))
