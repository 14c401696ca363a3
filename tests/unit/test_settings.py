"""Settings come from the environment or a file, are checked at once, and have safe defaults."""

from decimal import Decimal
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr, ValidationError

from tools.settings_page import env_example, settings_page
from txcat_assets.settings import Settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TXCAT_HOME", raising=False)


def test_all_that_is_made_lies_in_the_home_folder(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.home_folder == tmp_path / ".txcat"
    assert settings.warehouse == f"duckdb:///{tmp_path}/.txcat/warehouse.duckdb"
    assert settings.inbox_folder == tmp_path / ".txcat" / "inbox"


def test_a_home_folder_takes_warehouse_and_inbox_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TXCAT_HOME", "elsewhere")
    assert Settings().inbox_folder == Path.cwd() / "elsewhere" / "inbox"
    assert Settings().warehouse.endswith("/elsewhere/warehouse.duckdb")


def test_a_file_named_env_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TXCAT_PENDING_LIMIT_HOURS=2\nTXCAT_STRICT=1\n")
    monkeypatch.setenv("TXCAT_PENDING_LIMIT_HOURS", "3")
    assert (Settings().pending_limit_hours, Settings().strict) == (3, True)


def test_every_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TXCAT_QUARANTINE_THRESHOLD", "7")
    monkeypatch.setenv("TXCAT_FIRST_DAY", "someday")
    with pytest.raises(ValidationError) as caught:
        Settings()
    told = {error["loc"]: error["input"] for error in caught.value.errors()}
    assert told == {("quarantine_threshold",): "7", ("first_day",): "someday"}


def test_the_example_file_says_the_defaults() -> None:
    lines = [line.removeprefix("# ") for line in env_example().splitlines()]
    Path(".env").write_text("\n".join(line for line in lines if line.startswith("TXCAT_")))
    assert Settings() == Settings(_env_file=None)  # type: ignore[call-arg]  # pydantic's own


def test_the_page_says_the_limits() -> None:
    (row,) = [row for row in settings_page().splitlines() if "QUARANTINE_THRESHOLD" in row]
    assert "| 0.05 | at least 0, at most 1 |" in row


def test_limits_of_currencies_are_exact_and_their_codes_may_be_in_any_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TXCAT_PAYMENT_LIMITS", '{"usd": 0.1, "JPY": 1500000}')
    assert Settings().payment_limits == {"USD": Decimal("0.1"), "JPY": Decimal(1_500_000)}


@pytest.mark.parametrize(
    "limits", ["5000", "USD=5", "[]", '{"XAU": 5}', '{"USD": 0}', '{"USD": "x"}']
)
def test_limits_that_are_none_are_told(monkeypatch: pytest.MonkeyPatch, limits: str) -> None:
    monkeypatch.setenv("TXCAT_PAYMENT_LIMITS", limits)
    with pytest.raises(ValidationError) as caught:
        Settings()
    (problem,) = caught.value.errors()
    assert problem["loc"][0] == "payment_limits"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of secrets, as Docker and Kubernetes hand them over."""
    monkeypatch.setenv("TXCAT_SECRETS", str(tmp_path))
    return tmp_path


def test_a_secret_is_read_from_its_file_and_the_environment_wins(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "txcat_kafka_sasl_password").write_text("of the file\n")
    assert Settings().kafka_sasl_password.get_secret_value() == "of the file"
    monkeypatch.setenv("TXCAT_KAFKA_SASL_PASSWORD", "of the environment")
    assert Settings().kafka_sasl_password.get_secret_value() == "of the environment"


@pytest.mark.parametrize("rest", ["", "?sslmode=require"])
def test_the_warehouses_password_may_stand_in_a_file(secrets: Path, rest: str) -> None:
    (secrets / "txcat_warehouse_password").write_text("a b/&:@")
    settings = Settings(warehouse_url=SecretStr(f"postgresql://me@db/tables{rest}"))
    known = conninfo_to_dict(settings.warehouse)
    assert (known["user"], known["host"], known["dbname"]) == ("me", "db", "tables")
    assert known["password"] == "a b/&:@"  # noqa: S105
    assert known.get("sslmode") == ("require" if rest else None)
    assert "a b/&:@" not in repr(settings)


def test_a_duckdb_needs_no_password(secrets: Path) -> None:
    (secrets / "txcat_warehouse_password").write_text("unused")
    assert Settings().warehouse == f"duckdb:///{secrets}/.txcat/warehouse.duckdb"
