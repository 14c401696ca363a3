"""Claims spare work: one holder at a time, freed by the block's end or the holder's death."""

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from tests.warehouse.worker import servers, warehouse_in
from txcat_assets.warehouse.interface import Warehouse


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


def test_a_claim_of_another_process_is_freed_when_it_is_killed(tmp_path: Path) -> None:
    here, there = servers.Pipe()
    holder = servers.Process(target=_hold, args=(tmp_path, there))
    holder.start()
    assert here.recv() is True
    warehouse = warehouse_in(tmp_path)
    with warehouse.claim("tiny", "validated", 1) as is_mine:
        assert not is_mine
    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join()
    with warehouse.claim("tiny", "validated", 1) as is_mine:
        assert is_mine
