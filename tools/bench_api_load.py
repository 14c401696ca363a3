"""Measures a load while the reporting API is asked, on both databases; a part of `make bench-api`.

    python -m tools.bench_api_load [--rows N]

The same file is loaded twice into a warehouse of its own: alone, and while the API answers 50
requests a second about the table that the records come into.
"""

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from data.make_big_file import make_big_file
from tools.bench import HOME, cost_of, fresh_folder, ml_service
from tools.bench_api import Service, api, percentiles
from tools.bench_postgres import fresh_database, server

RATE = 50
"""Requests a second."""

CLIENTS = 8

PATH = "/api/v1/transactions?limit=20"


@dataclass
class Answers:
    """What came of the requests: the milliseconds of each from when it was due, and by status."""

    waits: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Site:
    """Where a load writes: the warehouse, the home, and the ML service that it asks."""

    url: str
    home: Path
    ml_url: str

    def load(self, file: Path) -> float:
        """The seconds that `txcat load` takes."""
        settings = {
            "TXCAT_HOME": str(self.home),
            "TXCAT_WAREHOUSE_URL": self.url,
            "TXCAT_ML_URL": self.ml_url,
        }
        txcat = str(Path(sys.executable).with_name("txcat"))
        return cost_of([txcat, "load", str(file)], **settings)[0].seconds


@contextmanager
def asked(service: Service) -> Iterator[Answers]:
    """While the block runs, the service is asked at the rate."""
    answers, is_over, begins = Answers(), threading.Event(), time.perf_counter()

    def work(number: int) -> None:
        reply_to, due = service.client(), begins + number / RATE
        while not is_over.wait(max(0.0, due - time.perf_counter())):
            status, _ = reply_to(PATH)
            answers.statuses[status] += 1
            answers.waits.append(1_000 * (time.perf_counter() - due))
            due += CLIENTS / RATE

    clients = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        is_over.set()
        for client in clients:
            client.join()


def measure(new_site: Callable[[], Site], small: Path, file: Path) -> None:
    """Load the file alone, then beside requests; a few records are there to begin with."""
    site = new_site()
    site.load(small)
    alone = site.load(file)
    site = new_site()
    site.load(small)
    with api(site.url, site.home) as service, asked(service) as answers:
        beside = site.load(file)
    print(
        f"{site.url.partition(':')[0]}: a load alone {alone:.1f} s, beside {RATE} requests a "
        f"second {beside:.1f} s: {beside / alone:.2f} times as long; "
        f"{percentiles(answers.waits)}; by status {dict(answers.statuses)}",
        flush=True,
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="records to load")
    rows = parser.parse_args().rows
    HOME.mkdir(parents=True, exist_ok=True)
    file, small = HOME / "load.csv", HOME / "small.csv"
    make_big_file(file, rows)
    make_big_file(small, 100)
    with ml_service() as ml_url, server() as one:

        def on_postgres() -> Site:
            return Site(fresh_database(one), fresh_folder() / "home", ml_url)

        def on_duckdb() -> Site:
            folder = fresh_folder()
            return Site(f"duckdb:///{folder}/load.duckdb", folder / "home", ml_url)

        measure(on_postgres, small, file)
        measure(on_duckdb, small, file)


if __name__ == "__main__":
    main()
