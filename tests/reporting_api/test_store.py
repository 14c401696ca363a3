"""Keys and the audit log on PostgreSQL: made by the owner, used by the API, seen by no other."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from reporting_api.keys import Keys, NewKey
from reporting_api.roles import Role
from reporting_api.store import Store, open_store
from tests.postgres import Postgres
from tests.warehouse.databases.roles import PASSWORD, Installation, installed
from txcat_assets.clock import utc_now
from txcat_assets.errors import RightMissing
from txcat_assets.settings import Settings


@pytest.fixture
def installation(postgres: Postgres) -> Iterator[Installation]:
    with installed(postgres) as made:
        yield made


def store_as(installation: Installation, role: str) -> Store:
    name = installation.url.rpartition("/")[2]
    url = installation.postgres.url_of(name, user=f"txcat_{role}", password=PASSWORD)
    return open_store(Settings(warehouse_url=SecretStr(url)))


def test_only_the_api_sees_who_has_keys(installation: Installation) -> None:
    with pytest.raises(RightMissing):
        store_as(installation, "api")
    store_as(installation, "owner")
    now = utc_now()
    keys = Keys(store_as(installation, "api"))
    key = keys.create(NewKey(Role.ADMIN, None, "", now + timedelta(days=1)), now)
    assert keys.holder(key, now)
    for role in ("reader", "writer"):
        with (
            pytest.raises(RightMissing, match="access"),
            installation.as_(role).transaction() as tx,
        ):
            tx.rows("SELECT * FROM access.keys")
    installation.run_script()
    assert keys.holder(key, now), "the script may be run again"


def test_the_files_of_keys_are_their_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_store(Settings(home=home))
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "access.sqlite").stat().st_mode & 0o077 == 0
