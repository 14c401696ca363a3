"""docs/ml-protocol.md tells the truth: its examples are sent to the real service, and read back."""

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.services.records import client, validated
from txcat_assets.errors import ServiceBroken
from txcat_assets.services.ml_http import SERVER_ERROR, TOO_MANY_REQUESTS, MlConfig
from txcat_assets.services.ml_protocol import REFUSALS

PAGE = (Path(__file__).parents[2] / "docs" / "ml-protocol.md").read_text()
EXAMPLES = dict(re.findall(r"```json (\w+)\n(.*?)```", PAGE, flags=re.DOTALL))


def test_the_request_of_the_page_has_the_reply_of_the_page(ml_url: str) -> None:
    answer = httpx.post(f"{ml_url}/predict", content=EXAMPLES["request"])
    assert answer.json() == json.loads(EXAMPLES["reply"])


def test_the_service_is_ready_as_the_page_says(ml_url: str) -> None:
    assert httpx.get(f"{ml_url}/ready").json() == json.loads(EXAMPLES["ready"])


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_path_in_the_address_is_kept(ml_url: str, slash: str) -> None:
    told = pytest.raises(ServiceBroken, match="404: Not Found")
    with client(f"{ml_url}/models/tx{slash}") as ml, told as caught:
        list(ml.answers(validated([1])))
    assert f"POST {ml_url}/models/tx/predict: " in str(caught.value)


def test_the_limits_of_the_page_are_those_of_the_client() -> None:
    config = MlConfig("http://ml")
    assert f"at most {config.list_items:,} validated" in PAGE
    assert f"up to {config.attempts} times within {config.total_seconds} seconds" in PAGE
    assert f"| {TOO_MANY_REQUESTS}, {SERVER_ERROR} and above |" in PAGE
    assert f"| {', '.join(map(str, sorted(REFUSALS)))} |" in PAGE
