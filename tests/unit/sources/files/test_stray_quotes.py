"""A stray quote is set aside alone, and true line breaks in quotes are read, by a known truth.

The files are written by two writers whose rows are known: one that quotes rightly and one that
never does. Which rule tells the two apart is said in docs/input-files.md.
"""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sources.reading import COLUMNS, Write, load

Row = tuple[str, str, str]
FAULT = "unclosed_quote"

SWALLOWING = {
    "in the middle": ['1,"14 inch,5', "2,tea,6", "3,rent,7", '4,screen 24",8'],
    "in the last field": ['1,a,"5', "2,tea,6", "3,rent,7", '4,b,24"'],
    "in the first field": ['"1,a,5', "2,tea,6", '3",b,7'],
    "with nothing between": ['1,"14 inch,5', '2,screen 24",8'],
    "with quotes at the start of both": ['1,"14 inch,5', "2,tea,6", '3,",7'],
    "with empty quotes between": ['1,"14 inch,5', '2,"",6', '3,screen 24",8'],
    "with a ragged line between": ['1,"14 inch,5', "2,tea,6", "3,rent", "4,b,5", '5,24",8'],
    "with a blank line between": ['1,"14 inch,5', "2,tea,6", "", '3,screen 24",8'],
}


@pytest.mark.parametrize("lines", SWALLOWING.values(), ids=SWALLOWING)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r\r\n"], ids=["LF", "CRLF", "CRCRLF"])
def test_a_stray_quote_does_not_swallow_its_neighbours(
    write: Write, lines: list[str], line_end: str
) -> None:
    frame = load(write(line_end.join(["id,name,amount", *lines, "9,z,1", ""])))
    records = [line for line in lines if line]
    assert frame.height == len(records) + 1
    assert (frame["_fault"][0], frame["_bytes"][0]) == (FAULT, records[0].encode())
    assert frame["id"].to_list()[1:-1].count("2") == 1
    assert frame.row(-1)[1:4] == ("9", "z", "1")


def test_thousands_of_lines_do_not_vanish_into_an_unknown_column(write: Write) -> None:
    lines = [f"{n},a,5,note" for n in range(5_000)]
    lines[0], lines[-1] = '0,a,5,"5 inch', '4999,a,5,24"'
    frame = load(write("\n".join(["id,name,amount,note", *lines])))
    assert frame["_fault"].to_list() == [FAULT, *[None] * 4_999]


TRUE_TEXTS = {
    "two lines": "Coffee\nand cake",
    "prose with commas": "Thanks,\nthe pizza was good, and so was the wine, see you",
    "an address": "12 High Street\nSpringfield,IL",
    "paragraphs": "one\n\ntwo\n\n\nthree",
    "a quotation": 'he said "no, thanks"\nand went',
    "a table of another width": "a,b,c,d\ne,f,g,h",
    "Windows line ends": "a\r\nb",
    "lines that end as others begin": "x\n9",
}


@pytest.mark.parametrize("text", TRUE_TEXTS.values(), ids=TRUE_TEXTS)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ids=["few", "all"])
def test_line_breaks_in_quotes_are_read(write: Write, text: str, place: int, quoting: int) -> None:
    row = ["7", "Ann", "5"]
    row[place] = text
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerows([COLUMNS, row, ["8", "Bob", "6"]])
    frame = load(write(written.getvalue()))
    assert frame.select(COLUMNS).rows() == [tuple(row), ("8", "Bob", "6")]


def test_records_that_a_quoting_writer_put_into_a_text_are_text(write: Write) -> None:
    forged = "x,5\n99,evil,7\n3,y"
    frame = load(write(f'"id","name","amount"\n"1","{forged}","5"\n'))
    assert frame.select(COLUMNS).rows() == [("1", forged, "5")]


WORDS = st.lists(st.sampled_from(["tea", "rent", 'say "a"', "Zoé", "a-b", "x; y"]), min_size=1)
PROSE = WORDS.map(", ".join)
TEXTS = st.lists(PROSE | st.just(""), min_size=1, max_size=4).map(
    lambda lines: "\n".join(["note", *lines])
)
PLAIN = st.sampled_from(["tea", "rent", "", "24 screens", 'a 5" disk', "Zoé"])
NUMBERS = st.integers(0, 9_999).map(str)
QUOTED_ROWS = st.tuples(NUMBERS, TEXTS, NUMBERS)
PLAIN_ROWS = st.tuples(NUMBERS, PLAIN, NUMBERS)
OPENED_ROWS = st.tuples(NUMBERS, PLAIN.map('"{} inch'.format), NUMBERS)
CLOSED_ROWS = st.tuples(NUMBERS, PLAIN.map('{} inch"'.format), NUMBERS)


def quoted(row: Row) -> str:
    text = row[1].replace('"', '""')
    return f'{row[0]},"{text}",{row[2]}'


Written = tuple[str, Row | None]
ROWS: st.SearchStrategy[Written] = st.one_of(
    QUOTED_ROWS.map(lambda row: (quoted(row), row)),
    PLAIN_ROWS.map(lambda row: (",".join(row), row)),
    CLOSED_ROWS.map(lambda row: (",".join(row), row)),
    OPENED_ROWS.map(lambda row: (",".join(row), None)),
)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=30), st.integers(16, 300))
def test_every_file_is_read_as_it_was_meant(rows: list[Written], block_bytes: int) -> None:
    lines = ["id,name,amount", "0,z,0", *(line for line, _ in rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_text("\n".join([*lines, ""]), newline="")
        frame = load(path, block_bytes=block_bytes)
    found = frame.select([*COLUMNS, "_fault"]).rows()[1:]
    expected = [
        (row[0], row[1] or None, row[2], None) if row else (None, None, None, FAULT)
        for _, row in rows
    ]
    assert found == expected
