"""An operator's commands: what they find, what becomes of it, and what they leave alone."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.seen import everything, seen
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, tiny, work_on
from txcat_assets.errors import FileNotWritten, SourceRefused
from txcat_assets.pipeline.places import REPLACED
from txcat_assets.stages.corrections import read_corrections, write_for_correction
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.operate import Decided, discard, reopen, replay, settle
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.quarantine import (
    Wanted,
    find_records,
    read_records,
    summarized,
)
from txcat_assets.warehouse.schema.tables import prepare

ANN = Decision("replaced", "ann", "corrected")
CLOSE = Decision("discarded", "ann", "a test of the bank")
OPEN = Decision("reopened", "bob", "it was none")
AGAIN = Decision("replayed", "ann", "once more")

LINES = ("1,2,debit", "2,x,debit", "3,", "1,3,debit", '"=4",2,"a\nb"', "5,0,debit")
"""A good one, one with no amount, a ragged one, a conflict, two lines, a forbidden amount."""


@pytest.fixture
def work(warehouse: Warehouse, tmp_path: Path) -> Work:
    prepare(warehouse, tiny(4))
    work = work_on(warehouse, tiny(4))
    land_lines(work, tmp_path, str(DAYS[0]), *LINES)
    assert validate(work).problems == []
    return work


@pytest.fixture
def export(work: Work, tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    write(work, path)
    return path


def write(work: Work, path: Path) -> None:
    with work.warehouse.transaction() as tx:
        found = find_records(tx, work.contract, Wanted())
        write_for_correction(path, work.contract, read_records(tx, work.contract, found))


def edit(path: Path, *corrections: tuple[int, str, str]) -> None:
    """Write corrections into rows, by the position of the old record."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for position, column, text in corrections:
        for row in rows:
            if f"/{position}/" in row["_address"]:
                row[f"_corrected_{column}"] = text
    save(path, rows)


def save(path: Path, rows: list[dict[str, Any]], delimiter: str = ",", end: str = "\n") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter, lineterminator=end)
        out.writeheader()
        out.writerows(rows)


def take(work: Work, path: Path, *, is_dry: bool = False) -> Decided:
    outcome = fix(Fixing(work, path.name, ANN, is_dry), read_corrections(path, work.contract))
    audit(work.warehouse, work.contract)
    return outcome


def test_quarantined_records_are_told_by_reason(work: Work) -> None:
    with work.warehouse.transaction() as tx:
        found = summarized(tx, work.contract, Wanted())
    codes = "amount_invalid conflict forbidden id_invalid ragged_line side_unknown"
    assert sorted(one.code for one in found) == codes.split()
    assert {(one.records, round(one.share, 3)) for one in found} == {(1, 0.167)}


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [
        (Wanted(reasons=["conflict"]), [3]),
        (Wanted(reasons=["amount_invalid", "conflict"]), [1, 3]),
        (Wanted(key="2"), [1]),
        (Wanted(key="00000000-0000-0000-0000-000000000001"), [3]),
        (Wanted(days=[DAYS[1]]), []),
        (Wanted(file=f"tiny_{DAYS[0]}.csv", limit=2), [1, 2]),
        (Wanted(file="other.csv"), []),
        (Wanted(topic="tiny"), []),
        (Wanted(positions=[(1_000_000, 1), (1_000_000, 0)]), [1]),
    ],
    ids=str,
)
def test_records_are_found_by_each_filter(work: Work, wanted: Wanted, positions: list[int]) -> None:
    with work.warehouse.transaction() as tx:
        found = find_records(tx, work.contract, wanted)
    assert found["_position"].to_list() == positions


def test_corrected_records_take_the_place_of_the_old_ones(work: Work, export: Path) -> None:
    edit(export, (1, "amount", "2"), (2, "id", "7"), (2, "amount", "1"), (2, "side", "credit"))
    outcome = take(work, export)
    assert (outcome.decided, outcome.became, outcome.left_alone) == (2, {"validated": 2}, [])
    found = seen(work.warehouse, work.contract)
    assert {at[1] for at in found.closed if found.closed[at] == "replaced"} == {1, 2}
    assert sorted(content[1:] for content in found.validated.values()) == [
        ("1.00", "credit"),
        ("2.00", "debit"),
        ("2.00", "debit"),
    ]


def test_the_same_file_again_is_harmless_and_says_so(work: Work, export: Path) -> None:
    edit(export, (1, "amount", "2"))
    take(work, export)
    before = everything(work.warehouse)
    outcome = take(work, export)
    assert outcome.decided == 0
    assert "taken before" in outcome.left_alone[0]
    assert everything(work.warehouse) == before


def test_a_dry_run_tells_what_would_become_and_changes_nothing(work: Work, export: Path) -> None:
    edit(export, (1, "amount", "2"), (3, "id", "9"))
    before = everything(work.warehouse)
    assert take(work, export, is_dry=True).became == {"validated": 2}
    assert everything(work.warehouse) == before
    assert take(work, export).became == {"validated": 2}


def test_what_is_bad_again_is_told_and_bears_the_case(work: Work, export: Path) -> None:
    edit(export, (1, "amount", "y"), (5, "id", "1"), (5, "amount", "1"), (2, "id", "8"))
    outcome = take(work, export)
    assert outcome.became == {"quarantined": 3}
    assert any("is bad: amount_invalid" in words for words in outcome.notes)
    assert any("collides with another record" in words for words in outcome.notes)


def spoil_as_a_spreadsheet(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Long ids and dates are changed, rows sorted, columns moved, and one of the originals gone."""
    kept = [name for name in reversed(list(rows[0])) if name != "side"]
    return [
        {name: ("1E+06" if name in ("id", "amount") else row[name]) for name in kept}
        for row in reversed(rows)
    ]


@pytest.mark.parametrize(("delimiter", "end"), [(",", "\n"), (";", "\r\n"), ("\t", "\r\n")])
@pytest.mark.parametrize("spoil", [list, spoil_as_a_spreadsheet])
def test_what_a_spreadsheet_does_to_the_file_does_no_harm(
    work: Work,
    export: Path,
    delimiter: str,
    end: str,
    spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> None:
    edit(export, (1, "amount", "2"))
    with export.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    save(export, spoil(rows), delimiter, end)
    outcome = take(work, export)
    assert (outcome.became, outcome.left_alone) == ({"validated": 1}, [])


def test_json_lines_go_the_same_way(work: Work, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    write(work, path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["correction"] = {"amount": 2, "side": "credit"}
    path.write_text("\n".join(json.dumps(line) for line in lines))
    assert take(work, path).became == {"validated": 1}


def test_a_file_of_another_dataset_or_warehouse_or_none_at_all_is_told_line_by_line(
    work: Work, export: Path, tmp_path: Path
) -> None:
    edit(export, (1, "amount", "2"), (2, "amount", "2"), (3, "amount", "2"))
    text = export.read_text()
    spoiled = text.replace("tiny/1000000/1/", "payments/1000000/1/").replace(
        "tiny/1000000/2/", "tiny/9000000/2/"
    )
    export.write_text(spoiled.replace("tiny/1000000/3/", "1E+07"))
    before = everything(work.warehouse)
    outcome = take(work, export)
    assert outcome.decided == 0
    first, second, third = outcome.left_alone
    assert "its _address is none" in first
    assert "it is of payments, not of tiny" in second
    assert "this warehouse has another record" in third
    assert everything(work.warehouse) == before
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceRefused, match="_address"):
        take(work, tmp_path / "no.csv")


def test_of_two_operators_the_second_is_told_who_was_first(work: Work, export: Path) -> None:
    edit(export, (1, "amount", "2"), (3, "id", "9"))
    discard(work, Wanted(positions=[(1_000_000, 1)]), CLOSE)
    outcome = take(work, export)
    assert outcome.decided == 1
    assert "ann has discarded it already" in outcome.left_alone[0]


def test_a_record_that_has_moved_meanwhile_is_left_alone(work: Work, export: Path) -> None:
    """The winner is discarded, so the conflict is validated by now."""
    edit(export, (3, "id", "9"))
    discard(work, Wanted(positions=[(1_000_000, 0)], places=[1]), CLOSE)
    outcome = take(work, export)
    assert outcome.decided == 0
    assert "it is validated now" in outcome.left_alone[0]


def test_an_export_overwrites_nothing_and_leaves_nothing_half(work: Work, export: Path) -> None:
    with pytest.raises(FileNotWritten, match="may hold corrections"):
        write(work, export)
    with pytest.raises(FileNotWritten, match="No such file"):
        write(work, export.parent / "nowhere" / "export.csv")


@pytest.mark.usefixtures("work")
def test_formulas_are_defused_in_the_file(export: Path) -> None:
    with export.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=4" in cells
    assert "a\nb" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@"))]


def test_discarded_and_reopened_all_is_as_before(work: Work) -> None:
    before = seen(work.warehouse, work.contract)
    outcome = discard(work, Wanted(reasons=["conflict", "forbidden"]), CLOSE)
    assert (outcome.decided, outcome.became) == (2, {"discarded": 2})
    reopened = reopen(work, Wanted(), OPEN)
    assert (reopened.decided, reopened.became) == (2, {"quarantined": 2})
    assert seen(work.warehouse, work.contract) == before


def test_what_was_replaced_opens_only_once_its_correction_is_closed(
    work: Work, export: Path
) -> None:
    edit(export, (1, "amount", "2"))
    take(work, export)
    assert "Discard that one first" in reopen(work, Wanted(), OPEN).left_alone[0]
    discard(work, Wanted(positions=[(2_000_000, 0)], places=[1]), CLOSE)
    assert reopen(work, Wanted(places=[REPLACED], positions=[(1_000_000, 1)]), OPEN).decided == 1
    audit(work.warehouse, work.contract)


def test_of_the_versions_of_a_conflict_the_chosen_one_stands(work: Work) -> None:
    outcome = settle(work, (1_000_000, 3), CLOSE)
    assert outcome.became == {"validated": 1}
    audit(work.warehouse, work.contract)
    found = seen(work.warehouse, work.contract)
    assert found.closed == {(1_000_000, 0): "discarded"}
    assert "contends for no key" in settle(work, (1_000_000, 1), CLOSE).left_alone[0]


def test_replay_judges_by_the_contract_in_force_and_keeps_who_asked(work: Work) -> None:
    """Version 5 allows the amount 0, which version 4 forbids."""
    prepare(work.warehouse, tiny(5))
    newer = replace(work, contract=tiny(5))
    outcome = replay(newer, Wanted(reasons=["forbidden"]), AGAIN)
    assert outcome.became == {"validated": 1}
    with work.warehouse.transaction() as tx:
        assert tx.rows("SELECT action, who, in_force FROM ledger.decisions") == [
            ("replayed", "ann", None)
        ]


def test_what_a_service_refused_is_asked_again(work: Work) -> None:
    """The picky model takes no 3; version 4 has one in conflict, which is settled first."""
    settle(work, (1_000_000, 3), CLOSE)
    enrich(work, CATEGORIZED, FakeModel("m1", is_picky=True))
    assert seen(work.warehouse, work.contract).refused == {(1_000_000, 3)}
    assert replay(work, Wanted(reasons=["refused"]), AGAIN).decided == 1
    audit(work.warehouse, work.contract)
    model = FakeModel("m1")
    enrich(work, CATEGORIZED, model)
    assert len(model.asked) == 1
    assert seen(work.warehouse, work.contract).refused == set()
