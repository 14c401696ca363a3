"""The floor of the benchmark: a CSV file to categorized rows by polars, DuckDB and httpx alone.

    python -m tools.bench_floor FILE.csv ML_URL OUT.duckdb

It does what the main job does for its users and nothing else: no ledger, no Dagster, no recovery,
no salvage of broken files. Prints how many records met each fate as a line of JSON.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import duckdb
import httpx
import polars as pl
import pyarrow as pa

LIST_ROWS, LISTS_AT_ONCE = 1_000, 4
ROW_GROUP = 122_880
"""Rows that DuckDB writes at a time; record batches of this size keep every core busy."""

UUID = "^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
MONEY = r"^[+-]?\d{1,16}(\.\d\d?)?$"
TYPES = {"id": "UUID", "amount": "DECIMAL(18,2)", "timestamp": "TIMESTAMP"}


def typed(raw: pl.DataFrame) -> pl.DataFrame:
    """The columns as values, null where a text cannot be one."""
    exact = pl.when(pl.col("amount").str.contains(MONEY)).then("amount")
    return raw.with_columns(
        pl.when(pl.col("id").str.contains(UUID)).then(pl.col("id").str.to_lowercase()),
        amount=exact.cast(pl.Decimal(18, 2), strict=False),
        timestamp=pl.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False),
        side=pl.when(pl.col("side").is_in(["debit", "credit"])).then("side"),
    )


def reasons() -> pl.Expr:
    """The columns that are null though they must not be, as one text; null for a sound record."""
    required = ("id", "description", "amount", "timestamp", "operation_type", "side")
    faults = [pl.when(pl.col(name).is_null()).then(pl.lit(f"{name}_invalid")) for name in required]
    text = pl.concat_str(faults, separator=" ", ignore_nulls=True)
    return pl.when(text != "").then(text)


def split(raw: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Validated, quarantined and duplicate records: the first of each id is validated."""
    judged = typed(raw).with_columns(reasons=reasons())
    sound = judged.filter(pl.col("reasons").is_null()).drop("reasons")
    is_first = sound["id"].is_first_distinct()
    first, copies = sound.filter(is_first), sound.filter(~is_first)
    content = [name for name in raw.columns if name != "position"]
    originals = first.join(copies, on="id", how="semi")
    repeats = copies.join(originals, on=content, how="semi", nulls_equal=True)
    conflicts = copies.join(repeats, on="position", how="anti").select("position")
    bad = judged.drop_nulls("reasons").select("position", "reasons")
    bad = pl.concat([bad, conflicts.with_columns(reasons=pl.lit("conflict"))])
    quarantined = raw.join(bad, on="position", maintain_order="left")
    return {"validated": first, "quarantined": quarantined, "duplicate": repeats}


def categorized(validated: pl.DataFrame, url: str) -> pl.DataFrame:
    """The validated records with the categories that the service gives."""
    wire = validated.drop("position").with_columns(
        pl.col("amount").cast(pl.Float64), pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S")
    )
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(LISTS_AT_ONCE) as threads:

        def ask(part: pl.DataFrame) -> pl.DataFrame:
            body = part.write_json().encode()
            headers = {"content-type": "application/json"}
            reply = client.post(f"{url}/predict", content=body, headers=headers).raise_for_status()
            return pl.read_json(reply.content)

        answers = pl.concat(threads.map(ask, wire.iter_slices(LIST_ROWS)))
    if not answers["transaction_id"].equals(validated["id"]):
        sys.exit("the service answered for other transactions than it was asked for")
    return validated.with_columns(answers["category"])


def write(con: duckdb.DuckDBPyConnection, stage: str, frame: pl.DataFrame) -> int:
    """Put the frame into the table of its stage, in one transaction; answers its rows."""
    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    rows = pa.Table.from_batches(table.to_batches(max_chunksize=ROW_GROUP), table.schema)
    is_typed = stage in ("validated", "categorized")
    columns = [f"{name}::{TYPES[name]} AS {name}" for name in TYPES] if is_typed else []
    replaced = f"REPLACE ({', '.join(columns)})" if columns else ""
    con.register("rows", rows)
    con.execute(f"CREATE TABLE {stage} AS SELECT * {replaced} FROM rows").unregister("rows")
    return frame.height


def run(path: str, url: str, database: str) -> Iterator[tuple[str, int]]:
    """The whole path, stage by stage; yields the rows of each."""
    raw = pl.read_csv(path, infer_schema=False, row_index_name="position")
    with duckdb.connect(database) as con:
        yield "landed", write(con, "raw", raw)
        fates = split(raw)
        yield "duplicate", fates.pop("duplicate").height
        for stage, frame in fates.items():
            yield stage, write(con, stage, frame)
        write(con, "categorized", categorized(fates["validated"], url))


if __name__ == "__main__":
    print(json.dumps(dict(run(*sys.argv[1:]))))
