"""What becomes of each defect that a CSV file can have: one line set aside, neighbours unharmed.

That any file whatever keeps to it is shown in `test_csv_properties`.
"""

import re

import pytest

from tests.unit.sources.reading import COLUMNS, Write, load
from txcat_assets.sources.files import records
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import BLOCK_BYTES, SLICE_BYTES, SLICE_RECORDS, read

GOOD = ("1", "Ann", "1.50")
MIDDLES = {
    "too few fields": (b"2,Bob", "ragged_line"),
    "too many fields": (b"2,Bob,3,4", "ragged_line"),
    "a quote never closed": (b'2,"Bob,3', "unclosed_quote"),
    "a quote closed in mid-field": (b'2,"B"ob,3', "unclosed_quote"),
    "a quote never closed in the last field": (b'2,Bob,"3', "unclosed_quote"),
    "Latin-1 in a UTF-8 file": (b"2,Bj\xf6rn,3", "bad_encoding"),
    "a NUL": (b"2,B\0b,3", "nul_byte"),
    "a NUL in a line with quotes": (b'2,"B\0b",3', "nul_byte"),
    "blanks only": (b"   ", "ragged_line"),
}


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("middle", "fault"), MIDDLES.values(), ids=MIDDLES)
def test_a_broken_line_is_set_aside_alone_with_its_bytes(
    write: Write, middle: bytes, fault: str, line_end: bytes
) -> None:
    lines = [b"id,name,amount", b"1,Ann,1.50", middle, b"1,Ann,1.50", b""]
    frame = load(write(line_end.join(lines)))
    assert frame["_position"].to_list() == [0, 1, 2]
    assert frame["_fault"].to_list() == [None, fault, None]
    assert frame["_bytes"].to_list() == [None, middle, None]
    assert frame.select("id", "name", "amount").rows() == [GOOD, (None, None, None), GOOD]


@pytest.mark.parametrize("other", [b'9,"x",1', b'9,"",1', b'9,",",1', b'9,a "b",1', b"9,x,1"])
def test_an_unclosed_quote_does_not_swallow_its_neighbours(write: Write, other: bytes) -> None:
    frame = load(write(b"id,name,amount\n" + b'2,"Bob,3\n' + (other + b"\n") * 500))
    assert frame["_fault"].to_list() == ["unclosed_quote"] + [None] * 500
    assert set(frame["id"].to_list()[1:]) == {"9"}


def test_the_search_for_a_closing_quote_ends_after_a_mebibyte(write: Write) -> None:
    far = b'1,"' + b"x\n" * 600_000 + b'y",2\n3,Ann,4\n'
    frame = load(write(b"id,name,amount\n" + far), block_bytes=65_536)
    assert frame["_fault"][0] == "unclosed_quote"
    assert frame.row(-1)[1:4] == ("3", "Ann", "4")


TEXTS = {
    "a quoted separator": ('"a,b"', "a,b"),
    "a quoted line break": ('"a\nb"', "a\nb"),
    "a quoted CRLF": ('"a\r\nb"', "a\r\nb"),
    "a quoted blank line": ('"a\n\nb"', "a\n\nb"),
    "a doubled quote": ('"say ""a"""', 'say "a"'),
    "a quote within an unquoted field": ('5" disk', '5" disk'),
    "blanks at the ends": (" a ", " a "),
    "a blank before the quotes": (' "a,b"', "a,b"),
    "a blank behind the quotes": ('"a,b" ', "a,b"),
    "a blank before a quote that does not close rightly": (' "a" b', ' "a" b'),
    "nothing": ("", None),
    "nothing in quotes": ('""', None),
    "a formula": ("=cmd|'/C calc'!A0", "=cmd|'/C calc'!A0"),
    "a formula with a plus": ("+1+1", "+1+1"),
    "a lone carriage return": ("a\rb", "a\rb"),
    "a byte order mark": ("\ufeffa", "\ufeffa"),
    "what stands for a lost character": ('"\ufffd"', "\ufffd"),
    "NaN": ("NaN", "NaN"),
    "thirty digits": ("1" * 30, "1" * 30),
    "an exponent": ("1e5", "1e5"),
    "a comma dialect's riddle": ('"1,234"', "1,234"),
}


@pytest.mark.parametrize(("written", "text"), TEXTS.values(), ids=TEXTS)
def test_text_is_kept_untouched(write: Write, written: str, text: str | None) -> None:
    frame = load(write(f"id,name,amount\n{written},b,c\n1,{written},2\n1,2,{written}\n"))
    assert frame["_fault"].null_count() == 3
    assert [frame["id"][0], frame["name"][1], frame["amount"][2]] == [text] * 3


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r\r\n"], ids=["LF", "CRLF", "CRCRLF"])
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_carriage_returns_before_a_line_feed_belong_to_the_line_end(
    write: Write, quote: str, line_end: str
) -> None:
    lines = ["", "id,name,amount", "1,a,2", "", "3,b,4", ""]
    content = line_end.join(re.sub(r"(\w+)", rf"{quote}\1{quote}", line) for line in lines)
    assert load(write(content)).select(COLUMNS).rows() == [("1", "a", "2"), ("3", "b", "4")]


TRAILING = {
    "on the rows alone": "id;name;amount\n1;a;2;\n3;b;4;\n",
    "on the rows alone, quoted": 'id;name;amount\n1;"a";"2";""\n3;b;4;\n',
    "several": "id;name;amount\n1;a;2;;;\n3;b;4;;\n",
    "on the header alone": "id;name;amount;\n1;a;2\n3;b;4\n",
    "several on the header alone": 'id;name;amount;;\n1;a;2\n"3";b;4\n',
    "on both": "id;name;amount;\n1;a;2;\n3;b;4;\n",
    "now and then": "id;name;amount\n1;a;2\n3;b;4;\n",
}


@pytest.mark.parametrize("content", TRAILING.values(), ids=TRAILING)
def test_a_separator_at_the_end_of_a_line_is_nothing(write: Write, content: str) -> None:
    frame = load(write(content))
    assert frame.select(COLUMNS).rows() == [("1", "a", "2"), ("3", "b", "4")]
    assert frame.select("_extra", "_fault").null_count().rows() == [(2, 2)]


def test_what_stands_beyond_the_header_is_never_dropped(write: Write) -> None:
    frame = load(write("id;name;amount;\n1;a;2;x\n3;b;4;;y\n"))
    assert frame["_extra"].to_list() == ['{"column_4":"x"}', None]
    assert frame["_fault"].to_list() == [None, "ragged_line"]
    assert load(write("id;name;amount\n1;a;2;x\n3;b;4\n"))["_fault"][0] == "ragged_line"


def test_blank_lines_are_no_records(write: Write) -> None:
    frame = load(write("\n\nid,name,amount\n\n1,a,2\n\r\n\n3,b,4\n\n\n"))
    assert frame.select("_position", "id").rows() == [(0, "1"), (1, "3")]


def test_the_last_line_needs_no_line_end(write: Write) -> None:
    assert load(write("id,name,amount\n1,a,2"))["amount"].to_list() == ["2"]


def test_a_header_without_records_is_a_file_of_none(write: Write) -> None:
    assert load(write("id,name,amount\n")).height == 0
    assert load(write("id,name,amount")).height == 0


def test_columns_that_the_contract_does_not_know_are_kept_beside(write: Write) -> None:
    frame = load(write('note,id,name,amount,_fault\n"a ""b""",1,x,2,\n,3,y,4,\n'))
    assert frame["_extra"].to_list() == [r'{"note":"a \"b\"","_fault":null}', None]
    assert frame.columns == ["_position", "id", "name", "amount", "_extra", "_fault", "_bytes"]


def test_ten_megabytes_in_one_field_are_text_like_any_other(write: Write) -> None:
    big = "x" * 10_000_000
    frame = load(write(f'id,name,amount\n1,a,2\n2,{big},2\n3,"{big}",2\n4,b,2\n'))
    assert frame["name"].str.len_bytes().to_list() == [1, 10_000_000, 10_000_000, 1]


@pytest.mark.parametrize("block_bytes", [1_048_576, 16_777_216])
def test_a_line_beyond_all_sense_is_set_aside_alone(write: Write, block_bytes: int) -> None:
    content = b"id,name,amount\n1,a,2\n2," + b"x" * 40_000_000 + b",2\n3,b,2\n"
    frame = load(write(content), block_bytes=block_bytes)
    assert frame["_fault"].to_list() == [None, "field_too_long", None]
    assert frame["_bytes"].bin.size()[1] == 16_777_216
    assert frame["id"].to_list() == ["1", None, "3"]


def test_reading_can_start_at_any_record(write: Write) -> None:
    path = write("id,name,amount\n" + "".join(f"{n},a,b\n" for n in range(50)) + 'x,"\n')
    whole = load(path)
    assert all(load(path, start=n).equals(whole.slice(n)) for n in (0, 1, 49, 50))
    assert load(path, start=51).height == 0


def test_frames_have_at_most_a_slice_of_records(write: Write) -> None:
    path = write("id,name,amount\n" + "1,a,2\n" * (2 * SLICE_RECORDS + 5))
    frames = read(path, inspect(path, COLUMNS, COLUMNS), COLUMNS)
    assert [frame.height for frame in frames] == [SLICE_RECORDS, SLICE_RECORDS, 5]


def test_a_reader_can_stop_where_there_are_no_records(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK_BYTES", 1_000)
    path = write("id,name,amount\n1,a,2\n" + "\n" * 5_000 + "3,b,4\n")
    frames = list(read(path, inspect(path, COLUMNS, COLUMNS), COLUMNS, 1, 64))
    assert [frame.height for frame in frames] == [0, 0, 0, 0, 1]


def test_frames_of_long_records_are_handed_over_before_they_fill_the_memory(write: Write) -> None:
    path = write("id,name,amount\n" + f"1,{'x' * 8_000_000},2\n" * 18)
    frames = list(read(path, inspect(path, COLUMNS, COLUMNS), COLUMNS))
    assert sum(frame.height for frame in frames) == 18
    assert max(frame.height for frame in frames) * 8_000_000 < SLICE_BYTES + 2 * BLOCK_BYTES
