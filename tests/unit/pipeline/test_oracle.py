"""Judging by columns equals an obvious judge that takes one record and one field at a time.

The oracle below shares no code with what it checks but the contract.
"""

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.pipeline.records import DAY, PAYMENTS, SOUND, raw_records
from txcat_assets.contracts.model import Choice, Column, Flag, Id, Instant, Money, Text
from txcat_assets.pipeline.judge import judge

BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
END = datetime.combine(DAY, time()) + timedelta(days=2)


def read_id(takes_integers: bool, text: str) -> UUID:
    if takes_integers and re.fullmatch("0|[1-9][0-9]*", text, re.ASCII):
        return UUID(int=int(text))
    bare = text[1:-1] if text[0] + text[-1] == "{}" else text
    if [len(group) for group in bare.split("-")] != [8, 4, 4, 4, 12] or not bare.isascii():
        raise ValueError("invalid")
    return UUID(hex="".join(f"{int(digit, 16):x}" for digit in bare.replace("-", "")))


def read_money(money: Money, text: str, decimal_comma: bool) -> Decimal:
    if decimal_comma and text.count(",") == 1 and "." not in text:
        behind = text.partition(",")[2]
        text = text if len(behind) == 3 else text.replace(",", ".")
    if not re.fullmatch("[+-]?[0-9]+([.][0-9]+)?", text):
        raise ValueError("invalid")
    number = Decimal(text)
    if -number.as_tuple().exponent > money.scale:  # type: ignore[operator]
        raise ValueError("too_precise")
    if abs(number) >= 10 ** (money.precision - money.scale):
        raise ValueError("out_of_range")
    return number


def read_instant(needs_offset: bool, text: str) -> datetime:
    parts = re.fullmatch("(.{10})[T ](.{8})(?:[.]([0-9]{1,9}))?(|Z|[+-].*)", text)
    if not parts:
        raise ValueError("invalid")
    day, clock, digits, zone = parts.groups()
    try:
        year, month, day_of_month = numbers_in(day, "-", [4, 2, 2])
        instant = datetime.min.replace(year, month, day_of_month)  # noqa: DTZ901
        hour, minute, second = numbers_in(clock, ":", [2, 2, 2])
        instant = instant.replace(hour=hour, minute=minute, second=second)
        instant += timedelta(microseconds=int((digits or "0").ljust(6, "0")[:6]))
        instant -= read_offset(zone)
    except (ValueError, OverflowError):
        raise ValueError("invalid") from None
    if needs_offset and not zone:
        raise ValueError("without_offset")
    if instant >= END:
        raise ValueError("in_future")
    return instant


def numbers_in(text: str, mark: str, widths: list[int]) -> list[int]:
    parts = text.split(mark)
    if [len(part) for part in parts] != widths or not all(re.fullmatch("[0-9]+", p) for p in parts):
        raise ValueError("invalid")
    return [int(part) for part in parts]


def read_offset(zone: str) -> timedelta:
    if zone in {"", "Z"}:
        return timedelta()
    if not re.fullmatch("[+-][0-9]{2}(:?[0-9]{2})?", zone):
        raise ValueError("invalid")
    clock = datetime.strptime(zone[1:].replace(":", "").ljust(4, "0"), "%H%M").replace(tzinfo=UTC)
    offset = timedelta(hours=clock.hour, minutes=clock.minute)
    return -offset if zone[0] == "-" else offset


def read_choice(values: tuple[str, ...], text: str) -> str:
    for value in values:
        if value.lower() == text.lower():
            return value
    raise ValueError("unknown")


def read_flag(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("invalid")
    return text.lower() == "true"


def read_text(max_chars: int, text: str) -> str:
    if len(text) > max_chars:
        raise ValueError("too_long")
    return text


def read(column: Column, text: str, decimal_comma: bool) -> object:
    match column.type:
        case Id(takes_integers):
            try:
                return str(read_id(takes_integers, text))
            except ValueError:
                raise ValueError("invalid") from None
        case Text(max_chars):
            return read_text(max_chars, text)
        case Money():
            return read_money(column.type, text, decimal_comma)
        case Instant(needs_offset):
            return read_instant(needs_offset, text)
        case Choice(values):
            return read_choice(values, text)
        case Flag():
            return read_flag(text)


def verdict_of(record: dict[str, str | None], decimal_comma: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors = []
    for column in PAYMENTS.columns:
        text = (record[column.name] or "").strip(BLANKS)
        try:
            values[column.name] = read(column, text, decimal_comma) if text else None
            if not text and column.is_required:
                raise ValueError("missing")
        except ValueError as complaint:
            values[column.name] = None
            errors.append(f"{column.name}_{complaint}")
    if values["amount"] == 666:
        errors.append("amount_cursed")
    if errors:
        return dict.fromkeys(values) | {"_reasons": errors, "_is_valid": False}
    warnings = ["amount_odd"] if values["amount"] == 13 else None
    return values | {"_reasons": warnings, "_is_valid": True}


def padded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    blanks = st.text(BLANKS, max_size=2)
    anything = st.one_of(
        st.none(), st.text(max_size=15), st.text("0123456789-+.,:TZ eE{}", max_size=40)
    )
    return anything | st.tuples(blanks, texts, blanks).map("".join) | texts


digits = st.text("0123456789", min_size=1, max_size=20)
numbers = st.tuples(
    st.sampled_from(["", "-", "+"]),
    st.one_of(digits, st.sampled_from(["13", "666", "0" * 50, "9" * 40])),
    st.sampled_from(["", "", ".", ","]),
    st.one_of(st.just(""), st.text("0123456789", max_size=5)),
).map("".join)
uuids = st.uuids().flatmap(
    lambda uuid: st.sampled_from(
        [str(uuid), str(uuid).upper(), f"{{{uuid}}}", uuid.hex, f"{{{uuid}"]
    )
)
integers = st.integers(-1, 2**128 + 1).map(str) | st.integers(2**128 - 2, 2**128 + 1).map(str)
years = st.sampled_from([0, 1, 999, 1000, 1582, 1969, 2024, 2025, 2026, 9999])
two = st.integers(0, 62).map("{:02}".format)
dates = st.tuples(years.map("{:04}".format), st.integers(0, 13).map("{:02}".format), two).map(
    "-".join
)
zones = st.sampled_from(
    ["", "", "Z", "z", "+02:00", "-0530", "+24:00", "-23:59", "+1", "+05", "+5:30"]
)
fractions = st.one_of(st.just(""), st.text("0123456789", max_size=10).map(".{}".format))
clocks = st.tuples(st.integers(0, 24).map("{:02}".format), two, two).map(":".join)
instants = st.tuples(dates, st.sampled_from("T t"), clocks, fractions, zones).map("".join)

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
}
records = st.fixed_dictionaries(dict.fromkeys(SOUND, st.nothing()) | FIELDS)
one_odd_field = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda name: FIELDS[name].map(lambda text: SOUND | {name: text})
)


@pytest.mark.slow
@pytest.mark.parametrize("decimal_comma", [False, True], ids=["point", "comma"])
@pytest.mark.parametrize("kind", [records, one_odd_field], ids=["all odd", "one odd"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_judging_equals_the_obvious_judge(
    data: st.DataObject, kind: st.SearchStrategy[dict[str, str | None]], decimal_comma: bool
) -> None:
    drawn = data.draw(st.lists(kind, min_size=1, max_size=20))
    found = judge(PAYMENTS, raw_records(drawn), decimal_comma=decimal_comma)
    names = [*PAYMENTS.column_names, "_reasons", "_is_valid"]
    expected = [verdict_of(record, decimal_comma) for record in drawn]
    assert found.select(names).rows(named=True) == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.decimals(-(10**16) + 1, 10**16 - 1, places=2), min_size=1))
def test_money_never_changes_its_value(amounts: list[Decimal]) -> None:
    raw = raw_records([{"amount": f"{amount:f}"} for amount in amounts])
    found = judge(PAYMENTS, raw, decimal_comma=False)["amount"].to_list()
    assert found == [None if amount == 666 else amount for amount in amounts]
