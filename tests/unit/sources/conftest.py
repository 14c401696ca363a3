"""Writing a file as it might come.

How it is then read is in `reading`.
"""

from pathlib import Path

import pytest

from tests.unit.sources.reading import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: bytes | str, name: str = "transactions.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
