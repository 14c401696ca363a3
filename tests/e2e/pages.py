"""The pages whose commands are run: their blocks, and the environment of a new terminal."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from tests.e2e.commands import CommandLine

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


def run_block(terminal: CommandLine, block: str, code: int) -> str:
    """Run a block, each of whose commands must end with this exit code; what it printed."""
    lines = block.splitlines()
    if not all(line.startswith("txcat ") for line in lines):
        command = ["bash", "-eu", "-c", block]
        done = subprocess.run(
            command, env=terminal.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr[-4000:]
        return done.stdout
    said = [(line, terminal.txcat(*shlex.split(line)[1:])) for line in lines]
    assert [(line, out.err) for line, out in said if out.code != code] == []
    return "".join(out.out for _, out in said)
