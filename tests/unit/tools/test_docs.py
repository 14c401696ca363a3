"""Generated pages are what the code says now."""

import pytest

from tools.docs import PAGES, ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == PAGES[name](), f"{name} is stale; write it by: make docs"
