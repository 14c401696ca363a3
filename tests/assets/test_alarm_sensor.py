"""Alarms as people get them: real receivers, a real instance, a real warehouse of each kind.

One message when a condition begins, none while it lasts, one when it is over.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import TickStatus
from pydantic import SecretStr

from tests.assets.installation import Installation
from tests.assets.instigators import add_sensor
from tests.assets.receivers import Receiver, mail_server, web_server
from tests.assets.records import file_of, line
from tests.assets.ticks import reason
from tests.postgres import Postgres
from tools.kafka_broker import free_port

DAY = "2025-01-03"


@pytest.fixture
def web() -> Iterator[Receiver]:
    """A web server."""
    with web_server() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[Receiver]:
    """A mail server."""
    with mail_server() as receiver:
        yield receiver


@pytest.fixture(params=["duckdb", "postgres"])
def watched(
    request: pytest.FixtureRequest,
    site: Installation,
    web: Receiver,
    mail: Receiver,
    tmp_path: Path,
) -> Iterator[Installation]:
    """An installation whose alarms go to both, with a Dagster instance on disk."""
    update = {
        "alarm_webhook_url": SecretStr(f"http://127.0.0.1:{web.port}/s3cr3t"),
        "alarm_smtp_server": f"127.0.0.1:{mail.port}",
        "alarm_smtp_security": "none",
        "alarm_mail_from": "txcat@bank.example",
        "alarm_mail_to": "ann@bank.example,bob@bank.example",
    }
    home = tmp_path / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        if request.param == "duckdb":
            yield replace(site, settings=site.settings.model_copy(update=update), instance=instance)
            return
        postgres: Postgres = request.getfixturevalue("postgres")
        with postgres.database() as url:
            update["warehouse_url"] = SecretStr(url)
            settings = site.settings.model_copy(update=update)
            yield replace(site, settings=settings, instance=instance)


def tick(site: Installation, cursor: str | None = None) -> tuple[str, str]:
    """Look once, as a process that has just started; what is remembered, and what was said."""
    fresh = Installation(site.settings, site.instance, site.contracts)
    found = fresh.evaluate("alarms", cursor)
    assert isinstance(found, dg.SensorResult)
    return found.cursor or "", reason(found)


def fill(site: Installation, bad: bool) -> None:
    """A day with a record; a bad one fails a check with severity ERROR."""
    site.put(f"transactions_{DAY}.csv", file_of(line(1), line(2, amount="x" if bad else None)))
    assert site.load(DAY).success


def subjects(mail: Receiver) -> list[str]:
    """What the mails are about."""
    return [str(one["subject"]) for one in mail.came]


def fail_for_ever(site: Installation) -> None:
    """A sensor whose last ticks all failed."""
    failed = (TickStatus.FAILURE, "<b>boom</b>\nBcc: eve@bad")
    add_sensor(site.instance, "inbox", [failed] * 3)


def test_a_failed_check_is_told_when_it_begins_and_when_it_is_over(
    watched: Installation, web: Receiver, mail: Receiver
) -> None:
    fill(watched, bad=True)
    cursor, _ = tick(watched)
    assert web.came == mail.came == []
    watched.run("check_transactions")
    cursor, said = tick(watched, cursor)
    assert "amount_invalid" in said
    told = {one["where"]: one for one in web.came}
    assert {one["state"] for one in web.came} == {"begun"}
    begun = told["check amount_invalid of quarantined/transactions"]
    assert (begun["name"], DAY in begun["what"]) == ("failed checks", True)
    assert "txcat check --dataset transactions" in begun["mend"]
    assert len(web.came) == len(mail.came) == len(told)
    assert "[txcat] begun: failed checks" in subjects(mail)[0]
    assert mail.came[0]["to"] == "ann@bank.example, bob@bank.example"
    count = len(web.came)
    cursor, _ = tick(watched, cursor)
    assert len(web.came) == len(mail.came) == count
    watched.spoil("DELETE FROM ledger.failed_checks")
    cursor, _ = tick(watched, cursor)
    assert [one["state"] for one in web.came[count:]] == ["over"] * count
    assert {one["began_at"] for one in web.came[count:]} == {begun["began_at"]}
    assert len(mail.came) == 2 * count
    tick(watched, cursor)
    assert len(web.came) == 2 * count


def test_one_that_is_down_misses_nothing_and_the_other_is_not_told_twice(
    watched: Installation, web: Receiver, mail: Receiver
) -> None:
    fail_for_ever(watched)
    web.is_taking = False
    cursor, said = tick(watched)
    assert "answered 503" in said
    assert "s3cr3t" not in said
    assert (len(web.came), len(mail.came)) == (0, 1)
    cursor, _ = tick(watched, cursor)
    assert (len(web.came), len(mail.came)) == (0, 1)
    web.is_taking, mail.is_taking = True, False
    cursor, _ = tick(watched, cursor)
    assert (len(web.came), len(mail.came)) == (1, 1)
    watched.instance.wipe_all_schedules()
    cursor, said = tick(watched, cursor)
    assert "did not take a message" in said
    assert [one["state"] for one in web.came] == ["begun", "over"]
    mail.is_taking = True
    tick(watched, cursor)
    assert [subject.split()[1] for subject in subjects(mail)] == ["begun:", "over:"]


def test_what_cannot_be_looked_at_is_not_over(watched: Installation, web: Receiver) -> None:
    fill(watched, bad=False)
    watched.spoil("UPDATE ledger.stages SET version = NULL WHERE stage = 'categorized'")
    watched.spoil("UPDATE ledger.slices SET landed_at = '2025-01-01 00:00:00'")
    cursor, _ = tick(watched)
    assert [(one["state"], one["name"]) for one in web.came] == [("begun", "pending too long")]
    away = SecretStr(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    update = {"warehouse_url": away, "warehouse_wait_seconds": 0.5}
    blind = replace(watched, settings=watched.settings.model_copy(update=update))
    cursor, said = tick(blind, cursor)
    assert "127.0.0.1" in said
    assert len(web.came) == 1
    tick(watched, cursor)
    assert len(web.came) == 1


def test_words_of_others_are_neither_headers_nor_markup(
    watched: Installation, web: Receiver, mail: Receiver
) -> None:
    fail_for_ever(watched)
    slack = watched.settings.model_copy(update={"alarm_webhook_shape": "slack"})
    tick(replace(watched, settings=slack))
    (posted,) = web.came
    assert posted["text"] == "[txcat] begun: failing sensors, sensor inbox"
    (block,) = posted["blocks"]
    assert block["text"]["type"] == "plain_text"
    assert "<b>boom</b>\\nBcc" in block["text"]["text"]
    (sent,) = mail.came
    assert sent["bcc"] is None
    assert "boom" in sent.get_content()


def test_without_a_receiver_there_is_no_sensor(site: Installation) -> None:
    assert "alarms" not in {one.name for one in site.definitions.sensors or []}
