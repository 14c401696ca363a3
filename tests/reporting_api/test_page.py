"""What docs/reporting-api.md shows works, and the page of the description asks nobody else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.browser import Window
from tests.reporting_api.running import Api

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reporting-api.md").read_text()


def test_every_command_of_the_page_works(on_duckdb: Api) -> None:
    script = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    assert script.count("curl ") == 4
    script = script.replace("http://127.0.0.1:8910", on_duckdb.url)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=on_duckdb.environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert '"payments": [{"transaction_id"' in done.stdout
    assert '"day":"2025-05-30"' in done.stdout, "a day without payments"
    assert "transaction_id,sender_id,receiver_id,amount" in done.stdout


def test_the_program_of_the_page_gets_every_page(on_duckdb: Api, analyst: str) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    program = program.replace("http://127.0.0.1:8910", on_duckdb.url).replace("1000", "2")
    payments: list[object] = []
    exec(program, {"key": analyst, "payments": payments})  # noqa: S102 - the page's own
    assert len(payments) == 6


@pytest.mark.slow
def test_the_page_of_the_description_asks_nobody_else(on_duckdb: Api, window: Window) -> None:
    assert "A user's payments, by time" in window.open(f"{on_duckdb.url}/schema", "/users/")
    assert window.requests_outside(on_duckdb.url) == []
