"""The clock is set back by a day: what was noted before is then of tomorrow.

So it is noted here, in the store of a served API whose own clock stays as it is.
"""

from datetime import timedelta

from reporting_api.keys import Keys
from reporting_api.store import when
from tests.reporting_api.loaded import ANN
from tests.reporting_api.running import Api
from txcat_assets.clock import utc_now

PATH = f"/users/{ANN}/payments"
DAY_SECONDS = 86_400


def test_nobody_stays_refused_by_a_window_of_tomorrow(loaded: Api) -> None:
    key = loaded.new_key("analyst")
    name = f"%{key.split('_')[1]}%"
    assert loaded.get(PATH, key).status_code == 200
    used_up = "UPDATE access.counters SET hits = 1000000, until = until + $later "
    by_key = "WHERE name LIKE $name RETURNING 1"
    assert loaded.store.rows(used_up + by_key, later=0, name=name) == [(1,)]
    assert loaded.get(PATH, key).status_code == 429, "in the window that lasts now"
    loaded.store.rows(used_up + by_key, later=DAY_SECONDS, name=name)
    assert loaded.get(PATH, key).status_code == 200


def test_a_key_that_was_revoked_tomorrow_stays_refused(loaded: Api) -> None:
    key, tomorrow = loaded.new_key("analyst"), utc_now() + timedelta(days=1)
    assert Keys(loaded.store).revoke(key.split("_")[1], tomorrow)
    assert loaded.get(PATH, key).status_code == 401


def test_an_access_is_noted_with_its_own_time_and_how_long_it_took(loaded: Api) -> None:
    key, before = loaded.new_key("analyst"), when(utc_now())
    tomorrow = when(utc_now() + timedelta(days=1))
    for number in range(2):
        assert loaded.get(PATH, key, **{"x-request-id": f"clock-{number}"}).status_code == 200
        noted = "UPDATE access.audit SET at = $at WHERE request_id = 'clock-0' RETURNING 1"
        assert loaded.store.rows(noted, at=tomorrow) == [(1,)]
    ((at, seconds),) = loaded.store.rows(
        "SELECT CAST(at AS VARCHAR), seconds FROM access.audit WHERE request_id = 'clock-1'"
    )
    assert before < at < tomorrow
    assert 0 < seconds < 60
