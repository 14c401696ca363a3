"""The code location loads fast: what only some runs need is imported by those runs."""

import subprocess
import sys

import pytest

HEAVY = ("pandera", "pandas", "kafka", "httpx")
LOADED = """
import sys
from txcat_assets.definitions import build_definitions
from txcat_assets.settings import Settings
build_definitions(Settings()).get_repository_def().get_all_jobs()
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What a fresh interpreter has imported once the code location is loaded."""
    command = [sys.executable, "-c", LOADED]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("package", HEAVY)
def test_loading_the_code_location_does_not_import(package: str, loaded: set[str]) -> None:
    assert package not in loaded, (
        f"every run pays for what the location imports: import {package} in the function using it"
    )
