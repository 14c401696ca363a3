"""`txcat demo`: sample data, the real ML service and the real main job, and what came of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from txcat_assets.cli.home import make_home
from txcat_assets.cli.load import load_files
from txcat_assets.cli.outcome import show_quarantined, show_sums
from txcat_assets.cli.terminal import note, say
from txcat_assets.clock import utc_now
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import ServiceDown, SourceRefused
from txcat_assets.settings import Settings
from txcat_assets.sources.files.names import day_in_name
from txcat_assets.warehouse.ledger.scope import Scope

START_SECONDS = 20
SHOWN_RECORDS = 6
DAYS = 5
"""The files are those of the last days, yesterday's the newest: the UI plots the newest days."""

PAYMENT_ROWS = 1_000
"""In each file of payments. They are made for what README.md does next, and not loaded here."""


def run_demo(settings: Settings) -> int:
    """Run the main job on sample files; the exit code. Again, it finds all up to date."""
    make_home(settings)
    folder = settings.home_folder / "demo"
    is_first = not folder.exists()
    if is_first:
        note(f"Making sample files in {os.path.relpath(folder)} ...")
    _make_samples(folder)
    contract = all_contracts()["transactions"]
    note("Starting the ML service, then loading the files ...")
    with ml_service(settings) as url:
        served = settings.model_copy(update={"ml_url": url})
        code = load_files(served, contract, [str(folder)])
    if is_first:
        _show_tables(settings, contract, folder)
    _show_what_next(settings)
    return code


def _show_tables(settings: Settings, contract: Contract, folder: Path) -> None:
    """What is in the tables; not shown again for files that were shown before."""
    days = [day for path in folder.iterdir() if (day := day_in_name(path.name))]
    with warehouse_of(settings).transaction() as tx:
        show_quarantined(tx, contract, Scope(contract.dataset, "day", days), SHOWN_RECORDS)
        show_sums(tx, contract)


def _make_samples(folder: Path) -> None:
    """The sample files, all or none of them: made aside, then moved."""
    if folder.exists():
        return
    try:
        # Only a checkout has it.
        from data.make_samples import make_reference_data, make_samples  # noqa: PLC0415
        from data.payment_oddities import PAYMENTS  # noqa: PLC0415
    except ImportError as error:
        raise SourceRefused(
            "The demo makes its data by the folder `data` of the checkout: run it from there."
        ) from error
    with TemporaryDirectory(dir=folder.parent) as aside:
        made = Path(aside) / folder.name
        first_day = utc_now().date() - timedelta(days=DAYS)
        make_samples(made, days=DAYS, first_day=first_day)
        make_samples(made, PAYMENTS, rows=PAYMENT_ROWS, days=DAYS, first_day=first_day)
        for dataset in ("users", "currencies"):
            make_reference_data(made, dataset, first_day=first_day)
        made.rename(folder)


@contextmanager
def ml_service(settings: Settings) -> Iterator[str]:
    """The ML service as a process of its own on a free port, while the block runs; its URL."""
    port_file = settings.home_folder / "ml_api.port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "ml_api", "--port", "0", "--port-file", str(port_file)]
    log = settings.home_folder / "ml_api.log"
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdout=words, stderr=words)  # noqa: S603
    try:
        yield f"http://127.0.0.1:{_port(process, port_file, log)}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _port(process: subprocess.Popen[bytes], port_file: Path, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if port_file.exists() and (port := port_file.read_text().strip()):
            return port
        time.sleep(0.05)
    raise ServiceDown(f"The demo's ML service did not start; its words are in {log}.")


def _show_what_next(settings: Settings) -> None:
    warehouse = warehouse_of(settings)
    is_file = warehouse.kind == "duckdb"
    place = os.path.relpath(warehouse.place) if is_file else warehouse.place
    say("")
    say(f"The tables are in {place}: raw, validated, quarantined and categorized.transactions.")
    say("Next:")
    say("  make dev                       look at the assets and their checks in the Dagster UI")
    say("  .txcat/venv/bin/txcat load PATH...   load files of your own, in nearly any dialect")
    say("  .txcat/venv/bin/txcat check    read the asset checks in the terminal")
    say('  .txcat/venv/bin/txcat sql "SELECT * FROM quarantined.transactions"   ask the tables')
    say("  README.md                      how to load the payments that lie beside these files")
