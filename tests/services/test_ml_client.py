"""The client and the real service: every record is answered once, or refused with its reason."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import polars as pl
import pytest

from tests.services import faulty_services as faulty
from tests.services.faulty_services import Exchange, serving
from tests.services.records import category_of, client, validated
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.errors import ServiceBroken
from txcat_assets.services.ml_protocol import ANSWERS, request_body, wire_form


def by_row(frames: Iterator[pl.DataFrame]) -> list[tuple[int, str | None, str | None]]:
    collected = pl.concat([ANSWERS.to_frame(), *frames])
    return collected.sort("row").rows()


def test_every_record_is_answered_once_by_the_rule(ml_url: str) -> None:
    with client(ml_url) as ml:
        answered = by_row(ml.answers(validated(range(3_210))))
    assert answered == [(number, category_of(number), None) for number in range(3_210)]


def test_no_records_are_no_question(ml_url: str) -> None:
    with client(ml_url) as ml:
        assert list(ml.answers(validated([]))) == []


def test_a_record_that_the_service_cannot_read_is_set_aside_alone(ml_url: str) -> None:
    records = pl.concat([validated(range(700)), validated([700], side="sideways")])
    with client(ml_url) as ml:
        *answered, (row, answer, refusal) = by_row(ml.answers(records))
    assert answered == [(number, category_of(number), None) for number in range(700)]
    assert (row, answer) == (700, None)
    assert "side: Invalid enum value 'sideways'" in str(refusal)


def test_a_list_of_too_many_bytes_is_halved(ml_url: str) -> None:
    with client(ml_url) as ml:
        answered = by_row(ml.answers(validated(range(500), description="é" * 1_000)))
    assert answered == [(number, category_of(number), None) for number in range(500)]


def test_a_list_of_too_many_records_is_halved(ml_url: str) -> None:
    with client(ml_url, list_items=1_600) as ml:
        assert len(by_row(ml.answers(validated(range(1_600))))) == 1_600


def test_a_record_that_alone_is_too_large_is_refused(ml_url: str) -> None:
    with client(ml_url) as ml:
        answers = by_row(ml.answers(validated([1], description="é" * 600_000)))
    assert answers == [(0, None, "The body has more than 1000000 bytes; send shorter lists.")]


def test_the_version_is_asked_once_and_marks_the_answers(ml_url: str) -> None:
    with client(ml_url) as ml:
        assert [ml.version(), ml.version()] == ["rule-1", "rule-1"]


@pytest.mark.parametrize(
    "ready", [{"status": "ok"}, {"model_version": ""}, b"OK", b'{"a":' + b"[" * 9_999, faulty.HTML]
)
def test_a_service_that_names_no_version_is_unversioned(ready: object) -> None:
    with serving(faulty.answers_well, ready) as service, client(service.url) as ml:
        assert ml.version() == "unversioned"
        assert len(by_row(ml.answers(validated([1])))) == 1


@pytest.mark.parametrize("ready", [{"model_version": 3}, ["m1"]])
def test_a_version_that_is_no_text_is_refused(ready: object) -> None:
    with (
        serving(faulty.answers_well, ready) as service,
        client(service.url) as ml,
        pytest.raises(ServiceBroken, match=r"GET http.*/ready"),
    ):
        ml.version()


def test_answers_are_matched_by_id_and_not_by_order() -> None:
    def names_each(exchange: Exchange) -> None:
        exchange.say(
            200,
            [
                {"transaction_id": item["id"], "category": category_of(int(item["id"][-4:], 16))}
                for item in reversed(exchange.items)
            ],
        )

    with serving(names_each) as service, client(service.url) as ml:
        answered = by_row(ml.answers(validated(range(100))))
    assert answered == [(number, category_of(number), None) for number in range(100)]


def test_no_more_lists_are_taken_than_are_under_way() -> None:
    with serving(faulty.answers_well) as service:
        with client(service.url, list_items=1, lists_at_once=2) as ml:
            answers = ml.answers(validated(range(50)))
            next(answers)
            assert len(service.asked) <= 4
            answers.close()  # type: ignore[attr-defined]
        assert len(service.asked) <= 4


def test_a_record_is_sent_as_the_protocol_says() -> None:
    records = validated([5], amount=Decimal("-0.10"), description='"é"\n\x00', merchant=None)
    assert json.loads(request_body(wire_form(records, CONTRACT.column_names))) == [
        {
            "id": "00000000-0000-0000-0000-000000000005",
            "description": '"é"\n\x00',
            "amount": -0.1,
            "timestamp": "2023-03-08T03:34:54Z",
            "merchant": None,
            "operation_type": "refund",
            "side": "debit",
        }
    ]


@pytest.mark.parametrize("amount", ["0.01", "-9999999999999.99", "9999999999999.98", "0.00"])
def test_an_amount_of_15_digits_is_sent_exactly(amount: str) -> None:
    body = request_body(wire_form(validated([1], amount=Decimal(amount)), ["id", "amount"]))
    assert json.loads(body, parse_float=Decimal)[0]["amount"] == Decimal(amount)


def test_a_fraction_of_a_second_is_sent() -> None:
    records = validated([1], timestamp=datetime(2023, 3, 8, 3, 34, 54, 120_000))  # noqa: DTZ001
    assert b'"2023-03-08T03:34:54.120Z"' in request_body(wire_form(records, ["id", "timestamp"]))


def test_only_the_named_columns_are_sent() -> None:
    body = request_body(wire_form(validated([1]), ["id", "side"]))
    assert json.loads(body) == [{"id": "00000000-0000-0000-0000-000000000001", "side": "debit"}]
