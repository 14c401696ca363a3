"""Measures the warehouse on a real PostgreSQL, after `make lint` has set up the environment.

    python -m tools.bench_postgres [--rows N] [--table N] [--runs N]

The whole job against bare metal on the same server, then what a large table costs, a micro-batch,
and several workers on one day. A size of 0 leaves a part out. The server is the one of the
development packages, with the settings of docs/operations.md.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from data.make_big_file import make_big_file
from tools.bench import HOME, Cost, cost_of, expect, fresh_folder, ml_service
from tools.bench_postgres_work import SLICE, fill, load_slice, micro_batches, worker
from tools.kafka_broker import free_port
from tools.postgres_server import Server, running

SERVER_SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "effective_cache_size": "8GB",
}
"""What docs/operations.md advises for a machine like this one; every commit stays durable."""

MICRO_BATCHES = 60
WORKERS = 4


@contextmanager
def server() -> Iterator[Server]:
    """A server of our own on a free port, with the settings that the docs advise."""
    with TemporaryDirectory(prefix="txcat-bench-") as folder:
        one = Server(Path(folder), free_port(), uuid4().hex)
        with running(one):
            for name, value in SERVER_SETTINGS.items():
                run(one, f"ALTER SYSTEM SET {name} = '{value}'")
        with running(one):
            yield one


def run(one: Server, statement: str, database: str = "postgres") -> None:
    """Run a statement outside any transaction."""
    with psycopg.connect(url_of(one, database), autocommit=True) as connection:
        connection.execute(statement.encode())


def url_of(one: Server, database: str) -> str:
    """The URL of a database."""
    return one.url.removesuffix("postgres") + database


def fresh_database(one: Server) -> str:
    """An empty database, in the place of the one before; its URL."""
    run(one, "DROP DATABASE IF EXISTS bench WITH (FORCE)")
    run(one, "CREATE DATABASE bench")
    run(one, "CHECKPOINT")
    return url_of(one, "bench")


def main_job(one: Server, rows: int, runs: int, ml_url: str) -> None:
    """The whole job, in turn with bare metal."""
    file = HOME / f"{rows}.csv"
    truth = make_big_file(file, rows)
    costs = [
        (cost_of_floor(one, file, truth, ml_url), cost_of_txcat(one, file, truth, ml_url))
        for _ in range(runs)
    ]
    floor, mine = (median(cost.seconds for cost in way) for way in zip(*costs, strict=True))
    peak = max(cost.peak_mb for _, cost in costs)
    print(
        f"{rows:,} rows: {mine:.1f} s, {peak:,.0f} MiB; bare metal {floor:.1f} s: "
        f"ratio {mine / floor:.2f}",
        flush=True,
    )


def cost_of_floor(one: Server, file: Path, truth: dict[str, int], ml_url: str) -> Cost:
    """Bare metal, into a fresh database."""
    command = [sys.executable, "-m", "tools.bench_postgres_floor", str(file), ml_url]
    cost, output = cost_of([*command, fresh_database(one)])
    expect(truth, json.loads(output))
    return cost


def cost_of_txcat(one: Server, file: Path, truth: dict[str, int], ml_url: str) -> Cost:
    """The main job, into a fresh database and a fresh Dagster instance."""
    url = fresh_database(one)
    cost, _ = cost_of(
        [str(Path(sys.executable).with_name("txcat")), "load", str(file)],
        TXCAT_HOME=str(fresh_folder() / "home"),
        TXCAT_WAREHOUSE_URL=url,
        TXCAT_ML_URL=ml_url,
    )
    with psycopg.connect(url) as connection:
        (found,) = connection.execute(
            "SELECT sum(landed)::int, sum(validated)::int, sum(duplicate)::int, "
            "sum(quarantined)::int FROM ledger.slices"
        ).fetchall()
    names = ("landed", "validated", "duplicate", "quarantined")
    expect(truth, dict(zip(names, found, strict=True)))
    return cost


def large_table(one: Server, rows: int) -> None:
    """A slice and micro-batches into an empty table, then into a large one."""
    url = fresh_database(one)
    empty = load_slice(url, 1)
    url = fresh_database(one)
    fill(url, rows)
    large = load_slice(url, 2)
    seconds = micro_batches(url, MICRO_BATCHES)
    p95 = quantiles(seconds, n=20)[-1]
    print(
        f"{SLICE:,} records into {rows:,}: {large:.2f} s, into an empty table {empty:.2f} s: "
        f"ratio {large / empty:.2f}\n"
        f"100 records into {rows:,}, a tenth of them met: p50 {1e3 * median(seconds):.0f} ms, "
        f"p95 {1e3 * p95:.0f} ms",
        flush=True,
    )


def workers(one: Server, rows: int, ml_url: str) -> None:
    """One worker on a day of many files, then four on the same day in another database."""
    folder = fresh_folder()
    for number in range(16):
        make_big_file(folder / "all.csv", rows)
        lines = (folder / "all.csv").read_text().splitlines()
        part = lines[1 + number * len(lines) // 16 : 1 + (number + 1) * len(lines) // 16]
        name = folder / f"transactions_2025-01-03_{number:02}.csv"
        name.write_text("\n".join([lines[0], *part]) + "\n")
    (folder / "all.csv").unlink()
    alone, _ = _work_day(fresh_database(one), folder, ml_url, 1)
    together, units = _work_day(fresh_database(one), folder, ml_url, WORKERS)
    print(
        f"{WORKERS} workers on one day: {together:.1f} s, one alone {alone:.1f} s: "
        f"ratio {together / alone:.2f}; slices done twice: {units}",
        flush=True,
    )


def _work_day(url: str, folder: Path, ml_url: str, number: int) -> tuple[float, int]:
    """Seconds for all of a day by some processes, and how many slices more than one has done."""
    command = [sys.executable, "-m", "tools.bench_postgres_work", url, str(folder), ml_url]
    start = time.perf_counter()
    with ThreadPoolExecutor(number) as pool:
        output = pool.map(lambda _: subprocess.check_output(command, text=True), range(number))
        done = [json.loads(words) for words in output]
    seconds = time.perf_counter() - start
    slices = worker(url, folder, ml_url, is_counting=True)
    return seconds, sum(done) - slices


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="records of the whole job")
    parser.add_argument("--table", type=int, default=10_000_000, help="records of a large table")
    parser.add_argument("--workers", type=int, default=1_000_000, help="records that they share")
    parser.add_argument("--runs", type=int, default=3, help="runs of each way; the median counts")
    args = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    with server() as one, ml_service() as ml_url:
        if args.rows:
            main_job(one, args.rows, args.runs, ml_url)
        if args.table:
            large_table(one, args.table)
        if args.workers:
            workers(one, args.workers, ml_url)


if __name__ == "__main__":
    main()
