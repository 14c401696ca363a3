"""Threads of one process, such as Dagster's sensors, work in one warehouse at once."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.warehouse.worker import Sites, warehouse_in
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import WarehouseBusy, WarehouseConflict
from txcat_assets.warehouse.databases.interface import Warehouse, one, repeated_on_conflict
from txcat_assets.warehouse.schema.tables import prepare

THREADS = 6


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each piece of work gives; all begin at the same moment, each in its thread."""
    start = threading.Barrier(len(work))

    def begin(piece: Callable[[], Any]) -> Any:
        start.wait()
        return piece()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(begin, work))


def test_threads_make_all_tables_at_once(sites: Sites) -> None:
    folder = sites.new()
    contracts = list(all_contracts().values())

    def make(first: int) -> list[str]:
        mine = warehouse_in(folder)
        ordered = contracts[first:] + contracts[:first]
        return [words for contract in ordered for words in prepare(mine, contract)]

    made = at_once([partial(make, n % len(contracts)) for n in range(THREADS)])
    every = [words for words_of_one in made for words in words_of_one]
    assert len(every) == len(set(every)), "nothing is made twice"
    assert prepare(warehouse_in(folder), contracts[0]) == []


def _counter(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE SCHEMA counted")
        tx.run("CREATE TABLE counted.n AS SELECT 0 AS n")


def test_who_holds_a_lock_holds_it_alone(warehouse: Warehouse) -> None:
    _counter(warehouse)

    def count() -> None:
        for _ in range(10):
            with warehouse.transaction() as tx:
                tx.lock("counter")
                n = one(tx.rows("SELECT n FROM counted.n"))
                time.sleep(0.002)
                tx.run("UPDATE counted.n SET n = $n", n=n + 1)

    at_once([count] * 4)
    with warehouse.transaction() as tx:
        assert tx.rows("SELECT n FROM counted.n") == [(40,)]


def test_those_who_share_a_lock_hold_it_together(warehouse: Warehouse) -> None:
    both_have_it = threading.Barrier(2, timeout=5)

    def share() -> None:
        with warehouse.transaction() as tx:
            tx.lock("shared", shared=True)
            both_have_it.wait()

    at_once([share] * 2)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "alone"])
def test_who_waits_in_vain_for_a_lock_is_told(sites: Sites, shared: bool) -> None:
    folder = sites.new()
    holder, waiting = warehouse_in(folder), warehouse_in(folder, wait_seconds=0.2)
    with holder.transaction() as tx:
        tx.lock("held")
        with pytest.raises(WarehouseBusy), waiting.transaction() as other:
            other.lock("held", shared=shared)


def test_what_conflicts_is_done_again(warehouse: Warehouse) -> None:
    """Without a lock: the database itself refuses the second writer, and its work is repeated."""
    _counter(warehouse)

    def count() -> None:
        with warehouse.transaction() as tx:
            n = one(tx.rows("SELECT n FROM counted.n"))
            time.sleep(0.02)
            tx.run("UPDATE counted.n SET n = n + 1 WHERE n >= $n", n=n)

    at_once([lambda: repeated_on_conflict(count)] * 4)
    with warehouse.transaction() as tx:
        assert tx.rows("SELECT n FROM counted.n") == [(4,)]


def test_a_conflict_that_does_not_end_is_told() -> None:
    tries = []

    def conflict() -> None:
        tries.append(1)
        raise WarehouseConflict("again")

    with pytest.raises(WarehouseConflict):
        repeated_on_conflict(conflict)
    assert len(tries) > 1


def test_a_claim_is_given_to_one_thread_alone(warehouse: Warehouse) -> None:
    held = threading.Barrier(THREADS)

    def claim() -> bool:
        with warehouse.claim("tiny", "validated", 1) as is_mine:
            held.wait()
            return is_mine

    assert sum(at_once([claim] * THREADS)) == 1
