"""What becomes of each way to write a value: docs/values.md, line by line."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from tests.unit.pipeline.records import judged

A_UUID = "8826d916-cdfb-41c6-a1ff-91a761565a70"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (A_UUID, A_UUID),
        (A_UUID.upper(), A_UUID),
        (f"{{{A_UUID}}}", A_UUID),
        (f" \t{A_UUID.title()}\u00a0", A_UUID),
        ("0", str(UUID(int=0))),
        ("17", str(UUID(int=17))),
        (str(2**64 + 5), str(UUID(int=2**64 + 5))),
        (str(2**128 - 1), str(UUID(int=2**128 - 1))),
    ],
)
def test_an_id_becomes_the_canonical_text_of_a_uuid(text: str, value: str) -> None:
    assert judged(id=text)["id"] == value


def test_an_integer_id_has_the_hash_of_its_uuid() -> None:
    assert hash(UUID(judged(id="123456789")["id"])) == hash(123456789)


@pytest.mark.parametrize(
    "text",
    [
        "TX-17",
        "007",
        "-7",
        "+7",
        "7.0",
        str(2**128),
        "9" * 60,
        A_UUID.replace("-", ""),
        f"{{{A_UUID}",
        f"{A_UUID}}}",
        f"urn:uuid:{A_UUID}",
        A_UUID[:-1],
        A_UUID[:-1] + "g",
        "٣",
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    assert judged(id=text)["_codes"] == ["id_invalid"]


@pytest.mark.parametrize("text", ["7", "0", str(2**128 - 1)])
def test_an_integer_is_no_id_where_the_contract_takes_none(text: str) -> None:
    assert judged(payer=A_UUID.upper())["payer"] == A_UUID
    assert judged(payer=text)["_codes"] == ["payer_invalid"]


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), (" FALSE ", False), ("True", True), ("", None)]
)
def test_a_flag_is_true_or_false_in_any_case(text: str, value: bool | None) -> None:
    assert judged(is_urgent=text)["is_urgent"] is value


@pytest.mark.parametrize("text", ["1", "0", "yes", "t", "null"])
def test_anything_else_is_no_flag(text: str) -> None:
    assert judged(is_urgent=text)["_codes"] == ["is_urgent_invalid"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.34", "12.34"),
        ("-0.5", "-0.50"),
        ("+7", "7.00"),
        ("-0", "0.00"),
        ("007", "7.00"),
        ("0" * 100 + "1.25", "1.25"),
        (" 1.50 ", "1.50"),
        ("12.5000", "12.50"),
        ("-0.500", "-0.50"),
        ("1234.500", "1234.50"),
        ("3." + "0" * 30, "3.00"),
        ("\u22125", "-5.00"),
        ("\u200e-5\u202c", "-5.00"),
        ("\ufeff5", "5.00"),
        ("1\u00a0234.5", "1234.50"),
        ("-1\u202f234\u2009567", "-1234567.00"),
        ("9999999999999999.99", "9999999999999999.99"),
        ("-9999999999999999.99", "-9999999999999999.99"),
    ],
)
def test_a_plain_number_is_money_to_the_last_digit(text: str, value: str) -> None:
    amount = judged(amount=text)["amount"]
    assert (amount, str(amount)) == (Decimal(value), str(Decimal(value)))


@pytest.mark.parametrize("text", ["1.005", "1.500", "-0.005", "1" * 30 + ".125"])
def test_money_is_never_cut_to_its_scale(text: str) -> None:
    assert judged(amount=text)["_codes"] == ["amount_too_precise"]


@pytest.mark.parametrize("text", ["1234567890" * 3, "10000000000000000", "-1" + "0" * 60 + ".00"])
def test_money_beyond_its_digits_is_out_of_range(text: str) -> None:
    assert judged(amount=text)["_codes"] == ["amount_out_of_range"]


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-inf",
        "1e5",
        "1E2",
        "1.",
        ".5",
        "-",
        "1,5",
        "1,234",
        "1 234.00",
        "1_000",
        "1'000",
        "$5",
        "5 EUR",
        "(5.00)",
        "5-",
        "--5",
        "0x10",
        "١٢",
        "1\u00a023.00",
        "1234\u00a0567",
        "5\u2212",
        "12.5O",
        "1.2.3",
    ],
)
def test_whatever_is_not_a_plain_number_is_no_money(text: str) -> None:
    assert judged(amount=text)["_codes"] == ["amount_invalid"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("952,40", "952.40"),
        ("-0,5", "-0.50"),
        ("952.40", "952.40"),
        (" 7 ", "7.00"),
        ("0,500", "0.50"),
        ("12,5000", "12.50"),
        ("1\u00a0234,50", "1234.50"),
    ],
)
def test_a_decimal_comma_is_read_where_the_separator_is_another(text: str, value: str) -> None:
    assert judged(amount=text, decimal_comma=True)["amount"] == Decimal(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,234", "amount_invalid"),
        ("1.234,50", "amount_invalid"),
        ("1,234.50", "amount_invalid"),
        ("1,2,3", "amount_invalid"),
        ("1,", "amount_invalid"),
        (",5", "amount_invalid"),
        ("1,2345", "amount_too_precise"),
        ("1.234", "amount_invalid"),
        ("1.000", "amount_invalid"),
        ("1" * 30 + ",00", "amount_out_of_range"),
    ],
)
def test_a_decimal_comma_is_never_guessed(text: str, reason: str) -> None:
    assert judged(amount=text, decimal_comma=True)["_codes"] == [reason]


def test_three_digits_behind_a_mark_are_doubtful_at_any_scale() -> None:
    for text in ("1,234", "1.234", "+12.500", "-999.000"):
        assert judged(rate=text, decimal_comma=True)["_codes"] == ["rate_invalid"]
    assert judged(rate="0.125", decimal_comma=True)["rate"] == Decimal("0.1250")
    assert judged(rate="1.125")["rate"] == Decimal("1.1250")
    assert judged(rate="1,2340", decimal_comma=True)["rate"] == Decimal("1.2340")


def test_money_without_decimal_places_takes_none() -> None:
    assert judged(units="999")["units"] == 999
    assert judged(units="1.0")["units"] == 1
    assert judged(units="1.5")["_codes"] == ["units_too_precise"]
    assert judged(units="1.000")["_codes"] == ["units_too_precise"]
    assert judged(units="1000")["_codes"] == ["units_out_of_range"]


@pytest.mark.parametrize(("text", "value"), [("debit", "Debit"), (" CREDIT\n", "credit")])
def test_a_choice_is_kept_as_it_is_declared(text: str, value: str) -> None:
    assert judged(side=text)["side"] == value


def test_a_choice_outside_the_list_is_unknown() -> None:
    assert judged(side="sideways")["_codes"] == ["side_unknown"]


@pytest.mark.parametrize("text", ["=cmd|'A0", '"q" \\ ;', "NULL", "naïve 🙂", "a\nb", "\ufeffx"])
def test_text_is_kept_as_it_came(text: str) -> None:
    assert judged(note=f"\u3000{text} ")["note"] == text


def test_text_is_measured_in_characters_without_its_blanks() -> None:
    assert judged(note=f" {'🙂' * 10} ")["_is_valid"]
    assert judged(note="é" * 11)["_codes"] == ["note_too_long"]


@pytest.mark.parametrize("blank", [None, "", "  ", "\t\n", "\u00a0\u3000"])
@pytest.mark.parametrize("name", ["id", "amount", "at", "side"])
def test_blank_is_missing(name: str, blank: str | None) -> None:
    assert judged({name: blank})["_codes"] == [f"{name}_missing"]


@pytest.mark.parametrize("blank", [None, "", " "])
def test_what_is_not_required_may_be_blank(blank: str | None) -> None:
    verdict = judged(note=blank, rate=blank)
    assert (verdict["_is_valid"], verdict["note"], verdict["rate"]) == (True, None, None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("17", 17), ("-3", -3), ("+007", 7), ("1.00", 1), ("9223372036854775807", 2**63 - 1)],
)
def test_a_whole_number_stays_a_number(text: str, value: int) -> None:
    assert judged(number=text)["number"] == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.5", "number_too_precise"),
        ("1.000", "number_too_precise"),
        ("9223372036854775808", "number_out_of_range"),
        ("1e3", "number_invalid"),
        ("seven", "number_invalid"),
    ],
)
def test_anything_else_is_no_whole_number(text: str, reason: str) -> None:
    assert judged(number=text)["_codes"] == [reason]


@pytest.mark.parametrize("text", ["2016-02-12", "2016-2-12", " 2016-02-12 "])
def test_a_date_may_leave_out_zeros(text: str) -> None:
    assert judged(born=text)["born"] == date(2016, 2, 12)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2025-02-30", "born_invalid"),
        ("12.02.2016", "born_invalid"),
        ("2016-02-12T00:00:00", "born_invalid"),
        ("0000-01-01", "born_invalid"),
        ("1970-1-1", "born_placeholder"),
        ("2025-02-02", "born_in_future"),
    ],
)
def test_anything_else_is_no_date(text: str, reason: str) -> None:
    assert judged(born=text)["_codes"] == [reason]


@pytest.mark.parametrize("text", ["A.b+c@example.com", "o'hara@mail.example.co"])
def test_an_address_is_kept_as_it_came(text: str) -> None:
    assert judged(mail=text)["mail"] == text


@pytest.mark.parametrize("text", ["a", "a@b", "a@@b.co", "a b@c.de", "a@-b.de", "@b.de", "é@b.de"])
def test_anything_else_is_no_address(text: str) -> None:
    assert judged(mail=text)["_codes"] == ["mail_invalid"]
