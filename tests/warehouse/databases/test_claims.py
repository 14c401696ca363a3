"""Claims spare work: one holder at a time, freed by the block's end or the holder's death."""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from tests.warehouse.worker import Sites, servers, warehouse_in
from txcat_assets.warehouse.databases.interface import Warehouse


def test_a_claim_is_held_once_and_freed_at_the_end(warehouse: Warehouse) -> None:
    with warehouse.claim("tiny", "validated", 1) as first:
        with warehouse.claim("tiny", "validated", 1) as second:
            assert (first, second) == (True, False)
        with warehouse.claim("tiny", "validated", 1) as third:
            assert not third, "who was refused must not free it"
    with warehouse.claim("tiny", "validated", 1) as again:
        assert again


def test_other_work_can_be_claimed_at_the_same_time(warehouse: Warehouse) -> None:
    with warehouse.claim("tiny", "validated", 1), warehouse.claim("tiny", "validated", 2) as two:
        assert two


def _hold(folder: Path, pipe: Connection) -> None:
    with warehouse_in(folder).claim("tiny", "validated", 1) as is_mine:
        pipe.send(is_mine)
        pipe.recv()


def test_a_claim_of_another_process_is_freed_when_it_is_killed(sites: Sites) -> None:
    here, there = servers.Pipe()
    folder = sites.new()
    holder = servers.Process(target=_hold, args=(folder, there))
    holder.start()
    assert here.recv() is True
    warehouse = warehouse_in(folder)
    with warehouse.claim("tiny", "validated", 1) as is_mine:
        assert not is_mine
    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join()
    assert _is_had(warehouse, within_seconds=5)


def _is_had(warehouse: Warehouse, within_seconds: float) -> bool:
    """Whether the claim can be had by then: a server needs a moment to see that a client died."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        with warehouse.claim("tiny", "validated", 1) as is_mine:
            if is_mine:
                return True
        time.sleep(0.01)
    return False
