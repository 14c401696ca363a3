"""No word of a record, a header, a file's name or a service is rendered by the UI, in Chromium.

Dagster's web server runs GraphQL mutations that come by GET: an image in rendered Markdown is
enough to send one, without a click. So all that a page asks for is looked at.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Error

from tests.assets.records import HEADER
from tests.e2e.browser import Window, chromium_window
from tests.e2e.commands import CommandLine
from tests.e2e.ui import WebServer, running_web_server
from tests.services.faulty_services import Exchange, FaultyService, serving

pytestmark = pytest.mark.slow

DAY = "2025-01-03"
WORD = "hostile"
"""In every hostile text, so that a page which shows one is known."""

MUTATION = quote("mutation{setNuxSeen}")
ON_CLICK = ("Show Markdown", "Show Table", "View full message", "View more")


@dataclass(frozen=True)
class Attacked:
    """The UI of an installation into which somebody has sent all that is hostile."""

    ui: WebServer
    bait: FaultyService
    """What the hostile texts link to."""

    runs: list[str]


def hostile(bait: str) -> list[str]:
    """Images and HTML that ask for something, and commands to a terminal; a cell holds each."""
    return [
        f"![{WORD}](/graphql?query={MUTATION})",
        f"![{WORD}]({bait}/image)",
        f"<img alt='{WORD}' src='{bait}/html'>",
        f"{WORD} a\rb | c \x1b]0;title\x07 \x9b2J",
    ]


def json_line(number: int, words: list[str], **changes: str) -> str:
    """A record whose description and merchant are hostile, and what else is changed."""
    values = [str(number), words[0], "-1.50", "2025-01-02T12:00:00", words[1], "card", "debit"]
    return json.dumps(dict(zip(HEADER.split(","), values, strict=True)) | changes)


def put_hostile_files(terminal: CommandLine, bait: str) -> None:
    """Records that reach every place, and a file with a hostile name and header."""
    words = hostile(bait)
    lines = [
        json_line(1, words),
        json_line(1, words, amount="-2.00"),
        json_line(2, words, side="credit"),
        json_line(3, words, **{words[2]: words[3]}),
    ]
    spoiled = zip(("id", "amount", "timestamp", "side"), words, strict=True)
    lines += [
        json_line(number, words, **{name: text}) for number, (name, text) in enumerate(spoiled, 4)
    ]
    terminal.put(f"transactions_{DAY}.jsonl", "\n".join(lines))
    name = f"![{WORD}](&#47;graphql?query={MUTATION})\r\x1b[2J"
    header = ",".join(words).replace("\r", "")
    terminal.put(f"transactions_{DAY}_{name}.csv", f"id,{header},amount\n1,2,3\n")


def refuse_with_hostile_words(exchange: Exchange) -> None:
    words = " ".join(hostile(exchange.server.url))
    exchange.say(422, {"detail": words, "errors": [{"index": 0, "message": words}]})


@pytest.fixture
def attacked(terminal: CommandLine) -> Iterator[Attacked]:
    with serving(refuse_with_hostile_words) as bait:
        put_hostile_files(terminal, bait.url)
        terminal.set(TXCAT_ML_URL=bait.url)
        assert terminal.txcat("load", ".").code == 1
        bait.looked_at.clear()  # what txcat itself has asked
        runs = [run.run_id for run in terminal.runs()]
        with running_web_server(terminal.folder / ".txcat") as ui:
            yield Attacked(ui, bait, runs)


def pages(runs: list[str]) -> list[str]:
    """A page of each kind that shows words of others."""
    checks = [
        ("raw", "no_file_set_aside"),
        ("validated", "sign_disagrees_with_side"),
        ("quarantined", "conflicts"),
        ("quarantined", "amount_invalid"),
    ]
    return [
        *(f"/assets/{one}/transactions?view=overview" for one in ("raw", "quarantined")),
        "/assets/validated/transactions?view=events",
        *(f"/assets/{of}/transactions?view=checks&checkDetail={name}" for of, name in checks),
        *(f"/runs/{run}" for run in runs),
    ]


def open_all_that_is_folded(window: Window) -> None:
    """Click on whatever shows more: tables and texts that are a link at first."""
    for words in ON_CLICK:
        for button in window.page.get_by_text(words).all()[:2]:
            with suppress(Error):  # gone or covered by now
                button.click(timeout=1_000)
                window.page.keyboard.press("Escape")


@pytest.mark.timeout(600)  # a load, a web server and eight pages of it
def test_hostile_words_are_shown_and_ask_for_nothing(attacked: Attacked, tmp_path: Path) -> None:
    with chromium_window(tmp_path) as window:
        for page in pages(attacked.runs):
            assert WORD in window.open(f"{attacked.ui.url}{page}", WORD), page
            open_all_that_is_folded(window)
        assert window.requests_outside(attacked.ui.url) == []
        assert [one for one in window.requests if one.startswith("GET") and "graphql" in one] == []
    assert attacked.bait.looked_at == []
