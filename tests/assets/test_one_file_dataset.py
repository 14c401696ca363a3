"""A dataset is one new file among the contracts: nothing else has to know of it.

Its columns are named by words that SQL keeps for itself, its key is text, its money has three
places, and it has a stage of its own.
"""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import polars as pl
import pytest

from tests.assets.installation import Installation, said_by
from tools.docs import data_dictionary
from tools.graph import graph
from txcat_assets import contracts
from txcat_assets.contracts.registry import all_contracts

REFUNDS = '''
"""Refunds: money that goes back to a buyer, and why."""

import polars as pl

from txcat_assets.contracts.model import (
    Answer, Choice, Column, Contract, Id, Instant, Money, Rule, Service, Stage, Text,
)

CONTRACT = Contract(
    dataset="refunds",
    version=1,
    description="One row is one refund.",
    owner="team:shop",
    key="order",
    event_time="end",
    files="refunds*",
    columns=(
        Column("order", Text(max_chars=20), "The order that was paid back."),
        Column("user", Id(), "Who gets the money."),
        Column("end", Instant(), "When it was decided."),
        Column("sum", Money(18, 3), "How much."),
        Column("group", Choice(("damaged", "late")), "Why.", is_required=False),
        Column("select", Text(), "Words of the clerk.", is_required=False),
    ),
    rules=(
        Rule("sum_not_positive", "The sum must be greater than zero.", pl.col("sum") > 0),
    ),
    stages=(
        Stage(
            name="scored",
            answered_by=Service("ml"),
            description="Every refund with its risk.",
            columns=(Answer("table", Choice(("low", "high")), "The risk."),),
        ),
    ),
)
'''

RECORDS = """order,user,end,sum,group,select
a-1,1,2025-01-02T10:00:00Z,1.005,damaged,"from, where"
a-2,2,2025-01-02T11:00:00Z,2.000,,
a-2,2,2025-01-02T11:00:00Z,2,,
a-3,3,2025-01-02T12:00:00Z,-1.000,late,
a-4,4,2025-01-02T13:00:00Z,1.0001,late,
a-5,5,2025-01-02T14:00:00Z,5.000,lost,
"""


class Scores:
    """A service that finds every refund harmless."""

    def version(self) -> str:
        """Its version."""
        return "scores-1"

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """All at once."""
        rows = pl.Series("row", range(len(records)), dtype=pl.UInt32)
        yield pl.DataFrame(
            {"row": rows, "table": ["low"] * len(records), "refusal": [None] * len(records)},
            schema={"row": pl.UInt32, "table": pl.String, "refusal": pl.String},
        )


@pytest.fixture
def refunds(
    site: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """An installation with one more file among its contracts."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "refunds.py").write_text(REFUNDS)
    monkeypatch.setattr(contracts, "__path__", [*contracts.__path__, str(folder)])
    all_contracts.cache_clear()
    site.contracts = None
    site.resources = {"enrichers": lambda *_: nullcontext(Scores())}
    yield site
    all_contracts.cache_clear()
    sys.modules.pop("txcat_assets.contracts.refunds", None)
    del contracts.refunds  # type: ignore[attr-defined]  # set when it was imported


def test_one_file_gives_tables_assets_and_checks(refunds: Installation) -> None:
    refunds.put("refunds_2025-01-03.csv", RECORDS)
    done = refunds.run("load_refunds", partition_key="2025-01-03")
    assert done.success
    assert refunds.rows(
        'SELECT "order", "sum"::VARCHAR, "group", "select", "table" '
        'FROM scored.refunds ORDER BY "order"'
    ) == [("a-1", "1.005", "damaged", "from, where", "low"), ("a-2", "2.000", None, None, "low")]
    assert refunds.rows('SELECT "order", reasons FROM quarantined.refunds ORDER BY 1') == [
        ("a-3", ["sum_not_positive"]),
        ("a-4", ["sum_too_precise"]),
        ("a-5", ["group_unknown"]),
    ]


def test_its_checks_speak(refunds: Installation) -> None:
    refunds.put("refunds_2025-01-03.csv", RECORDS)
    refunds.run("load_refunds", partition_key="2025-01-03")
    done = refunds.run("check_refunds")
    assert not done.success  # for one of the checks that fail is an error
    failed = {name for name, found in said_by(done).items() if not found.passed}
    assert failed == {
        "sum_not_positive",
        "sum_too_precise",
        "group_unknown",
        "share_quarantined",
    }


def test_again_it_changes_nothing_and_a_correction_is_a_conflict(refunds: Installation) -> None:
    refunds.put("refunds_2025-01-03.csv", RECORDS)
    refunds.run("load_refunds", partition_key="2025-01-03")
    refunds.put("refunds_2025-01-04.csv", RECORDS.replace("1.005", "1.006"))
    assert refunds.run("load_refunds", partition_key="2025-01-04").success
    counts = "SELECT landed, validated, duplicate, quarantined FROM ledger.slices ORDER BY slice_id"
    assert refunds.rows(counts) == [(6, 2, 1, 3), (6, 0, 2, 4)]


def test_both_datasets_live_in_one_inbox(refunds: Installation) -> None:
    refunds.put("refunds_2025-01-03.csv", RECORDS)
    assert not refunds.tick("inbox").run_requests
    assert refunds.tick("inbox", dataset="refunds").run_requests


@pytest.mark.usefixtures("refunds")
def test_it_has_its_pages() -> None:
    assert "### validated.refunds" in data_dictionary()
    assert "| `sum` | DECIMAL(18,3) | yes | How much. |" in data_dictionary()
    assert "`scored/refunds`" in graph()
