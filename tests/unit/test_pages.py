"""The pages that lead to code lead to code that is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "txcat_assets",
    "txcat_marts",
    "ml_api",
    "reporting_api",
    "txcat_web",
    "tests",
    "tools",
    "data",
    "deploy",
    "docs",
)
NAMED = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*\w/?)(?:::(\w+))?`")


def places_in(page: str) -> Iterator[tuple[str, str]]:
    """Each path that a page names in code style, with what it names in it."""
    yield from NAMED.findall((ROOT / page).read_text())


def is_there(path: str, name: str) -> bool:
    place = ROOT / path
    if not name:
        return place.exists()
    return place.is_file() and bool(
        re.search(rf"^(?:(?:async )?def|class) {name}\b|^{name}\b", place.read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "docs/architecture.md"])
def test_every_place_that_a_page_names_is_there(page: str) -> None:
    missing = [f"{path}::{name}" for path, name in places_in(page) if not is_there(path, name)]
    assert not missing


def test_contributing_leads_to_many_places() -> None:
    assert len(list(places_in("CONTRIBUTING.md"))) > 40
