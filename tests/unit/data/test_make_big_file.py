"""The big file: its truth is borne out by what stands in it."""

from pathlib import Path

import polars as pl
import pytest

from data import make_big_file as module
from data.make_big_file import make_big_file


def test_the_same_number_makes_the_same_file(tmp_path: Path) -> None:
    make_big_file(tmp_path / "a.csv", 3_000)
    make_big_file(tmp_path / "b.csv", 3_000)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_repeats_and_conflicts_are_as_many_as_it_says(tmp_path: Path) -> None:
    truth = make_big_file(tmp_path / "a.csv", 10_000)
    assert truth == {"landed": 10_000, "validated": 9_840, "duplicate": 50, "quarantined": 110}
    rows = pl.read_csv(tmp_path / "a.csv", infer_schema=False, truncate_ragged_lines=True)
    assert rows.height == 10_000
    copies = rows.drop_nulls("id").with_columns(first=pl.struct(rows.columns).first().over("id"))
    again = copies.filter(~pl.col("id").is_first_distinct())
    same = pl.struct(rows.columns) == pl.col("first")
    assert again.filter(same).height == truth["duplicate"]
    assert again.filter(~same).height == 10


def test_a_file_of_several_parts_repeats_no_id_but_its_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_ROWS", 1_000)
    truth = make_big_file(tmp_path / "a.csv", 2_500)
    rows = pl.read_csv(tmp_path / "a.csv", infer_schema=False, truncate_ragged_lines=True)
    assert truth["landed"] == rows.height == 2_500
    assert rows["id"].drop_nulls().n_unique() == 2_500 - 5 - truth["duplicate"] - 2
