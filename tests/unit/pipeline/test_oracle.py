"""Judging by columns equals an obvious judge that takes one record and one field at a time."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.depth import examples
from tests.plain_judge import BLANKS, values_of
from tests.unit.pipeline.records import DAY, PAYMENTS, SOUND, raw_records
from txcat_assets.pipeline.judge import judge
from txcat_assets.pipeline.number_text import with_decimal_points


def verdict_of(record: dict[str, str | None], decimal_comma: bool) -> dict[str, Any]:
    values, errors = values_of(PAYMENTS, record, DAY, decimal_comma=decimal_comma)
    if values["amount"] == 666:
        errors.append("amount_cursed")
    if errors:
        return dict.fromkeys(values) | {"_codes": errors, "_is_valid": False}
    warnings = ["amount_odd"] if values["amount"] == 13 else None
    return values | {"_codes": warnings, "_is_valid": True}


def padded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    blanks = st.text(BLANKS, max_size=2)
    anything = st.one_of(
        st.none(), st.text(max_size=15), st.text("0123456789-+.,:TZ eE{}", max_size=40)
    )
    return anything | st.tuples(blanks, texts, blanks).map("".join) | texts


digits = st.text("0123456789", min_size=1, max_size=20)
numbers = st.tuples(
    st.sampled_from(["", "-", "+", "\u2212", "\u200e-"]),
    st.one_of(digits, st.sampled_from(["13", "666", "0" * 50, "9" * 40, "1\u00a0234", "1\u202f2"])),
    st.sampled_from(["", "", ".", ","]),
    st.one_of(st.just(""), st.text("0123456789", max_size=5), st.sampled_from(["5000", "000"])),
).map("".join)
uuids = st.uuids().flatmap(
    lambda uuid: st.sampled_from(
        [str(uuid), str(uuid).upper(), f"{{{uuid}}}", uuid.hex, f"{{{uuid}"]
    )
)
integers = st.integers(-1, 2**128 + 1).map(str) | st.integers(2**128 - 2, 2**128 + 1).map(str)
years = st.sampled_from([0, 1, 999, 1000, 1582, 1969, 2024, 2025, 2026, 9999])
two = st.integers(0, 62).map("{:02}".format)
months = st.integers(0, 13)
dates = st.tuples(years.map("{:04}".format), months.map("{:02}".format) | months.map(str), two).map(
    "-".join
)
dates |= st.dates().map(lambda day: f"{day.year:04}-{day.month}-{day.day}")
dates |= st.sampled_from(["0001-01-01", "1899-12-30", "1970-1-1", "1900-01-1"])
zones = st.sampled_from(
    ["", "", "Z", "z", "+02:00", "-0530", "+24:00", "-23:59", "+1", "+05", "+5:30"]
)
fractions = st.one_of(st.just(""), st.text("0123456789", max_size=10).map(".{}".format))
clocks = st.tuples(st.integers(0, 24).map("{:02}".format), two, two).map(":".join)
instants = st.tuples(dates, st.sampled_from("T t"), clocks, fractions, zones).map("".join)
instants |= st.tuples(
    st.sampled_from(["0001-01-01", "1899-12-30", "1970-01-01", "1900-01-01"]),
    st.sampled_from(["T00:00:00", " 00:00:00.000", "T00:00:00.0001", " 12:00:00"]),
    zones,
).map("".join)
mails = st.emails() | st.text("ab1.-_@+ é", max_size=12).map("a{}b@c.de".format)
mails |= st.integers(50, 70).map(lambda n: f"a@{'b' * n}.example")
mails |= st.integers(240, 260).map(lambda n: f"{'a' * n}@b.c")

FIELDS = {
    "id": padded(uuids | integers),
    "note": padded(st.text(min_size=8, max_size=13)),
    "amount": padded(numbers),
    "rate": padded(numbers),
    "units": padded(numbers),
    "at": padded(instants),
    "side": padded(st.sampled_from(["debit", "DEBIT", "Credit", "credits", "ﬁ", "\u0130"])),
    "payer": padded(uuids | integers),
    "due": padded(instants),
    "is_urgent": padded(st.sampled_from(["true", "TRUE", "False", "1", "yes", "ﬁ"])),
    "number": padded(numbers | st.integers(2**63 - 2, 2**63 + 1).map(str)),
    "born": padded(dates),
    "mail": padded(mails),
}
records = st.fixed_dictionaries(dict.fromkeys(SOUND, st.nothing()) | FIELDS)
one_odd_field = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda name: FIELDS[name].map(lambda text: SOUND | {name: text})
)


@pytest.mark.slow
@pytest.mark.parametrize("decimal_comma", [False, True], ids=["point", "comma"])
@pytest.mark.parametrize("kind", [records, one_odd_field], ids=["all odd", "one odd"])
@settings(max_examples=examples(40), deadline=None)
@given(data=st.data())
def test_judging_equals_the_obvious_judge(
    data: st.DataObject, kind: st.SearchStrategy[dict[str, str | None]], decimal_comma: bool
) -> None:
    drawn = data.draw(st.lists(kind, min_size=1, max_size=20))
    found = judge(PAYMENTS, raw_records(drawn), decimal_comma=decimal_comma)
    names = [*PAYMENTS.column_names, "_codes", "_is_valid"]
    expected = [verdict_of(record, decimal_comma) for record in drawn]
    assert found.select(names).rows(named=True) == expected


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(padded(numbers), min_size=1, max_size=20))
def test_both_doors_read_a_number_of_a_file_with_decimal_commas_alike(
    texts: list[str | None],
) -> None:
    raw = raw_records(
        [dict.fromkeys(["amount", "rate", "units", "number"], text) for text in texts]
    )
    as_message = with_decimal_points(PAYMENTS, raw)
    found = judge(PAYMENTS, raw, decimal_comma=True)
    assert judge(PAYMENTS, as_message, decimal_comma=False).equals(found)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.decimals(-(10**16) + 1, 10**16 - 1, places=2), min_size=1))
def test_money_never_changes_its_value(amounts: list[Decimal]) -> None:
    raw = raw_records([{"amount": f"{amount:f}"} for amount in amounts])
    found = judge(PAYMENTS, raw, decimal_comma=False)["amount"].to_list()
    assert found == [None if amount == 666 else amount for amount in amounts]
