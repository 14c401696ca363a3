"""Says at once that pandas is not installed.

DuckDB asks for it anew at every statement and value. Where it is not there, Python and pytest look
through their whole path each time, which was a sixth of the time of a test on DuckDB.
"""

import sys
from importlib.util import find_spec
from typing import Any


class NoPandas:
    """Finds nothing, and that of pandas without a look."""

    def find_spec(self, name: str, *_: Any) -> None:
        """Leave all else to other finders."""
        if name == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def say_so() -> None:
    """Say it in this process, unless pandas is installed."""
    if find_spec("pandas") is None:
        sys.meta_path.insert(0, NoPandas())
