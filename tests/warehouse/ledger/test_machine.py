"""Any order of landing, judging, asking, upgrades, refreshes and crashes ends as the oracle says.

After every step the tables are audited and compared with the oracle, each slice under the
contract version that it has reached. Whoever watches records and their categories has been told by
then of every amount of which any has changed.
"""

import contextlib
from collections import defaultdict
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
from tests.oracle import Expected, Position, answered, places
from tests.warehouse.audit import audit
from tests.warehouse.files import FILES, Files
from tests.warehouse.operators import ACTIONS
from tests.warehouse.seen import arrived, closed, everything, seen
from tests.warehouse.steps import (
    DISTURBANCES,
    WHOLE_LINES,
    Crash,
    Machine,
    crashes,
    day_sets,
    files,
    lines,
    orders,
    run_machine,
)
from tests.warehouse.tiny import CATEGORIZED, DAYS, tiny, verdict_of
from tests.warehouse.worker import Sites
from txcat_assets.contracts.watchers import Watcher
from txcat_assets.sources.files.listing import SeenFile
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.watchers import read_notes, register, take_notes
from txcat_assets.warehouse.schema.tables import prepare


class Ledger(Machine):
    """One warehouse, a handful of files that come, change and move, and workers that crash."""

    def __init__(self) -> None:
        super().__init__()
        self.files = Files(self.folder, tiny(1))
        self.version = self.model = 1
        self.reached: dict[int, str] = {}
        self.judged_alone: dict[Position, int] = {}
        self.amounts: dict[str, set[str]] = {}
        prepare(self.warehouse, tiny(1))
        with self.warehouse.transaction() as tx:
            register(tx, self._by_amount, "1")

    @initialize(contents=st.lists(lines, min_size=FILES, max_size=FILES), order=orders)
    def begin(self, contents: list[list[str]], order: list[int]) -> None:
        """Something of every day has landed, in any order of arrival, and is not judged yet."""
        for file in order:
            self.deliver(file, contents[file])

    @rule(file=files, lines=lines)
    def deliver(self, file: int, lines: list[str]) -> None:
        """A file comes, or is corrected, and lands; its name gives its day."""
        self.files.write(file, lines)
        self._register(self.files.named(file))
        land_files(self._work(DAYS))

    @rule(file=files, to=files, lines=lines, how=st.sampled_from(DISTURBANCES))
    def disturb(self, file: int, to: int, lines: list[str], how: str) -> None:
        """Something happens to a file, and none of it lands yet."""
        match how:
            case "written":
                self.files.write(file, lines)
            case "copied":
                self.files.copy(file, to)
            case "moved":
                self.files.move(file, to)
            case _:
                self._register(self.files.named(file))

    @rule(days=day_sets, crash=crashes)
    def land(self, days: list[date], crash: int | None) -> None:
        self._crashing(crash, land_files, days)

    @rule(days=day_sets, crash=crashes)
    def validate(self, days: list[date], crash: int | None) -> None:
        self._crashing(crash, validate, days)

    @rule(
        days=day_sets,
        crash=crashes,
        lasts=st.none() | st.integers(0, 3),
        meanwhile=st.sampled_from(["", "", "validate", "upgrade", "enrich", "other model"]),
    )
    def enrich(
        self, days: list[date], crash: int | None, lasts: int | None, meanwhile: str
    ) -> None:
        """Answers come, while the world may go on, until the model goes away or all is answered."""
        going_on = {
            "validate": lambda: self._validate(DAYS),
            "upgrade": lambda: self._upgrade(validating=DAYS),
            "enrich": lambda: self._enrich(DAYS, self._model()),
            "other model": lambda: self._enrich(DAYS, self._model(self.model + 1)),
        }
        model = self._model(lasts=lasts, meanwhile=going_on.get(meanwhile))
        self._crashing(crash, lambda work: enrich(work, CATEGORIZED, model), days)

    @rule(what=st.sampled_from(["contract", "model", "validated", "categorized"]), days=day_sets)
    def renew(self, what: str, days: list[date]) -> None:
        """A new contract, a new model, or a full refresh of a stage."""
        match what:
            case "contract":
                self._upgrade()
            case "model":
                self.model += 1
            case stage:
                refresh(self._work(days), stage)

    @rule(
        action=st.sampled_from(ACTIONS),
        number=st.integers(0, 50),
        line=st.sampled_from(WHOLE_LINES),
        crash=crashes,
    )
    def decide(self, action: str, number: int, line: str, crash: int | None) -> None:
        """An operator decides about one of the records that have landed, and may be cut short."""
        work = self._work(DAYS, crash=crash)
        judged = self.decide_about(work, self.files, action, number, line)
        self.judged_alone |= dict.fromkeys(judged, self.version)

    @rule(dice=st.integers(1, 4))
    def rest(self, dice: int) -> None:
        if dice == 1:
            self.come_to_rest()

    def come_to_rest(self) -> None:
        """Brought up to date, all is as the oracle says, and a second run does nothing."""
        self._register(self.files.present())
        self._bring_up_to_date(self._model())
        expected = answered(self._expected(), self._model().answer_to_content)
        assert seen(self.warehouse, tiny(self.version)) == expected
        assert self.files.lacking(self.warehouse) == []
        before, model = everything(self.warehouse), self._model()
        self._bring_up_to_date(model)
        assert everything(self.warehouse) == before
        assert model.asked == []

    @invariant()
    def the_tables_agree(self) -> None:
        contract = tiny(self.version)
        audit(self.warehouse, contract)
        self._note_reached()
        found, expected = seen(self.warehouse, contract), self._expected()
        assert found.validated == expected.validated
        assert found.duplicates == expected.duplicates
        assert found.quarantined == expected.quarantined
        assert found.closed == expected.closed

    @invariant()
    def each_category_belongs_to_its_content(self) -> None:
        with self.warehouse.transaction() as tx:
            rows = tx.rows(
                "SELECT category, model_version, amount::VARCHAR, side FROM categorized.tiny"
            )
        assert [row for row in rows if row[0] != " ".join(row[1:])] == []

    @invariant()
    def who_watches_is_told_what_changed(self) -> None:
        before, self.amounts = self.amounts, defaultdict(set)
        with self.warehouse.transaction() as tx:
            for table in ("validated.tiny", "categorized.tiny"):
                for amount, row in tx.rows(
                    f"SELECT CAST(amount AS TEXT), CAST(t AS TEXT) FROM {table} t"
                ):
                    self.amounts[amount].add(f"{table} {row}")
            notes = read_notes(tx, self._by_amount, 100)
            assert take_notes(tx, self._by_amount, notes)
        names = before.keys() | self.amounts.keys()
        changed = {name for name in names if before.get(name) != self.amounts.get(name)}
        assert changed <= set(notes["entity"])

    @invariant()
    def raw_is_what_was_sent(self) -> None:
        assert {r.at: r for r in arrived(self.warehouse, tiny(1))} == self.files.sent(
            self.warehouse
        )

    @property
    def _by_amount(self) -> Watcher:
        return Watcher("by_amount", tiny(self.version), "amount", stage="categorized")

    def _work(self, days: Sequence[date], *, crash: int | None = None) -> Work:
        return self.work_on(tiny(self.version), days, crash)

    def _register(self, files: Sequence[SeenFile]) -> None:
        if files:
            register_named(self._work(DAYS), files, None)

    def _model(
        self,
        version: int | None = None,
        *,
        lasts: int | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> FakeModel:
        number = version or self.model
        return FakeModel(f"m{number}", is_picky=number % 2 == 0, lasts=lasts, meanwhile=meanwhile)

    def _crashing(
        self, crash: int | None, act: Callable[[Work], object], days: Sequence[date]
    ) -> None:
        with contextlib.suppress(Crash):
            act(self._work(days, crash=crash))

    def _validate(self, days: Sequence[date]) -> None:
        assert validate(self._work(days)).problems == []

    def _enrich(self, days: Sequence[date], model: FakeModel) -> None:
        assert enrich(self._work(days), CATEGORIZED, model).problems == []

    def _upgrade(self, *, validating: Sequence[date] = ()) -> None:
        self.version += 1
        prepare(self.warehouse, tiny(self.version))
        if validating:
            self._validate(validating)

    def _bring_up_to_date(self, model: FakeModel) -> None:
        land_files(self._work(DAYS))
        self._validate(DAYS)
        self._note_reached()
        self._enrich(DAYS, model)

    def _note_reached(self) -> None:
        """Remember under which version each slice was judged last; a refresh forgets it."""
        with self.warehouse.transaction() as tx:
            self.reached |= dict(
                tx.rows(
                    "SELECT slice_id, version FROM ledger.stages "
                    "WHERE stage = 'validated' AND version IS NOT NULL"
                )
            )

    def _version_of(self, at: Position) -> int:
        """The version under which a record was judged last; 0 while it was not."""
        return max(int(self.reached.get(at[0], 0)), self.judged_alone.get(at, 0))

    def _expected(self) -> Expected:
        out = closed(self.warehouse, tiny(1))
        judged = [
            record
            for at, record in self.files.sent(self.warehouse).items()
            if self._version_of(at) or at in out
        ]
        return places(
            judged, lambda record: verdict_of(self._version_of(record.at), record), closed=out
        )


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a minute on a quiet machine; no bound on how busy one may be
@pytest.mark.usefixtures("slices_of_three")
def test_any_order_of_work_ends_as_the_oracle_says(sites: Sites) -> None:
    run_machine(Ledger, sites, examples(4), steps=16)
