"""For any file whatever: one outcome, whatever the blocks, and the one that the grammar gives.

Named defects, one by one, are in `test_csv_records`.
"""

import csv
import io
import tempfile
from pathlib import Path
from typing import Literal

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.sources.reading import COLUMNS, SCHEMA
from txcat_assets.sources.files.csv_grammar import CsvGrammar, Record
from txcat_assets.sources.files.dialect import Dialect
from txcat_assets.sources.files.records import BLOCK_BYTES, read
from txcat_assets.sources.frames import contract_frame, rows_frame

calm = settings(deadline=None)  # a busy machine is no failure

HEADER = b"id,name,amount\n"
BITS = [
    b"a",
    b",",
    b'"',
    b'""',
    b"\n",
    b"\r\n",
    b"\r",
    b"\xc3\xa9",
    b"\xff",
    b"\0",
    b" ",
    b"a,b,c\n",
]
BITS += [
    b' "a",',
    b'1,"a,2\n',
    b'2,a",3\n',
    b"\r\r\n",
    b'"a,b"',
    b',"x\ny",',
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbd",
    b'1,"a ""b""",2\n',
    b"1,2\n",
]
WILD = st.lists(st.sampled_from(BITS), max_size=60).map(b"".join)
TEXT = st.text(st.sampled_from('ab,;"\n\té \ufeff='), max_size=6)


def loaded(content: bytes, block_bytes: int = BLOCK_BYTES, separator: str = ",") -> pl.DataFrame:
    """The records behind the first line, whatever the file as a whole would be refused for."""
    begin = content.index(b"\n") + 1
    dialect = Dialect("csv", "utf-8", separator, None, tuple(COLUMNS), records_at=begin)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_bytes(content)
        return pl.concat(
            [pl.DataFrame(schema=SCHEMA), *read(path, dialect, COLUMNS, 0, block_bytes)]
        )


def records_of(content: bytes) -> list[Record]:
    found, at = [], 0
    while at < len(content):
        record = CsvGrammar(",", 3).record_at(content, at, is_last=True)
        assert record is not None
        found.append(record)
        at = record.end
    return found


@calm
@given(WILD, st.integers(16, 200))
@example(b'a,"b\n' * 9, 16)
@example(b"a,b\r\r\na,b,c\r\r\n", 16)
@example(b'1,"a,2\n2,b,3\n3,c",4\n' * 9, 16)
def test_the_size_of_the_blocks_does_not_show(body: bytes, block_bytes: int) -> None:
    content = HEADER + body
    whole = loaded(content)
    assert whole.equals(loaded(content, block_bytes))
    assert whole["_position"].to_list() == list(range(whole.height))


@calm
@given(WILD)
@example(b'1,"x",3\n1,\r,3\n')
@example(b'\xef\xbb\xbf1,"x",3\n')
@example(b'1,2\n"\n1,2,3\n\n')
@example(b'1,2,3,,\n1,"2",3,"",\n1,2,3,,4\n1,"2", "3" ,\n')
@example(b'1,"a,2\n2,b,3\n3,c",4\n')
@example(b'"1","a","2"\r\r\n\r\r\n1,"b",2\r\r\n')
def test_whole_blocks_are_read_as_the_grammar_reads_record_by_record(body: bytes) -> None:
    kept = [(r.fields, r.fault, r.raw) for r in records_of(body) if not r.is_blank]
    expected = contract_frame(rows_frame(kept, ["0", "1", "2"]), COLUMNS, COLUMNS)
    assert loaded(HEADER + body).drop("_position").equals(expected)


@calm
@given(WILD, st.sampled_from([";", "\t", "|"]))
def test_every_separator_is_treated_as_the_comma_is(body: bytes, separator: str) -> None:
    other = (HEADER + body).replace(b",", separator.encode())
    swapped = pl.col(COLUMNS).str.replace_all(",", separator, literal=True)
    expected = loaded(HEADER + body).with_columns(swapped).drop("_bytes")
    assert loaded(other, separator=separator).drop("_bytes").equals(expected)


@calm
@given(WILD)
def test_every_byte_of_a_file_is_in_some_record(body: bytes) -> None:
    def without_line_ends(text: bytes) -> bytes:
        return text.translate(None, b"\r\n")

    raws = b"".join(record.raw for record in records_of(body))
    assert without_line_ends(raws) == without_line_ends(body)


def is_clear(row: tuple[str, str, str]) -> bool:
    """Whether no line break has as many commas before and behind it as would make two records."""
    lines = ",".join(row).split("\n")
    commas = [line.count(",") for line in lines]
    return not any(sum(commas[:n]) >= 2 and sum(commas[n:]) >= 2 for n in range(1, len(lines)))


@calm
@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT).filter(is_clear), max_size=12),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(16, 300),
)
def test_what_the_csv_module_writes_is_read_back(
    rows: list[tuple[str, str, str]], quoting: Literal[0, 1], line_end: str, block_bytes: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=line_end)
    writer.writerows([COLUMNS, *rows])
    read_back = list(csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True))[1:]
    frame = loaded(text.getvalue().encode(), block_bytes)
    assert [[value or "" for value in row] for row in frame.select(COLUMNS).rows()] == read_back
    assert frame["_fault"].null_count() == frame.height
