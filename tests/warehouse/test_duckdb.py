"""What is DuckDB's alone: one file, opened briefly, by one process at a time."""

import polars as pl
import pytest

from txcat_assets.warehouse.interface import Warehouse


@pytest.mark.parametrize("rows", [1, 2, 200])
def test_an_offered_frame_can_be_joined_whatever_its_size(warehouse: Warehouse, rows: int) -> None:
    frame = pl.DataFrame(
        {"n": range(rows), "words": [f"more than twelve letters {n}" for n in range(rows)]}
    )
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE numbers AS SELECT range AS n FROM range(10_000)")
        tx.offer("offered", frame)
        joined = tx.rows("SELECT o.words FROM numbers v JOIN offered o ON v.n = o.n ORDER BY v.n")
    assert [words for (words,) in joined] == frame["words"].to_list()
