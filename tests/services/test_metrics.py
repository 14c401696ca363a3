"""What a service counts of its requests, for Prometheus: of all workers, by bounded labels."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.services.records import transaction
from tests.services.running import running_ml_api

ASKED = 40


def counted(url: str) -> dict[tuple[str, str], float]:
    """How many requests were answered, by route and status, as one worker says."""
    text = httpx.get(f"{url}/metrics", timeout=30).text
    return {
        (sample.labels["path"], sample.labels["status_code"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "txcat_http_requests_total"
    }


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_requests_are_counted_over_all_workers_by_route(tmp_path: Path, workers: int) -> None:
    with running_ml_api(tmp_path, workers=workers) as running:
        statuses = [
            httpx.post(f"{running.url}/predict", json=sent, timeout=30).status_code
            for _ in range(ASKED)
            for sent in (transaction(), transaction(amount="x"))
        ]
        assert statuses == [200, 422] * ASKED
        found = [counted(running.url) for _ in range(8)]
        assert {one["/predict", "200"] for one in found} == {ASKED}, "whichever worker answers"
        assert {one["/predict", "422"] for one in found} == {ASKED}


def test_an_address_that_is_no_route_makes_no_label(ml_url: str) -> None:
    for number in range(3):
        httpx.get(f"{ml_url}/made-up-{number}?secret=hunter2", timeout=30)
    httpx.get(f"{ml_url}/health", timeout=30)
    text = httpx.get(f"{ml_url}/metrics", timeout=30).text
    assert 'path="/health"' in text
    assert "made-up" not in text
    assert "hunter2" not in text
