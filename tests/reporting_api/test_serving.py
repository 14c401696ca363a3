"""The API as a process: healthy at once, ready or not in words, and ended in peace."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reporting_api.running import Api, running_api


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API of a warehouse that is not there yet, by two workers."""
    folder = tmp_path_factory.mktemp("empty")
    url = f"duckdb:///{folder}/none.duckdb"
    with running_api(folder, url, workers=2) as api:
        yield api


def test_it_is_healthy_without_a_warehouse(empty: Api) -> None:
    assert empty.get("/health").json() == {"status": "ok"}


def test_it_says_what_is_not_ready(empty: Api) -> None:
    reply = empty.get("/ready")
    assert (reply.status_code, reply.json()["status"]) == (503, "not ready")
    assert "WarehouseRefused" in reply.json()["problems"][0]
    assert "txcat load" not in reply.text, "paths and commands are for the log"


def test_an_unknown_parameter_is_refused_by_problem_details(empty: Api) -> None:
    reply = empty.get("/health?secret=1")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json() == {
        "title": "Bad Request",
        "status": 400,
        "detail": "There is no parameter 'secret' here.",
        "parameter": "secret",
        "expected": "no parameter",
    }


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/health", 405)])
def test_wrong_paths_and_methods_are_problems_too(empty: Api, path: str, status: int) -> None:
    reply = empty.ask("GET" if status == 404 else "POST", path)
    assert (reply.status_code, reply.json()["status"]) == (status, status)


def test_every_answer_has_an_id_and_the_headers_of_security(empty: Api) -> None:
    headers = empty.get("/nothing", **{"x-request-id": "mine-1"}).headers
    assert headers["x-request-id"] == "mine-1"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_what_may_be_a_token_is_in_no_log(empty: Api) -> None:
    secret = "s3cret" * 9
    empty.get(f"/{secret}?{secret}={secret}", key=secret, **{"x-request-id": secret})
    assert "s3cret" not in empty.log.read_text()


def test_headers_that_are_too_long_are_refused(empty: Api) -> None:
    assert empty.get(f"/health?start={'9' * 60_000}").status_code == 431


def test_sigterm_ends_it_in_peace(tmp_path: Path) -> None:
    with running_api(tmp_path, f"duckdb:///{tmp_path}/none.duckdb") as api:
        api.process.send_signal(signal.SIGTERM)
        assert api.process.wait(30) == 0
