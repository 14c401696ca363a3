"""What becomes of each line that JSON Lines can bring.

Encodings and compression are the same as for CSV: see `test_dialect` and `test_compressed`.
"""

import json

import pytest

from tests.unit.sources.reading import COLUMNS, Write, load

VALUES = {
    "text": ('"a"', "a"),
    "escapes": (r'"a\n\"b\" \u00e9 \ud83d\ude00"', 'a\n"b" é 😀'),
    "a number with its zeros": ("250.00", "250.00"),
    "thirty digits": ("1" * 30, "1" * 30),
    "an exponent": ("-1.5E+05", "-1.5E+05"),
    "more than a float holds": ("1e999", "1e999"),
    "true": ("true", "true"),
    "false": ("false", "false"),
    "null": ("null", None),
    "empty text": ('""', None),
    "NaN as text": ('"NaN"', "NaN"),
    "a formula": ('"=1+1"', "=1+1"),
}


@pytest.mark.parametrize(("written", "text"), VALUES.values(), ids=VALUES)
def test_a_value_is_the_text_that_stands_there(
    write: Write, written: str, text: str | None
) -> None:
    frame = load(write(f'{{"id": 1, "name": {written}, "amount": 2}}\n', "t.jsonl"))
    assert frame.select("id", "name", "amount", "_fault").rows() == [("1", text, "2", None)]


FAULTY = {
    "cut short": (b'{"id": 1', "broken_json"),
    "no JSON": (b"1,Ann,2", "broken_json"),
    "two objects": (b'{"id":1}{"id":2}', "broken_json"),
    "NaN": (b'{"id": 1, "amount": NaN}', "broken_json"),
    "a number with a leading zero": (b'{"id": 01}', "broken_json"),
    "a name given twice": (b'{"id": 1, "id": 2}', "broken_json"),
    "a name given twice in other case": (b'{"id": 1, "ID": 2}', "broken_json"),
    "too deep": (b'{"x":' + b"[" * 100_000, "broken_json"),
    "a list": (b"[1, 2]", "not_an_object"),
    "a word": (b'"id"', "not_an_object"),
    "an object in a column": (b'{"id": {"a": 1}}', "nested_value"),
    "a list in a column": (b'{"id": []}', "nested_value"),
    "Latin-1": (b'{"id": "\xe9"}', "bad_encoding"),
    "half a character": (rb'{"id": "\ud800"}', "bad_encoding"),
    "a NUL": (b'{"id": "\0"}', "nul_byte"),
    "a NUL by escape": (rb'{"id": "\u0000"}', "nul_byte"),
}


@pytest.mark.parametrize(("line", "fault"), FAULTY.values(), ids=FAULTY)
def test_a_broken_line_is_set_aside_alone_with_its_bytes(
    write: Write, line: bytes, fault: str
) -> None:
    good = b'{"id": 1, "name": "a", "amount": 2}'
    frame = load(write(b"\n".join([good, line, b"", good]), "t.ndjson"))
    assert frame["_fault"].to_list() == [None, fault, None]
    assert frame["_bytes"].to_list() == [None, line, None]
    assert frame["id"].to_list() == ["1", None, "1"]


def test_names_match_in_any_case_and_others_are_kept_beside_letter_by_letter(write: Write) -> None:
    line = '{"ID": 1, " Name ": "a", "x-y": {"b": [1.50, null]}, "amount": 2, "z": 1e3}\r\n'
    frame = load(write(line, "t.jsonl"))
    assert frame.select(COLUMNS).rows() == [("1", "a", "2")]
    assert frame["_extra"].to_list() == ['{"x_y":{"b": [1.50, null]},"z":1e3}']


def test_any_size_of_block_gives_the_same_records(write: Write) -> None:
    lines = [json.dumps({"id": n, "name": "é" * (n % 7), "amount": n / 4}) for n in range(99)]
    path = write("\n\n".join([*lines, "{", "[]"]), "t.jsonl")
    whole = load(path)
    assert whole.height == 101
    assert all(load(path, block_bytes=size).equals(whole) for size in (16, 100, 1_000))
    assert load(path, start=100).equals(whole.slice(100))


def test_objects_are_known_by_their_first_letter_whatever_the_name(write: Write) -> None:
    assert load(write('{"id": 1}\n', "transactions.txt"))["id"].to_list() == ["1"]
