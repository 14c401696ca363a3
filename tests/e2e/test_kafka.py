"""`txcat produce`, `kafka accept-gap` and `status` as their users meet them, on a real broker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.assets.installation import today
from tests.assets.records import file_of, line, sound
from tests.e2e.commands import BIN, CommandLine
from tests.kafka.broker import Kafka, until
from tools.kafka_broker import free_port
from txcat_assets.cli.home import ROOT
from txcat_assets.contracts.registry import all_contracts

TOPIC = "transactions"


@pytest.fixture
def kafka_terminal(terminal: CommandLine, kafka: Kafka) -> Iterator[CommandLine]:
    """A terminal that knows a Kafka with the topic of each dataset, empty."""
    topics = [contract.topic for contract in all_contracts().values() if contract.topic]
    for topic in topics:
        kafka.anew(topic, partitions=2)  # the commands know these only
    terminal.set(TXCAT_KAFKA_BOOTSTRAP_SERVERS=kafka.broker.address, USER="ann")
    yield terminal
    for topic in topics:
        kafka.forget(topic)


def status(terminal: CommandLine, code: int = 0) -> dict[str, Any]:
    """What `txcat status --json` says of transactions."""
    said = terminal.txcat("status", "--json")
    assert said.code == code, said.err
    found: dict[str, Any] = json.loads(said.out)["datasets"]["transactions"]
    return found


def load_today(terminal: CommandLine) -> int:
    """Bring today up to date, as a user without a daemon does."""
    select = ("--select", 'key:"*/transactions"', "--partition", today().isoformat())
    module = ("-m", "txcat_assets.definitions")
    return terminal.in_process_of_its_own("dagster", "asset", "materialize", *module, *select).code


@pytest.mark.slow
def test_a_file_goes_by_the_topic_into_the_tables(kafka_terminal: CommandLine) -> None:
    path = kafka_terminal.put("transactions.csv", file_of(*map(line, range(1, 8)), "8,ragged"))
    said = kafka_terminal.txcat("produce", path)
    assert said.code == 0, said.err
    assert "8 messages have arrived in topic transactions." in said.out
    before = status(kafka_terminal)
    assert sum(one["lag"] for one in before["partitions"]) == 8
    assert load_today(kafka_terminal) == 0
    after = status(kafka_terminal, code=1)  # a check fails, as one record of eight is bad
    assert after["records"] == {
        "landed": 8, "unjudged": 0, "validated": 7, "quarantined": 1, "duplicate": 0,
        "discarded": 0, "replaced": 0, "superseded": 0,
    }  # fmt: skip
    assert [one["lag"] for one in after["partitions"]] == [0, 0]
    assert after["flow of the last hour"]["batches"] == 1
    found = kafka_terminal.rows(
        "SELECT _message_key, _message_headers FROM raw.transactions WHERE description = "
        "'Paiement CB 7'"
    )
    assert found == [(b"7", '[["source", "transactions.csv"], ["record", "6"]]')]
    assert "landed up to" in kafka_terminal.txcat("status").out


def test_missing_topics_are_created_and_those_that_are_there_stay(
    kafka_terminal: CommandLine, kafka: Kafka
) -> None:
    kafka.forget(TOPIC)
    created = kafka_terminal.txcat("kafka", "create-topics", "--partitions", 4)
    assert (created.code, created.out.startswith("Created: ")) == (0, True)
    assert TOPIC in created.out
    again = kafka_terminal.txcat("kafka", "create-topics")
    assert again.out.startswith("Created: none")
    until(lambda: len(kafka.ends(TOPIC)) == 4)


def test_a_loss_is_told_with_the_command_that_accepts_it(
    kafka_terminal: CommandLine, kafka: Kafka
) -> None:
    path = kafka_terminal.put("transactions.jsonl", json.dumps({"id": 1}) + "\n")
    kafka_terminal.txcat("produce", path)
    nothing = kafka_terminal.txcat("kafka", "accept-gap", TOPIC, "--why", "none")
    assert nothing.code == 1
    assert "nothing is lost" in nothing.err
    _follow(kafka_terminal, kafka)
    said = kafka_terminal.txcat("status")
    assert said.code == 1
    command = f"txcat kafka accept-gap {TOPIC} --partition 0 --why"
    assert command in said.err
    accepted = kafka_terminal.txcat("kafka", "accept-gap", TOPIC, "--why", "we know")
    assert accepted.code == 0
    assert "Accepted for partition 0: expired from offset 0 on; goes on at 2." in accepted.out
    (gap,) = status(kafka_terminal)["accepted losses"]
    assert (gap["who"], gap["why"], gap["from"], gap["to"]) == ("ann", "we know", 0, 2)


def _follow(terminal: CommandLine, kafka: Kafka) -> None:
    """Let the ledger follow the topic from offset 0 of partition 0, and Kafka lose two offsets."""
    rows = kafka.admin.describe_topics([TOPIC])[0]["topic_id"]
    with terminal.warehouse.transaction() as tx:
        tx.run(
            'INSERT INTO ledger.objects (dataset, kind, name, "partition", topic_id, generation, '
            "identity, day, seen_at, next, state) VALUES ('transactions', 'kafka', $topic, 0, $id, "
            "0, $id, $day, $day, 0, 'following')",
            topic=TOPIC,
            id=str(rows),
            day=today(),
        )
    kafka.send(TOPIC, [{"id": 1}, {"id": 2}, {"id": 3}], partition=0)
    kafka.expire(TOPIC, 0, 2)


def test_an_offset_that_cannot_be_read_is_left_out_by_its_number(
    kafka_terminal: CommandLine, kafka: Kafka
) -> None:
    kafka_terminal.txcat("status")
    _follow(kafka_terminal, kafka)
    skip = ("kafka", "accept-gap", TOPIC, "--why", "rotten", "--until", 3)
    assert kafka_terminal.txcat(*skip).code == 2
    said = kafka_terminal.txcat(*skip, "--partition", 0)
    assert "0 to 3 are left out" in said.out
    assert kafka_terminal.txcat(*skip, "--partition", 0).code == 2


def test_a_gap_that_is_none_is_not_accepted(kafka_terminal: CommandLine, kafka: Kafka) -> None:
    kafka_terminal.txcat("status")
    _follow(kafka_terminal, kafka)
    for more, words in (
        (("--partition", 9), "Partition 9 of topic transactions is not followed"),
        (("--partition", 0, "--until", 4), "--until 4: partition 0 ends at 3"),
        (("--partition", 0, "--until", -1), "--until"),
    ):
        said = kafka_terminal.txcat("kafka", "accept-gap", TOPIC, "--why", "a slip", *more)
        assert (said.code, said.out) == (2, "")
        assert words in said.err
    assert kafka_terminal.txcat("kafka", "accept-gap", TOPIC, "--why", " ").code == 2
    assert status(kafka_terminal, 1)["accepted losses"] == []


def test_wrong_use_says_what_is_missing(terminal: CommandLine) -> None:
    path = terminal.put("transactions.csv", sound(1))
    for command in (("produce", path), ("kafka", "accept-gap", TOPIC, "--why", "x")):
        said = terminal.txcat(*command)
        assert said.code == 2
        assert "TXCAT_KAFKA_BOOTSTRAP_SERVERS is not set" in said.err
    absent = terminal.txcat("kafka", "accept-gap", "absent", "--why", "x")
    assert "No dataset has the topic absent" in absent.err
    assert terminal.txcat("status").code == 0


def test_a_kafka_that_is_down_is_told_by_every_command(terminal: CommandLine) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    terminal.set(TXCAT_KAFKA_BOOTSTRAP_SERVERS=nobody, TXCAT_KAFKA_TIMEOUT_SECONDS="1")
    path = terminal.put("transactions.csv", sound(1))
    for command in (("produce", path), ("status",), ("kafka", "accept-gap", TOPIC, "--why", "x")):
        said = terminal.txcat(*command)
        assert said.code == 1
        assert nobody in said.err


def test_what_kafka_will_not_take_is_told_as_such(
    kafka_terminal: CommandLine, kafka: Kafka
) -> None:
    kafka_terminal.set(TXCAT_KAFKA_TIMEOUT_SECONDS="2")
    path = kafka_terminal.put("transactions.csv", sound(1))
    narrow = kafka.topic(max_message_bytes="100")
    for topic, words in (("absent", "There is no such topic"), (narrow, "max.message.bytes")):
        said = kafka_terminal.txcat("produce", "--topic", topic, path)
        assert said.code == 1
        assert words in said.err
        assert "0 messages have arrived" in said.out


def test_a_steady_rate_is_kept(kafka_terminal: CommandLine) -> None:
    path = kafka_terminal.put("transactions.csv", sound(*range(1, 21)))
    began = time.monotonic()
    assert kafka_terminal.txcat("produce", "--rate", "20", path).code == 0
    assert time.monotonic() - began >= 19 / 20


@pytest.mark.slow
def test_a_followed_file_is_sent_as_it_grows_until_ctrl_c(
    kafka_terminal: CommandLine, kafka: Kafka
) -> None:
    path = kafka_terminal.put("transactions.csv", sound(1, 2))
    sender = subprocess.Popen(
        [BIN / "txcat", "produce", "--follow", str(path)],
        env=kafka_terminal.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    until(lambda: sum(kafka.ends(TOPIC).values()) == 2)
    with path.open("a") as file:
        file.write(line(3) + "\n" + line(4)[:10])
    time.sleep(1.5)
    assert sum(kafka.ends(TOPIC).values()) == 2, "a line that is still written is not sent"
    with path.open("a") as file:
        file.write(line(4)[10:] + "\n")
    until(lambda: sum(kafka.ends(TOPIC).values()) == 4)
    sender.send_signal(signal.SIGINT)
    out, _ = sender.communicate(timeout=20)
    assert "4 messages have arrived" in out
    assert sender.returncode == 130


@pytest.mark.slow
def test_make_kafka_starts_a_broker_and_ends_it_by_ctrl_c(kafka: Kafka, tmp_path: Path) -> None:
    assert kafka.admin
    port = free_port()
    command = [sys.executable, "-m", "tools.kafka_broker", "--port", str(port)]
    for _ in range(2):
        started = subprocess.Popen(
            [*command, "--folder", str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert started.stdout is not None
        said = started.stdout.readline() + started.stdout.readline()
        assert f"export TXCAT_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{port}" in said
        assert f"port {port} is taken" in _refusal([*command, "--folder", "x"])
        started.send_signal(signal.SIGINT)
        said, _ = started.communicate(timeout=40)
        assert started.returncode == 0
        assert "stopped" in said
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path) in _text(p)]


def _refusal(command: list[str]) -> str:
    """Why a command would not start."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_without_maven_make_kafka_says_how_to_get_it(tmp_path: Path) -> None:
    copy = tmp_path / "tools"
    (copy / "kafka").mkdir(parents=True)
    for name in ("kafka_broker.py", "kafka/pom.xml"):
        (copy / name).write_text((ROOT / "tools" / name).read_text())
    said = subprocess.run(
        [sys.executable, "-m", "tools.kafka_broker", "--port", str(free_port())],
        cwd=tmp_path,
        env=os.environ | {"PATH": str(tmp_path), "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert said.stderr.strip().splitlines()[-1] == (
        "kafka: Kafka's jars are fetched by Maven; on Debian or Ubuntu: apt install maven"
    )
