"""`txcat demo`: its counts are the truth of the sample files, and all it makes is in its home."""

from datetime import timedelta
from pathlib import Path

import pytest

from data.make_samples import make_samples, truth_of_all
from tests.assets.installation import differing, today
from tests.e2e.commands import CommandLine

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def test_the_demo_tells_the_truth_and_again_changes_nothing(
    bare_terminal: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the command finds ml_api and data there
    monkeypatch.syspath_prepend(str(ROOT))
    truth = truth_of_all(make_samples(tmp_path / "samples"))
    assert bare_terminal.txcat("demo").code == 0
    (found,) = bare_terminal.rows(
        "SELECT sum(landed)::INT, sum(validated)::INT, sum(duplicate)::INT, "
        "sum(quarantined)::INT FROM ledger.slices"
    )
    days = bare_terminal.rows("SELECT DISTINCT day FROM ledger.slices ORDER BY 1")
    assert days == [(today() - timedelta(days=back),) for back in (5, 4, 3, 2, 1)]
    quarantined = sum(truth.quarantined.values())
    assert found == (truth.landed, truth.validated, truth.duplicate, quarantined)
    reasons = "SELECT r, count(*) FROM (SELECT unnest(reasons) r FROM quarantined.transactions)"
    assert dict(bare_terminal.rows(f"{reasons} GROUP BY 1")) == truth.quarantined
    categorized = bare_terminal.rows("SELECT count(*) FROM categorized.transactions")
    assert categorized == [(truth.validated,)]

    before, runs = bare_terminal.everything(), len(bare_terminal.runs())
    said = bare_terminal.txcat("demo")
    assert said.code == 0
    assert "Up to date: 5 files hold nothing new." in said.out
    assert differing(before, bare_terminal.everything()) == []
    assert len(bare_terminal.runs()) == runs
    assert [path.name for path in bare_terminal.folder.iterdir()] == [".txcat"]
