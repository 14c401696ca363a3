"""What docs/reports.md shows works: its commands, run as they stand, and the report it declares."""

import json
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from tests.e2e.commands import CommandLine
from tests.e2e.pages import blocks, run_block
from txcat_assets.pipeline.reports import figures

PAGE = "docs/reports.md"


@pytest.mark.slow
def test_every_command_of_the_page_works(bare_terminal: CommandLine) -> None:
    home = bare_terminal.folder / ".txcat"
    bare_terminal.set(TXCAT_HOME=home, DAGSTER_HOME=home)
    said = "".join(run_block(bare_terminal, text, 0) for _, text in blocks(PAGE, "sh"))
    assert "payments_monthly 2025-05: version 1, 2 rows." in said
    assert "payments_monthly 2025-05: version 2, 2 rows." in said
    assert "Restated: 0 rows added, 0 removed, 2 changed." in said
    summary = json.loads((home / "reports/payments_monthly/2025-05.json").read_text())
    assert summary["sums"] == [
        {"currency": "USD", "total_sent": "251.0000", "total_received": "251.0000"}
    ]
    refused = bare_terminal.txcat("report", "payments", "--month", "2142-01")
    assert (refused.code, "2142-01 is not over" in refused.err) == (2, True)
    refused = bare_terminal.txcat("report", "users", "--month", "2025-05")
    assert (refused.code, "users has no report" in refused.err) == (2, True)


def test_the_report_of_the_page_can_be_declared_so() -> None:
    ((_, program),) = blocks(PAGE, "python")
    declared: dict[str, Any] = {}
    exec(program, declared)  # noqa: S102 - the page's own
    (report,) = declared["CONTRACT"].reports
    visits = pl.DataFrame({"at": [datetime(2025, 5, n) for n in (3, 2, 3)]})  # noqa: DTZ001
    assert figures(report, visits)["visits"].to_list() == [1, 2]
