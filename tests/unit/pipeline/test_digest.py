"""The digest of content: what changes it, what does not, and that it stays for ever."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from xxhash import xxh3_128_hexdigest

from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Date,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Text,
)
from txcat_assets.pipeline.digest import digests
from txcat_assets.pipeline.parse import typed_columns

LETTER = Contract(
    dataset="letters",
    version=1,
    description="Where two texts lie side by side.",
    owner="team:tests",
    key="id",
    event_time="at",
    columns=(
        Column("id", Id(), "The key."),
        Column("amount", Money(18, 2), "Money."),
        Column("at", Instant(), "When."),
        Column("body", Text(), "Text.", is_required=False),
        Column("copy", Text(), "Text."),
        Column("side", Choice(("in", "out")), "Choice."),
        Column("is_signed", Flag(), "Flag.", is_required=False),
    ),
)
CONTENT = {
    "id": "00000000-0000-0000-0000-000000000007",
    "amount": Decimal("-178.60"),
    "at": datetime.fromisoformat("2025-01-03T10:00:00.25"),
    "body": None,
    "copy": "été",
    "side": "in",
    "is_signed": None,
}


def digest(contract: Contract = LETTER, **values: Any) -> str:
    frame = pl.DataFrame([CONTENT | values], schema=typed_columns(contract), orient="row")
    return str(digests(contract, frame)[0])


def test_how_content_is_written_never_changes() -> None:
    content = (
        "amount=-178.60" + "0" * 36 + "\x1fat=1735898400250000\x1fbody=a\x1f\x1fb\x1fcopy=été\x1f"
        "id=00000000-0000-0000-0000-000000000007\x1fside=in\x1f"
    )
    assert digest(body="a\x1fb") == xxh3_128_hexdigest(content.encode())
    assert digest(body="a\x1fb") == "5307f97eb56023fa693eefb0a79702ab"


def test_how_a_flag_is_written_never_changes() -> None:
    assert digest(is_signed=True) == "52abd5f3e8b5f3795a8e4fe30268f104"
    assert digest(is_signed=False) == "539be222bb9cb77e34d8664121b564d7"


def test_how_a_whole_number_and_a_date_are_written_never_changes() -> None:
    more = [Column("n", Integer(), "?"), Column("since", Date(), "?")]
    letter = replace(LETTER, columns=(*LETTER.columns, *more))
    found = digest(letter, n=-17, since=date(2025, 1, 31))
    content = (
        "amount=-178.60" + "0" * 36 + "\x1fat=1735898400250000\x1fcopy=été\x1f"
        "id=00000000-0000-0000-0000-000000000007\x1fn=-17\x1fside=in\x1fsince=2025-01-31\x1f"
    )
    assert found == xxh3_128_hexdigest(content.encode())


def test_the_order_of_columns_changes_nothing() -> None:
    assert digest(replace(LETTER, columns=LETTER.columns[::-1])) == digest()


def test_a_new_column_without_a_value_changes_nothing() -> None:
    columns = (*LETTER.columns, Column("bonus", Money(), "Money.", is_required=False))
    assert digest(replace(LETTER, columns=columns), bonus=None) == digest()


@pytest.mark.parametrize("money", [Money(20, 4), Money(38, 38), Money(18, 2), Money(5, 0)])
def test_the_scale_of_money_changes_nothing(money: Money) -> None:
    columns = tuple(replace(c, type=money) if c.name == "amount" else c for c in LETTER.columns)
    amount = Decimal(0) if money.scale == 38 else Decimal(-3)
    assert digest(replace(LETTER, columns=columns), amount=amount) == digest(amount=amount)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("-178.61")},
        {"amount": Decimal("178.60")},
        {"at": datetime.fromisoformat("2025-01-03T10:00:00.250001")},
        {"side": "out"},
        {"id": "00000000-0000-0000-0000-000000000008"},
        {"copy": "Été"},
        {"copy": "e\u0301te\u0301"},
        {"body": ""},
        {"is_signed": True},
        {"is_signed": False},
        {"body": "été"},
    ],
    ids=str,
)
def test_other_content_has_another_digest(change: dict[str, Any]) -> None:
    assert digest(**change) != digest()


texts = st.text(alphabet="\x1f=a\\copybdy", max_size=12)


@given(texts | st.none(), texts, texts | st.none(), texts)
@example("a\x1fcopy=b", "c", "a", "b\x1fcopy=c")
@example("\x1f", "", None, "\x1f")
@example(None, "x\x1fbody=y", "y", "x")
def test_no_text_imitates_another_pair(
    body: str | None, copy: str, other_body: str | None, other_copy: str
) -> None:
    is_same = (body, copy) == (other_body, other_copy)
    assert (digest(body=body, copy=copy) == digest(body=other_body, copy=other_copy)) is is_same


def test_a_digest_does_not_depend_on_the_rows_beside_it() -> None:
    rows = [CONTENT, CONTENT | {"copy": "\x1f"}]
    together = digests(LETTER, pl.DataFrame(rows, schema=typed_columns(LETTER), orient="row"))
    assert together.to_list() == [digest(), digest(copy="\x1f")]
