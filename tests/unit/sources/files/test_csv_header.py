"""Where the header stands, what its names mean, and which words a wrong one is refused with.

Which separators and encodings there are is in `test_dialect`.
"""

import pytest

from tests.unit.sources.reading import COLUMNS, Write, load
from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.dialect import inspect

ROWS = "1;a;2,5\n3;b;4\n"

BEFORE = {
    "blank lines": "\n  \n\t\r\n",
    "CR CR LF": "\r\r\n",
    "a byte order mark twice": "\ufeff\ufeff",
    "a byte order mark behind a blank line": "\n\ufeff",
    "Excel's separator line": "sep=;\n",
    "Excel's separator line in other case": '\ufeff"SEP=;"\r\n\n',
    "a bank's lines": "Account;DE00\nPeriod;2025\n\n",
    "a bank's lines filled up with separators": "Account;;;;;\n;;;;\n",
    "a bank's line with a quote": 'Owner "Ann;\n',
    "a mark and quotes": '\ufeff"Statement"\n',
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("block_bytes", [16, 16_777_216])
def test_what_stands_before_the_header_is_passed_over(
    write: Write, before: str, block_bytes: int
) -> None:
    frame = load(write(f"{before}id;name;amount\n{ROWS}"), block_bytes=block_bytes)
    assert frame.select("_position", *COLUMNS).rows() == [(0, "1", "a", "2,5"), (1, "3", "b", "4")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252"])
def test_records_begin_behind_the_header_in_any_encoding(write: Write, encoding: str) -> None:
    content = f"Übersicht\n\nid;name;amount\n{ROWS * 9}".encode(encoding)
    told = "cp1252" if encoding == "cp1252" else None
    assert load(write(content), encoding=told)["id"].to_list() == ["1", "3"] * 9


def test_lines_that_may_be_records_are_never_passed_over(write: Write) -> None:
    with pytest.raises(SourceRefused, match="its header stands in line 3, but lines before it"):
        load(write("id,nmae,amount\n1,a,2\nid,name,amount\n3,b,4\n"))


def test_of_a_wrong_header_behind_other_lines_its_place_is_told(write: Write) -> None:
    with pytest.raises(SourceRefused, match="line 3, which looks like a header, lacks 'name'"):
        load(write("Account;DE00\n\nid;nmae;amount\n1;a;2\n"))


def test_a_header_too_far_down_is_none(write: Write) -> None:
    with pytest.raises(SourceRefused, match="its header lacks 'id'"):
        load(write("note\n" * 200 + "id;name;amount\n"))


def test_a_separator_that_is_none_is_refused(write: Write) -> None:
    with pytest.raises(SourceRefused, match="none of comma, semicolon, tab and bar"):
        load(write("sep=#\nid#name#amount\n1#a#2\n"))


NAMES = {
    "no-break blanks": "\u00a0id\u202f;name;amount",
    "signs of no width": "\u200bid;na\u200dme;\u2060amount\u200e",
    "a blank before quotes": 'id; "name"; "amount"',
    "soft hyphens": "id;na\u00adme;amount",
}


@pytest.mark.parametrize("header", NAMES.values(), ids=NAMES)
def test_what_the_eye_does_not_see_does_not_count_in_a_name(write: Write, header: str) -> None:
    assert inspect(write(f"{header}\n{ROWS}"), COLUMNS, COLUMNS).header == tuple(COLUMNS)


@pytest.mark.parametrize("name", ["operation\u00a0type", "operation\u2011type", "Operation Type"])
def test_blanks_and_hyphens_of_any_kind_are_underscores(write: Write, name: str) -> None:
    assert inspect(write(f"{name}\n1\n"), ["operation_type"], []).header == ("operation_type",)


def test_an_unknown_column_may_come_twice(write: Write) -> None:
    frame = load(write("id,note,name,Note,amount,note_2,note\n1,a,b,c,2,d,e\n"))
    assert frame["_extra"].to_list() == ['{"note":"a","note_2":"c","note_2_2":"d","note_3":"e"}']


def test_a_letter_that_looks_like_another_is_spelled_out(write: Write) -> None:
    words = r"'\u0430mount' \(with U\+0430\) may be meant for 'amount'"
    with pytest.raises(SourceRefused, match=words):
        load(write("id,name,\u0430mount\n1,a,2\n"))


@pytest.mark.parametrize(("found", "meant"), [("nmae", "name"), ("total_amount", "amount")])
def test_near_misses_are_named(write: Write, found: str, meant: str) -> None:
    header = ",".join(found if name == meant else name for name in COLUMNS)
    with pytest.raises(SourceRefused, match=f"'{found}' may be meant for '{meant}'"):
        load(write(f"{header}\n1,a,2\n"))


def test_a_file_of_something_else_is_not_shown(write: Write) -> None:
    with pytest.raises(SourceRefused) as refused:
        load(write("hunter2-password\n"))
    assert "hunter2" not in str(refused.value)


def test_names_are_shortened_and_shown_without_commands_to_a_terminal(write: Write) -> None:
    with pytest.raises(SourceRefused) as refused:
        load(write(f"id,na\x9b2Jme,{'x' * 500_000},amount\n"))
    assert len(str(refused.value)) < 1_000
    assert "\x9b" not in str(refused.value)
