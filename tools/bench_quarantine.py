"""Measures an operator's commands, with the environment of `make lint`.

    python -m tools.bench_quarantine [--table N] [--fix N]

`quarantine list`, one decision and `explain` on a large PostgreSQL, of which each twentieth record
is quarantined; then `fix` against landing and judging the same records from a file, on both
databases. A size of 0 leaves a part out. Each figure is the work beyond start-up, in one process.
"""

import argparse
import csv
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path

from pydantic import SecretStr

from tools.bench import HOME, fresh_folder
from tools.bench_postgres import fresh_database, server
from tools.bench_postgres_work import MET_BELOW, OLD, fill, work_on
from txcat_assets.cli.explain import Meant, explain
from txcat_assets.cli.filters import OPTIONS, filters_of
from txcat_assets.cli.operating import Command
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.pipeline.places import INVALID
from txcat_assets.settings import Settings
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.commands import Verb
from txcat_assets.stages.corrections import read_corrections, write_for_correction
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.quarantine import Wanted, find_records, read_records
from txcat_assets.warehouse.schema.tables import prepare

EACH = 20
"""One record of so many of the large table is quarantined."""

MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)
"""The day of all its records."""

REASONS = ("amount_invalid", "timestamp_invalid", "side_unknown", "amount_sign")


def seconds(act: Callable[[], object]) -> float:
    """What something takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def large_table(url: str, rows: int) -> None:
    """The commands on a large table."""
    made = seconds(lambda: fill(url, rows)) + seconds(lambda: _quarantine_some(url))
    print(f"{rows:,} judged records, {rows // EACH:,} of them quarantined: made in {made:.0f} s")
    settings = Settings(warehouse_url=SecretStr(url))
    commands: dict[str, Callable[[], int]] = {
        "quarantine list": lambda: _command(settings).list(),
        "quarantine list --reason": lambda: _command(settings, reasons=["amount_sign"]).list(),
        "quarantine list --day": lambda: _command(settings, days=[MIDNIGHT]).list(),
        "quarantine show --key": lambda: _command(settings, key="7").show(),
        "explain KEY": lambda: explain(settings, CONTRACT, Meant(key="7"), as_json=True),
        "discard one": lambda: _decide(settings, "discard"),
        "reopen one": lambda: _decide(settings, "reopen"),
    }
    took: dict[str, list[str]] = {name: [] for name in commands}
    for _ in range(4):  # in turn, so that what is discarded is opened; the first one imports
        for name, act in commands.items():
            took[name].append(f"{seconds(partial(_quietly, act)):.3f}")
    for name, figures in took.items():
        print(f"{name}: {', '.join(figures)} s", flush=True)


def _command(settings: Settings, **given: object) -> Command:
    defaults = {name: default for name, (_, default) in OPTIONS.items()}
    return Command(settings, filters_of(defaults | given), as_json=True, who="ann", why="bench")


def _decide(settings: Settings, verb: Verb) -> int:
    return _command(settings, positions=[f"1000000:{EACH * 100}"]).decide(verb)


def _quietly(act: Callable[[], int]) -> None:
    with redirect_stdout(StringIO()):
        if act():
            sys.exit("a command found nothing")


def _quarantine_some(url: str) -> None:
    """Let each so manieth record be rejected, with its text in raw."""
    codes = ", ".join(f"'{code}'" for code in REASONS)
    is_bad = f"_position % {EACH} = 0 AND _position > {MET_BELOW}"
    names = ", ".join(f'"{name}"' for name in CONTRACT.column_names)
    nulls = ", ".join(f'"{name}" = NULL' for name in CONTRACT.column_names)
    texts = ", ".join(f'CAST("{name}" AS TEXT)' for name in CONTRACT.column_names)
    with connect(url, wait_seconds=60, statement_seconds=7200).transaction() as tx:
        tx.run(
            f"INSERT INTO raw.transactions (_slice_id, _position, _day, {names}, _run_id) "
            f"SELECT _slice_id, _position, _day, {texts}, _run_id FROM judged.transactions "
            f"WHERE {is_bad}"
        )
        tx.run(
            f"UPDATE judged.transactions SET _place = {INVALID}, _digest = NULL, {nulls}, "
            f"_codes = ARRAY[(ARRAY[{codes}])[1 + _position / {EACH} % {len(REASONS)}]] "
            f"WHERE {is_bad}"
        )
        tx.run(
            "UPDATE ledger.slices s SET quarantined = c.n, validated = validated - c.n FROM "
            f"(SELECT _slice_id, count(*) AS n FROM judged.transactions WHERE _place = {INVALID} "
            "GROUP BY 1) c WHERE s.slice_id = c._slice_id"
        )
    with connect(url, wait_seconds=60, statement_seconds=7200).transaction() as tx:
        tx.run("ANALYZE judged.transactions")
        tx.run("ANALYZE raw.transactions")


def fixing(url: str, records: int) -> None:
    """What corrections take, beside landing and judging as many from a file."""
    work = work_on(connect(url, wait_seconds=60, statement_seconds=600), [OLD])
    prepare(work.warehouse, CONTRACT)
    good, bad = HOME / f"good_{OLD}.csv", HOME / f"bad_{OLD}.csv"
    _write(good, range(records), "-12.50")
    _write(bad, range(records, 2 * records), "x")
    landing = seconds(lambda: _load(work, good))
    _load(work, bad)
    export = HOME / "export.csv"
    export.unlink(missing_ok=True)
    writing = seconds(lambda: _export(work, export))
    _correct(export)
    took = seconds(lambda: _fix(work, export, records))
    print(
        f"{work.warehouse.kind}: fix of {records:,} records {took:.2f} s, landing and judging as "
        f"many from a file {landing:.2f} s: {took / landing:.2f} times; export {writing:.2f} s",
        flush=True,
    )


def _write(path: Path, numbers: range, amount: str) -> None:
    header = ",".join(CONTRACT.column_names)
    line = f"Card payment at a shop,{amount},2024-01-01T10:00:00,A shop,card_payment,debit"
    path.write_text("\n".join([header, *(f"{number + 1},{line}" for number in numbers)]) + "\n")


def _load(work: Work, path: Path) -> None:
    register_named(work, [stat(path)])
    problems = land_files(work).problems + validate(work).problems
    if problems:
        sys.exit("; ".join(problems))


def _export(work: Work, path: Path) -> None:
    with work.warehouse.transaction() as tx:
        records = read_records(tx, CONTRACT, find_records(tx, CONTRACT, Wanted()))
    write_for_correction(path, CONTRACT, records)


def _correct(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(row | {"_corrected_amount": "-12.50"} for row in rows)


def _fix(work: Work, path: Path, records: int) -> None:
    decision = Decision("replaced", "ann", "bench")
    outcome = fix(Fixing(work, path.name, decision), read_corrections(path, CONTRACT))
    if outcome.became != {"validated": records}:
        sys.exit(f"{records} corrections were to be validated: {outcome}"[:2_000])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", type=int, default=20_000_000, help="records of a large table")
    parser.add_argument("--fix", type=int, default=100_000, help="records to correct")
    args = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    if args.fix:
        fixing(f"duckdb:///{fresh_folder()}/fix.duckdb", args.fix)
    with server() as one:
        if args.fix:
            fixing(fresh_database(one), args.fix)
        if args.table:
            large_table(fresh_database(one), args.table)


if __name__ == "__main__":
    main()
