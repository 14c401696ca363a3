"""Tells a field with line breaks from a stray quote that would swallow the lines behind it.

The two can be the same bytes: `1,"14 inch,5` and, lines later, `7,24",9`. What decides is what the
lines would be alone. A quote is stray when the first line, the last and most of those between
would each be a record, written as the first one is. Only `csv_grammar` asks.
"""

import re
from dataclasses import dataclass

_CODE = re.compile(rb"(?=.*[0-9])[0-9A-Fa-f{}.,:TZ+ -]*")
"""What ids, amounts and times are made of, and words are not."""


@dataclass(frozen=True)
class Lines:
    """How lines are cut into fields when each is read alone: by `field`, and how many there are."""

    separator: bytes
    field: re.Pattern[bytes]
    fewest: int
    most: int


def is_stray(how: Lines, span: bytes) -> bool:
    """Whether the quote that opens in the first line of `span` is taken for a broken one.

    A line is a record alone when it has as many fields as the header, a quote that does not close
    being text. It is written as the first one is when it has digits and needless quotes where the
    first one has them before that quote. Where there are neither, no separator may be followed by
    a blank, as commas in prose are, unless one is before that quote too.
    """
    lines = [line.rstrip(b"\r") for line in span.split(b"\n") if line.strip()]
    kinds, opening = _fields_before_a_quote(how, lines[0])
    has_kinds = not {"digits", "quoted"}.isdisjoint(kinds)
    may_be_spaced = has_kinds or how.separator + b" " in lines[0][:opening]

    def is_record(line: bytes) -> bool:
        if how.separator + b" " in line and not may_be_spaced:
            return False
        found, _ = _fields_before_a_quote(how, line)
        is_filled = bool(line.strip(how.separator + b'" '))
        return is_filled and all(map(_are_alike, kinds, found)) and _has_enough_fields(how, line)

    alone = [is_record(line) for line in lines]
    return alone[0] and alone[-1] and sum(alone) > len(alone) / 2


def _has_enough_fields(how: Lines, line: bytes) -> bool:
    """Whether they are as many as in the header; empty ones beyond it do not count."""
    most, least = (_fields(how, text) for text in (line, line.rstrip(how.separator)))
    return most >= how.fewest and least <= how.most


def _fields(how: Lines, line: bytes) -> int:
    found, at = _fields_before_a_quote(how, line)
    return len(found) + line.count(how.separator, at) + (at < len(line))


def _fields_before_a_quote(how: Lines, line: bytes) -> tuple[list[str], int]:
    """The kinds of the fields before a quote that does not close in the line, and its place."""
    kinds: list[str] = []
    at = 0
    while match := how.field.match(line, at):
        quoted, padded, plain, terminator = match.groups()
        in_quotes = quoted if padded is None else padded
        is_needless = bool(in_quotes) and not _has_signs(how, in_quotes)
        kinds.append("quoted" if is_needless else _kind(plain or in_quotes or b""))
        at = match.end()
        if terminator != how.separator:
            break
    return kinds, at


def _has_signs(how: Lines, text: bytes) -> bool:
    return how.separator in text or b'"' in text


def _kind(text: bytes) -> str:
    if not text.strip():
        return "nothing"
    return "digits" if _CODE.fullmatch(text) else "words"


def _are_alike(first: str, other: str) -> bool:
    """Whether a field is of the kind of that in the first line; digits can stand among words."""
    if "nothing" in (first, other):
        return True
    if "quoted" in (first, other):
        return first == other
    return first != "digits" or other != "words"
