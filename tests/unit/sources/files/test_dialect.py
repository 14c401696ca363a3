"""What is found out from a file's head, and what is refused there, with which words.

What becomes of the records behind it is in `test_csv_records` and `test_json_records`.
"""

import codecs
from encodings.aliases import aliases
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sources.reading import COLUMNS, Write, load
from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.dialect import Dialect, inspect
from txcat_assets.sources.files.first_bytes import encoding_of
from txcat_assets.sources.files.records import read
from txcat_assets.sources.files.streams import as_they_came, normal_name, pieces_of

TEXT = "id,name,amount\n1,Zoé,2\n2,Ann,3\n"


@pytest.mark.parametrize(
    "separator", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"]
)
def test_the_separator_is_the_one_that_finds_the_columns(write: Write, separator: str) -> None:
    path = write(TEXT.replace(",", separator))
    dialect = inspect(path, COLUMNS, COLUMNS)
    assert dialect.separator == separator
    assert dialect.decimal_comma is (separator != ",")
    assert load(path)["name"].to_list() == ["Zoé", "Ann"]


def test_commas_in_a_quoted_header_do_not_mislead(write: Write) -> None:
    path = write('id;"a,b,c,d,e";name;amount\n1;x;y;2,5\n')
    assert load(path).select("amount", "_extra").rows() == [("2,5", '{"a,b,c,d,e":"x"}')]


ENCODINGS = {
    "UTF-8 with a mark": ("utf-8-sig", "utf-8"),
    "UTF-16 with a mark": ("utf-16", "utf-16-le"),
    "UTF-16 LE without a mark": ("utf-16-le", "utf-16-le"),
    "UTF-16 BE without a mark": ("utf-16-be", "utf-16-be"),
    "UTF-32 with a mark": ("utf-32", "utf-32-le"),
    "UTF-32 LE without a mark": ("utf-32-le", "utf-32-le"),
    "UTF-32 BE without a mark": ("utf-32-be", "utf-32-be"),
}


@pytest.mark.parametrize(("written", "found"), ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("block_bytes", [16, 64, 16_777_216])
def test_unicode_shows_itself(write: Write, written: str, found: str, block_bytes: int) -> None:
    path = write((TEXT * 9).replace("Zoé", '"Zo\n😀é"').encode(written))
    assert inspect(path, COLUMNS, COLUMNS).encoding == found
    assert load(path, block_bytes=block_bytes)["name"][0] == "Zo\n😀é"


@pytest.mark.parametrize("name", ["latin-1", "cp1252", "ISO8859-15", "cp500", "gb18030", "utf-32"])
def test_any_other_encoding_is_read_when_named(write: Write, name: str) -> None:
    path = write((TEXT * 9).encode(name))
    assert load(path, encoding=name, block_bytes=64)["name"].to_list()[:2] == ["Zoé", "Ann"]


@pytest.mark.parametrize("told", ["utf-16", "UTF_16", "utf-32"])
@pytest.mark.parametrize("order", ["-le", "-be"])
def test_a_wide_encoding_may_be_named_without_its_order(
    write: Write, told: str, order: str
) -> None:
    name = told.lower().replace("_", "-") + order
    path = write(TEXT.encode(name))
    assert inspect(path, COLUMNS, COLUMNS, told).encoding == name
    assert load(path, encoding=told)["name"].to_list() == ["Zoé", "Ann"]


DAMAGE = {
    "a character beyond all in UTF-32": ("utf-32-le", b"\xff\xff\xff\x7f"),
    "half a pair in UTF-32": ("utf-32-be", b"\x00\x00\xd8\x00"),
    "half a pair in UTF-16": ("utf-16-le", b"\x00\xd8"),
    "a byte that cp1252 lacks": ("cp1252", b"\x81"),
    "a byte that is none in UTF-7": ("utf-7", b"\xff"),
    "half a character in gb18030": ("gb18030", b"\x81"),
    "half a character in Shift JIS": ("shift_jis", b"\x81"),
}


@pytest.mark.parametrize(("name", "broken"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_a_fault_of_its_record_which_keeps_its_bytes(
    write: Write, name: str, broken: bytes
) -> None:
    middle = "2,a".encode(name) + broken + ",3".encode(name)
    content = (TEXT.replace("é", "e") * 2).encode(name) + middle + "\n3,b,4\n".encode(name)
    frame = load(write(content), encoding=name)
    assert frame["_fault"].to_list()[-2:] == ["bad_encoding", None]
    assert frame["_bytes"].to_list()[-2:] == [middle, None]
    assert frame["name"].to_list()[-1] == "b"


@pytest.mark.parametrize("name", sorted(set(aliases.values())))
@given(content=st.binary(max_size=60))
@settings(max_examples=20, deadline=None)
def test_no_bytes_whatever_stop_a_reader(name: str, content: bytes) -> None:
    if normal_name(name) is None:
        return
    encoding = encoding_of("t.csv", content, name)
    text = b"".join(pieces_of([content[:7], content[7:]], encoding))
    assert as_they_came(text, encoding) is not None


def test_mostly_damaged_text_is_refused_by_the_name_of_its_encoding(write: Write) -> None:
    content = codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le")
    content += b"".join("1,".encode("utf-32-le") + b"\xff" * 4 + b"\n\0\0\0" for _ in range(5))
    with pytest.raises(SourceRefused, match=r"seems to be utf-32-le, but 5 of its first 7 records"):
        load(write(content))


def test_a_file_mostly_not_utf8_is_refused_with_the_way_out(write: Write) -> None:
    with pytest.raises(SourceRefused, match="--encoding cp1252"):
        load(write("id,name,amount\n1,Zoé,2\n".encode("latin-1")))
    with pytest.raises(SourceRefused, match="2 of its first 3 records are not UTF-8"):
        load(write("id,name,amount\n1,é,2\n1,é,2\n1,e,2\n".encode("latin-1")))
    with pytest.raises(SourceRefused, match="first line is not UTF-8"):
        load(write("idé,name,amount\n1,a,2\n".encode("latin-1")))


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", "idna", "a\0b", ""])
def test_an_unknown_encoding_is_refused(write: Write, name: str) -> None:
    with pytest.raises(SourceRefused, match="no text encoding named"):
        load(write(TEXT), encoding=name)


@pytest.mark.parametrize(
    ("content", "name", "own"),
    [
        (b"1,\x81,2", "cp1252", b"1,\x81,2"),
        ("1,".encode("utf-16-le") + b"\x00\xd8" + ",2".encode("utf-16-le"), "utf-16-le", None),
    ],
    ids=["a byte that cp1252 lacks", "half a pair in UTF-16"],
)
def test_what_the_encoding_does_not_know_is_set_aside_with_the_files_own_bytes(
    write: Write, content: bytes, name: str, own: bytes | None
) -> None:
    head, tail = ("id,name,amount\n1,é,2\n".encode(name), "\n3,b,4\n".encode(name))
    frame = load(write(head + content + tail), encoding=name)
    assert frame["_fault"].to_list() == [None, "bad_encoding", None]
    assert frame["_bytes"][1] == (own or content)


def test_half_a_character_at_the_end_is_a_fault_of_the_last_record(write: Write) -> None:
    frame = load(write((TEXT + "3,b,4").encode("utf-16") + b"\x31"))
    assert frame["_fault"].to_list() == [None, None, "bad_encoding"]


HEADERS = {
    "in upper case": "ID,NAME,AMOUNT",
    "with blanks around": " id , name,amount ",
    "in quotes": '"id","name","amount"',
    "in another order": "amount,name,id",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_header_names_are_matched_kindly(write: Write, header: str) -> None:
    assert set(inspect(write(header + "\n"), COLUMNS, COLUMNS).header) == set(COLUMNS)


def test_blanks_and_hyphens_in_names_stand_for_underscores(write: Write) -> None:
    path = write("Operation Type,booked-at,,\n")
    assert inspect(path, ["operation_type"], []).header == (
        "operation_type",
        "booked_at",
        "column_3",
        "column_4",
    )


def test_an_optional_column_may_be_absent(write: Write) -> None:
    path = write("id,amount\n1,2\n")
    (frame,) = read(path, inspect(path, COLUMNS, ["id", "amount"]), COLUMNS)
    assert frame.select(COLUMNS).rows() == [("1", None, "2")]


REFUSED = {
    "a missing column": (
        b"id,amount\n1,2\n",
        r"lacks 'name'. It has 2 names, 2 of the 3 that are expected: 'id', 'name'",
    ),
    "a renamed column": (b"id,nmae,amount\n", "'nmae' may be meant for 'name'"),
    "no header": (b"1,Ann,2\n2,Bob,3\n", "It has 3 names, 0 of the 3"),
    "another separator": (b"id:name:amount\n", "It has 1 names, 0 of the 3"),
    "a column twice": (b"id,name,amount,Name\n", "names 'name' more than once"),
    "a million columns": (b"c," * 1_000_000 + b"c\n1\n", "first line is longer"),
    "two thousand columns": (b"c," * 2_000 + b"c\n1\n", "more than 1,000 columns"),
    "nothing": (b"", "it is empty"),
    "blank lines only": (b"\r\n\n\n", "it is empty"),
    "a byte order mark only": (b"\xef\xbb\xbf", "it is empty"),
    "binary data": (bytes(range(256)) * 20, "binary data"),
    "an Excel workbook": (b"PK\x03\x04" + bytes(99), "an Excel workbook. Unzip it, or save"),
    "a Parquet file": (b"PAR1" + bytes(99), "a Parquet file"),
    "lone carriage returns": (b"id,name,amount\r1,a,2\r", "lone carriage return"),
    "a JSON list": (b'[{"id": 1}]', "records in a list.*jq"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_file_and_reason(
    write: Write, content: bytes, words: str
) -> None:
    path = write(content)
    with pytest.raises(SourceRefused, match=words) as refused:
        inspect(path, COLUMNS, COLUMNS)
    assert str(path) in str(refused.value)


def test_a_dialect_survives_being_written_down() -> None:
    dialect = Dialect("csv", "utf-8", "\t", "zstd", ("id", "é"))
    assert Dialect.from_json(dialect.to_json()) == dialect


def test_the_real_french_file_is_read_whole() -> None:
    path = Path(__file__).parents[5] / "shared/data/categorisation/transactions_fr.csv"
    if not path.exists():
        pytest.skip("the shared data is not beside this checkout")
    dialect = inspect(path, COLUMNS, ["id", "amount", "side"])
    assert dialect.decimal_comma
    assert sum(frame.height for frame in read(path, dialect, ["id"])) == 10_000


@pytest.mark.parametrize("secret", ["hunter2 is the password", "k3y,k3y", "admin:$6$Zx;1;1"])
def test_a_wrong_header_is_never_quoted(write: Write, secret: str) -> None:
    with pytest.raises(SourceRefused) as refused:
        inspect(write(f"{secret}\n1\n"), COLUMNS, COLUMNS)
    for word in ("hunter2", "k3y", "admin", "Zx"):
        assert word not in str(refused.value)
