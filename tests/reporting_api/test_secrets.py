"""A secret in every setting that may hold one, and in what clients send: it shows up nowhere."""

from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.reporting_api.loaded import ANN
from tests.reporting_api.running import Api, running_api
from tools.kafka_broker import free_port
from txcat_assets.settings import Settings

PLANTED = "s3cr3t"
PATHS = ("/health", "/ready", "/metrics", "/schema", "/schema/openapi.json", "/nothing")
ASKED = (f"/users/{ANN}/payments", "/api/v1/payments?limit=x", "/api/v1/keys")
TABLES = ("keys", "counters", "audit")


def planted() -> dict[str, str]:
    """A secret in each setting that is one, but for the URL, which has one in its password."""
    fields = [name for name, one in Settings.model_fields.items() if one.annotation is SecretStr]
    assert len(fields) > 5
    names = {*fields} - {"warehouse_url", "alarm_webhook_url"}
    url = {"TXCAT_ALARM_WEBHOOK_URL": f"https://hooks.example/{PLANTED}"}
    return url | {f"TXCAT_{name.upper()}": f"{PLANTED}-{name}" for name in names}


def everything_said(api: Api, key: str) -> str:
    """All that the API answers, to clients who send secrets too, and all that it logs."""
    basic = b64encode(f"{PLANTED}:{PLANTED}".encode()).decode()
    credentials = [f"Bearer {key}", f"Bearer {PLANTED}", f"Basic {basic}", f"{PLANTED} {PLANTED}"]
    said = []
    for path in (*PATHS, *ASKED):
        for given in credentials:
            headers = {"authorization": given, "cookie": PLANTED, "proxy-authorization": PLANTED}
            reply = api.get(path, **headers)
            said.append(f"{reply.headers} {reply.text}")
    assert any(" 200" in one or "payments" in one for one in said)
    return "".join(said) + api.log.read_text()


@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
def test_no_secret_shows_up_anywhere(on_postgres: Api, tmp_path: Path, is_up: bool) -> None:
    here = on_postgres.environment["TXCAT_WAREHOUSE_URL"]
    away = f"postgresql://ann:{PLANTED}@127.0.0.1:{free_port()}/none"
    own = {"log_level": "debug", "wait_seconds": 0.5, "basic": True}
    with running_api(tmp_path, here if is_up else away, planted(), **own) as api:
        said = everything_said(api, on_postgres.keys["admin"])
    assert PLANTED not in said
    assert PLANTED not in api.log.read_text(), "nor when it ends"
    rows = [
        row for table in TABLES for row in on_postgres.store.rows(f"SELECT * FROM access.{table}")
    ]
    assert rows
    assert PLANTED not in str(rows)
