"""No spreadsheet runs what a record says, and every text comes back as it was."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from txcat_assets.pipeline.corrections import (
    ADDRESS_PARTS,
    address_parts,
    addresses,
    defused,
    digests_as_they_came,
    restored,
)

tricky = st.text(alphabet="'=+-@\t\r\n\uff1d1a.,", max_size=6) | st.text(max_size=6)
COLUMN = pl.col("text")


def texts(*given: str | None) -> pl.DataFrame:
    return pl.DataFrame({"text": given}, {"text": pl.String})


def records(*given: dict[str, str | None]) -> pl.DataFrame:
    """The first ones of a slice."""
    frame = pl.DataFrame(given, {"a": pl.String, "b": pl.String})
    numbers = pl.int_range(pl.len(), dtype=pl.Int64)
    no_bytes = pl.lit(None, pl.Binary)
    return frame.with_columns(_slice_id=3_000_000, _position=numbers, _bytes=no_bytes)


@given(tricky)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert texts(text).select(restored(defused(COLUMN))).item() == text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "-2\n",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\uff1d1+1",
        "=",
        "-",
    ],
)
def test_no_cell_begins_with_what_a_spreadsheet_runs(text: str) -> None:
    assert texts(text).select(defused(COLUMN)).item() == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "+3", "-1,5", "12", "", "'tis", "a=b", None])
def test_numbers_and_plain_texts_stay_as_they_are(text: str | None) -> None:
    assert texts(text).select(defused(COLUMN)).item() == text


@given(tricky, tricky)
def test_a_record_with_other_texts_has_another_digest(one: str, other: str) -> None:
    found = digests_as_they_came("ab", records({"a": one}, {"a": other}))
    assert (found[0] == found[1]) == (one == other)


def test_a_digest_is_what_it_was_in_every_export_there_is() -> None:
    cut = records({"a": "1", "b": "\0\u00e9"}, {"a": None, "b": None})
    uncut = records({}).with_columns(_bytes=pl.lit(b"\xff", pl.Binary))
    found = [*digests_as_they_came("ba", cut), *digests_as_they_came("ab", uncut)]
    assert found == ["79e1864a2e8594b0", "05087bbed866d0de", "1ab63ba1dfdfca67"]


def test_a_column_that_is_gained_changes_no_digest() -> None:
    one = records({"a": "1"})
    assert digests_as_they_came("a", one).equals(digests_as_they_came("ab", one))


@pytest.mark.parametrize(
    "text",
    ["", "tiny/1/2", "1E+06/1/2", "tiny/1/2/xyz", "tiny:1:2", f"tiny/{2**63}/2/0123456789abcdef"],
)
def test_an_address_that_somebody_changed_is_none(text: str) -> None:
    assert texts(text).select(address_parts(COLUMN)).row(0) == (None,) * len(ADDRESS_PARTS)


def test_an_address_is_read_as_it_was_written() -> None:
    (address,) = addresses("tiny", "ab", records({"a": "1"}))
    found = texts(f" {address}\n").select(address_parts(COLUMN))
    (digest,) = digests_as_they_came("ab", records({"a": "1"}))
    assert found.row(0) == ("tiny", 3_000_000, 0, digest)
