"""Which of psycopg's errors become txcat's own, and that no password is ever repeated."""

import inspect

import psycopg
import pytest
from psycopg import errors

from txcat_assets.errors import (
    RightMissing,
    SettingRefused,
    TransientError,
    TxcatError,
    WarehouseBusy,
    WarehouseConflict,
    WarehouseDown,
    WarehouseRefused,
)
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.postgres_errors import translate

PLACE = "postgresql://ann@db/txcat"
SECRET = "s3cr3t"  # noqa: S105
RAISED = {
    kind.sqlstate: kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, psycopg.Error) and kind.sqlstate
}
WORLD = {
    "08": WarehouseDown,
    "28": WarehouseRefused,
    "3D": WarehouseRefused,
    "40": WarehouseConflict,
    "53": WarehouseDown,
    "57": WarehouseDown,
    "58": WarehouseRefused,
}
"""The classes of errors for which the world is to blame."""

ALONE = {
    "25006": WarehouseRefused,
    "25P03": WarehouseBusy,
    "25P04": WarehouseBusy,
    "42501": RightMissing,
    "53100": WarehouseRefused,
    "55P03": WarehouseBusy,
    "57014": WarehouseBusy,
    "XX001": WarehouseRefused,
    "XX002": WarehouseRefused,
}
"""Single errors that are not as the rest of their class."""

OWN_FAULT = {
    "02", "03", "09", "10", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21", "22", "23", "24", "25",
    "26", "27", "2B", "2D", "2F", "34", "38", "39", "3B", "3F", "42", "44", "54", "55", "72", "F0",
    "HV", "P0", "XX",
}  # fmt: skip
"""The classes that tell of a mistake in txcat's own SQL or data: left as they are, to be seen."""


@pytest.mark.parametrize("sqlstate", sorted(RAISED))
def test_every_error_is_translated_on_purpose_or_left_on_purpose(sqlstate: str) -> None:
    expected = ALONE.get(sqlstate, WORLD.get(sqlstate[:2]))
    assert expected or sqlstate[:2] in OWN_FAULT, "nobody has thought of this class"
    said = translate(RAISED[sqlstate]("why"), PLACE, "TXCAT_WAREHOUSE_URL")
    assert type(said) is (expected or type(None))


@pytest.mark.parametrize("sqlstate", sorted({*ALONE, "08006", "28P01", "3D000", "40001", "53300"}))
def test_what_is_said_names_the_place_the_error_and_what_to_do(sqlstate: str) -> None:
    said = str(translate(RAISED[sqlstate]("why it failed."), PLACE, "TXCAT_WAREHOUSE_URL"))
    assert said.startswith(f"Working in {PLACE}: why it failed. ")
    assert said.endswith(".")
    assert len(said) > len(PLACE) + 50, "it says what to do"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("connection refused", WarehouseDown),
        ("SSL connection has been closed unexpectedly", WarehouseDown),
        ("server does not support SSL, but SSL was required", WarehouseRefused),
        ("SSL error: certificate verify failed", WarehouseRefused),
        ('FATAL: database "txcat" does not exist', WarehouseRefused),
        ('FATAL: password authentication failed for user "ann"', WarehouseRefused),
        ('FATAL: permission denied for database "txcat"', RightMissing),
        ("FATAL: sorry, too many clients already", WarehouseDown),
    ],
)
def test_while_connecting_the_words_decide(words: str, kind: type[TxcatError]) -> None:
    said = translate(psycopg.OperationalError(words), PLACE, "TXCAT_WAREHOUSE_URL")
    assert type(said) is kind
    assert isinstance(said, TransientError) == (kind is WarehouseDown)


def test_an_error_without_a_server_that_is_not_of_the_connection_is_left() -> None:
    assert (
        translate(
            psycopg.ProgrammingError("the query has 1 placeholder"), PLACE, "TXCAT_WAREHOUSE_URL"
        )
        is None
    )


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@[::1/txcat",
        f"postgresql://ann:{SECRET}@db/txcat?nonsense={SECRET}",
        f"postgresql://ann:p@{SECRET}@db/txcat",
    ],
    ids=["open bracket", "unknown parameter", "bare @"],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        connect(url, 5, 60)
    assert SECRET not in str(refused.value)
    assert refused.value.__context__ is None or SECRET not in str(refused.value.__context__)
