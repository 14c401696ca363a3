"""The sensor that follows a dataset's Kafka topic: it asks for runs, the ledger decides their work.

No message is read here, only where the topic ends, and whether it is still the same log. The cursor
is for people: nothing goes by it but since when Kafka has not answered, and how often runs did not
get past the same offsets.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import Doors
from txcat_assets.defs.at_work import ARRIVALS_FIRST, SENSOR, asked_by, in_words, unfinished_runs
from txcat_assets.defs.dead_runs import report_dead_runs
from txcat_assets.defs.jobs import landing_config, load_name
from txcat_assets.defs.runs import OF_TOPIC
from txcat_assets.defs.ticks import Tick, Ticks
from txcat_assets.errors import BrokerDown
from txcat_assets.pipeline.topics import Followed
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.stages.land_topic import KafkaDoor, compare_with_kafka
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

POLL_SECONDS = 0.25
"""How often a look that waits asks again; to ask where a topic ends takes Kafka 4 ms."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
"""Between runs that fail at the same messages, as at damaged ones; else there would be one every
5 s. Runs that do not get past for another reason come each `FIRST_WAIT`."""

AT_WORK = "; run "

ASKED = r"; asked (\d+) times from ([\d/]+), (\d+) failed, last at (.+)$"
"""How the cursor says it: times, heads, failures, when."""

DOWN = "Kafka has not answered since "


def topic_sensor(contract: Contract) -> dg.SensorDefinition:
    """Ask for a run of today as soon as the topic has more than the ledger, one at a time."""
    ticks = Ticks()

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
        if not doors.kafka.follows(contract):
            return dg.SkipReason("TXCAT_KAFKA_BOOTSTRAP_SERVERS is not set: no topic is followed.")
        work = Work(warehouse, contract, [], "sensor", utc_now)
        return ticks.of(lambda: _new_messages(context, work, doors.kafka))

    return follow_topic


def _new_messages(context: dg.SensorEvaluationContext, work: Work, kafka: KafkaDoor) -> Tick:
    until = time.monotonic() + kafka.wait_seconds
    cursor = (context.cursor or "").partition(AT_WORK)[0]
    if running := _wait_for_own_run(context, work.contract, until):
        words = f"{running}; the next one takes what has come."
        return dg.SensorResult(skip_reason=words, cursor=f"{cursor}; {running.lower()}")
    try:
        prepare(work.warehouse, work.contract)
        with kafka.open(work.contract.topic) as topic:
            return _ask(context, work, topic, until, cursor)
    except BrokerDown as error:
        since = cursor.partition(DOWN)[2] or _written(utc_now())
        return dg.SensorResult(skip_reason=str(error), cursor=DOWN + since)


def _wait_for_own_run(context: dg.SensorEvaluationContext, contract: Contract, until: float) -> str:
    """Which run that this sensor asked for is unfinished at the end of the wait; none: empty."""
    while own := _own_runs(context, contract):
        if time.monotonic() >= until:
            return in_words(own)
        time.sleep(POLL_SECONDS)
    return ""


def _own_runs(context: dg.SensorEvaluationContext, contract: Contract) -> list[dg.DagsterRun]:
    report_dead_runs(context.instance, contract)
    return asked_by(unfinished_runs(context.instance, contract), context.sensor_name)


def _ask(
    context: dg.SensorEvaluationContext, work: Work, topic: Topic, until: float, cursor: str
) -> dg.SensorResult:
    """Ask for a run to the ends that are seen, once any is behind its head."""
    followed, offered = compare_with_kafka(work, topic)
    while not _lag(followed, offered.ends) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        if topic.ends(list(offered.ranges)) != offered.ends:
            # Grown, or cut: only a whole look knows whether it is the same log.
            followed, offered = compare_with_kafka(work, topic)
    ends = offered.ends
    lag, now = _lag(followed, ends), utc_now()
    heads = ", ".join(f"{one.partition}: {one.head} of {ends[one.partition]}" for one in followed)
    seen = f"lag {lag} at {now:%H:%M:%S} UTC ({heads})"
    if not lag:
        return dg.SensorResult(skip_reason=f"Nothing new: {seen}.", cursor=seen)
    asked = Asked.before(cursor, followed)
    if asked.times and _has_failed_at_topic(context):
        asked = asked.with_failure()
    if now < asked.again_at:
        words = f"{asked.in_words}: {seen}. Look at the last; the next comes at"
        return dg.SensorResult(skip_reason=f"{words} {_written(asked.again_at)}.", cursor=cursor)
    config = landing_config(work.contract, ends={str(one): end for one, end in ends.items()})
    request = dg.RunRequest(
        partition_key=now.date().isoformat(), run_config=config, tags=ARRIVALS_FIRST
    )
    return dg.SensorResult([request], cursor=f"{seen}{asked.once_more(now)}")


def _has_failed_at_topic(context: dg.SensorEvaluationContext) -> bool:
    """Whether the last run that this sensor asked for failed at reading the topic.

    One that was killed, or that failed at anything else, says nothing of the messages.
    """
    last = context.instance.get_runs(dg.RunsFilter(tags={SENSOR: context.sensor_name}), limit=1)
    return any(
        OF_TOPIC in failure.metadata
        for run in last
        for event in context.instance.all_logs(run.run_id, dg.DagsterEventType.STEP_FAILURE)
        if (found := event.dagster_event)
        and (failure := found.step_failure_data.user_failure_data) is not None
    )


@dataclass(frozen=True)
class Asked:
    """How often runs were asked for from the same heads, and how many of them failed there."""

    heads: str
    times: int
    failures: int
    at: datetime

    @classmethod
    def before(cls, cursor: str, followed: Sequence[Followed]) -> "Asked":
        """What the cursor says of these heads; that nothing was asked, when it does not."""
        heads = "/".join(str(one.head) for one in followed)
        before = re.search(ASKED, cursor)
        if not before or before[2] != heads:
            return cls(heads, 0, 0, datetime.min)  # noqa: DTZ901 - as all times here, UTC
        return cls(heads, int(before[1]), int(before[3]), datetime.fromisoformat(before[4]))

    def with_failure(self) -> "Asked":
        """The same, when the last run has failed too."""
        return replace(self, failures=self.failures + 1)

    @property
    def again_at(self) -> datetime:
        """When to ask again: at once after the first, which may have been killed."""
        if self.times < 2:
            return self.at
        return self.at + min(LONGEST_WAIT, FIRST_WAIT * (1 << min(max(0, self.failures - 2), 10)))

    @property
    def in_words(self) -> str:
        """What became of the runs, for people."""
        return f"{self.times} runs did not get past, {self.failures} failed there"

    def once_more(self, now: datetime) -> str:
        """What to add to the cursor when it is asked again."""
        return (
            f"; asked {self.times + 1} times from {self.heads}, {self.failures} failed, "
            f"last at {_written(now)}"
        )


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _lag(followed: Sequence[Followed], ends: dict[int, int]) -> int:
    return sum(max(0, ends[one.partition] - one.head) for one in followed)
