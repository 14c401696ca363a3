"""The floor of the benchmark on PostgreSQL: polars, COPY by two connections, keys built last.

    python -m tools.bench_postgres_floor FILE.csv ML_URL DATABASE_URL

How records are split and asked is that of `tools.bench_floor`; it keeps no ledger either.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import psycopg

from tools.bench_floor import categorized, split

CONNECTIONS = 2
"""A server process works on one core."""

TYPES = {"id": "UUID", "amount": "NUMERIC(18,2)", "timestamp": "TIMESTAMP", "position": "BIGINT"}


def write(url: str, stage: str, frame: pl.DataFrame) -> int:
    """Copy a frame into the table of its stage, a share by each connection; answers its rows."""
    is_typed = stage in ("validated", "categorized")
    columns = ", ".join(
        f'"{name}" {TYPES.get(name, "TEXT") if is_typed else "TEXT"}' for name in frame.columns
    )
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TABLE {stage} ({columns})".encode())
    rows = -(-frame.height // CONNECTIONS)

    def share(number: int) -> None:
        with (
            psycopg.connect(url) as connection,
            connection.cursor().copy(f"COPY {stage} FROM STDIN (FORMAT csv)".encode()) as copy,
        ):
            for part in frame[number * rows : (number + 1) * rows].iter_slices(50_000):
                copy.write(part.write_csv(include_header=False).encode())

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(share, range(CONNECTIONS)))
    return frame.height


def run(path: str, ml_url: str, url: str) -> Iterator[tuple[str, int]]:
    """The whole path, stage by stage; yields the rows of each."""
    raw = pl.read_csv(path, infer_schema=False, row_index_name="position")
    yield "landed", write(url, "raw", raw)
    fates = split(raw)
    yield "duplicate", fates.pop("duplicate").height
    for stage, frame in fates.items():
        yield stage, write(url, stage, frame)
    write(url, "categorized", categorized(fates["validated"], ml_url))
    add_keys(url)


def add_keys(url: str) -> None:
    """What readers of the typed tables need, built once and last."""

    def add(stage: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute(f"ALTER TABLE {stage} ADD PRIMARY KEY (id)".encode())

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(add, ("validated", "categorized")))


if __name__ == "__main__":
    print(json.dumps(dict(run(*sys.argv[1:]))))
