"""Payments by both doors, each record followed from its landing to its score.

The records are made here after those of a real bank; where its own files lie beside the checkout,
they are taken through too, and the sums of its monthly report are met.
"""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.assets.installation import Installation, failure_of, today
from tests.kafka.broker import Kafka
from tests.kafka.messages import topic_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "firstcircle"
DAY = "2025-06-01"
FIELDS = "transaction_id,sender_id,receiver_id,amount,currency,timestamp,status"
PERSON = "00000000-0000-0000-0000-00000000000{}"


@dataclass(frozen=True)
class Records:
    """A file of four payments, three messages, and the reference data that comes last."""

    payments: str
    messages: tuple[bytes, ...]
    users: str
    currencies: str


def made() -> Records:
    """Records of our own with the same defects in the same places."""
    a, b, c, d = (PERSON.format(number) for number in "1234")
    lines = [
        f"11111111-aaaa-bbbb-cccc-000000000001,{a},{b},99.95,USD,2025-05-10T08:15:00Z,completed",
        f"11111111-aaaa-bbbb-cccc-000000000002,{c},{d},20000,PHP,2025-05-11T14:30:00Z,failed",
        f"11111111-aaaa-bbbb-cccc-000000000002,{c},{d},20000,PHP,2025-05-11T14:30:00Z,failed",
        f"seventeen,{a},{b},100.00,USD,yesterday,done",
    ]
    messages = [
        f"22222222-aaaa-bbbb-cccc-000000000001,{a},{b},250.00,USD,2025-05-01T12:00:00Z,completed",
        f"22222222-aaaa-bbbb-cccc-000000000002,{b},{a},10000.01,USD,2025-05-02T09:30:00Z,pending",
        f"22222222-aaaa-bbbb-cccc-000000000003,{c},{d},-5.00,USD,tomorrow,oops",
    ]
    names = FIELDS.split(",")
    return Records(
        "\n".join([FIELDS, *lines, ""]),
        tuple(json.dumps(dict(zip(names, m.split(","), strict=True))).encode() for m in messages),
        "id,name\n" + "".join(f"{one},Somebody\n" for one in (a, b, c, d)),
        "code,name,symbol\nUSD,US Dollar,$\nPHP,Philippine Peso,₱\n",
    )


def real() -> Records:
    """The bank's own records; users and currencies as it puts them into its database."""
    if not REAL.exists():
        pytest.skip(f"the real files are not beside the checkout: {REAL}")
    sql = (REAL / "ini.sql").read_text()
    users = re.findall(r"\('([0-9a-f-]{36})',\s*'(\w+)'\)", sql)
    currencies = re.findall(r"\('([A-Z]{3})', '([^']+)', '([^']+)'\)", sql)
    return Records(
        (REAL / "sample_transactions.csv").read_text(),
        tuple((REAL / "sample_kafka_messages.jsonl").read_bytes().splitlines()),
        _csv("id,name", users),
        _csv("code,name,symbol", currencies),
    )


def _csv(header: str, rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([header, *(",".join(row) for row in rows), ""])


WAITS = ["unknown_sender", "unknown_receiver", "unknown_currency"]
BROKEN = {
    ("file", 3): ["transaction_id_invalid", "timestamp_invalid", "status_unknown"],
    ("kafka", 2): ["timestamp_invalid", "status_unknown", "amount_not_positive"],
}
ABOVE = ["amount_above_limit"]
SCORES = {("file", 0): [], ("file", 1): ABOVE, ("kafka", 0): [], ("kafka", 1): ABOVE}
WAITING = dict.fromkeys([*SCORES, ("file", 2)], WAITS)


def by_record(site: Installation, columns: str, table: str) -> dict[tuple[str, int], Any]:
    """Something of each record in a table, by its door and its number there."""
    found = site.rows(
        f"SELECT o.kind, t._position, {columns} FROM {table} t JOIN ledger.slices s "
        "ON s.slice_id = t._slice_id JOIN ledger.objects o ON o.object_id = s.object_id"
    )
    return {(kind, position): value for kind, position, value in found}


def take_in(site: Installation, kafka: Kafka, records: Records) -> None:
    """The payments land by both doors, before anybody has told who pays, and in which money."""
    site.put(f"payments_{DAY}.csv", records.payments)
    assert site.load_days("payments", DAY).success
    kafka.send(topic_of(site, "payments"), records.messages, partition=0)
    assert site.load_days("payments", f"{today()}").success


def publish(site: Installation, records: Records) -> None:
    """The reference data comes, and both days of payments are run once more."""
    site.put(f"users_{DAY}.csv", records.users)
    site.put(f"currencies_{DAY}.csv", records.currencies)
    for dataset in ("users", "currencies"):
        assert site.load_days(dataset, DAY).success
    for day in (DAY, f"{today()}"):
        assert site.load_days("payments", day).success


@pytest.mark.slow
@pytest.mark.parametrize("of", [made, real], ids=["made", "real"])
def test_every_record_is_accounted_for(bank: Installation, kafka: Kafka, of: Any) -> None:
    records: Records = of()
    take_in(bank, kafka, records)
    assert by_record(bank, "t.reasons", "quarantined.payments") == BROKEN | WAITING
    assert by_record(bank, "t.reasons", "scored.payments") == {}
    publish(bank, records)
    assert by_record(bank, "t.reasons", "quarantined.payments") == BROKEN
    assert by_record(bank, "t.reasons", "scored.payments") == SCORES
    flags = {at: bool(reasons) for at, reasons in SCORES.items()}
    assert by_record(bank, "t.is_suspicious", "scored.payments") == flags
    placed = "SELECT sum(landed)::INT, sum(validated)::INT, sum(duplicate)::INT FROM ledger.slices"
    assert bank.rows(f"{placed} WHERE dataset = 'payments'") == [(7, 4, 1)]


@pytest.mark.slow
def test_the_validated_payments_sum_up_to_the_banks_own_report(
    bank: Installation, kafka: Kafka
) -> None:
    records = real()
    take_in(bank, kafka, records)
    sql = (REAL / "ini.sql").read_text().partition("INSERT INTO transactions")[2]
    more = [re.sub(r"['()\s]", "", line) for line in re.findall(r"\('.*'\)", sql)]
    bank.put("payments_2025-05-31.csv", "\n".join([FIELDS, *more, ""]))
    assert bank.load_days("payments", "2025-05-31").success
    publish(bank, records)
    assert bank.load_days("payments", "2025-05-31").success
    sides = " UNION ALL ".join(
        f"SELECT {who} AS user_id, CAST(timestamp AS DATE) AS day, {sent} AS sent, {got} AS got "
        "FROM validated.payments"
        for who, sent, got in (("sender_id", "amount", "0"), ("receiver_id", "0", "amount"))
    )
    found = bank.rows(
        f"SELECT user_id::VARCHAR, day::VARCHAR, sum(sent)::FLOAT, sum(got)::FLOAT FROM ({sides}) "
        "GROUP BY 1, 2"
    )
    with (REAL / "monthly_report_2025-06-01.csv").open() as lines:
        _, *report = csv.reader(lines)
    assert sorted(found) == sorted((u, d, float(sent), float(got)) for u, d, sent, got in report)


def test_a_topic_that_has_lost_something_stops_its_own_dataset_alone(
    bank: Installation, kafka: Kafka
) -> None:
    records, day = made(), f"{today()}"
    for dataset in ("transactions", "payments"):
        kafka.send(topic_of(bank, dataset), records.messages, partition=0)
        assert bank.load_days(dataset, day).success
    kafka.send(topic_of(bank, "transactions"), records.messages, partition=0)
    kafka.send(topic_of(bank, "payments"), records.messages[:1], partition=0)
    kafka.expire(topic_of(bank, "transactions"), 0, before=4)
    assert "accept-gap" in failure_of(bank.load_days("transactions", day))
    assert bank.load_days("payments", day).success
    assert bank.rows("SELECT count(*) FROM raw.payments") == [(4,)]
