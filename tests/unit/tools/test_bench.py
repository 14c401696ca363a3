"""The benchmark stops at a wrong answer or a failed command instead of timing it."""

import sys
from pathlib import Path

import pytest

from data.make_big_file import make_big_file
from tools import bench


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "HOME", tmp_path)


def test_a_process_is_measured_whole() -> None:
    code = "import time; time.sleep(0.2); x = bytearray(80 << 20); print('done')"
    cost, said = bench.cost_of([sys.executable, "-c", code])
    assert said == "done\n"
    assert cost.seconds > 0.2
    assert 80 < cost.peak_mb < 200


def test_a_failed_command_ends_the_benchmark_with_its_words() -> None:
    with pytest.raises(SystemExit, match="no such file"):
        bench.cost_of([sys.executable, "-c", "import sys; sys.exit('no such file')"])


def test_rows_that_differ_from_the_truth_end_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="rows differ"):
        bench.expect({"landed": 2}, {"landed": 1})


def test_bare_metal_gives_every_record_its_fate() -> None:
    rows = 10_000
    file = bench.HOME / "rows.csv"
    with bench.ml_service() as url:
        bench.cost_of_floor(bench.Round(file, make_big_file(file, rows), url))
