"""Datasets and marts by their contracts: filters, fields, order, pages, origin, quarantine."""

import csv
import io
import re
from typing import Any

import httpx
import pytest

from tests.reporting_api.loaded import ANN, EVE, FORMULA, payment_id
from tests.reporting_api.running import Api
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS

ASKED = {
    "payments?currency=JPY": [3],
    "payments?currency=JPY&currency=usd&status=pending": [4],
    "payments?amount.gte=10.5&amount.lt=1000": [1],
    "payments?amount=4.2500": [2],
    f"payments?sender_id={EVE.upper()}": [7],
    "payments?start=2025-05-31&end=2025-05-31&is_suspicious=false": [7],
    "payments?order=-transaction_id&limit=2": [7, 6],
    "payments?order=timestamp&limit=3": [1, 3, 2],
}


def numbers(body: dict[str, Any]) -> list[int]:
    return [int(one["transaction_id"][-12:]) for one in body["payments"]]


@pytest.mark.parametrize(("asked", "expected"), ASKED.items())
def test_records_are_filtered_and_in_order(
    loaded: Api, keys: dict[str, str], asked: str, expected: list[int]
) -> None:
    reply = loaded.get(f"/api/v1/{asked}", keys["analyst"])
    assert reply.status_code == 200, reply.text
    assert numbers(reply.json()) == expected


@pytest.mark.parametrize("order", ["transaction_id", "-timestamp"])
def test_pages_give_every_record_once_and_only_the_fields_asked_for(
    loaded: Api, keys: dict[str, str], order: str
) -> None:
    path, pages = f"/api/v1/payments?order={order}&limit=3&fields=transaction_id,status", []
    while path:
        body = loaded.get(path, keys["analyst"]).json()
        pages.append(numbers(body))
        assert all(one.keys() == {"transaction_id", "status"} for one in body["payments"])
        path = body["next"]
    by_time = [7, 6, 5, 4, 2, 3, 1]
    assert [*pages[0], *pages[1], *pages[2]] == (
        by_time if order == "-timestamp" else sorted(by_time)
    )


def test_what_stands_out_is_told_by_alerts(loaded: Api, keys: dict[str, str]) -> None:
    (alert,) = loaded.get("/api/v1/alerts", keys["analyst"]).json()["alerts"]
    assert (alert["transaction_id"], alert["reasons"]) == (payment_id(7), ["much_to_new_receiver"])


def test_a_record_says_where_it_came_from(loaded: Api, keys: dict[str, str]) -> None:
    body = loaded.get(f"/api/v1/payments/{payment_id(6).upper()}", keys["analyst"]).json()
    assert (body["record"]["amount"], body["record"]["is_suspicious"]) == ("20000.0100", True)
    told = body["provenance"]
    assert told["source"] == "payments_2025-06-01.csv"
    assert (told["kind"], told["position"], told["run_id"]) == ("file", 5, "run 1")
    assert (told["contract_version"], told["day"]) == (PAYMENTS.version, "2025-06-01")
    assert told["scored_version"]


@pytest.mark.parametrize("key", [payment_id(99), payment_id(8), "nothing", "%00"])
def test_a_key_of_no_validated_record_is_not_found(on_duckdb: Api, analyst: str, key: str) -> None:
    assert on_duckdb.get(f"/api/v1/payments/{key}", analyst).status_code == 404


def test_operators_see_what_was_set_aside_and_why(loaded: Api, keys: dict[str, str]) -> None:
    path = "/api/v1/payments/quarantined?start=2025-06-01&reason=sender_is_receiver"
    (record,) = loaded.get(path, keys["operator"]).json()["quarantined"]
    assert (record["transaction_id"], record["amount"]) == (payment_id(8), "5.00")
    assert record["reasons"] == ["sender_is_receiver"]
    none = loaded.get("/api/v1/payments/quarantined?end=2025-05-31", keys["operator"])
    assert none.json()["quarantined"] == []


def test_a_spreadsheet_runs_nothing_of_what_records_hold(loaded: Api, keys: dict[str, str]) -> None:
    path = "/api/v1/transactions?fields=description,amount,merchant"
    exact = loaded.get(path, keys["analyst"]).json()["transactions"]
    assert exact[0]["description"] == next(csv.reader([FORMULA]))[0]
    reply = loaded.get(path, keys["analyst"], accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [row["description"][:2] for row in rows] == ["'=", "'+", "Pl"]
    assert [row["merchant"] for row in rows] == ["Le Coin", "'@home", ""]
    assert [row["amount"] for row in rows] == ["-3.20", "-1.10", "-2.20"], "a number is one"


def test_currencies_are_by_a_key_that_is_text(loaded: Api, keys: dict[str, str]) -> None:
    body = loaded.get("/api/v1/currencies?code=usd", keys["analyst"]).json()
    assert [one["code"] for one in body["currencies"]] == ["USD"]
    assert loaded.get("/api/v1/currencies/USD", keys["analyst"]).json()["record"]["symbol"] == "$"


def test_what_is_not_there_is_told_with_what_is(on_duckdb: Api, analyst: str) -> None:
    reply = on_duckdb.get("/api/v1/nothing", analyst)
    assert reply.status_code == 404
    assert {"payments", "alerts", "top_customers"} <= {*re.split(r"\W+", reply.json()["expected"])}


WRONG = {
    "payments?amount=ten": "amount",
    "payments?amount.gte=1.00001": "amount.gte",
    "payments?is_suspicious=1": "is_suspicious",
    "payments?fields=amount,colour": "fields",
    "payments?order=amount": "order",
    "payments?sender_id=1' OR 1=1--": "sender_id",
    "payments?timestamp.gt=2025-05-01": "timestamp.gt",
    "payments?currency.gt=EUR": "currency.gt",
    "users?start=2025-05-01": "start",
}


@pytest.mark.parametrize(("asked", "parameter"), WRONG.items())
def test_a_wrong_filter_is_named(on_duckdb: Api, analyst: str, asked: str, parameter: str) -> None:
    reply = on_duckdb.get(f"/api/v1/{asked}", analyst)
    assert (reply.status_code, reply.json()["parameter"]) == (400, parameter), reply.text


def test_the_description_has_every_column_and_parameter(on_duckdb: Api) -> None:
    described = httpx.get(f"{on_duckdb.url}/schema/openapi.json", timeout=60).json()
    asked = described["paths"]["/api/v1/payments"]["get"]
    assert {"currency", "amount.gte", "start", "limit"} <= {p["name"] for p in asked["parameters"]}
    columns = described["components"]["schemas"]["PaymentsRecord"]["properties"]
    assert {"amount", "is_suspicious"} <= columns.keys()
    assert ANN not in str(described)
