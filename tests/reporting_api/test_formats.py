"""What a spreadsheet would run is defused in CSV, and exact for programs."""

import json

import polars as pl
import pytest

from reporting_api.formats import CSV, JSON_LINES, Envelope, write
from txcat_assets.text import FORMULA_STARTS

ENVELOPE = Envelope({}, "records", {})


def written(text: str, media_type: str) -> str:
    with write([pl.DataFrame({"text": [text]})], media_type, ENVELOPE).file as file:
        return file.read().decode()


@pytest.mark.parametrize("sign", FORMULA_STARTS)
def test_a_formula_is_defused_in_csv_alone(sign: str) -> None:
    text = f"{sign}1+1"
    assert f"'{text}" in written(text, CSV)
    assert json.loads(written(text, JSON_LINES)) == {"text": text}


def test_other_texts_are_as_they_are() -> None:
    assert written("Pizza = 14 inch", CSV) == "text\nPizza = 14 inch\n"
