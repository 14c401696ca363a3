"""Compares `txcat load` with bare metal on the same files in the same run: `make bench`.

    python -m tools.bench [--rows N ...] [--runs N]

Seconds and memory are those of whole processes, from start to prompt, as a user waits for them.
Machines differ and so do their hours: trust the ratio, not the seconds. What bare metal means is
in `tools.bench_floor`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import duckdb

from data.make_big_file import make_big_file

HOME = Path(".txcat/bench").absolute()
SIZES = (10_000, 100_000, 1_000_000)
HEADER = "       rows  floor s  txcat s   ratio  us a row floor MiB txcat MiB"
START_SECONDS = 30
"""How long the ML service may take to listen; it takes about one second."""


@dataclass(frozen=True)
class Cost:
    """What one process took; `peak_mb` is its highest resident memory in MiB."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Round:
    """One file, what must become of its records, and where the service answers."""

    file: Path
    truth: dict[str, int]
    ml_url: str


MEASURE = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[2:]).returncode
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
with open(sys.argv[1], "w") as figures:
    json.dump([code, seconds, peak], figures)
"""
"""Starts a command from a small process: a child is charged with the peak memory of its parent."""


def cost_of(command: list[str], **settings: str) -> tuple[Cost, str]:
    """Run the command to its end; answers its cost and what it printed."""
    log, figures = HOME / "log", HOME / "figures.json"
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-S", "-c", MEASURE, str(figures), *command],
            env=os.environ | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=True,
        )
    code, seconds, peak = json.loads(figures.read_text())
    if code:
        sys.exit(f"{' '.join(command)}\nfailed ({code}):\n{log.read_text()[-4000:]}")
    return Cost(seconds, peak / 1024), log.read_text()


def cost_of_floor(this: Round) -> Cost:
    """Bare metal, into a fresh database."""
    arguments = [str(this.file), this.ml_url, str(fresh_folder() / "floor.duckdb")]
    cost, output = cost_of([sys.executable, "-m", "tools.bench_floor", *arguments])
    expect(this.truth, json.loads(output))
    return cost


def cost_of_txcat(this: Round) -> Cost:
    """The main job, into a fresh warehouse and a fresh Dagster instance."""
    folder = fresh_folder()
    database = folder / "txcat.duckdb"
    cost, _ = cost_of(
        [str(Path(sys.executable).with_name("txcat")), "load", str(this.file)],
        TXCAT_HOME=str(folder / "home"),
        TXCAT_WAREHOUSE_URL=f"duckdb:///{database}",
        TXCAT_ML_URL=this.ml_url,
    )
    with duckdb.connect(str(database), read_only=True) as con:
        tables = {"landed": "raw", "validated": "categorized", "quarantined": "quarantined"}
        found = {
            fate: con.sql(f"SELECT count(*) FROM {table}.transactions").fetchall()[0][0]
            for fate, table in tables.items()
        }
    expect({fate: this.truth[fate] for fate in found}, found)
    return cost


def fresh_folder() -> Path:
    """The folder of one run; that of the run before is gone."""
    folder = HOME / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def expect(truth: dict[str, int], found: dict[str, int]) -> None:
    """A fast answer that is wrong is no answer."""
    if found != truth:
        sys.exit(f"rows differ: the file was made with {truth}, the tables have {found}")


@contextmanager
def ml_service() -> Iterator[str]:
    """The real service, warm, on a free port; yields its address."""
    port_file = fresh_folder() / "port"
    command = [sys.executable, "-m", "ml_api", "--port", "0", "--port-file", str(port_file)]
    service = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not port_file.exists():
            if service.poll() is not None or time.monotonic() > deadline:
                sys.exit("the ML service does not start; look why by: python -m ml_api")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port_file.read_text().strip()}"
    finally:
        service.terminate()
        service.wait()


def compare(rows: int, runs: int, ml_url: str) -> str:
    """A line of the table: both ways in turn, so that a slow moment hits both."""
    file = HOME / f"{rows}.csv"
    this = Round(file, make_big_file(file, rows), ml_url)
    costs = [(cost_of_floor(this), cost_of_txcat(this)) for _ in range(runs)]
    floor, txcat = (median(cost.seconds for cost in way) for way in zip(*costs, strict=True))
    floor_mb, txcat_mb = (max(cost.peak_mb for cost in way) for way in zip(*costs, strict=True))
    return (
        f"{rows:>11,} {floor:>8.2f} {txcat:>8.2f} {txcat / floor:>6.2f}x"
        f" {1e6 * txcat / rows:>10.1f} {floor_mb:>9,.0f} {txcat_mb:>9,.0f}"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="sizes of the files")
    parser.add_argument("--runs", type=int, default=3, help="runs of each way; the median counts")
    args = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    print(HEADER)
    with ml_service() as ml_url:
        for rows in args.rows:
            print(compare(rows, args.runs, ml_url), flush=True)


if __name__ == "__main__":
    main()
