"""The sensor that follows a dataset's Kafka topic: it asks for runs, the ledger decides their work.

No message is read here, only where the topic ends. The cursor is for people: nothing goes by it
but since when Kafka has not answered, and how often runs did not get on.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import Doors
from txcat_assets.defs.jobs import landing_config, load_name
from txcat_assets.defs.runs import report_dead_runs, utc_now
from txcat_assets.defs.sensors import Tick, loading_run
from txcat_assets.errors import BrokerDown, WarehouseBusy
from txcat_assets.pipeline.topics import Followed
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.stages.land_topic import look
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

LOOK_SECONDS = 0.25
"""How often a look that waits asks again; to ask where a topic ends takes Kafka 4 ms."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
"""Between runs that do not get on, as at damaged messages; else there would be one every 5 s."""

AT_WORK = "; run "

DOWN = "Kafka has not answered since "


def topic_sensor(contract: Contract) -> dg.SensorDefinition:
    """Ask for a run of today as soon as the topic has more than the ledger, one at a time."""

    @dg.sensor(
        name=f"topic_{contract.dataset}",
        job_name=load_name(contract),
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Follows the Kafka topic {contract.topic}; each look waits for messages.",
    )
    def follow_topic(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        doors: dg.ResourceParam[Doors],
    ) -> Tick:
        kafka = doors.kafka
        if not kafka.follows(contract):
            return dg.SkipReason("TXCAT_KAFKA_BOOTSTRAP_SERVERS is not set: no topic is followed.")
        until = time.monotonic() + kafka.wait_seconds
        cursor = (context.cursor or "").partition(AT_WORK)[0]
        if running := _wait_for_run(context.instance, contract, until):
            words = f"Run {running} is at work; the next one takes what has come."
            return dg.SensorResult(
                skip_reason=words, cursor=f"{cursor}{AT_WORK}{running} is at work"
            )
        work = Work(warehouse, contract, [], "sensor", utc_now)
        try:
            prepare(warehouse, contract)
            with kafka.open(contract.topic) as topic:
                return _ask(work, topic, until, cursor)
        except WarehouseBusy as error:
            return dg.SkipReason(str(error))
        except BrokerDown as error:
            since = cursor.partition(DOWN)[2] or _written(utc_now())
            return dg.SensorResult(skip_reason=str(error), cursor=DOWN + since)

    return follow_topic


def _wait_for_run(instance: dg.DagsterInstance, contract: Contract, until: float) -> str | None:
    """The run at work on the dataset, if it is still there at the end of the wait."""
    report_dead_runs(instance)
    while (running := loading_run(instance, contract)) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    return running


def _ask(work: Work, topic: Topic, until: float, cursor: str) -> dg.SensorResult:
    """Ask for a run to the ends that are seen, once any is behind its head."""
    known, offered = look(work, topic)
    ends = {partition: end for partition, (_, end) in offered.ranges.items()}
    while not _lag(known, ends) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        ends = topic.ends(list(offered.ranges))
    lag, now = _lag(known, ends), utc_now()
    heads = ", ".join(f"{one.partition}: {one.head} of {ends[one.partition]}" for one in known)
    seen = f"lag {lag} at {now:%H:%M:%S} UTC ({heads})"
    if not lag:
        return dg.SensorResult(skip_reason=f"Nothing new: {seen}.", cursor=seen)
    asked = Asked.before(cursor, known)
    if now < asked.again_at:
        words = f"{asked.times} runs did not get past: {seen}. Look at the last; the next comes at"
        return dg.SensorResult(skip_reason=f"{words} {_written(asked.again_at)}.", cursor=cursor)
    config = landing_config(work.contract, ends={str(one): end for one, end in ends.items()})
    request = dg.RunRequest(partition_key=now.date().isoformat(), run_config=config)
    return dg.SensorResult([request], cursor=f"{seen}{asked.once_more(now)}")


@dataclass(frozen=True)
class Asked:
    """How often runs were asked for from the same heads, which they did not get past."""

    heads: str
    times: int
    at: datetime

    @classmethod
    def before(cls, cursor: str, known: Sequence[Followed]) -> "Asked":
        """What the cursor tells of these heads; that nothing was asked, when it does not."""
        heads = "/".join(str(one.head) for one in known)
        told = re.search(r"; asked (\d+) times from ([\d/]+), last at (.+)$", cursor)
        if not told or told[2] != heads:
            return cls(heads, 0, datetime.min)  # noqa: DTZ901 - as all times here, UTC
        return cls(heads, int(told[1]), datetime.fromisoformat(told[3]))

    @property
    def again_at(self) -> datetime:
        """When to ask again: at once after the first, which may have been killed."""
        if self.times < 2:
            return self.at
        return self.at + min(LONGEST_WAIT, FIRST_WAIT * (1 << min(self.times - 2, 10)))

    def once_more(self, now: datetime) -> str:
        """What to add to the cursor when it is asked again."""
        return f"; asked {self.times + 1} times from {self.heads}, last at {_written(now)}"


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _lag(known: Sequence[Followed], ends: dict[int, int]) -> int:
    return sum(max(0, ends[one.partition] - one.head) for one in known)
