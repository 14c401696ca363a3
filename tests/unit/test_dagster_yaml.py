"""What the shipped instances of Dagster have to say, embedded and in production."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["dagster.yaml", "deploy/dagster.yaml"])
def test_no_run_goes_on_for_ever(name: str) -> None:
    monitoring = yaml.safe_load((ROOT / name).read_text())["run_monitoring"]
    assert monitoring["enabled"]
    assert monitoring["max_runtime_seconds"] == 24 * 60 * 60
