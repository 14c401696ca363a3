"""An export that came back from a spreadsheet or an editor: what is read of it, whatever it is."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import polars as pl
import pytest

from tests.warehouse.tiny import tiny
from txcat_assets.errors import SourceRefused
from txcat_assets.pipeline.places import INVALID
from txcat_assets.stages.corrections import (
    Correction,
    Edited,
    as_frame,
    read_corrections,
    write_for_correction,
)

CONTRACT = tiny(4)


def edited(path: Path) -> Edited:
    return read_corrections(path, CONTRACT)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two bad records, of which the first is corrected."""
    records = [
        {"_slice_id": 1_000_000, "_position": n, "id": str(n), "amount": "x", "side": "é\nü"}
        for n in range(2)
    ]
    same = {"_place": INVALID, "_codes": ["amount_invalid"], "_kind": "file", "_name": "t.csv"}
    none = dict.fromkeys(["_stage", "_words", "_extra", "_bytes", "_partition"])
    path = tmp_path / "export.csv"
    write_for_correction(path, CONTRACT, pl.DataFrame([one | same | none for one in records]))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["_corrected_amount"] = "2"
    save(path, rows, ",")
    return path


def save(path: Path, rows: list[dict[str, str]], separator: str, end: str = "\n") -> None:
    out = StringIO()
    writer = csv.DictWriter(out, rows[0], delimiter=separator, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode())


def as_excel_csv(text: str) -> bytes:
    """In Europe: semicolons, CRLF, a byte order mark."""
    return ("\ufeff" + text.replace(",", ";").replace("\n", "\r\n")).encode()


def as_unicode_text(text: str) -> bytes:
    return text.replace(",", "\t").encode("utf-16")


def with_separator_line(text: str) -> bytes:
    return f"sep=;\r\n{text.replace(',', ';')}".encode()


def with_blank_rows(text: str) -> bytes:
    """As rows are that somebody has emptied."""
    return f"{text}{',' * 10}\n\n{',' * 10}\n".encode()


@pytest.mark.parametrize(
    "save_as",
    [as_excel_csv, as_unicode_text, with_separator_line, with_blank_rows],
)
def test_a_correction_is_read_however_the_file_was_saved(
    export: Path, save_as: Callable[[str], bytes]
) -> None:
    export.write_bytes(save_as(export.read_text(encoding="utf-8")))
    found = edited(export)
    address = Correction(2, f"tiny/1000000/0/{found.corrections['_came_as'][0]}", {"amount": "2"})
    assert found.corrections.equals(as_frame(CONTRACT, [address]))
    assert (found.problems, found.untouched) == ([], 1)


def test_a_correction_in_a_column_that_is_none_is_refused_and_not_lost(export: Path) -> None:
    text = export.read_text(encoding="utf-8")
    export.write_text(text.replace("_corrected_amount", "_corrected_amuont"), encoding="utf-8")
    with pytest.raises(SourceRefused, match=r"_corrected_amuont\. Expected .*_corrected_amount"):
        edited(export)


def test_without_any_place_for_corrections_there_are_none(export: Path) -> None:
    text = export.read_text(encoding="utf-8")
    export.write_text(text.replace("_corrected_", "was_"), encoding="utf-8")
    found = edited(export)
    assert (len(found.corrections), found.untouched) == (0, 2)
