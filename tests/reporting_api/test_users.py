"""A user's payments and daily totals, as they were loaded, in every format and page by page."""

import csv
import io
import json
from typing import Any

import pytest

from tests.reporting_api.loaded import ANN, BOB, EVE, NOBODY, PAYMENTS, payment_id
from tests.reporting_api.running import Api
from txcat_assets.contracts.registry import all_contracts

PAYMENTS_VERSION, USERS_VERSION = (all_contracts()[one].version for one in ("payments", "users"))
MAY = "start=2025-05-01&end=2025-05-31"


def numbers(body: dict[str, Any]) -> list[int]:
    """The payments of an answer, by the numbers that they have in `loaded`."""
    return [int(one["transaction_id"][-12:]) for one in body["payments"]]


def test_a_users_payments_are_those_he_sent_or_received_by_time(
    loaded: Api, keys: dict[str, str]
) -> None:
    reply = loaded.get(f"/users/{ANN}/payments?{MAY}", keys["ann"])
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert {name: body[name] for name in ("user_id", "start", "end", "next")} == {
        "user_id": ANN,
        "start": "2025-05-01",
        "end": "2025-05-31",
        "next": None,
    }
    assert numbers(body) == [1, 3, 2, 4, 5, 6]
    assert body["payments"][2] == {
        "transaction_id": payment_id(2),
        "sender_id": BOB,
        "receiver_id": ANN,
        "amount": "4.2500",
        "currency": "USD",
        "timestamp": "2025-05-01T23:59:59.999999Z",
        "status": "completed",
        "is_suspicious": False,
    }
    assert body["payments"][-1]["is_suspicious"] is True


ASKED = {
    "currency=jpy": [3],
    "status=pending&status=failed": [4, 5],
    "direction=received": [2],
    "suspicious=true": [6],
    "start=2025-05-02&end=2025-05-02": [4, 5],
    "start=2025-05-01T12:00:00Z&end=2025-05-01T14:00:00%2B02:00": [3],
    "start=0001-01-01&end=9999-12-31": [1, 3, 2, 4, 5, 6],
    "end=2025-04-30": [],
}


@pytest.mark.parametrize(("query", "expected"), ASKED.items())
def test_filters_and_whole_days(
    loaded: Api, keys: dict[str, str], query: str, expected: list[int]
) -> None:
    assert numbers(loaded.get(f"/users/{ANN}/payments?{query}", keys["analyst"]).json()) == expected


@pytest.mark.parametrize("written", [ANN.upper(), f"%7B{ANN}%7D", EVE])
def test_an_id_may_be_written_in_any_case_and_in_braces(
    on_duckdb: Api, analyst: str, written: str
) -> None:
    assert on_duckdb.get(f"/users/{written}/payments", analyst).status_code == 200


def test_pages_give_every_payment_once(loaded: Api, keys: dict[str, str]) -> None:
    path, found = f"/users/{ANN}/payments?{MAY}&limit=2", []
    while path:
        reply = loaded.get(path, keys["ann"])
        assert (reply.json()["next"] is None) == ("link" not in reply.headers)
        found.append(numbers(reply.json()))
        path = reply.json()["next"]
    assert found == [[1, 3], [2, 4], [5, 6]]


def test_days_are_summed_by_currency_and_only_what_was_completed(
    loaded: Api, keys: dict[str, str]
) -> None:
    body = loaded.get(f"/users/{ANN}/daily-totals?{MAY}", keys["ann"]).json()
    assert [tuple(one.values()) for one in body["daily_totals"]] == [
        ("2025-05-01", "JPY", "1000.0000", "0.0000", 1),
        ("2025-05-01", "USD", "10.5000", "4.2500", 2),
        ("2025-05-31", "USD", "20000.0100", "0.0000", 1),
    ]
    failed = loaded.get(f"/users/{ANN}/daily-totals?status=failed", keys["ann"]).json()
    assert [one["total_sent"] for one in failed["daily_totals"]] == ["0.2000"]


def test_days_without_payments_are_filled_on_request(loaded: Api, keys: dict[str, str]) -> None:
    asked = "start=2025-05-01&end=2025-05-03&filled=true&limit=4"
    first = loaded.get(f"/users/{ANN}/daily-totals?{asked}", keys["ann"]).json()
    second = loaded.get(first["next"], keys["ann"]).json()
    rows = [
        (one["day"][-2:], one["currency"], one["payments"])
        for one in (*first["daily_totals"], *second["daily_totals"])
    ]
    assert rows == [
        (day, *rest)
        for day, n in (("01", 1), ("02", 0), ("03", 0))
        for rest in (("JPY", n), ("USD", 2 * n))
    ]


def test_csv_and_json_lines_have_the_same_records(loaded: Api, keys: dict[str, str]) -> None:
    path = f"/users/{ANN}/payments?{MAY}"
    expected = loaded.get(path, keys["ann"]).json()["payments"]
    as_csv = loaded.get(path, keys["ann"], accept="text/csv")
    assert as_csv.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert [row["amount"] for row in rows] == [one["amount"] for one in expected]
    lines = loaded.get(path, keys["ann"], accept="application/x-ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert loaded.get(path, keys["ann"], accept="image/png").status_code == 406


def test_what_the_client_has_is_not_sent_again(loaded: Api, keys: dict[str, str]) -> None:
    path = f"/users/{ANN}/payments?{MAY}"
    first = loaded.get(path, keys["ann"])
    again = loaded.get(path, keys["ann"], **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["txcat-contracts"] == f"payments={PAYMENTS_VERSION}, users={USERS_VERSION}"
    assert int(first.headers["txcat-newest-slice"]) > 0
    other = loaded.get(f"{path}&limit=1", keys["ann"], **{"if-none-match": first.headers["etag"]})
    assert other.status_code == 200


WRONG = {
    "start=2025-02-30": "start",
    "start=2025-05-02&end=2025-05-01": "end",
    "start=2025-05-01T00:00:00": "start",
    "limit=0": "limit",
    "limit=10001": "limit",
    "limit=1&limit=2": "limit",
    "currency=XXX": "currency",
    "status=%27%20OR%201=1--": "status",
    "direction=up": "direction",
    "suspicious=maybe": "suspicious",
    "after=AAAA": "after",
    "after=WyJ4IiwgIngiXQ": "after",
    "colour=red": "colour",
    "start=%00": "start",
}


@pytest.mark.parametrize(("query", "parameter"), WRONG.items())
def test_a_wrong_parameter_is_named_and_told_what_would_be_right(
    on_duckdb: Api, analyst: str, query: str, parameter: str
) -> None:
    reply = on_duckdb.get(f"/users/{ANN}/payments?{query}", analyst)
    assert (reply.status_code, reply.json()["parameter"]) == (400, parameter), reply.text
    assert reply.json()["expected"]


def test_anothers_payments_are_as_those_of_nobody(loaded: Api, keys: dict[str, str]) -> None:
    for path in ("payments", "daily-totals", "reports/2025-05", "reports/2025-06", "reports/x"):
        replies = [
            loaded.get(f"/users/{user}/{path}", keys["ann"]) for user in (BOB, NOBODY, "x", "1' OR")
        ]
        assert {(reply.status_code, reply.text) for reply in replies} == {
            (404, replies[0].text),
        }
    assert len(PAYMENTS) == 7


def test_a_users_report_of_a_month_has_his_own_rows(loaded: Api, keys: dict[str, str]) -> None:
    reply = loaded.get(f"/users/{ANN}/reports/2025-05", keys["ann"])
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert (body["user_id"], body["month"], body["restated"]) == (ANN, "2025-05", False)
    assert [tuple(one.values()) for one in body["report"]] == [
        (ANN, "JPY", "2025-05-01", "1000.0000", "0.0000"),
        (ANN, "USD", "2025-05-01", "10.5000", "4.2500"),
        (ANN, "USD", "2025-05-31", "20000.0100", "0.0000"),
    ]
    as_csv = loaded.get(f"/users/{ANN}/reports/2025-05", keys["ann"], accept="text/csv").text
    assert as_csv.splitlines()[0] == "user_id,currency,day,total_sent,total_received"
    missing = loaded.get(f"/users/{ANN}/reports/2025-06", keys["ann"])
    assert (missing.status_code, "2025-06" in missing.json()["detail"]) == (404, True)
    wrong = loaded.get(f"/users/{ANN}/reports/2025-13", keys["ann"])
    assert (wrong.status_code, wrong.json()["parameter"]) == (404, "month")
