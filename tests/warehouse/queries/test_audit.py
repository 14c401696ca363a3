"""The audit finds whatever was changed behind txcat's back, on both databases, and nothing else."""

from pathlib import Path

import psycopg

from tests.fakes import FakeModel
from tests.warehouse.pair import sales, shops
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, work_on
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.operate import discard
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.audit import audit, contradictions
from txcat_assets.warehouse.queries.quarantine import Wanted
from txcat_assets.warehouse.schema.tables import prepare

DAY = str(DAYS[0])
NO_DIGEST = "00000000-0000-0000-0000-000000000000"
NOTED = f"'sales', 'categorized', 1, 1, '{NO_DIGEST}', 'm1', 'no'"

SPOILED = {
    "sales: ranges and gaps of an object": 'UPDATE ledger.slices SET "start" = "start" + 1',
    "sales: the ranges of an object end": "UPDATE ledger.objects SET next = next + 1",
    "sales: a file's slice has the number": 'UPDATE ledger.slices SET "end" = "end" + 1',
    "sales: each position is in raw once": "INSERT INTO raw.sales SELECT * FROM raw.sales",
    "sales: each position is in judged once": "INSERT INTO judged.sales SELECT * FROM judged.sales "
    "WHERE _place = 4",
    "sales: each record in raw has a slice": "UPDATE raw.sales SET _slice_id = 7",
    "sales: each record in judged has a slice": "UPDATE judged.sales SET _slice_id = 7",
    "sales: each position is in the range": "UPDATE raw.sales SET _position = 99",
    "sales: what is judged has landed": "DELETE FROM raw.sales",
    "sales: the counts of slice": "DELETE FROM raw.sales",
    "sales: what is closed was decided": "DELETE FROM ledger.decisions",
    "sales: one record holds a key": "UPDATE judged.sales SET _place = 1",
    "sales: whoever is a duplicate": "UPDATE judged.sales SET _place = 4 WHERE _place = 1",
    "sales: each key in categorized.sales": "UPDATE judged.sales SET _place = 4 WHERE _place = 1",
    "sales: what side names is there": "UPDATE judged.sales SET side = 'Q'",
    "sales: whoever waits says for what": "UPDATE judged.sales SET _codes = NULL",
    "sales: there is one row of a key in": "INSERT INTO categorized.sales "
    "SELECT * FROM categorized.sales",
    "sales: pending and refused of": "DELETE FROM categorized.sales",
    "sales: a refusal is noted once": f"INSERT INTO ledger.refusals VALUES ({NOTED}), ({NOTED})",
    "shops: what is superseded": "UPDATE ledger.slices SET validated = validated, superseded = 1",
    "shops: versions do not conflict": "UPDATE judged.shops SET _place = 3",
}
"""By how it is told, what somebody has done."""

REFUSED_BY_POSTGRESQL = {
    "sales: one record holds a key",
    "sales: there is one row of a key in",
}


def fill(warehouse: Warehouse, folder: Path) -> None:
    """Records in every place: answered, duplicate, discarded, invalid and waiting ones."""
    prepare(warehouse, sales(1))
    land_lines(work_on(warehouse, shops(1)), folder, DAY, "A,8", "B,9")
    work = work_on(warehouse, sales(1))
    records = ["1,5,A,", "1,5,A,", "1,6,A,", "2,1,A,", "3,5,Z,", "4,7,B,A"]
    land_lines(work, folder, DAY, *records)
    for one in (work_on(warehouse, shops(1)), work):
        assert validate(one).problems == []
    assert enrich(work, CATEGORIZED, FakeModel("m1")).problems == []
    conflicts, decision = Wanted(reasons=["conflict"]), Decision("discarded", "ann", "a test")
    assert discard(work, conflicts, decision).decided == 1


class _Undone(Exception):
    """Takes back what was spoiled."""


def test_the_audit_finds_what_was_spoiled(warehouse: Warehouse, tmp_path: Path) -> None:
    contracts = [sales(1), shops(1)]
    fill(warehouse, tmp_path)
    assert [audit(warehouse, contract) for contract in contracts] == [[], []]
    for words, change in SPOILED.items():
        found: list[str] = []
        try:
            with warehouse.transaction() as tx:
                tx.run(change)
                found = [told for contract in contracts for told in contradictions(tx, contract)]
                raise _Undone
        except _Undone:
            assert [told for told in found if told.startswith(words)], (change, found)
        except psycopg.errors.UniqueViolation:
            assert warehouse.kind == "postgres"
            assert words in REFUSED_BY_POSTGRESQL
    assert [audit(warehouse, contract) for contract in contracts] == [[], []]
