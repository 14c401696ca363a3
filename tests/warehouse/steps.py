"""What the stateful tests share: from what a step is drawn, how it is cut short, how they run.

The steps themselves are in `ledger/test_machine.py` and `ledger/test_reference_machine.py`.
"""

import contextlib
import shutil
from collections.abc import Sequence
from datetime import date

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.fakes import SteppedWarehouse
from tests.oracle import Position
from tests.warehouse.files import FILES, Files
from tests.warehouse.operators import decide, judgements
from tests.warehouse.seen import closed
from tests.warehouse.tiny import DAYS, Clock, record_of
from tests.warehouse.worker import Sites, warehouse_in
from txcat_assets.contracts.model import Contract
from txcat_assets.stages.work import Work

LINES = [
    *(
        f"{key},{amount},{side}"
        for key in "123"
        for amount in "123"
        for side in ("debit", "credit")
    ),
    *("1,1,debit", "1,2,debit", "2,2,credit", "2,3,credit"),
    *("4,x,debit", ",1,credit", "5,3", "6,,credit"),
]
WHOLE_LINES = [line for line in LINES if line.count(",") == 2]
DISTURBANCES = ["written", "copied", "moved", "registered"]

lines = st.lists(st.sampled_from(LINES), min_size=1, max_size=8)
files = st.integers(0, FILES - 1)
orders = st.permutations(range(FILES))
day_sets = st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True)
crashes = st.integers(-60, 60).map(lambda step: step if step > 0 else None)


class Crash(BaseException):
    """The process ends here, as far as the code can tell."""


class Machine(RuleBasedStateMachine):
    """One warehouse, workers and operators on it, each of whom may be cut short at any step."""

    sites: Sites
    """Where the warehouse of each example is made."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = self.sites.new()
        self.warehouse = warehouse_in(self.folder)
        self.clock = Clock()

    def teardown(self) -> None:
        """Whatever happened, it can be brought to rest."""
        self.come_to_rest()
        shutil.rmtree(self.folder)

    def come_to_rest(self) -> None:
        """Brought up to date, all is as the oracle says, and a second run does nothing."""
        raise NotImplementedError

    def work_on(
        self, contract: Contract, days: Sequence[date] = DAYS, crash: int | None = None
    ) -> Work:
        """Work of a process that ends at its step of that number."""
        left = iter(range(crash or 0))

        def step() -> None:
            if crash is not None and next(left, None) is None:
                raise Crash

        warehouse = SteppedWarehouse(self.warehouse, step, has_claims=False)
        return Work(warehouse, contract, days, "run", self.clock)

    def decide_about(
        self, work: Work, files: Files, action: str, number: int, line: str
    ) -> set[Position]:
        """An operator decides about a landed record: those that are judged by this contract now."""
        contract = work.contract
        landed = sorted(files.sent(self.warehouse))
        at = landed[number % len(landed)]
        before, decisions = closed(self.warehouse, contract), judgements(self.warehouse, at)
        texts, _ = record_of(line, len(contract.column_names))
        name = files.correct(line)
        with contextlib.suppress(Crash):
            decide(work, action, at, texts, name)
        opened = before.keys() - closed(self.warehouse, contract).keys()
        return opened | ({at} if judgements(self.warehouse, at) > decisions else set())


def run_machine(machine: type[Machine], sites: Sites, examples: int, steps: int) -> None:
    """Run examples of so many steps, each in a warehouse of these sites."""
    run_state_machine_as_test(
        type(f"On{machine.__name__}", (machine,), {"sites": sites}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
