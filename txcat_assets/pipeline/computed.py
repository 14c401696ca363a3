"""Answers of a stage that txcat computes itself, by the function that its contract declares.

Which records are asked, and how answers are stored, is the same for every stage: see
`txcat_assets.stages.enrich`.
"""

from collections.abc import Iterator, Mapping

import polars as pl
from xxhash import xxh3_64_hexdigest

from txcat_assets.contracts.model import Stage
from txcat_assets.pipeline.parse import dtype_of


class Computed:
    """Answers by expressions over a record's columns: nobody is asked, nothing is refused.

    `expressions` has one for each column of the stage, by its name.
    """

    def __init__(self, stage: Stage, expressions: Mapping[str, pl.Expr]) -> None:
        self._columns = {
            column.name: expressions[column.name].cast(dtype_of(column.type))
            for column in stage.columns
        }

    def version(self) -> str:
        """What the expressions say, as a digest: another rule or limit makes old answers stale.

        Another version of polars may write the same otherwise. Then the answers are stale too,
        which does no harm: they stay until somebody runs their days again, and come out the same.
        """
        said = [name.encode() + one.meta.serialize() for name, one in self._columns.items()]
        return xxh3_64_hexdigest(b"".join(said))

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """All answers at once: `row` in `records`, the stage's columns, and no `refusal`."""
        row, refusal = pl.row_index("row").cast(pl.UInt32), pl.lit(None, pl.String)
        yield records.select(row, **self._columns, refusal=refusal)
