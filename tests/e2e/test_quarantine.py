"""An operator's commands as they are typed: what they print, their JSON, and their exit codes."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import CommandLine
from tests.warehouse.tiny import DAYS, land_lines, work_on
from txcat_assets.contracts.currencies import CONTRACT
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.schema.tables import prepare

OF = ("--dataset", "currencies")


@pytest.fixture
def site(bare_terminal: CommandLine) -> CommandLine:
    """Two records of which one is bad have landed."""
    bare_terminal.set(TXCAT_OPERATOR="ann")
    prepare(bare_terminal.warehouse, CONTRACT)
    work = work_on(bare_terminal.warehouse, CONTRACT)
    land_lines(work, bare_terminal.folder, str(DAYS[0]), "EUR,Euro,€", "YYY,=cmd,$")
    assert validate(work).problems == []
    return bare_terminal


def answer(site: CommandLine, *arguments: object, code: int = 0) -> Any:
    said = site.txcat("quarantine", *arguments, *OF, "--json")
    assert (said.code, said.err) == (code, "")
    return json.loads(said.out)


def test_a_bad_record_is_listed_shown_exported_corrected_and_gone(site: CommandLine) -> None:
    (listed,) = answer(site, "list")
    assert (listed["code"], listed["records"], listed["share"]) == ("code_unknown", 1, 0.5)
    export = site.folder / "export.csv"
    assert answer(site, "export", export)["records"] == 1
    correct(export, "code", "USD")
    assert answer(site, "fix", export, "--dry-run")["became"] == {"validated": 1}
    fixed = site.txcat("quarantine", "fix", export, *OF)
    assert (fixed.code, fixed.err) == (0, "")
    assert "1 are now validated" in fixed.out
    assert site.rows("SELECT name FROM validated.currencies WHERE code = 'USD'") == [("=cmd",)]
    assert answer(site, "list") == []
    (old,) = answer(site, "show", "--position", listed["sample_position"])
    assert (old["place"], old["decisions"][0]["who"]) == ("replaced", "ann")
    assert "currencies_" in old["from"]  # which the column `name` has not taken over
    again = site.txcat("quarantine", "fix", export, *OF)
    assert again.code == 1
    assert "taken before" in again.err


def correct(path: Path, column: str, text: str) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row | {f"_corrected_{column}": text} for row in csv.DictReader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)


def test_what_is_discarded_can_be_reopened_and_status_counts_it(site: CommandLine) -> None:
    why = ("--why", "a test of the bank", "--who", "bob")
    gone = answer(site, "discard", "--reason", "code_unknown", *why)
    assert gone["became"] == {"discarded": 1}
    counts = json.loads(site.txcat("status", "--json").out)["datasets"]["currencies"]["records"]
    assert (counts["discarded"], counts["quarantined"]) == (1, 0)
    assert answer(site, "reopen", "--day", DAYS[0])["became"] == {"quarantined": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("discard", "--why", "x"), "Say which records"),
        (("discard", "--why", " ", "--day", "2025-01-01"), "discard needs"),
        (("show", "--position", "x"), "is no position"),
        (("list", "--dataset", "none"), "no dataset"),
        (("settle",), "Say which conflict"),
    ],
)
def test_wrong_use_is_said(site: CommandLine, arguments: tuple[str, ...], words: str) -> None:
    said = site.txcat("quarantine", *arguments)
    assert said.code == 2
    assert words in said.err


def test_a_record_of_any_kind_is_shown_with_what_the_eye_cannot_see(site: CommandLine) -> None:
    said = site.txcat("quarantine", "show", *OF)
    assert said.code == 0
    assert "code_unknown" in said.out
    assert "1 records shown" in said.out


def test_the_life_of_a_record_is_told_by_key_line_and_position(site: CommandLine) -> None:
    line = f"{site.folder}/currencies_{DAYS[0]}.csv:3"
    by = [("YYY",), ("--line", line), ("--position", "1000000:1")]
    told = [json.loads(site.txcat("explain", *one, *OF, "--json").out) for one in by]
    assert told[0] == told[1] == told[2]
    ((life,),) = told[:1]
    assert (life["line"], life["place"]) == (3, "quarantined")
    said = site.txcat("explain", "YYY", *OF)
    assert "1000000:1: quarantined now" in said.out
    assert "code_unknown" in said.out
    assert site.txcat("explain", "nothing", *OF).code == 1
    assert site.txcat("explain", *OF).code == 2
    assert "no number" in site.txcat("explain", "--offset", "a:b:c", *OF).err
