"""What another user of the machine can read of a stack, of its passwords first of all: nothing.

Line 5 of the attack list in docs/security.md. What `txcat` itself makes is in
`tests/unit/cli`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tools.compose import ROOT, Place

SOMEBODY = 65_534

FURNISH = """
import sys
from pathlib import Path
from tools.compose import Place, read_services
from tools.stack import furnish

place = Place(Path(sys.argv[1]), {})
place.folder.mkdir(exist_ok=True)
services = read_services(place, {"INBOX": str(place.inbox)})
furnish(place, services)
(place.folder / "home").mkdir()
(place.folder / "home" / "made_later").write_text("records")
(place.inbox / "transactions.csv").write_text("records")
"""


@pytest.fixture
def stack() -> Iterator[Place]:
    # Not in pytest's own folders, which nobody else may enter anyway.
    with TemporaryDirectory(prefix="txcat-stack-") as folder:
        Path(folder).chmod(0o755)
        yield Place(Path(folder) / "stack", {})


def furnish(stack: Place) -> None:
    """As `make stack` begins, by a user whose files are readable by all if nothing is done."""
    command = [sys.executable, "-c", FURNISH, str(stack.folder)]
    subprocess.run(command, check=True, cwd=ROOT, umask=0o022)


def test_another_user_reads_no_file_of_a_stack(stack: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can ask as another user")
    furnish(stack)
    open_door = stack.folder.parent / "readable"
    open_door.write_text("by all")
    command = ["find", str(stack.folder.parent), "-type", "f", "-readable"]
    found = subprocess.run(command, user=SOMEBODY, group=SOMEBODY, capture_output=True, check=False)
    assert found.stdout.decode().split() == [str(open_door)]


def modes(folder: Path) -> set[tuple[bool, int]]:
    """Whether it is a folder, and its mode, of all that is in a folder."""
    return {(path.is_dir(), path.stat().st_mode & 0o777) for path in folder.rglob("*")}


def test_secrets_are_their_owners_alone(stack: Place) -> None:
    furnish(stack)
    assert modes(stack.secrets) == {(False, 0o600)}
    assert modes(stack.folder / "secrets-of") == {(True, 0o700), (False, 0o600)}


def test_secrets_of_an_older_stack_are_closed_too(stack: Place) -> None:
    command = [ROOT / "deploy" / "secrets.sh", stack.secrets]
    subprocess.run(command, check=True)
    assert modes(stack.secrets) == {(False, 0o444)}
    subprocess.run([*command, "600"], check=True)
    assert modes(stack.secrets) == {(False, 0o600)}
