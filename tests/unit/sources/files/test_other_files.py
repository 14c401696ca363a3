"""Files that are none of CSV and JSON Lines, or of which no line can be read: refused in words.

What becomes of single records at fault is in `test_csv_records` and `test_json_records`.
"""

import json

import pytest

from tests.unit.sources.reading import COLUMNS, Write, load
from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.dialect import inspect

RECORDS = [{"id": n, "name": "a", "amount": n / 4} for n in range(3)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)
CAMEL = "".join(json.dumps({"id": n, "Names": "a", "amount": 1}) + "\n" for n in range(3))

JSON = {
    "a list in a line": (json.dumps(RECORDS), r"records in a list.*jq -c '.\[\]'"),
    "a list over lines": (json.dumps(RECORDS, indent=1), "records in a list"),
    "a list, a record a line": (f"[\n{LINES.strip()}\n]".replace("}\n{", "},\n{"), "in a list"),
    "a long list": (json.dumps(RECORDS * 50_000, indent=1), "records in a list"),
    "an envelope": (json.dumps({"ok": True, "data": {"rows": RECORDS}}), r"jq -c '.data.rows\[\]'"),
    "an envelope over lines": (json.dumps({"rows": RECORDS}, indent=2), r"jq -c '.rows\[\]'"),
    "a long envelope": (json.dumps({"rows": RECORDS * 50_000}, indent=1), r"jq -c '.rows\[\]'"),
    "an envelope of an odd name": (json.dumps({"a';rm": RECORDS}), "on a line of its own"),
    "objects over lines": ("".join(json.dumps(r, indent=1) for r in RECORDS), "over several lines"),
    "one long object": (
        json.dumps({"id": 1, "x": ["a"] * 400_000}, indent=1),
        "over several lines",
    ),
    "objects of Python": (LINES.replace('"', "'"), "none of its first 3 lines is a JSON object"),
    "no JSON at all": ("id,name,amount\n1,a,2\n", "CSV under a name such as .csv"),
    "NaN in each": (LINES.replace('"a"', "NaN"), "NaN is a word of JavaScript"),
    "names of another kind": (CAMEL, "lacks 'name'.*'names' may be meant"),
    "other names": ('{"x": 1}\n{"y": 2}\n', "It has 2 names, 0 of the 3"),
    "an object in each": (LINES.replace('"a"', "{}"), "none of its first 3 records can be cut"),
}


@pytest.mark.parametrize(("content", "words"), JSON.values(), ids=JSON)
def test_json_that_is_no_json_lines_is_refused(write: Write, content: str, words: str) -> None:
    with pytest.raises(SourceRefused, match=words):
        inspect(write(content, "t.jsonl"), COLUMNS, COLUMNS)


READ = {
    "a broken line first": "{\n" + LINES,
    "a list first": "[1, 2]\n" + LINES,
    "an object cut short": LINES + '{"id": 3,',
    "a list of objects beside the record": '{"x": [{"y": 1}], ' + LINES.replace("{", "", 1),
    "a missing field": LINES.replace(', "amount": 0.0', "", 1),
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_one_sound_line_is_enough(write: Write, content: str) -> None:
    assert load(write(content, "t.jsonl"))["id"].drop_nulls().len() == 3


def test_objects_without_names_are_records_without_values(write: Write) -> None:
    assert load(write("{}\n{}\n", "t.jsonl"))["id"].to_list() == [None, None]


def test_a_field_that_no_record_has_is_a_fault_of_the_records(write: Write) -> None:
    path = write('{"id": 1, "amount": 2}\n', "t.jsonl")
    assert load(path).select(COLUMNS).rows() == [("1", None, "2")]


@pytest.mark.parametrize("name", ["x.jsonl.2025-01-03.csv", "x.ndjson.csv", "x.jsonl.csv.gz"])
def test_the_last_part_of_a_name_tells(write: Write, name: str) -> None:
    assert inspect(write("id,name,amount\n1,a,2\n", name), COLUMNS, COLUMNS).format == "csv"


@pytest.mark.parametrize("name", ["x.csv.jsonl", "x.NDJSON", "x.jsonl.gz"])
def test_a_name_of_json_lines_is_believed(write: Write, name: str) -> None:
    assert inspect(write(LINES, name), COLUMNS, COLUMNS).format == "jsonl"


OTHER = {
    "HTML": ("<!DOCTYPE html>\n<html><body>Log in</body></html>", "an HTML page"),
    "HTML behind blank lines": ("\ufeff\n\n<html>", "an HTML page"),
    "XML": ('<?xml version="1.0"?>\n<rows><row/></rows>', "found XML"),
    "camt": (
        '<?xml version="1.0"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053">',
        "ISO 20022",
    ),
    "OFX": ("OFXHEADER:100\nDATA:OFXSGML\n\n<OFX>", "OFX"),
    "OFX in XML": ('<?xml version="1.0"?>\n<?OFX OFXHEADER="200"?>\n<OFX>', "OFX"),
    "QIF": ("!Type:Bank\nD01/03/2025\nT-5.00\n^\n", "QIF"),
    "MT940": (":20:START\n:25:DE00\n:60F:C250103EUR1,00\n", "MT940"),
    "MT940 by SWIFT": ("{1:F01BANKDEFF}{2:I940}{4:\n:20:START\n", "MT940"),
    "PGP": ("-----BEGIN PGP MESSAGE-----\n", "encrypted"),
}


@pytest.mark.parametrize(("content", "words"), OTHER.values(), ids=OTHER)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_other_formats_are_named(write: Write, content: str, words: str, name: str) -> None:
    with pytest.raises(SourceRefused, match=words):
        inspect(write(content, name), COLUMNS, COLUMNS)


def test_a_file_of_which_no_record_can_be_cut_is_refused(write: Write) -> None:
    rows = "1,tea,-5,00\n2,rent,-6,00\n"
    with pytest.raises(SourceRefused, match="The header has 3 fields, this line 4"):
        inspect(write(f"id,name,amount\n{rows}"), COLUMNS, COLUMNS)
    assert load(write(f"id,name,amount\n{rows}3,a,1\n"))["_fault"].null_count() == 1
    assert load(write("id,name,amount\n1,tea,-5,00\n"))["_fault"].to_list() == ["ragged_line"]
