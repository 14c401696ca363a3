"""No spreadsheet runs what a record says, and every text comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txcat_assets.pipeline.corrections import Address, defused, digest_as_it_came, restored

tricky = st.text(alphabet="'=+-@\t\r\n\uff1d1a.,", max_size=6) | st.text(max_size=6)


@given(tricky)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert restored(defused(text)) == text


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1", "=", "-"],
)
def test_no_cell_begins_with_what_a_spreadsheet_runs(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "+3", "-1,5", "12", "", "'tis", "a=b"])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


@given(tricky, tricky)
def test_a_record_with_other_texts_has_another_digest(one: str, other: str) -> None:
    digests = {digest_as_it_came({"a": text, "b": None}, None) for text in (one, other)}
    assert (len(digests) == 1) == (one == other)


def test_a_column_that_is_gained_changes_no_digest() -> None:
    assert digest_as_it_came({"a": "1"}, None) == digest_as_it_came({"a": "1", "b": None}, None)


@pytest.mark.parametrize("text", ["", "tiny/1/2", "1E+06/1/2", "tiny/1/2/xyz", "tiny:1:2"])
def test_an_address_that_somebody_changed_is_none(text: str) -> None:
    assert Address.parse(text) is None


def test_an_address_is_read_as_it_was_written() -> None:
    address = Address("tiny", 3_000_000, 7, "0123456789abcdef")
    assert Address.parse(f" {address}\n") == address
