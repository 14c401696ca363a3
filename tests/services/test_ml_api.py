"""The ML service as its users meet it: the real process, real HTTP."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_api.model import CATEGORIES
from tests.services.records import category_of, transaction
from tests.services.running import MAX_BODY_BYTES, MAX_LIST_ITEMS, Running, running_ml_api
from txcat_assets.contracts import transactions


def predict(url: str, body: object, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(f"{url}/predict", content=content, headers=headers)


def test_one_transaction_has_one_answer(ml_url: str) -> None:
    id_ = uuid4()
    answer = predict(ml_url, transaction(id=str(id_)))
    assert answer.json() == {"transaction_id": str(id_), "category": category_of(id_.int)}


def test_a_list_has_a_list_in_its_order(ml_url: str) -> None:
    ids = [str(uuid4()) for _ in range(1_000)]
    answers = predict(ml_url, [transaction(id=id_) for id_ in ids]).json()
    assert [answer["transaction_id"] for answer in answers] == ids
    assert [answer["category"] for answer in answers] == [category_of(UUID(i).int) for i in ids]


def test_an_empty_list_has_an_empty_list(ml_url: str) -> None:
    assert predict(ml_url, []).json() == []


@pytest.mark.parametrize("number", [0, 7, 7.0, 2**61 - 1, 2**64, 2**128 - 1])
def test_an_integer_id_is_that_uuid(ml_url: str, number: float) -> None:
    answer = predict(ml_url, transaction(id=number)).json()
    id_ = UUID(int=int(number))
    assert answer == {"transaction_id": str(id_), "category": category_of(id_.int)}


@given(st.integers(0, 2**128 - 1))
def test_a_uuid_and_its_integer_have_one_hash(number: int) -> None:
    assert hash(UUID(int=number)) == hash(number)


def test_both_sides_know_the_same_categories() -> None:
    assert CATEGORIES == transactions.CATEGORIES


GOOD = [
    {"id": "8826D916-CDFB-41C6-A1FF-91A761565A70"},
    {"amount": "-178.69"},
    {"amount": "123456789012345678901234567890.12"},
    {"amount": 10**30},
    {"timestamp": "2023-03-08T03:34:54"},
    {"timestamp": "2023-03-08T03:34:54.123456+02:00"},
    {"merchant": "Fnac"},
    {"side": "credit"},
    {"a_field_of_tomorrow": 1},
]


@pytest.mark.parametrize("fields", GOOD, ids=str)
def test_what_the_protocol_allows_is_answered(ml_url: str, fields: dict[str, object]) -> None:
    answer = predict(ml_url, transaction(**fields))
    assert answer.status_code == 200
    assert answer.json()["transaction_id"] == "8826d916-cdfb-41c6-a1ff-91a761565a70"


BAD = [
    ({"id": "5"}, "id"),
    ({"id": -1}, "id"),
    ({"id": 2**128}, "id"),
    ({"id": True}, "id"),
    ({"id": 1.5}, "id"),
    ({"id": 2.0**60}, "id"),
    ({"id": "{8826d916-cdfb-41c6-a1ff-91a761565a70}"}, "id"),
    ({"description": None}, "description"),
    ({"amount": "12,50"}, "amount"),
    ({"amount": "NaN"}, "amount"),
    ({"amount": "-Infinity"}, "amount"),
    ({"amount": None}, "amount"),
    ({"timestamp": "2023-02-30T00:00:00"}, "timestamp"),
    ({"timestamp": 1678246494}, "timestamp"),
    ({"merchant": 5}, "merchant"),
    ({"operation_type": []}, "operation_type"),
    ({"side": "sideways"}, "side"),
]


@pytest.mark.parametrize(("fields", "field"), BAD, ids=str)
def test_a_bad_field_is_named(ml_url: str, fields: dict[str, object], field: str) -> None:
    answer = predict(ml_url, [transaction(), transaction(**fields)])
    assert answer.status_code == 422
    error = answer.json()
    assert [(fault["index"], fault["field"]) for fault in error["errors"]] == [(1, field)]
    assert (error["code"], f"record 1, {field}: " in error["detail"]) == ("bad_records", True)


def test_every_bad_record_is_named_and_each_of_its_fields(ml_url: str) -> None:
    body = [transaction(side=1), transaction(), 5, {"id": 1}, transaction(id=[], amount="x")]
    error = predict(ml_url, body).json()
    named = [(fault["index"], fault["field"]) for fault in error["errors"]]
    missing = ["description", "amount", "timestamp", "operation_type", "side"]
    assert named == [
        *[(0, "side"), (2, None)],
        *[(3, field) for field in missing],
        *[(4, "id"), (4, "amount")],
    ]
    assert error["detail"].startswith("4 of 5 records are not transactions")


def test_a_field_given_twice_is_refused_if_one_is_bad(ml_url: str) -> None:
    body = json.dumps(transaction()).encode().replace(b'{"id"', b'{"side":1,"id"')
    answer = predict(ml_url, body)
    assert (answer.status_code, answer.json()["errors"][0]["index"]) == (422, 0)


@pytest.mark.parametrize("body", [b"5", b"null", b'"text"', b"true"])
def test_what_is_no_record_is_refused(ml_url: str, body: bytes) -> None:
    answer = predict(ml_url, body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, None)


BROKEN = [b"", b"{", b"[}", b"[5, {", b'{"id": 5', b"\xff\xfe", b"<html>", b"[" * 100_000]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:8]))
def test_what_is_no_json_is_told_so(ml_url: str, body: bytes) -> None:
    answer = predict(ml_url, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "broken_json")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*transaction()]), inner),
)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ANY_JSON | st.binary() | st.fixed_dictionaries(dict.fromkeys(transaction(), ANY_JSON)))
def test_no_body_breaks_the_service(ml_url: str, body: object) -> None:
    assert predict(ml_url, body).status_code in {200, 400, 422}


@pytest.mark.parametrize("id_", [b"1" * 9_999, b"1e9999", b'"\\ud800"', b"-0"])
def test_no_id_breaks_the_service(ml_url: str, id_: bytes) -> None:
    body = json.dumps(transaction(id=0)).encode().replace(b'"id": 0', b'"id": ' + id_)
    assert predict(ml_url, body).status_code in {200, 400, 422}


@pytest.mark.parametrize("record", [transaction(), 5], ids=["good", "bad"])
def test_a_list_too_long_is_refused(ml_url: str, record: object) -> None:
    answer = predict(ml_url, [record] * (MAX_LIST_ITEMS + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "list_too_long")
    assert f"the most is {MAX_LIST_ITEMS}" in answer.json()["detail"]


def test_a_body_too_large_is_refused(ml_url: str) -> None:
    answer = predict(ml_url, b" " * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/predict", 405), ("POST", "/ready", 405)],
)
def test_every_error_has_a_code_and_a_detail(
    ml_url: str, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, ml_url + path)
    assert (answer.status_code, set(answer.json())) == (status, {"code", "detail"})


def test_health_and_ready_answer(ml_url: str) -> None:
    assert httpx.get(f"{ml_url}/health").json() == {"status": "ok"}
    ready = httpx.get(f"{ml_url}/ready").json()
    assert ready == {"status": "ready", "model_version": "rule-1"}


def test_the_openapi_pages_describe_the_protocol(ml_url: str) -> None:
    page = httpx.get(f"{ml_url}/schema/openapi.json").json()
    assert {"200", "400", "413", "422"} <= set(page["paths"]["/predict"]["post"]["responses"])
    assert set(page["components"]["schemas"]["Transaction"]["properties"]) == set(transaction())
    assert httpx.get(f"{ml_url}/schema").status_code == 200


@pytest.mark.parametrize("body", [[], b"{", [5]], ids=["good", "broken", "refused"])
def test_every_reply_names_model_and_request(ml_url: str, body: object) -> None:
    answer = predict(ml_url, body, **{"x-request-id": "run-7"})
    assert answer.headers["x-model-version"] == "rule-1"
    assert answer.headers["x-request-id"] == "run-7"


@pytest.mark.parametrize("given", [{}, {"x-request-id": "a b"}, {"x-request-id": "x" * 129}])
def test_a_request_without_a_fit_id_gets_one(ml_url: str, given: dict[str, str]) -> None:
    made = predict(ml_url, [], **given).headers["x-request-id"]
    assert made == UUID(made).hex


def test_the_log_is_json_and_names_the_request(tmp_path: Path) -> None:
    with running_ml_api(tmp_path, model_version="m-2") as running:
        assert predict(running.url, [transaction()] * 3, **{"x-request-id": "r1"}).is_success
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert {"event": "listening", "url": running.url, "version": "m-2"}.items() <= lines[0].items()
    (request,) = [line for line in lines if line["event"] == "request"]
    told = {"method": "POST", "path": "/predict", "status": 200, "transactions": 3}
    assert {**told, "request_id": "r1"}.items() <= request.items()


def test_a_request_under_way_ends_before_the_service_does(tmp_path: Path) -> None:
    body = json.dumps(transaction()).encode()
    head = f"POST /predict HTTP/1.1\r\nhost: ml\r\ncontent-length: {len(body)}\r\n"
    with running_ml_api(tmp_path) as running:
        address = ("127.0.0.1", httpx.URL(running.url).port or 0)
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(f"{head}expect: 100-continue\r\n\r\n".encode() + body[:10])
            assert connection.recv(100).startswith(b"HTTP/1.1 100 "), "it has begun to read"
            running.process.send_signal(signal.SIGTERM)
            assert until_true(lambda: "Shutting down" in running.log.read_text())
            connection.sendall(body[10:])
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
        assert running.process.wait(20) == 0


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_all_end_with_the_service(tmp_path: Path) -> None:
    with running_ml_api(tmp_path, workers=2) as running:
        assert until_true(lambda: len(answering(running)) == 2)
        killed = answering(running)[0]
        killed.kill()
        assert until_true(lambda: len(set(answering(running)) - {killed}) == 2)
        assert predict(running.url, [transaction()]).is_success
        family = psutil.Process(running.process.pid).children()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
        assert psutil.wait_procs(family, timeout=10)[1] == []


def answering(running: Running) -> list[psutil.Process]:
    """The workers that have said that they answer, in the order of their saying."""
    lines = map(json.loads, running.log.read_text().splitlines())
    started = re.compile(r"Started server process \[(\d+)\]")
    found = [started.match(line["event"]) for line in lines]
    pids = [int(match[1]) for match in found if match]
    return [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]


def until_true(is_so: Callable[[], bool]) -> bool:
    """Whether something becomes so within half a minute."""
    deadline = time.monotonic() + 30
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
    return is_so()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_service_ends_at_once(tmp_path: Path, ending: signal.Signals) -> None:
    with running_ml_api(tmp_path) as running, httpx.Client() as client:
        client.get(f"{running.url}/health")  # a connection is kept open
        running.process.send_signal(ending)
        assert running.process.wait(10) == 0


def start(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ml_api", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_is_told(ml_url: str) -> None:
    ended = start("--port", str(httpx.URL(ml_url).port))
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
    assert "choose another by --host and --port" in ended.stderr


def test_a_wrong_setting_is_told() -> None:
    ended = start("--port", "99999", "--log-level", "loud")
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    assert "port" in ended.stderr
    assert "log_level" in ended.stderr
