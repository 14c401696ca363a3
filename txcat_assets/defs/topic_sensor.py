"""The sensor that follows a dataset's Kafka topic: it asks for runs, the ledger decides their work.

No message is read here, only where the topic ends. The cursor is for people: nothing goes by it
but since when Kafka has not answered.
"""

import time
from collections.abc import Sequence

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.assets import Doors
from txcat_assets.defs.jobs import landing_config, load_name
from txcat_assets.defs.runs import report_dead_runs, utc_now
from txcat_assets.defs.sensors import Tick, loading_run
from txcat_assets.errors import BrokerDown
from txcat_assets.pipeline.topics import Followed
from txcat_assets.sources.kafka import Topic
from txcat_assets.stages.land_topic import look
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.interface import Warehouse
from txcat_assets.warehouse.tables import prepare

LOOK_SECONDS = 0.25
"""How often a look that waits asks again; to ask where a topic ends takes Kafka 4 ms."""

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
        if running := _wait_for_run(context.instance, contract, until):
            return dg.SkipReason(f"Run {running} is at work; the next one takes what has come.")
        prepare(warehouse, contract)
        work = Work(warehouse, contract, [], "sensor", utc_now)
        try:
            with kafka.open(contract.topic) as topic:
                return _ask(work, topic, until)
        except BrokerDown as error:
            since = (context.cursor or "").partition(DOWN)[2] or f"{utc_now():%Y-%m-%d %H:%M:%S}"
            return dg.SensorResult(skip_reason=str(error), cursor=DOWN + since)

    return follow_topic


def _wait_for_run(instance: dg.DagsterInstance, contract: Contract, until: float) -> str | None:
    """The run at work on the dataset, if it is still there at the end of the wait."""
    report_dead_runs(instance)
    while (running := loading_run(instance, contract)) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    return running


def _ask(work: Work, topic: Topic, until: float) -> dg.SensorResult:
    """Ask for a run to the ends that are seen, once any is behind its head."""
    known, offered = look(work, topic)
    ends = {partition: end for partition, (_, end) in offered.ranges.items()}
    while not _lag(known, ends) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        ends = topic.ends(list(offered.ranges))
    lag = _lag(known, ends)
    heads = ", ".join(f"{one.partition}: {one.head} of {ends[one.partition]}" for one in known)
    cursor = f"lag {lag} at {utc_now():%H:%M:%S} UTC ({heads})"
    if not lag:
        return dg.SensorResult(skip_reason=f"Nothing new: {cursor}.", cursor=cursor)
    asked = {str(partition): end for partition, end in ends.items()}
    config = landing_config(work.contract, ends=asked)
    request = dg.RunRequest(partition_key=utc_now().date().isoformat(), run_config=config)
    return dg.SensorResult([request], cursor=cursor)


def _lag(known: Sequence[Followed], ends: dict[int, int]) -> int:
    return sum(max(0, ends[one.partition] - one.head) for one in known)
