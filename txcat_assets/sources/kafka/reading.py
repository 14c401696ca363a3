"""Reads ranges of a topic: messages as records, in parts of bounded size, each offset once.

What can be read of a range is given before an error that stops the reading is raised. What a topic
has to offer is in `topic`.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from txcat_assets.errors import BrokerDown, MessagesUnreadable
from txcat_assets.pipeline.topics import Followed, LastRecord, Range
from txcat_assets.sources.files.records import SLICE_BYTES, SLICE_RECORDS
from txcat_assets.sources.kafka.client import KafkaConfig, is_damage, open_client, translated
from txcat_assets.sources.kafka.messages import Message, MessageCutter, as_last_record

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition

POLL_RECORDS = 20_000
PARTITION_FETCH_BYTES = 8_388_608
"""One fetch brings some 20,000 messages of 400 bytes; larger ones gained nothing."""

PROOF_RECORDS = 10
"""Messages that are taken apart to see that the log is the same one; the second would do."""

BACKOFF_MS = 20
"""kafka-python waits so long before its first fetch too: its 100 ms are a tenth of a micro-batch's
way through the door."""


@dataclass(frozen=True)
class Part:
    """The records of the offsets `start` to `end` of a partition, and the bytes of their values.

    Offsets without a record (markers of transactions, aborted ones) are left out; `last` is the
    last message of them, if there is any.
    """

    partition: int
    start: int
    end: int
    records: pl.DataFrame
    value_bytes: int
    last: LastRecord | None


class _Damaged(Exception):
    """What came from Kafka cannot be taken apart."""


class Reader:
    """Reads one topic, over a connection that is opened when it is first needed."""

    def __init__(self, config: KafkaConfig, topic: str) -> None:
        self._config = config
        self._topic = topic
        self._client: KafkaConsumer | None = None

    def close(self) -> None:
        """End the connection; reading again opens another."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def parts(self, wanted: Range, columns: Sequence[str]) -> Generator[Part, None, None]:
        """The records of a range, in parts of bounded size; each goes on where the last ended.

        Raises BrokerDown when nothing has come for the time that Kafka may be silent, and
        MessagesUnreadable at what no client can read; what came before is given first.
        """
        with self._translated(wanted):
            yield from self._parts(wanted, MessageCutter(tuple(columns)))

    def values(self, wanted: Range, offsets: set[int]) -> dict[int, bytes | None]:
        """The values of some offsets of a range, byte by byte; those that Kafka still has."""
        with self._translated(wanted):
            return {
                message.offset: message.value
                for messages, _ in self._batches(wanted)
                for message in messages
                if message.offset in offsets
            }

    def other_logs(self, provable: Sequence[Followed]) -> frozenset[int]:
        """The partitions that have not just what landed last between its offset and the head."""
        return frozenset(
            one.partition
            for one in provable
            if one.last and self._first_from(one, one.last) != [one.last]
        )

    def _first_from(self, followed: Followed, last: LastRecord) -> list[LastRecord]:
        """What the first fetch brings of the offsets from the last record to the head."""
        wanted = Range(followed.object_id, followed.partition, last.offset, followed.head)
        try:
            with self._translated(wanted), closing(self._polled(wanted, PROOF_RECORDS)) as polled:
                messages, _ = next(polled)
        except _Damaged:  # it could be read when it landed, so these are other bytes
            return []
        return [as_last_record(message) for message in messages]

    def _translated(self, wanted: Range) -> AbstractContextManager[None]:
        doing = f"Reading topic {self._topic}, partition {wanted.partition}"
        return translated(self._config, doing)

    def _parts(self, wanted: Range, cutter: MessageCutter) -> Iterator[Part]:
        start = reached = wanted.start
        frames, taken, last = [cutter.frame([])], 0, None
        try:
            for messages, reached in self._batches(wanted):
                frames.append(cutter.frame(messages))
                taken += sum(len(message.value or b"") for message in messages)
                last = as_last_record(messages[-1]) if messages else last
                if taken >= SLICE_BYTES or sum(map(len, frames)) >= SLICE_RECORDS - POLL_RECORDS:
                    yield Part(wanted.partition, start, reached, pl.concat(frames), taken, last)
                    start, frames, taken, last = reached, [cutter.frame([])], 0, None
        except Exception:
            if start < reached:
                yield Part(wanted.partition, start, reached, pl.concat(frames), taken, last)
            raise
        if start < wanted.end:
            yield Part(wanted.partition, start, wanted.end, pl.concat(frames), taken, last)

    def _batches(self, wanted: Range) -> Iterator[tuple[list[Message], int]]:
        """The messages of a range as they come, each time with the offset that was reached."""
        reached = wanted.start
        try:
            for messages, reached in self._polled(wanted, POLL_RECORDS):
                yield messages, reached
        except _Damaged as error:
            raise self._unreadable(replace(wanted, start=reached), error) from error

    def _polled(self, wanted: Range, most: int) -> Generator[tuple[list[Message], int], None, None]:
        """As `_batches`, with at most so many messages at once."""
        from kafka import TopicPartition  # noqa: PLC0415 - not light

        consumer, at = self._consumer(), TopicPartition(self._topic, wanted.partition)
        consumer.assign([at])
        consumer.seek(at, wanted.start)
        last_progress = time.monotonic()
        while (position := consumer.position(at)) < wanted.end:
            came = self._poll(consumer, most).get(at, [])
            reached = min(consumer.position(at), wanted.end)
            if reached > position:
                last_progress = time.monotonic()
                yield [message for message in came if message.offset < wanted.end], reached
            elif time.monotonic() - last_progress > self._config.timeout_seconds:
                raise BrokerDown(self._silent(wanted, position))

    def _poll(self, consumer: "KafkaConsumer", most: int) -> "dict[TopicPartition, list[Message]]":
        try:
            found: dict[TopicPartition, list[Message]]
            found = consumer.poll(timeout_ms=500, max_records=most)
        except Exception as error:
            self.close()  # kafka-python: after such an error the next poll never returns
            if is_damage(error):
                raise _Damaged(f"{type(error).__name__}: {error}") from error
            raise
        return found

    def _unreadable(self, wanted: Range, error: _Damaged) -> MessagesUnreadable:
        """What to say of a range whose first offset cannot be read; it looks for the next one."""
        start, partition = wanted.start, wanted.partition
        until = self._readable_from(wanted)
        return MessagesUnreadable(
            f"Topic {self._topic}, partition {partition}: the offsets {start} to {until - 1} can "
            f"be read by no client ({error}). What came before has landed, "
            "nothing behind it will until they are mended or given up: txcat kafka accept-gap "
            f"{self._topic} --partition {partition} --until {until} --why '...'"
        )

    def _readable_from(self, wanted: Range) -> int:
        """The first offset behind an unreadable one that can be read again, or the range's end.

        Messages come in batches, which are damaged as a whole: what is between is bisected.
        """
        damaged, step = wanted.start, 1
        while (good := min(damaged + step, wanted.end)) < wanted.end:
            if self._is_readable(wanted, good):
                break
            damaged, step = good, step * 2
        while good - damaged > 1:
            middle = (damaged + good) // 2
            if self._is_readable(wanted, middle):
                good = middle
            else:
                damaged = middle
        return good

    def _is_readable(self, wanted: Range, offset: int) -> bool:
        try:
            for _ in self._polled(replace(wanted, start=offset, end=offset + 1), 1):
                pass
        except _Damaged:
            return False
        return True

    def _silent(self, wanted: Range, position: int) -> str:
        config = self._config
        return (
            f"Reading topic {self._topic}, partition {wanted.partition}, at "
            f"{config.bootstrap_servers}: nothing came for {config.timeout_seconds:g} s at offset "
            f"{position} of {wanted.end}. What has landed stays, the next run goes on from there; "
            "TXCAT_KAFKA_TIMEOUT_SECONDS says how long Kafka may be silent."
        )

    def _consumer(self) -> "KafkaConsumer":
        if self._client is None:
            from kafka import KafkaConsumer  # noqa: PLC0415 - not light

            self._client = open_client(
                KafkaConsumer,
                self._config,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                check_crcs=True,
                max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
                retry_backoff_ms=BACKOFF_MS,
            )
        return self._client
