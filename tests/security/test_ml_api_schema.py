"""The ML service keeps its own OpenAPI description, and the page that shows it asks nobody else.

Line 12 of the attack list in docs/security.md.
"""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.browser import Window

EXAMPLES = 60


@pytest.mark.slow
def test_schemathesis_has_no_finding(ml_url: str, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
    options = [f"--max-examples={EXAMPLES}", "--seed=1", "--checks=all"]
    url = f"{ml_url}/schema/openapi.json"
    ended = subprocess.run(
        [*command, *options, url], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-6_000:]


def test_the_description_says_of_an_amount_what_is_taken(ml_url: str) -> None:
    schemas = httpx.get(f"{ml_url}/schema/openapi.json").json()["components"]["schemas"]
    assert schemas["Transaction"]["properties"]["amount"]["type"] == ["number", "string"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/predict", "OPTIONS, POST"), ("POST", "/ready", "GET, OPTIONS")],
)
def test_a_wrong_method_is_told_the_right_ones(
    ml_url: str, method: str, path: str, allowed: str
) -> None:
    reply = httpx.request(method, ml_url + path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allowed)


@pytest.mark.slow
def test_the_page_of_the_description_asks_nobody_else(ml_url: str, window: Window) -> None:
    assert "Categorize one transaction or a list" in window.open(f"{ml_url}/schema", "/predict")
    assert window.requests_outside(ml_url) == []
