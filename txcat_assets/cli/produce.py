"""`txcat produce`: the records of files as messages of a topic, at a steady rate if it is asked."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from txcat_assets.cli.progress import Bars
from txcat_assets.cli.show import show_named
from txcat_assets.cli.terminal import complain, say
from txcat_assets.connections import kafka_door
from txcat_assets.contracts.model import Contract
from txcat_assets.errors import SettingRefused, TxcatError
from txcat_assets.settings import Settings
from txcat_assets.sources.files.dialect import Dialect, inspect
from txcat_assets.sources.files.limits import DEFAULT_LIMITS, DecompressionLimits
from txcat_assets.sources.files.listing import find
from txcat_assets.sources.files.records import read
from txcat_assets.sources.kafka.outgoing import outgoing
from txcat_assets.sources.kafka.writing import TopicWriter

LOOK_SECONDS = 0.5
"""How often a followed file is looked at for more."""

CONFIRM_EVERY = 10_000
"""Messages between two waits for the broker, so that progress is what has arrived."""


@dataclass(frozen=True)
class Sending:
    """What to send where: `rate` is messages a second, 0 as fast as it goes."""

    contract: Contract
    topic: str
    rate: float
    follow: bool
    limits: DecompressionLimits = DEFAULT_LIMITS


class Pace:
    """A steady rate: it waits until a message is due, and catches up after a pause."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._began = time.monotonic()
        self._sent = 0

    def wait(self) -> None:
        """Return when the next message is due."""
        if self._rate:
            due = self._began + self._sent / self._rate
            time.sleep(max(0, due - time.monotonic()))
        self._sent += 1


def produce(settings: Settings, sending: Sending, paths: list[str]) -> int:
    """Send every record of the files; the exit code, and on Ctrl-C how many have arrived."""
    door = kafka_door(settings)
    if not door.config.is_set:
        raise SettingRefused("TXCAT_KAFKA_BOOTSTRAP_SERVERS is not set: there is no Kafka.")
    named = find(paths, sending.contract.files)
    show_named(named)
    code = 1 if named.problems else 0
    with TopicWriter(door.config) as writer:
        try:
            with Bars() as bars:
                for file in named.files:
                    _send_file(writer, sending, Path(file.path), bars)
        except KeyboardInterrupt:
            code = 130
        except TxcatError as error:
            complain(str(error))
            code = 1
        say(f"{writer.delivered:,} messages have arrived in topic {sending.topic}.")
    return code


def _send_file(writer: TopicWriter, sending: Sending, path: Path, bars: Bars) -> None:
    contract = sending.contract
    required = [column.name for column in contract.columns if column.is_required]
    dialect = inspect(path, contract.column_names, required, limits=sending.limits)
    pace, sent = Pace(sending.rate), 0
    for records in _records(path, dialect, contract, follow=sending.follow):
        bars.expect("sent", len(records))
        for message in outgoing(contract, records, decimal_comma=dialect.decimal_comma):
            pace.wait()
            headers = [("source", path.name.encode()), ("record", str(message.position).encode())]
            writer.send(sending.topic, message.key, message.value, headers)
            sent += 1
            bars.advance("sent", 1)
            if sent % CONFIRM_EVERY == 0:
                writer.confirm()
        writer.confirm()


def _records(
    path: Path, dialect: Dialect, contract: Contract, *, follow: bool
) -> Iterator[pl.DataFrame]:
    """The records of a file and, where it is followed, those that are appended to it, for ever."""
    start, size = 0, -1
    while True:
        if path.stat().st_size != size and (not follow or _ends_a_line(path)):
            size = path.stat().st_size
            for records in read(path, dialect, contract.column_names, start):
                yield records
                start += len(records)
        if not follow:
            return
        time.sleep(LOOK_SECONDS)


def _ends_a_line(path: Path) -> bool:
    """Whether the writer has finished its last line."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read() in (b"\n", b"")
