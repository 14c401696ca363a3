"""Answers that txcat computes itself, by the function that a stage or a mart declares.

Which records are asked, and how answers are stored, is the same for every stage: see
`txcat_assets.stages.enrich`; for marts see `txcat_assets.stages.marts`.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from xxhash import xxh3_64_hexdigest

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Answer, Contract, Stage
from txcat_assets.pipeline.parse import dtype_of


class ComputedStage:
    """Answers by expressions over a record's columns: nobody is asked, nothing is refused.

    `expressions` has one for each column of the stage, by its name.
    """

    def __init__(self, stage: Stage, expressions: Mapping[str, pl.Expr]) -> None:
        self._columns = _typed(stage.columns, expressions)

    def version(self) -> str:
        """What the expressions say: another rule or limit makes old answers stale.

        Where they only look stale, they stay until somebody runs their days again, and come out
        the same.
        """
        return _digest(self._columns)

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """All answers at once: `row` in `records`, the stage's columns, and no `refusal`."""
        row, refusal = pl.row_index("row").cast(pl.UInt32), pl.lit(None, pl.String)
        yield records.select(row, **self._columns, refusal=refusal)


class ComputedMart:
    """Which records of whole entities stand out, and by what: the answers of a mart.

    `expressions` has one for each column of the mart, by its name.
    """

    def __init__(self, contract: Contract, mart: Mart, expressions: Mapping[str, pl.Expr]) -> None:
        self._order = [contract.event_time, contract.key]
        self._entity = mart.entity
        self._columns = _typed(mart.columns, expressions)

    def version(self) -> str:
        """What the expressions say, and by which columns they look."""
        by = {name: pl.col(name) for name in (*self._order, self._entity)}
        return _digest(self._columns | by)

    def rows(self, records: pl.DataFrame) -> pl.DataFrame:
        """Those of the records that stand out, with the mart's columns.

        `records` are all validated records of some entities, in any order.
        """
        answered = records.sort(self._order).with_columns(**self._columns)
        is_any = pl.any_horizontal(pl.col(*self._columns).is_not_null())
        return answered.filter(is_any)


def _typed(columns: Sequence[Answer], expressions: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    return {one.name: expressions[one.name].cast(dtype_of(one.type)) for one in columns}


def _digest(expressions: Mapping[str, pl.Expr]) -> str:
    """What expressions say, as a digest; another version of polars may write the same otherwise."""
    said = [name.encode() + one.meta.serialize() for name, one in expressions.items()]
    return xxh3_64_hexdigest(b"".join(said))
