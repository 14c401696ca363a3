"""What every test shares: the real ML service, once per process; hypothesis among the caches.

How the service is started is in `tests.services.running`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tests.services.running import MAX_BODY_BYTES, MAX_LIST_ITEMS, running_ml_api

set_hypothesis_home_dir(Path(__file__).parents[1] / ".txcat" / "cache" / "hypothesis")


@pytest.fixture(scope="session")
def ml_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real service."""
    folder = tmp_path_factory.mktemp("ml_api")
    limits = {"max_list_items": MAX_LIST_ITEMS, "max_body_bytes": MAX_BODY_BYTES}
    with running_ml_api(folder, **limits) as running:
        yield running.url
