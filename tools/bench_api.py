"""Measures the reporting API on a real PostgreSQL, beside FastAPI with SQLAlchemy in the same run.

    python -m tools.bench_api [--rows N] [--seconds N]

One process serves, clients on the same machine ask: payments of a user for a month, his daily
totals of a year, and all payments as CSV against COPY. The other service is in
`tools.bench_api_floor`.
"""

import argparse
import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psutil
import psycopg

from tools.bench_api_table import fill, users_of
from tools.bench_postgres import fresh_database, server
from tools.kafka_broker import free_port
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.warehouse.queries.records import Question, fields_of, validated_with_answers

CLIENTS = 8
RATE = 200
"""Requests a second where the rate is fixed."""

MONTH = "payments?start=2025-05-01&end=2025-05-31"
YEAR = "daily-totals?start=2025-01-01&end=2025-12-31"

Ask = Callable[[str], int]
"""Asks for a path; how many bytes came."""


@dataclass(frozen=True)
class Service:
    """A started service: where it answers, its process, and the key that it wants."""

    url: str
    process: psutil.Process
    headers: dict[str, str]

    def client(self) -> Callable[[str], tuple[int, int]]:
        """A client with a connection of its own: for a path, the status and how many bytes came."""
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=300)

        def reply_to(path: str) -> tuple[int, int]:
            connection.request("GET", path, headers=self.headers)
            reply = connection.getresponse()
            read = 0
            while part := reply.read(1 << 20):
                read += len(part)
            return reply.status, read

        return reply_to

    def ask(self) -> Ask:
        """A client for which anything but an answer ends the measuring."""
        reply_to = self.client()

        def ask(path: str) -> int:
            status, read = reply_to(path)
            if status != 200:
                sys.exit(f"{self.url}{path}: {status}")
            return read

        return ask


@contextmanager
def started(
    command: list[str], url: str, headers: dict[str, str], **more: str
) -> Iterator[Service]:
    """A service, from when it answers until the block ends."""
    with subprocess.Popen(command, env=os.environ | more, stdout=subprocess.DEVNULL) as process:
        try:
            where = urlsplit(url)
            for _ in range(600):
                connection = http.client.HTTPConnection(where.hostname or "", where.port)
                try:
                    connection.request("GET", "/health")
                    connection.getresponse()
                    break
                except OSError:
                    time.sleep(0.1)
            yield Service(url, psutil.Process(process.pid), headers)
        finally:
            process.terminate()


@contextmanager
def api(database: str, home: Path) -> Iterator[Service]:
    """The reporting API, without limits, and a key of an analyst."""
    port, txcat = free_port(), str(Path(sys.executable).with_name("txcat"))
    often = "900000000/minute"
    settings = {
        "TXCAT_HOME": str(home),
        "TXCAT_WAREHOUSE_URL": database,
        "TXCAT_API_PORT": str(port),
        "TXCAT_API_KEY_LIMIT": often,
        "TXCAT_API_ADDRESS_LIMIT": often,
        "TXCAT_API_QUERY_SECONDS": "600",
        "TXCAT_API_LOG_LEVEL": "error",
    }
    make_key = [txcat, "api-key", "create", "--role", "analyst"]
    key = subprocess.check_output(
        make_key, env=os.environ | settings, text=True, stderr=subprocess.DEVNULL
    ).split()[-1]
    headers = {"authorization": f"Bearer {key}"}
    with started([txcat, "api"], f"http://127.0.0.1:{port}", headers, **settings) as service:
        yield service


@contextmanager
def floor(database: str) -> Iterator[Service]:
    """The same endpoints by FastAPI and SQLAlchemy."""
    port = free_port()
    command = [sys.executable, "-m", "tools.bench_api_floor", database, str(port)]
    with started(command, f"http://127.0.0.1:{port}", {}) as service:
        yield service


def at_most(service: Service, what: str, users: int, seconds: float) -> float:
    """Requests a second that it answers to clients who never rest."""
    ends, counts = time.perf_counter() + seconds, [0] * CLIENTS

    def work(number: int) -> None:
        ask, chance = service.ask(), Random(number)  # noqa: S311 - the same users each time
        while time.perf_counter() < ends:
            ask(f"/users/{user(chance, users)}/{what}")
            counts[number] += 1

    _together(work)
    return sum(counts) / seconds


def at_rate(service: Service, what: str, users: int, seconds: float, rate: float) -> list[float]:
    """The milliseconds of each answer from when it was due, at so many requests a second."""
    begins, waits = time.perf_counter() + 0.1, list[float]()

    def work(number: int) -> None:
        ask, chance = service.ask(), Random(number)  # noqa: S311 - the same users each time
        for n in range(number, int(rate * seconds), CLIENTS):
            due = begins + n / rate
            time.sleep(max(0, due - time.perf_counter()))
            ask(f"/users/{user(chance, users)}/{what}")
            waits.append(1_000 * (time.perf_counter() - due))

    _together(work)
    return waits


def _together(work: Callable[[int], None]) -> None:
    clients = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def user(chance: Random, users: int) -> str:
    """The id of any user."""
    return f"00000000-0000-0000-0000-{chance.randrange(users):012x}"


def percentiles(waits: list[float]) -> str:
    """The median and the slowest of a hundred, in words."""
    cuts = quantiles(waits, n=100)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"


def questions(mine: Service, other: Service, users: int, seconds: float) -> None:
    """Payments of a month and totals of a year, of each service in turn."""
    for what, rate in ((MONTH, RATE), (YEAR, RATE / 4)):
        name = what.partition("?")[0]
        for service in (mine, other):
            at_most(service, what, users, 1)  # warm
        rates = [at_most(service, what, users, seconds) for service in (mine, other)]
        print(
            f"{name}: {rates[0]:.0f} requests a second; FastAPI with SQLAlchemy {rates[1]:.0f}: "
            f"ratio {rates[0] / rates[1]:.2f}"
        )
        for service, title in ((mine, "API"), (other, "FastAPI with SQLAlchemy")):
            waits = at_rate(service, what, users, seconds, rate)
            print(f"{name} at {rate:.0f} a second, {title}: {percentiles(waits)}", flush=True)


def stream(mine: Service, database: str) -> None:
    """All payments as CSV, by the API and by COPY of the same columns."""
    before, in_csv = peak_mb(mine), replace(mine, headers=mine.headers | {"accept": "text/csv"})
    start = time.perf_counter()
    size = in_csv.ask()("/api/v1/payments")
    seconds = time.perf_counter() - start
    columns = {one.name: one.sql for one in fields_of(PAYMENTS)}
    sql, _ = Question(validated_with_answers(PAYMENTS), columns).bound
    start, copied = time.perf_counter(), 0
    with (
        psycopg.connect(database) as connection,
        connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)".encode()) as copy,
    ):
        for part in copy:
            copied += len(part)
    theirs = time.perf_counter() - start
    print(
        f"CSV: {size / 1e6:.0f} MB in {seconds:.1f} s, {size / 1e6 / seconds:.0f} MB/s; COPY "
        f"{copied / 1e6:.0f} MB in {theirs:.1f} s: ratio {seconds / theirs:.2f}; memory "
        f"{before:.0f} MiB before, {peak_mb(mine):.0f} MiB at most"
    )


def peak_mb(service: Service) -> float:
    """The most memory that a service has ever had, as Linux tells it."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="payments in the table")
    parser.add_argument("--seconds", type=float, default=10, help="for which each is asked")
    asked = parser.parse_args()
    with server() as one, TemporaryDirectory(prefix="txcat-bench-") as home:
        database, users = fresh_database(one), users_of(asked.rows)
        fill(database, asked.rows)
        print(f"{asked.rows:,} payments of {users:,} users, {CLIENTS} clients", flush=True)
        with api(database, Path(home)) as mine, floor(database) as other:
            questions(mine, other, users, asked.seconds)
            stream(mine, database)


if __name__ == "__main__":
    main()
