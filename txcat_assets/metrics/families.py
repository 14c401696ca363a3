"""The installation as metrics for Prometheus, computed from one look at it.

Nothing is counted in a process: all of it stands in the ledger, in Kafka and in Dagster's storage,
so a killed run loses no count. Labels are bounded: no ids, no days. `docs/metrics.md` is written
from the declarations.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric

from txcat_assets.errors import TxcatError
from txcat_assets.health.look import Look
from txcat_assets.metrics.dagster import DAGSTER
from txcat_assets.metrics.datasets import WAREHOUSE
from txcat_assets.metrics.declared import Declared
from txcat_assets.metrics.topics import KAFKA

PARTS: Mapping[str, Sequence[Declared]] = {
    "warehouse": WAREHOUSE,
    "kafka": KAFKA,
    "dagster": DAGSTER,
}
"""The metrics by what is asked for them; one that does not answer takes only its own away."""

RUN_SECONDS = "txcat_run_seconds"
RUN_SECONDS_WORDS = "What runs took that have ended and that Dagster still keeps."

PART_UP = "txcat_part_up"
PART_UP_WORDS = "Whether a part of the installation could be asked."


LOOK = (
    ("txcat_look_seconds", "What the look took by which all of these were found."),
    ("txcat_look_timestamp_seconds", "When that was: an old one means that looks are late."),
)


def families(look: Look) -> Iterator[Metric]:
    """All metrics as they are at a look, and of each part whether it could be asked."""
    ups = GaugeMetricFamily(PART_UP, PART_UP_WORDS, labels=["part"])
    for part, declared in PARTS.items():
        try:
            found = [one.family(look) for one in declared]
            more = [_run_seconds(look)] if part == "dagster" else []
        except TxcatError:
            ups.add_metric([part], 0)
        else:
            ups.add_metric([part], 1)
            yield from chain(found, more)
    yield ups


def _run_seconds(look: Look) -> Metric:
    made = HistogramMetricFamily(RUN_SECONDS, RUN_SECONDS_WORDS, labels=["job", "status"])
    for one in look.run_seconds:
        buckets = [(str(le), count) for le, count in one.buckets] + [("+Inf", one.runs)]
        made.add_metric([one.job, one.status.lower()], buckets, one.seconds)
    return made
