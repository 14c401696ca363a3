"""A real Chromium for tests, driven by Playwright, and every request that its page makes.

The browser is the machine's own: `apt-get install chromium`; TXCAT_TEST_CHROMIUM names another.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # half a second that only the tests with a browser need
    from playwright.sync_api import Page, Request

WIDTH, HEIGHT = 1400, 1000
WAIT_MS = 60_000
"""How long anything on a page may take to appear, on a machine with much else to do."""


@dataclass(frozen=True)
class Window:
    """A page of the browser; each request that it makes is noted as "METHOD URL"."""

    page: "Page"
    requests: list[str] = field(default_factory=list)

    def open(self, url: str, words: str) -> str:
        """Open an address, wait until some words are seen; all text of the page."""
        self.page.goto(url)
        self.page.get_by_text(words).first.wait_for(timeout=WAIT_MS)
        return self.text()

    def text(self) -> str:
        """All text that is seen on the page now."""
        return self.page.locator("body").inner_text()

    def requests_outside(self, url: str) -> list[str]:
        """What was asked of anybody but the server at `url`."""
        own = (f"{url}/", "data:", "blob:", f"ws{url.removeprefix('http')}/")
        return [one for one in self.requests if not one.partition(" ")[2].startswith(own)]


def chromium_path() -> str:
    """The browser of this machine; the test is skipped where there is none, but fails in CI."""
    named = os.environ.get("TXCAT_TEST_CHROMIUM", "chromium")
    if found := shutil.which(named):
        return found
    words = f"no browser {named}: apt-get install chromium, or name one by TXCAT_TEST_CHROMIUM"
    if os.environ.get("CI"):
        raise FileNotFoundError(words)
    pytest.skip(words)


@contextmanager
def chromium_window(profile: Path) -> Iterator[Window]:
    """A window of a browser with a profile of its own; both are gone after the block.

    One for each test: while Playwright runs, asyncio.run() is refused in this thread.
    """
    path = chromium_path()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - see above

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=path, viewport={"width": WIDTH, "height": HEIGHT}
        )
        window = Window(context.pages[0])
        context.on("request", lambda request: window.requests.append(_line(request)))
        try:
            yield window
        finally:
            context.close()


def _line(request: "Request") -> str:
    return f"{request.method} {request.url}"
