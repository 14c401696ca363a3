"""Promise 1 for Kafka: whatever is killed and whenever, each offset lands once, and all of them.

A real process is killed by a real SIGKILL while a producer goes on sending to a real broker.
"""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.depth import examples
from tests.kafka.broker import Kafka
from tests.kafka.worker import bring_up_to_date, contract_of, start
from tests.oracle import answered, places
from tests.warehouse.audit import audit
from tests.warehouse.seen import arrived, everything, seen
from tests.warehouse.tiny import verdict_of
from tests.warehouse.worker import VERSION, model, warehouse_in

ROUNDS = examples(40)
STEPS = 110
"""About as many as an undisturbed worker takes, so that kills fall everywhere."""


@contextmanager
def producing(kafka: Kafka, topic: str) -> Iterator[list[dict[str, object]]]:
    """Somebody sends copies, conflicts and bad records all the while; what was sent."""
    sent: list[dict[str, object]] = []
    enough, dice = Event(), random.Random(1)

    def send() -> None:
        with Kafka(kafka.broker) as own:
            while not enough.wait(0.2):
                some = [_record(dice) for _ in range(dice.randint(1, 20))]
                own.send(topic, some)
                sent.extend(some)

    thread = Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        enough.set()
        thread.join()


def _record(dice: random.Random) -> dict[str, object]:
    side = dice.choice(["debit", "credit"])
    return {"id": dice.randint(1, 4_000), "amount": dice.choice(["2", "3", "4", "x"]), "side": side}


@pytest.mark.slow
@pytest.mark.timeout(1800)  # as many kills as are asked for
def test_after_many_kills_what_landed_is_what_was_produced(kafka: Kafka, tmp_path: Path) -> None:
    topic, killed, dice = kafka.topic(partitions=3), 0, random.Random(2)
    address, contract = kafka.broker.address, contract_of(topic)
    with producing(kafka, topic) as sent:
        for _ in range(ROUNDS):
            worker = start(tmp_path, topic, address, dice.randint(1, STEPS))
            worker.join()
            assert worker.exitcode in (0, -signal.SIGKILL)
            killed += worker.exitcode != 0
    warehouse = warehouse_in(tmp_path)
    while bring_up_to_date(warehouse, topic, address):
        audit(warehouse, contract)
    audit(warehouse, contract)
    assert killed > ROUNDS / 2

    records = arrived(warehouse, contract)
    texts = [tuple(str(value) for value in record.values()) for record in sent]
    assert sorted(record.texts for record in records) == sorted(texts)
    at_rest = places(records, lambda record: verdict_of(VERSION, record))
    assert seen(warehouse, contract) == answered(at_rest, model().answer_to_content)
    before = everything(warehouse)
    assert bring_up_to_date(warehouse, topic, address) == 0
    assert everything(warehouse) == before
