"""A judge that takes one record and one field at a time, in the plainest way.

It shares no code with what it checks but the contract. What follows from the order of arrival is in
`tests.oracle`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from unicodedata import category
from uuid import UUID

from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Text,
)

NO_DAYS = {"0001-01-01", "1899-12-30"}
NO_MIDNIGHTS = {"1753-01-01", "1899-12-31", "1900-01-01", "1970-01-01"}
DATE_WIDTHS = [{4}, {1, 2}, {1, 2}]
BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def values_of(
    contract: Contract, texts: Mapping[str, str | None], day: date, *, decimal_comma: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The values of a record that arrived on a day, and the codes of the columns that have none.

    The rules that a contract adds are left to the caller.
    """
    values: dict[str, Any] = {}
    errors = []
    end = datetime.combine(day, time()) + timedelta(days=2)
    for column in contract.columns:
        text = seen(column, texts[column.name] or "").strip(BLANKS)
        try:
            values[column.name] = (
                read(column, text, end, decimal_comma=decimal_comma) if text else None
            )
            if not text and column.is_required:
                raise ValueError("missing")
        except ValueError as complaint:
            values[column.name] = None
            errors.append(f"{column.name}_{complaint}")
    return values, errors


def seen(column: Column, text: str) -> str:
    """A text without signs of no width, which count in words alone."""
    if isinstance(column.type, Text):
        return text
    return "".join(sign for sign in text if category(sign) != "Cf")


def read_id(takes_integers: bool, text: str) -> UUID:
    """A UUID, or an integer where they are taken."""
    if takes_integers and re.fullmatch("0|[1-9][0-9]*", text, re.ASCII):
        return UUID(int=int(text))
    bare = text[1:-1] if text[0] + text[-1] == "{}" else text
    if [len(group) for group in bare.split("-")] != [8, 4, 4, 4, 12] or not bare.isascii():
        raise ValueError("invalid")
    return UUID(hex="".join(f"{int(digit, 16):x}" for digit in bare.replace("-", "")))


def read_money(money: Money, text: str, decimal_comma: bool) -> Decimal:
    """An exact decimal."""
    text = ungrouped("-" + text[1:] if text[0] == "\u2212" else text)
    is_doubtful = re.fullmatch("[+-]?[1-9][0-9]?[0-9]?[.,][0-9][0-9][0-9]", text) is not None
    if decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if (is_doubtful and decimal_comma) or not re.fullmatch("[+-]?[0-9]+([.][0-9]+)?", text):
        raise ValueError("invalid")
    number = Decimal(text)
    places = text.partition(".")[2]
    if len(places if is_doubtful else places.rstrip("0")) > money.scale:
        raise ValueError("too_precise")
    if abs(number) >= 10 ** (money.precision - money.scale):
        raise ValueError("out_of_range")
    return number


def read_integer(text: str, decimal_comma: bool) -> int:
    """A whole number of 64 bits."""
    number = int(read_money(Money(38, 0), text, decimal_comma))
    if not -(2**63) <= number < 2**63:
        raise ValueError("out_of_range")
    return number


def read_date(text: str, end: datetime) -> date:
    """A day before `end`."""
    try:
        found = date(*numbers_in(text, "-", DATE_WIDTHS))
    except ValueError:
        raise ValueError("invalid") from None
    if found.isoformat() in NO_DAYS | NO_MIDNIGHTS:
        raise ValueError("placeholder")
    if datetime.combine(found, time()) >= end:
        raise ValueError("in_future")
    return found


def read_email(text: str) -> str:
    """A name of plain signs, and a host of at least two names."""
    name, _, host = text.rpartition("@")
    signs = re.escape(".!#$%&'*+/=?^_`{|}~-")
    parts = host.split(".")
    is_name = re.fullmatch(f"[a-zA-Z0-9{signs}]+", name)
    is_host = all(re.fullmatch("[a-zA-Z0-9-]{1,63}", p) and p.strip("-") == p for p in parts)
    if not is_name or not is_host or len(parts) == 1 or len(text) > 254:
        raise ValueError("invalid")
    return text


def ungrouped(text: str) -> str:
    """A number without the no-break blanks between its groups of three digits."""
    whole = re.split("[.,]", text.lstrip("+-"), maxsplit=1)[0]
    first, *groups = re.split("[\u00a0\u2009\u202f]", whole)
    is_grouped = 1 <= len(first) <= 3 and all(len(group) == 3 for group in groups)
    return re.sub("[\u00a0\u2009\u202f]", "", text) if groups and is_grouped else text


def read_instant(needs_offset: bool, text: str, end: datetime) -> datetime:
    """An instant before `end`, in UTC."""
    parts = re.fullmatch("([^T ]{8,10})[T ](.{8})(?:[.]([0-9]{1,9}))?(|Z|[+-].*)", text)
    if not parts:
        raise ValueError("invalid")
    day, clock, digits, zone = parts.groups()
    try:
        year, month, day_of_month = numbers_in(day, "-", DATE_WIDTHS)
        instant = datetime.min.replace(year, month, day_of_month)  # noqa: DTZ901
        hour, minute, second = numbers_in(clock, ":", [{2}, {2}, {2}])
        instant = instant.replace(hour=hour, minute=minute, second=second)
        instant += timedelta(microseconds=int((digits or "0").ljust(6, "0")[:6]))
        instant -= read_offset(zone)
    except (ValueError, OverflowError):
        raise ValueError("invalid") from None
    day = f"{year:04}-{month:02}-{day_of_month:02}"
    if day in NO_DAYS or (day in NO_MIDNIGHTS and clock == "00:00:00" and not int(digits or 0)):
        raise ValueError("placeholder")
    if needs_offset and not zone:
        raise ValueError("without_offset")
    if instant >= end:
        raise ValueError("in_future")
    return instant


def numbers_in(text: str, mark: str, widths: list[set[int]]) -> list[int]:
    """Numbers of these widths with a mark between."""
    parts = text.split(mark)
    if len(parts) != len(widths) or not all(re.fullmatch("[0-9]+", p) for p in parts):
        raise ValueError("invalid")
    if not all(len(part) in width for part, width in zip(parts, widths, strict=True)):
        raise ValueError("invalid")
    return [int(part) for part in parts]


def read_offset(zone: str) -> timedelta:
    """How far a zone is from UTC."""
    if zone in {"", "Z"}:
        return timedelta()
    if not re.fullmatch("[+-][0-9]{2}(:?[0-9]{2})?", zone):
        raise ValueError("invalid")
    clock = datetime.strptime(zone[1:].replace(":", "").ljust(4, "0"), "%H%M").replace(tzinfo=UTC)
    offset = timedelta(hours=clock.hour, minutes=clock.minute)
    return -offset if zone[0] == "-" else offset


def read_choice(values: tuple[str, ...], text: str) -> str:
    """One of the values, in any case."""
    for value in values:
        if value.lower() == text.lower():
            return value
    raise ValueError("unknown")


def read_flag(text: str) -> bool:
    """True or false, in any case."""
    if text.lower() not in {"true", "false"}:
        raise ValueError("invalid")
    return text.lower() == "true"


def read_text(max_chars: int, text: str) -> str:
    """A text that is not too long."""
    if len(text) > max_chars:
        raise ValueError("too_long")
    return text


def read(  # noqa: C901, PLR0911 - a case each
    column: Column, text: str, end: datetime, *, decimal_comma: bool
) -> object:
    """The value of a text that is not blank; raises ValueError with the complaint."""
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
        case Integer():
            return read_integer(text, decimal_comma)
        case Email():
            return read_email(text)
        case Date():
            return read_date(text, end)
        case Instant(needs_offset):
            return read_instant(needs_offset, text, end)
        case Choice(values):
            return read_choice(values, text)
        case Flag():
            return read_flag(text)
