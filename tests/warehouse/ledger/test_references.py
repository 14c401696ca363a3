"""Records wait for what they refer to, are released by themselves, and wait again when it goes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.pair import sales, shops, update_totals
from tests.warehouse.seen import everything
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, work_on
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.forget import forget_raw
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Outcome, Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.by_day import reasons_by_day
from txcat_assets.warehouse.queries.figures import days_left
from txcat_assets.warehouse.schema.tables import prepare


class Site:
    """A warehouse in which sales refer to shops."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        prepare(warehouse, sales(1))
        self.warehouse, self.folder = warehouse, folder
        self.sales, self.shops = work_on(warehouse, sales(1)), work_on(warehouse, shops(1))

    def land(self, work: Work, *records: str) -> None:
        """One file a day, of one record each."""
        for day, record in zip(DAYS, records, strict=False):
            land_lines(work, self.folder, f"{day}", record)

    def judge(self, work: Work, days: Sequence[date] = DAYS) -> Outcome:
        """Bring a dataset's days up to date; then all tables are sound."""
        outcome = validate(replace(work, days=days))
        assert outcome.problems == []
        audit(self.warehouse, self.shops.contract)
        audit(self.warehouse, self.sales.contract)
        return outcome

    def take(self, work: Work, *records: str) -> None:
        """Land these and judge them."""
        self.land(work, *records)
        self.judge(work)

    def ask(self) -> None:
        """Let every validated sale be answered, and told of."""
        assert enrich(self.sales, CATEGORIZED, FakeModel("m1")).problems == []
        update_totals(self.sales)

    def days_left(self) -> list[date]:
        """The days of sales with work left."""
        with self.warehouse.transaction() as tx:
            return days_left(tx, self.sales.contract)

    def close(self, name: int) -> None:
        """A new contract of shops, by which this name is closed."""
        contract = shops(4 + name)
        self.sales = replace(self.sales, contract=sales(1, contract.version))
        self.shops = replace(self.shops, contract=contract)
        prepare(self.warehouse, contract)
        self.judge(self.shops)

    def forget(self) -> int:
        """Forget the text of all sales that can spare it; how many they were."""
        later = self.sales.now() + timedelta(days=1)
        return forget_raw(self.warehouse, self.sales.contract, later).records

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.warehouse.transaction() as tx:
            return tx.rows(sql)

    def sold(self) -> list[int]:
        """The slices of the validated sales: 1 is the first file that arrived, and so on."""
        found = self.rows("SELECT _slice_id FROM validated.sales ORDER BY _slice_id")
        return [slice_id // 1_000_000 for (slice_id,) in found]

    def waiting(self) -> list[tuple[Any, ...]]:
        """What is quarantined of the sales, by arrival."""
        found = self.rows("SELECT _slice_id, reasons FROM quarantined.sales ORDER BY _slice_id")
        return [(slice_id // 1_000_000, reasons) for slice_id, reasons in found]


@pytest.fixture
def site(warehouse: Warehouse, tmp_path: Path) -> Site:
    return Site(warehouse, tmp_path)


def test_a_record_that_names_what_is_not_there_is_quarantined_with_each_reason(site: Site) -> None:
    site.take(site.sales, "1,2,a,b", "2,2,a,")
    assert site.sold() == []
    assert site.waiting() == [(1, ["unknown_shop", "unknown_between"]), (2, ["unknown_shop"])]
    counts = "SELECT landed, unjudged, validated, quarantined, duplicate FROM ledger.slices"
    assert site.rows(counts) == [(1, 0, 0, 1, 0)] * 2


def test_the_reasons_are_counted_and_its_typed_content_is_kept(site: Site) -> None:
    site.take(site.sales, "1,2,a,b")
    with site.warehouse.transaction() as tx:
        found = reasons_by_day(tx, sales(1), Scope("sales", "day", DAYS))
    added_up = {code: sum(days.values()) for code, days in found.items()}
    assert added_up == {"unknown_between": 1, "unknown_shop": 1}
    assert site.rows("SELECT amount::VARCHAR, side FROM judged.sales") == [("2.00", "a")]


def test_it_is_released_by_itself_when_all_that_it_names_has_come(site: Site) -> None:
    site.take(site.sales, "1,2,a,b")
    site.take(site.shops, "a,2")
    assert site.judge(site.sales).judged_again == 1
    assert site.waiting() == [(1, ["unknown_between"])]
    site.take(site.shops, "b,2")
    assert site.judge(site.sales).judged_again == 1
    assert (site.sold(), site.waiting()) == ([1], [])


def test_days_with_records_to_release_have_work_left(site: Site) -> None:
    site.take(site.sales, "1,2,b,", "2,2,a,")
    site.ask()
    assert site.days_left() == []
    site.take(site.shops, "a,2")
    assert site.days_left() == [DAYS[1]]


def test_only_the_days_of_a_run_are_released(site: Site) -> None:
    site.take(site.sales, "1,2,a,", "2,2,a,")
    site.take(site.shops, "a,2")
    site.judge(site.sales, [DAYS[1]])
    assert site.sold() == [2]


def test_a_released_record_takes_its_place_back(site: Site) -> None:
    """It arrived before the one that won meanwhile."""
    site.take(site.shops, "b,2")
    site.take(site.sales, "1,2,a,", "1,2,b,")
    assert site.sold() == [3]
    site.take(site.shops, "a,2")
    site.judge(site.sales)
    assert site.sold() == [2]
    assert site.waiting() == [(3, ["conflict"])]


def test_what_is_released_is_pending(site: Site) -> None:
    site.take(site.sales, "1,2,a,")
    site.ask()
    site.take(site.shops, "a,2")
    site.judge(site.sales)
    pending = "SELECT pending FROM ledger.stages WHERE stage = 'categorized' AND dataset = 'sales'"
    assert site.rows(pending) == [(1,)]


def test_when_a_reference_goes_those_who_name_it_wait_again(site: Site) -> None:
    site.take(site.shops, "a,2")
    site.take(site.sales, "1,2,a,", "2,2,a,a")
    site.ask()
    site.close(2)
    assert site.sold() == [2, 3]
    assert site.judge(site.sales).judged_again == 2
    assert site.sold() == []
    assert site.rows("SELECT * FROM categorized.sales") == []
    assert site.rows("SELECT * FROM ledger.withdrawn") == []


def test_days_that_name_what_has_gone_have_work_left(site: Site) -> None:
    site.take(site.shops, "a,2", "b,3")
    site.take(site.sales, "1,2,a,", "2,2,b,")
    site.ask()
    site.close(2)
    assert site.days_left() == [DAYS[0]]


def test_a_note_is_kept_until_every_day_has_heard_of_it(site: Site) -> None:
    site.take(site.shops, "a,2")
    site.take(site.sales, "1,2,a,", "2,2,a,")
    site.close(2)
    site.judge(site.sales, [DAYS[0]])
    assert site.sold() == [3]
    assert site.rows("SELECT refers_to, key FROM ledger.withdrawn") == [("shops", "a")]
    site.judge(site.sales, [DAYS[1]])
    assert (site.sold(), site.rows("SELECT * FROM ledger.withdrawn")) == ([], [])


def test_what_waits_for_another_learns_of_what_has_gone_too(site: Site) -> None:
    site.take(site.shops, "a,2")
    site.take(site.sales, "1,2,a,b")
    site.close(2)
    site.judge(site.sales)
    assert site.waiting() == [(2, ["unknown_shop", "unknown_between"])]


def test_who_names_what_has_gone_is_not_promoted(site: Site) -> None:
    """The next contender names a shop that went, and has not been judged again."""
    site.take(site.shops, "a,2", "b,3")
    site.take(site.sales, "1,3,b,", "1,2,a,", "1,2,b,")
    site.close(2)
    upgraded = replace(site.sales, contract=sales(3, 6))
    prepare(site.warehouse, upgraded.contract)
    site.sales = upgraded
    assert validate(replace(upgraded, days=[DAYS[0]])).problems == []
    assert site.sold() == [5]
    assert site.waiting() == [(3, ["forbidden"]), (4, ["unknown_shop"])]
    audit(site.warehouse, upgraded.contract)


def test_a_reference_that_comes_back_releases_those_who_name_it(site: Site) -> None:
    site.take(site.shops, "a,2")
    site.take(site.sales, "1,2,a,")
    site.close(2)
    site.judge(site.sales)
    site.close(3)
    site.judge(site.sales)
    assert (site.sold(), site.waiting()) == ([2], [])


def test_a_reference_that_goes_and_comes_back_before_the_next_run_changes_nothing(
    site: Site,
) -> None:
    site.take(site.shops, "a,2")
    site.take(site.sales, "1,2,a,")
    site.close(2)
    site.close(3)
    assert site.judge(site.sales).judged_again == 0
    assert site.sold() == [2]
    assert site.rows("SELECT * FROM ledger.withdrawn") == []


def test_a_new_version_of_a_reference_disturbs_nobody(site: Site) -> None:
    site.take(site.shops, "a,2", "a,3")
    site.take(site.sales, "1,2,a,")
    site.close(2)
    assert site.rows("SELECT * FROM ledger.withdrawn") == []
    assert site.judge(site.sales).judged_again == 0


def test_judging_again_writes_only_what_differs(site: Site) -> None:
    site.take(site.shops, "a,2")
    site.take(site.sales, "1,2,a,", "2,2,b,", "3,2,,")
    before = everything(site.warehouse)
    site.judge(site.sales)
    assert everything(site.warehouse) == before


def test_each_change_of_reference_data_is_a_version_and_the_last_one_is_current(
    site: Site,
) -> None:
    site.take(site.shops, "a,2", "a,3", "a,2\n")
    shown = "SELECT _slice_id, name FROM {}.shops ORDER BY _slice_id"
    versions = [(1_000_000, "2"), (2_000_000, "3"), (3_000_000, "2")]
    assert site.rows(shown.format("validated")) == versions
    assert site.rows(shown.format("current")) == versions[-1:]


def test_what_equals_the_version_before_it_is_a_duplicate_of_it(site: Site) -> None:
    site.take(site.shops, "a,2", "a,2\n", "a,3")
    assert site.rows("SELECT duplicate FROM ledger.slices ORDER BY slice_id") == [(0,), (1,), (0,)]


def test_a_version_between_two_equal_ones_parts_them_when_it_is_judged_late(site: Site) -> None:
    site.land(site.shops, "a,2", "a,3", "a,2\n")
    site.judge(site.shops, [DAYS[0], DAYS[2]])
    assert site.rows("SELECT count(*) FROM validated.shops") == [(1,)]
    assert site.judge(site.shops, [DAYS[1]]).moved == 2  # the first is superseded, the last valid
    assert site.rows("SELECT _slice_id FROM current.shops") == [(3_000_000,)]
    assert site.rows("SELECT count(*) FROM validated.shops") == [(3,)]


def test_a_slice_of_which_a_record_waits_keeps_its_text(site: Site) -> None:
    site.take(site.sales, "1,2,a,")
    site.ask()
    assert site.forget() == 0
    site.take(site.shops, "a,2")
    site.judge(site.sales)
    site.ask()
    assert site.forget() == 1


def test_a_record_without_text_is_not_judged_again_when_its_reference_goes(site: Site) -> None:
    site.take(site.shops, "a,2")
    site.take(site.sales, "1,2,a,")
    site.ask()
    assert site.forget() == 1
    site.close(2)
    assert site.days_left() == []
    assert site.judge(site.sales).judged_again == 0
    assert site.rows("SELECT * FROM ledger.withdrawn") == []
