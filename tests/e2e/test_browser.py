"""The browser that other tests look through sees what a page shows, and all that it asks for."""

import sys
from pathlib import Path

import pytest

from tests.e2e.browser import Window, chromium_path


def test_it_sees_the_page_and_every_request_of_it(window: Window, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>Seen</p><img src='http://127.0.0.1:9/pixel'>")
    assert "Seen" in window.open(page.as_uri(), "Seen")
    assert "GET http://127.0.0.1:9/pixel" in window.requests_outside(page.as_uri())


def test_a_machine_without_one_skips_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TXCAT_TEST_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        chromium_path()


def test_ci_fails_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    monkeypatch.setenv("TXCAT_TEST_CHROMIUM", f"{sys.prefix}/nowhere")
    with pytest.raises(FileNotFoundError, match="TXCAT_TEST_CHROMIUM"):
        chromium_path()
