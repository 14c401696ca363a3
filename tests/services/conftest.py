"""The real ML service, once per test process. How it is started is in `running`."""

from collections.abc import Iterator

import pytest

from tests.services.running import MAX_BODY_BYTES, MAX_LIST_ITEMS, running_ml_api


@pytest.fixture(scope="session")
def ml_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real service."""
    folder = tmp_path_factory.mktemp("ml_api")
    limits = {"max_list_items": MAX_LIST_ITEMS, "max_body_bytes": MAX_BODY_BYTES}
    with running_ml_api(folder, **limits) as running:
        yield running.url
