"""The sensor that follows the Kafka topics: it asks for runs, the ledger decides their work.

No message is read here, only where the topics end, and whether each is still the same log. The
cursor is for people: nothing goes by it but since when Kafka has not answered, and how often runs
did not get past the same offsets.
"""

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import Doors
from txcat_assets.defs.at_work import ARRIVALS_FIRST, SENSOR, in_words
from txcat_assets.defs.jobs import Job, landing_config, load_name
from txcat_assets.defs.runs import OF_TOPIC
from txcat_assets.defs.ticks import Glance, Tick, Ticks
from txcat_assets.errors import BrokerDown, TopicAbsent, TxcatError
from txcat_assets.pipeline.topics import Followed
from txcat_assets.stages.compare_topics import Compared, compare_topics
from txcat_assets.stages.land_topic import KafkaDoor
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

POLL_SECONDS = 0.25
"""How often a look that waits asks again; to ask where all topics end takes Kafka 4 ms."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
"""Between runs that fail at the same messages, as at damaged ones; else there would be one every
5 s. Runs that do not get past for another reason come each `FIRST_WAIT`."""

AT_WORK = "; run "

ASKED = r"; asked (\d+) times from ([\d/]+), (\d+) failed, last at (.+)$"
"""How the cursor says it: times, heads, failures, when."""

DOWN = "Kafka has not answered since "


def topic_sensor(contracts: Sequence[Contract], jobs: Sequence[Job]) -> dg.SensorDefinition:
    """Ask for a run of today as soon as a topic has more than the ledger, one at a time."""
    ticks = Ticks(contracts)

    @dg.sensor(
        name="topics",
        jobs=jobs,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Follows the Kafka topics of the datasets; each look waits for messages.",
    )
    def follow_topics(
        context: dg.SensorEvaluationContext,
        warehouse: dg.ResourceParam[Warehouse],
        doors: dg.ResourceParam[Doors],
    ) -> Tick:
        if not doors.kafka.config.is_set:
            return dg.SkipReason("TXCAT_KAFKA_BOOTSTRAP_SERVERS is not set: no topic is followed.")
        until = time.monotonic() + doors.kafka.wait_seconds
        works = [Work(warehouse, contract, [], "sensor", utc_now) for contract in contracts]
        with Watch(works, doors.kafka) as watch:
            while True:
                glances = ticks.glances(context)
                watch.look_at(glances)
                tick = ticks.of(glances, watch.tick)
                if tick.run_requests or time.monotonic() >= until:
                    return tick
                time.sleep(POLL_SECONDS)

    return follow_topics


class Watch:
    """The topics for one tick: compared whole at first and where one has changed since."""

    def __init__(self, works: Sequence[Work], kafka: KafkaDoor) -> None:
        self._works = {work.contract.dataset: work for work in works}
        self._connections = ExitStack()
        self._broker = self._connections.enter_context(kafka.connected())
        self._topics = {
            name: self._connections.enter_context(kafka.open(work.contract.topic, self._broker))
            for name, work in self._works.items()
        }
        self._found: dict[str, Compared | TxcatError] = {}

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *error: object) -> None:
        self._connections.close()

    def look_at(self, glances: Sequence[Glance]) -> None:
        """Ask the ledger and Kafka about the topics that no run of this sensor is at work on."""
        free = [at.contract.dataset for at in glances if not at.own_runs]
        self._found = {name: found for name, found in self._found.items() if name in free}
        try:
            changed = self._changed()
            known = self._found.keys() - changed
            asked = [self._works[name] for name in free if name not in known]
            for work in asked:
                prepare(work.warehouse, work.contract)
            self._found |= compare_topics(asked, self._topics, self._broker)
        except TxcatError as error:
            self._found = dict.fromkeys(free, error)

    def tick(self, at: Glance) -> Tick:
        """What was found of a dataset's topic: a request for a run, or why there is none."""
        seen = at.seen.partition(AT_WORK)[0]
        if at.own_runs:
            words = in_words(at.own_runs)
            told = dg.SkipReason(f"{words}; the next one takes what has come.")
            return dg.SensorResult(skip_reason=told, cursor=f"{seen}; {words.lower()}")
        match self._found[at.contract.dataset]:
            case BrokerDown() as error:
                since = seen.partition(DOWN)[2] or _written(utc_now())
                return dg.SensorResult(skip_reason=str(error), cursor=DOWN + since)
            case TopicAbsent():
                return dg.SkipReason(
                    f"There is no topic {at.contract.topic} yet; it is followed once it is there. "
                    "`txcat kafka create-topics` creates it."
                )
            case TxcatError() as error:
                raise error
            case Compared() as compared:
                return _ask(at, compared, seen)

    def _changed(self) -> set[str]:
        """The datasets whose topic has grown, or was cut: only a whole look knows which."""
        known = {
            name: found.offered.ends
            for name, found in self._found.items()
            if isinstance(found, Compared)
        }
        if not known:
            return set()
        ends = self._broker.ends({self._topics[name].name: known[name] for name in known})
        return {name for name in known if ends[self._topics[name].name] != known[name]}


def _ask(at: Glance, compared: Compared, seen_before: str) -> Tick:
    """Ask for a run to the ends that are seen, where any is behind its head."""
    followed, ends = compared.followed, compared.offered.ends
    lag, now = _lag(followed, ends), utc_now()
    heads = ", ".join(f"{one.partition}: {one.head} of {ends[one.partition]}" for one in followed)
    seen = f"lag {lag} at {now:%H:%M:%S} UTC ({heads})"
    if not lag:
        return dg.SensorResult(skip_reason=f"Nothing new: {seen}.", cursor=seen)
    asked = Asked.before(seen_before, followed)
    if asked.times and _has_failed_at_topic(at):
        asked = asked.with_failure()
    if now < asked.again_at:
        words = f"{asked.in_words}: {seen}. Look at the last; the next comes at"
        return dg.SensorResult(
            skip_reason=f"{words} {_written(asked.again_at)}.", cursor=seen_before
        )
    request = dg.RunRequest(
        job_name=load_name(at.contract),
        partition_key=now.date().isoformat(),
        run_config=landing_config(at.contract, ends={str(one): end for one, end in ends.items()}),
        tags=ARRIVALS_FIRST,
    )
    return dg.SensorResult([request], cursor=f"{seen}{asked.once_more(now)}")


def _has_failed_at_topic(at: Glance) -> bool:
    """Whether the last run that this sensor asked for failed at reading the topic.

    One that was killed, or that failed at anything else, says nothing of the messages.
    """
    of_sensor = dg.RunsFilter(job_name=load_name(at.contract), tags={SENSOR: at.sensor})
    last = at.instance.get_runs(of_sensor, limit=1)
    return any(
        OF_TOPIC in failure.metadata
        for run in last
        for event in at.instance.all_logs(run.run_id, dg.DagsterEventType.STEP_FAILURE)
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


def _lag(followed: Sequence[Followed], ends: Mapping[int, int]) -> int:
    return sum(max(0, ends[one.partition] - one.head) for one in followed)
