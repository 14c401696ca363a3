"""What bounds the API: how often one may ask over all workers, and a DuckDB file that is held.

Each server here has limits of its own, so it is not the one that the other tests ask.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.reporting_api.loaded import ANN, load_all
from tests.reporting_api.running import Api, running_api
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.duckdb_turns import turns_of

PATH = f"/users/{ANN}/daily-totals"
ALLOWED = 12


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API by two workers that together answer each key a dozen times an hour."""
    folder = tmp_path_factory.mktemp("limited")
    url = f"duckdb:///{folder}/warehouse.duckdb"
    load_all(folder, url)
    limits = {"key_limit": f"{ALLOWED}/hour", "address_limit": "500/hour", "wait_seconds": 0.5}
    with running_api(folder, url, workers=2, **limits) as api:
        yield api


def test_two_workers_count_as_one(limited: Api) -> None:
    key, replies = limited.new_key("analyst"), []
    askers = [
        threading.Thread(target=lambda: replies.append(limited.get(PATH, key)))
        for _ in range(2 * ALLOWED)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    statuses = Counter(reply.status_code for reply in replies)
    assert statuses[429] == ALLOWED, statuses
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert 3_000 < int(refused.headers["retry-after"]) <= 3_600
    assert refused.headers["ratelimit-policy"] == f'"key";q={ALLOWED};w=3600'
    assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
    other = limited.new_key("analyst")
    answers = (limited.get(PATH, other).status_code for _ in range(ALLOWED))
    # Only this key is refused; 503 where a busy machine gives no turn within the half second.
    assert next(answer for answer in answers if answer != 503) == 200


def test_a_file_that_is_held_is_told_with_when_to_ask_again(limited: Api) -> None:
    key = limited.new_key("analyst")
    path = limited.environment["TXCAT_WAREHOUSE_URL"].removeprefix("duckdb:///")
    with duckdb.connect(path):
        reply = limited.get(PATH, key)
    assert reply.status_code == 503
    assert int(reply.headers["retry-after"]) > 0
    assert path not in reply.text
    assert limited.get(PATH, key).status_code == 200, "and back, without a restart"


def test_questions_that_never_cease_leave_a_writer_its_turns(on_duckdb: Api, analyst: str) -> None:
    is_over, statuses = threading.Event(), Counter[int]()

    def ask() -> None:
        while not is_over.is_set():
            statuses[on_duckdb.get(PATH, analyst).status_code] += 1

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        warehouse = connect(on_duckdb.environment["TXCAT_WAREHOUSE_URL"], 10, 10)
        for _ in range(5):
            with warehouse.transaction() as tx:
                tx.run("UPDATE ledger.slices SET run_id = run_id")
    finally:
        is_over.set()
        for asker in askers:
            asker.join()
    assert statuses[200] > 0
    assert statuses.keys() <= {200, 503}


def test_readers_rest_as_long_as_they_have_read(tmp_path: Path) -> None:
    turns = turns_of(tmp_path / "file")
    with turns.turn(1):
        time.sleep(0.3)
    ended = time.monotonic()
    with turns.turn(2):
        rested = time.monotonic() - ended
    assert 0.2 < rested < 1.5
