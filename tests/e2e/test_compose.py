"""docker-compose.yml as it was run: by `make stack`, each service a plain process of this machine.

Its commands, variables, secrets and health checks are those of the file; see `tools.compose`.
"""

import signal

import psycopg
import pytest

from tests.assets.records import line, sound
from tests.e2e.stack import Stack, Start, answers, assert_all_gone
from tests.kafka.broker import Kafka, until
from tests.kafka.messages import as_objects
from tools.kafka_broker import Broker


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_the_compose_file_says_takes_files_and_messages_to_postgres(start: Start) -> None:
    stack = start()
    stack.until_said("Dagster's UI:")
    assert answers(f"http://127.0.0.1:{stack.port('webserver')}/server_info")
    (stack.place.inbox / "transactions_2025-01-03.csv").write_text(sound(1, 2))
    with Kafka(Broker(stack.place.folder, stack.port("kafka"))) as kafka:
        kafka.send("transactions", as_objects([line(3), line(4)]))
    until(lambda: categorized(stack) == {("file", 2), ("kafka", 2)}, 180)
    family = stack.family()
    stack.process.send_signal(signal.SIGINT)
    assert stack.ended() == 130
    assert_all_gone(family)
    assert "SIGKILL" not in stack.output()
    assert password_of(stack) not in stack.output()


def password_of(stack: Stack) -> str:
    return (stack.place.secrets / "txcat_writer_password").read_text()


def categorized(stack: Stack) -> set[tuple[str, int]]:
    """How many categorized rows came by which door."""
    url = f"postgresql://txcat_writer@127.0.0.1:{stack.port('postgres')}/txcat"
    with psycopg.connect(url, password=password_of(stack)) as connection:
        found = connection.execute(
            "SELECT o.kind, count(*) FROM categorized.transactions AS c "
            "JOIN ledger.slices AS s ON s.slice_id = c._slice_id "
            "JOIN ledger.objects AS o ON o.object_id = s.object_id GROUP BY o.kind"
        )
        return set(found.fetchall())
