"""References come, change, go and come back in any order, and all ends as the oracle says.

After every step both datasets are audited; work is left only where the ledger's own list of days
says so, so nothing is brought to rest by a hand.
"""

import contextlib
from collections.abc import Callable, Sequence
from datetime import date

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    rule,
)

from tests.depth import examples
from tests.fakes import FakeModel
from tests.oracle import Arrived, answered
from tests.warehouse.audit import audit
from tests.warehouse.files import Files
from tests.warehouse.operators import ACTIONS
from tests.warehouse.pair import (
    audit_totals,
    expected_sales,
    expected_shops,
    sales,
    shops,
    update_totals,
)
from tests.warehouse.seen import arrived, closed, everything, seen
from tests.warehouse.steps import Crash, Machine, crashes, day_sets, files, run_machine
from tests.warehouse.tiny import DAYS
from tests.warehouse.worker import Sites
from txcat_assets.contracts.model import Contract
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.queries.figures import days_left
from txcat_assets.warehouse.schema.tables import prepare

SHOPS = [f"{code},{name}" for code in "abc" for name in "1234"]
SALES = [
    *(
        f"{key},{amount},{shop},{via}"
        for key in "12"
        for amount in "23"
        for shop in "ab"
        for via in ("", "a", "c")
    ),
    *("3,2,a,", "3,2,b,", "4,,a,", "5,2,,a", "6,3"),
]
WHOLE = {"shops": SHOPS, "sales": [line for line in SALES if line.count(",") == 3]}
DATASETS = ["shops", "sales"]

shop_lines = st.lists(st.sampled_from(SHOPS), min_size=1, max_size=4)
sale_lines = st.lists(st.sampled_from(SALES), min_size=1, max_size=6)


class References(Machine):
    """One warehouse, shops and sales that name them, and workers that crash."""

    def __init__(self) -> None:
        super().__init__()
        self.versions = dict.fromkeys(DATASETS, 1)
        self.files = {name: Files(self.folder, self._contract(name)) for name in DATASETS}
        prepare(self.warehouse, self._contract("sales"))

    @initialize(shops=shop_lines, sold=st.lists(sale_lines, min_size=2, max_size=2))
    def begin(self, shops: list[str], sold: list[list[str]]) -> None:
        """Sales have come before the shops."""
        for file, lines in enumerate(sold):
            self._deliver("sales", file, lines)
        self._deliver("shops", 0, shops)

    @rule(file=files, lines=shop_lines)
    def deliver_shops(self, file: int, lines: list[str]) -> None:
        """A file of shops comes, or is corrected, and lands."""
        self._deliver("shops", file, lines)

    @rule(file=files, lines=sale_lines)
    def deliver_sales(self, file: int, lines: list[str]) -> None:
        """A file of sales comes, or is corrected, and lands."""
        self._deliver("sales", file, lines)

    @rule(name=st.sampled_from(DATASETS), days=day_sets, crash=crashes)
    def validate(self, name: str, days: list[date], crash: int | None) -> None:
        self._crashing(crash, validate, name, days)

    @rule(days=day_sets, crash=crashes)
    def enrich(self, days: list[date], crash: int | None) -> None:
        self._crashing(crash, self._enrich, "sales", days)

    @rule(crash=crashes)
    def update_mart(self, crash: int | None) -> None:
        self._crashing(crash, update_totals, "sales", DAYS)

    @rule(name=st.sampled_from(["shops", "shops", "sales"]))
    def upgrade(self, name: str) -> None:
        """Other names are closed, other amounts forbidden."""
        self.versions[name] += 1
        prepare(self.warehouse, self._contract(name))

    @rule(name=st.sampled_from(DATASETS), days=day_sets)
    def refresh(self, name: str, days: list[date]) -> None:
        refresh(self._work(name, days), "validated")

    @rule(
        name=st.sampled_from(DATASETS),
        action=st.sampled_from(ACTIONS),
        number=st.integers(0, 50),
        dice=st.integers(0, 50),
        crash=crashes,
    )
    def decide(self, name: str, action: str, number: int, dice: int, crash: int | None) -> None:
        """An operator decides about a shop or a sale, and may be cut short."""
        line = WHOLE[name][dice % len(WHOLE[name])]
        work = self._work(name, DAYS, crash=crash)
        self.decide_about(work, self.files[name], action, number, line)

    @rule(dice=st.integers(1, 3))
    def rest(self, dice: int) -> None:
        if dice == 1:
            self.come_to_rest()

    def come_to_rest(self) -> None:
        """What the ledger lists is worked, in this order; then nothing is listed any more."""
        for name in DATASETS:
            self._work_off(name)
        arrived = {name: self._arrived(name) for name in DATASETS}
        out = {name: closed(self.warehouse, self._contract(name)) for name in DATASETS}
        expected = expected_shops(self.versions["shops"], arrived["shops"], out["shops"])
        assert seen(self.warehouse, self._contract("shops")) == expected
        version = self.versions["sales"]
        sold = expected_sales(version, arrived["sales"], expected, out["sales"])
        sold = answered(sold, FakeModel("m").answer_to_content)
        assert seen(self.warehouse, self._contract("sales")) == sold
        before = everything(self.warehouse)
        for name in DATASETS:
            validate(self._work(name, DAYS))
        update_totals(self._work("sales", DAYS))
        assert everything(self.warehouse) == before

    @invariant()
    def the_tables_agree(self) -> None:
        for name in DATASETS:
            audit(self.warehouse, self._contract(name))
        audit_totals(self.warehouse)

    def _work_off(self, name: str) -> None:
        for days in iter(lambda: self._days_left(name), []):
            assert validate(self._work(name, days)).problems == []
            self._enrich(self._work(name, days))
            if name == "sales":
                update_totals(self._work(name, days))

    def _days_left(self, name: str) -> list[date]:
        with self.warehouse.transaction() as tx:
            return days_left(tx, self._contract(name))

    def _contract(self, name: str) -> Contract:
        of = {"shops": shops(self.versions["shops"])}
        return of.get(name) or sales(self.versions["sales"], self.versions["shops"])

    def _arrived(self, name: str) -> list[Arrived]:
        return arrived(self.warehouse, self._contract(name))

    def _work(self, name: str, days: Sequence[date], *, crash: int | None = None) -> Work:
        return self.work_on(self._contract(name), days, crash)

    def _deliver(self, name: str, file: int, lines: list[str]) -> None:
        self.files[name].write(file, lines)
        register_named(self._work(name, DAYS), self.files[name].named(file), None)
        assert land_files(self._work(name, DAYS)).problems == []

    def _enrich(self, work: Work) -> None:
        for stage in work.contract.stages:
            assert enrich(work, stage, FakeModel("m")).problems == []

    def _crashing(
        self, crash: int | None, act: Callable[[Work], object], name: str, days: Sequence[date]
    ) -> None:
        with contextlib.suppress(Crash):
            act(self._work(name, days, crash=crash))


@pytest.mark.slow
@pytest.mark.timeout(1200)  # half a minute on a quiet machine; no bound on how busy one may be
@pytest.mark.usefixtures("slices_of_three")
def test_references_in_any_order_end_as_the_oracle_says(sites: Sites) -> None:
    run_machine(References, sites, examples(4), steps=12)
