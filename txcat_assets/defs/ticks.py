"""What a tick of a sensor gives: it looks at every dataset, and none holds up another.

There is one sensor of each kind for all datasets: each sensor costs the daemon work at every look,
also where nothing has come. What it finds of a dataset is a look, in words or with requests for
runs; the cursor keeps the words of each dataset, for people and for the next look.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.at_work import asked_by, of_dataset, unfinished_runs
from txcat_assets.defs.dead_runs import report_dead_runs
from txcat_assets.errors import (
    PermanentError,
    TransientError,
    TxcatError,
    WarehouseBusy,
    WarehouseDown,
)
from txcat_assets.health.dagster_storage import TROUBLE, TROUBLES, part_of_cursor

SEEN = "seen"
"""The part of a cursor that has what was seen of each dataset; the other has the troubles."""

Tick = dg.SensorResult | dg.SkipReason


@dataclass(frozen=True)
class Glance:
    """What a look at a dataset begins with: its unfinished runs, and what was last seen of it."""

    contract: Contract
    instance: dg.DagsterInstance
    sensor: str
    runs: Sequence[dg.DagsterRun]
    seen: str

    @property
    def own_runs(self) -> list[dg.DagsterRun]:
        """Those of the runs that this sensor has asked for."""
        return asked_by(self.runs, self.sensor)


@dataclass
class Found:
    """What the looks of one tick have found, by dataset."""

    requests: list[dg.RunRequest] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, TxcatError] = field(default_factory=dict)

    def add(self, glance: Glance, tick: Tick) -> None:
        """What the look at a dataset gave; it keeps what was seen before unless it says more."""
        result = tick if isinstance(tick, dg.SensorResult) else dg.SensorResult(skip_reason=tick)
        self.requests += result.run_requests or []
        if isinstance(result.skip_reason, dg.SkipReason):
            self.words[glance.contract.dataset] = result.skip_reason.skip_message or ""
        self.seen[glance.contract.dataset] = result.cursor or glance.seen

    def result(self) -> dg.SensorResult:
        """The tick of all datasets."""
        words = [f"{dataset}: {said}" for dataset, said in self.words.items()]
        told = [f"{dataset}: {error}" for dataset, error in self.troubles.items()]
        skipped = f"{TROUBLE}{' '.join(told + words)}" if told else " ".join(words)
        cursor = {
            SEEN: {dataset: seen for dataset, seen in self.seen.items() if seen},
            TROUBLES: {dataset: str(error) for dataset, error in self.troubles.items()},
        }
        return dg.SensorResult(
            self.requests or None,
            skip_reason=None if self.requests else skipped,
            cursor=json.dumps(cursor, ensure_ascii=False),
        )


class Ticks:
    """The ticks of one sensor: one fails when a trouble begins; while it lasts they skip.

    Dagster keeps 4 KB of each failed tick, and shows the sensor as failing. What may pass by
    itself, as a warehouse that another program holds, fails none; nor does a trouble of one dataset
    while runs are asked for another. Ticks are made in the process that serves the code: after a
    restart of it a trouble fails one tick again.
    """

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self._contracts = contracts
        self._told: dict[str, type[TxcatError]] = {}

    def glances(self, context: dg.SensorEvaluationContext) -> list[Glance]:
        """What each look begins with; runs whose process is gone are reported before."""
        report_dead_runs(context.instance, self._contracts)
        runs = unfinished_runs(context.instance)
        seen = part_of_cursor(context.cursor, SEEN)
        return [
            Glance(
                contract,
                context.instance,
                context.sensor_name,
                of_dataset(runs, contract),
                seen.get(contract.dataset, ""),
            )
            for contract in self._contracts
        ]

    def of(self, glances: Sequence[Glance], look: Callable[[Glance], Tick]) -> dg.SensorResult:
        """What the looks at all datasets give; raises a trouble that begins and is not awaited."""
        found, unheard = Found(), None
        for glance in glances:
            dataset = glance.contract.dataset
            try:
                if unheard:
                    raise unheard
                found.add(glance, look(glance))
            except (TransientError, PermanentError) as error:
                found.troubles[dataset] = error
                found.seen[dataset] = glance.seen
                # One warehouse has all datasets: each would wait as long in vain.
                unheard = error if isinstance(error, WarehouseBusy | WarehouseDown) else None
        begun = self._begun(found.troubles)
        if begun and not found.requests:
            self._told |= {name: type(error) for name, error in begun.items()}
            raise next(iter(begun.values()))
        return found.result()

    def _begun(self, troubles: Mapping[str, TxcatError]) -> dict[str, TxcatError]:
        """The troubles that somebody must mend and that no tick has failed for; others are over."""
        lasting = {name: one for name, one in troubles.items() if isinstance(one, PermanentError)}
        self._told = {
            name: kind for name, kind in self._told.items() if type(lasting.get(name)) is kind
        }
        return {name: one for name, one in lasting.items() if name not in self._told}
