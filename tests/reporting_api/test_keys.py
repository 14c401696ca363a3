"""Keys: made by a command, believed until they expire or are revoked, and kept as hashes alone."""

from datetime import timedelta

import pytest

from reporting_api.keys import Keys
from tests.reporting_api.loaded import ANN
from tests.reporting_api.running import Api
from txcat_assets.clock import utc_now

PATH = f"/users/{ANN}/payments"


def rows(api: Api, sql: str) -> list[tuple[object, ...]]:
    return api.store.rows(sql)


def test_a_key_made_by_the_command_is_shown_once_and_works_until_it_is_revoked(loaded: Api) -> None:
    key = loaded.txcat("api-key", "create", "--role", "analyst", "--days", "1").strip()
    assert loaded.get(PATH, key).status_code == 200
    key_id, secret = key.split("_", 2)[1:]
    listed = loaded.txcat("api-key", "list", "--json")
    assert key_id in listed
    assert secret not in listed
    loaded.txcat("api-key", "revoke", key_id)
    assert loaded.get(PATH, key).status_code == 401, "at once"


def test_neither_the_store_nor_the_log_nor_the_audit_has_a_key(loaded: Api) -> None:
    key = loaded.new_key("analyst")
    secret = key.split("_", 2)[2]
    for path in (PATH, f"{PATH}?currency={key}", f"/users/{key}/payments", f"/{key}"):
        loaded.get(path, key, **{"x-request-id": key, "x-api-key": key, "user-agent": key})
    kept = rows(loaded, "SELECT * FROM access.keys") + rows(loaded, "SELECT * FROM access.audit")
    assert secret not in repr(kept)
    assert secret not in loaded.log.read_text()


def test_an_admin_sees_who_has_keys_and_no_hash(loaded: Api, keys: dict[str, str]) -> None:
    reply = loaded.get("/keys", keys["admin"])
    assert {keys[who].split("_")[1] for who in keys} <= {one["key_id"] for one in reply.json()}
    assert "digest" not in reply.text


def test_an_expired_key_is_refused(loaded: Api) -> None:
    assert loaded.get(PATH, loaded.new_key("analyst", days=-0.001)).status_code == 401


def test_every_access_is_noted_with_who_what_and_how_much(
    loaded: Api, keys: dict[str, str]
) -> None:
    for holder, query in (("ann", "currency=USD"), ("bob", "")):
        loaded.get(f"{PATH}?{query}", keys[holder], **{"x-request-id": f"noted-{holder}"})
    loaded.get(PATH, **{"x-request-id": "noted-nobody"})
    noted = rows(
        loaded,
        "SELECT request_id, who, role, method, path, query, status, records FROM access.audit "
        "WHERE request_id LIKE 'noted-%' ORDER BY request_id",
    )
    who = {holder: f"key {keys[holder].split('_')[1]}" for holder in ("ann", "bob")}
    assert noted == [
        ("noted-ann", who["ann"], "user", "GET", PATH, "currency=USD", 200, 5),
        ("noted-bob", who["bob"], "user", "GET", PATH, "", 404, 0),
        ("noted-nobody", "", "", "GET", PATH, "", 401, 0),
    ]


@pytest.mark.parametrize("key_id", ["", "nothing", "' OR 1=1 --"])
def test_an_unknown_key_is_not_revoked(on_duckdb: Api, key_id: str) -> None:
    assert not Keys(on_duckdb.store).revoke(key_id, utc_now() + timedelta(days=1))
