"""While the service is away a run fails by words that help, and nothing that was done is lost."""

from contextlib import nullcontext
from dataclasses import replace

from tests.assets.installation import Installation, differing, failure_of
from tests.assets.records import sound
from tests.fakes import FakeModel

DAY = "2025-01-03"


def served_by(site: Installation, model: FakeModel) -> Installation:
    """The same installation, asking a model."""
    return replace(site, resources={"enrichers": lambda *_: nullcontext(model)})


def test_a_run_without_the_service_says_what_to_do(site: Installation) -> None:
    site.put(f"transactions_{DAY}.csv", sound(1, 2))
    site.settings = site.settings.model_copy(update={"ml_url": "http://127.0.0.1:9"})
    done = site.load(DAY)
    assert "TXCAT_ML_URL" in failure_of(done)
    assert "127.0.0.1:9" in failure_of(done)
    assert site.rows("SELECT count(*) FROM validated.transactions") == [(2,)]


def test_what_was_answered_before_an_outage_is_not_asked_again(site: Installation) -> None:
    site.put(f"transactions_{DAY}.csv", sound(*range(1, 11)))
    leaving = FakeModel("m", lasts=2)
    assert "what was answered is kept" in failure_of(served_by(site, leaving).load(DAY))
    back = FakeModel("m")
    assert served_by(site, back).load(DAY).success
    assert (len(leaving.asked), len(back.asked)) == (4, 6)
    assert not set(leaving.asked) & set(back.asked)
    assert site.rows("SELECT count(*) FROM categorized.transactions") == [(10,)]


def test_a_failed_run_changes_nothing_that_was_done(site: Installation) -> None:
    site.put(f"transactions_{DAY}.csv", sound(1, 2))
    site.load(DAY)
    before = site.everything()
    site.settings = site.settings.model_copy(update={"ml_url": "http://127.0.0.1:9"})
    assert not replace(site).load(DAY).success
    assert differing(before, site.everything()) == []
