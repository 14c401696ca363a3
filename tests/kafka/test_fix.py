"""A poison message is corrected as a ragged line is, and its offset is never landed again."""

import csv
from pathlib import Path

import pytest

from tests.kafka.broker import Kafka
from tests.kafka.followed import Followed
from tests.warehouse.audit import audit
from tests.warehouse.seen import seen
from txcat_assets.stages.corrections import read_corrections, write_for_correction
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.quarantine import Wanted, find_records, read_records

POISON = b'{"id": "9", "amount": oops'


@pytest.fixture
def topic(kafka: Kafka, warehouse: Warehouse) -> Followed:
    """A good message, a poison one and one without a value have landed and are judged."""
    topic = Followed(kafka, warehouse)
    good = {"id": 1, "amount": "2", "side": "debit"}
    kafka.send(topic.topic, [good, POISON, None], 0, key=b"k")
    topic.land()
    assert validate(topic.work).problems == []
    return topic


def test_a_poison_message_is_exported_corrected_and_lands_once(
    topic: Followed, tmp_path: Path
) -> None:
    work, path = topic.work, tmp_path / "export.csv"
    with work.warehouse.transaction() as tx:
        found = find_records(tx, work.contract, Wanted(topic=topic.topic, reasons=["broken_json"]))
        write_for_correction(path, work.contract, read_records(tx, work.contract, found))
    correct(path, id="9", amount="3", side="credit")
    outcome = fix(
        Fixing(work, "export.csv", Decision("replaced", "ann", "read by eye")),
        read_corrections(path, work.contract),
    )
    assert (outcome.became, outcome.left_alone) == ({"validated": 1}, [])
    assert not topic.land().slices
    assert validate(work).problems == []
    audit(work.warehouse, work.contract)
    after = seen(work.warehouse, work.contract)
    assert sorted(content[1:] for content in after.validated.values()) == [
        ("2.00", "debit"),
        ("3.00", "credit"),
    ]
    assert [(at[1], place) for at, place in after.closed.items()] == [(1, "replaced")]
    assert list(after.quarantined) == [(found["_slice_id"][0], 2)]


def correct(path: Path, **texts: str) -> None:
    """Write the whole record into the places for corrections, by what `_record` shows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["_record"] == '{"id": "9", "amount": oops'
    assert row["_from"].endswith(":0:1")
    row |= {f"_corrected_{name}": text for name, text in texts.items()}
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, row)
        out.writeheader()
        out.writerow(row)
