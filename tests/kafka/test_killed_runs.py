"""Runs of Dagster's that are killed at named steps: the sensor asks again, and nothing is lost.

Kills at every transaction, a hundred of them, are in `test_kills`; here the runs are real ones.
"""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.assets.installation import Installation, today
from tests.assets.records import line
from tests.kafka.broker import Kafka
from tests.kafka.messages import as_objects, topic_of
from tests.kafka.ticks import skipped
from tests.warehouse.audit import audit
from tests.warehouse.worker import servers
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.defs import assets
from txcat_assets.settings import Settings
from txcat_assets.sources.kafka import reading as kafka_reading
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.stages import enrich, land_topic, validate
from txcat_assets.warehouse.schema.tables import prepare

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Step:
    """A call that the run does not survive: the first unless told, after it has worked if so."""

    owner: Any
    name: str
    call: int = 1
    is_after: bool = False

    def kill_there(self) -> None:
        """Let this process end by SIGKILL at the step."""
        original: Callable[..., Any] = getattr(self.owner, self.name)
        calls = iter(range(1, 1_000))

        def dying(*args: Any, **named: Any) -> Any:
            is_it = next(calls) == self.call
            if is_it and not self.is_after:
                os.kill(os.getpid(), signal.SIGKILL)
            found = original(*args, **named)
            if is_it:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        setattr(self.owner, self.name, dying)


STEPS = {
    "before it asks Kafka": Step(Topic, "found"),
    "before it reads": Step(Topic, "read"),
    "in the middle of a read": Step(kafka_reading.Reader, "_poll", call=5),
    "between two slices": Step(land_topic, "_land_part", is_after=True),
    "before a slice is committed": Step(land_topic, "land", call=2, is_after=True),
    "before Kafka is told": Step(Topic, "commit"),
    "before Dagster is told": Step(assets, "materialization"),
    "before its verdicts are committed": Step(validate, "reach", is_after=True),
    "when the model has answered": Step(enrich, "_ask", is_after=True),
    "before its answers are committed": Step(enrich, "store_answers", is_after=True),
}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in a folder, which processes share."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance


def test_what_runs_left_that_were_killed_at_every_step_is_done_by_the_next(
    site: Installation, kept: dg.DagsterInstance, kafka: Kafka
) -> None:
    site, topic, numbers = (
        replace(site, instance=kept),
        topic_of(site),
        range(1, 1 + 12 * len(STEPS)),
    )
    assert site.contracts
    for place, step in enumerate(STEPS):
        mine = [line(number) for number in numbers[12 * place : 12 * (place + 1)]]
        kafka.send(topic, as_objects(mine[:10]), 0)
        kafka.send(topic, as_objects(mine[10:]), 1)
        killed = servers.Process(
            target=_run, args=(kept.root_directory, site.settings, topic, step)
        )
        killed.start()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL, step
        prepare(site.warehouse, site.contracts["transactions"])
        audit(site.warehouse, site.contracts["transactions"])
    assert "Nothing new" in skipped(site.tick("topics")), "all has landed; it reports the dead runs"
    dead = kept.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert len(dead) == len(STEPS)
    assert site.load(today().isoformat()).success
    found = site.rows("SELECT id FROM categorized.transactions")
    assert sorted(one.int for (one,) in found) == list(numbers)
    landed = site.rows("SELECT sum(landed), sum(validated), sum(duplicate) FROM ledger.slices")
    assert landed == [(len(numbers), len(numbers), 0)]


def _run(folder: str, settings: Settings, topic: str, step: str) -> None:
    """A run of today in a process of its own, in slices of four records."""
    vars(kafka_reading).update(POLL_RECORDS=2, SLICE_RECORDS=6)
    STEPS[step].kill_there()
    contracts = {"transactions": replace(CONTRACT, topic=topic)}
    with dg.DagsterInstance.local_temp(folder) as instance:
        Installation(settings, instance, contracts).load(today().isoformat())
