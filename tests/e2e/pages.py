"""The pages whose commands are run: their blocks, and the environment of a new terminal."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

Environment = dict[str, str]


def blocks(page: str, kind: str) -> list[tuple[str, str]]:
    """The fenced blocks of one kind: what stands behind the kind, and the text."""
    fences = re.findall(rf"^```{kind} ?(.*)\n((?:.*\n)*?)```$", (ROOT / page).read_text(), re.M)
    assert fences, f"{page} has no block marked {kind}"
    return fences


def without_settings() -> Environment:
    """The environment as it is where nobody has set anything."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("TXCAT_", "DAGSTER_"))}
