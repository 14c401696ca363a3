"""The setup script, with an interpreter that only notes what it is asked: no package is needed.

That the real one installs the real pins is shown by every command of the Makefile.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[3] / "tools" / "setup.sh"
INTERPRETER = """#!/bin/sh
case "$*" in
    --version) echo "Python $VERSION" ;;
    "-c import sys"*) [ "$VERSION" != 3.9.2 ] ;;
    "-c import ensurepip"*) [ "$VERSION" != 3.12.0-bare ] ;;
    "-m venv"*) mkdir -p .txcat/venv/bin
        cp "$0" .txcat/venv/bin/python && cp "$0" .txcat/venv/bin/uv && echo venv >>asked ;;
    "-c "*) ;;
    "-m compileall"*) echo "$*" >>compiled ;;
    *) echo "$*" >>asked; [ ! -f fails ] ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the script and pins, beside an interpreter that notes what it is `asked`."""
    (tmp_path / "python3").write_text(INTERPRETER)
    (tmp_path / "python3").chmod(0o755)
    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    for name in ("bootstrap", "runtime", "dev"):
        (root / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    (root / "tools").mkdir()
    shutil.copy(SETUP, root / "tools")
    (root / "pyproject.toml").write_text("")
    return root


def setup(checkout: Path, wanted: str = "runtime", version: str = "3.12.1") -> str:
    """Run the script; answers what it said on stderr."""
    run = subprocess.run(
        ["sh", checkout / "tools" / "setup.sh", wanted],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHON": str(checkout.with_name("python3")),
            "VERSION": version,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode == 0) == (not run.stderr)
    return run.stderr


def asked(checkout: Path) -> list[str]:
    """What was installed since the last look: the names of pin files, or the project."""
    notes = checkout / "asked"
    lines = notes.read_text().splitlines() if notes.exists() else []
    notes.unlink(missing_ok=True)
    return [line.split("/")[-1].split()[-1] for line in lines]


def test_a_fresh_checkout_gets_everything_and_a_second_run_nothing(checkout: Path) -> None:
    setup(checkout)
    assert asked(checkout) == ["venv", "bootstrap.txt", "runtime.txt", "."]
    setup(checkout)
    assert asked(checkout) == []
    assert "txcat_assets" in (checkout / "compiled").read_text()


def test_a_changed_pin_is_installed_and_nothing_else(checkout: Path) -> None:
    setup(checkout)
    asked(checkout)
    (checkout / "requirements" / "runtime.txt").write_text("runtime==2\n")
    setup(checkout)
    assert asked(checkout) == ["runtime.txt"]


def test_development_pins_serve_the_demo_too(checkout: Path) -> None:
    setup(checkout, "dev")
    asked(checkout)
    setup(checkout, "runtime")
    assert asked(checkout) == []


def test_older_pins_after_newer_ones_are_installed_again(checkout: Path) -> None:
    setup(checkout, "runtime")
    setup(checkout, "dev")
    (checkout / "requirements" / "dev.txt").write_text("dev==2\n")
    asked(checkout)
    setup(checkout, "runtime")
    assert asked(checkout) == ["runtime.txt"]


def test_a_step_that_failed_is_done_again_and_those_before_it_are_not(checkout: Path) -> None:
    (checkout / "fails").touch()
    assert "the same make goes on from here" in setup(checkout)
    assert asked(checkout) == ["venv", "bootstrap.txt"]
    (checkout / "fails").unlink()
    setup(checkout)
    assert asked(checkout) == ["bootstrap.txt", "runtime.txt", "."]


def test_an_environment_that_was_cut_short_is_made_anew(checkout: Path) -> None:
    setup(checkout)
    asked(checkout)
    (checkout / ".txcat" / "venv" / "bin" / "python").unlink()
    setup(checkout)
    assert asked(checkout)[0] == "venv"


def test_a_checkout_that_moved_gets_a_new_environment(checkout: Path) -> None:
    setup(checkout)
    asked(checkout)
    moved = checkout.rename(checkout.with_name("moved"))
    setup(moved)
    assert asked(moved)[0] == "venv"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("3.9.2", "needs Python 3.11 or newer, found Python 3.9.2"),
        ("3.12.0-bare", "apt install python3-venv"),
    ],
    ids=["too old", "without venv"],
)
def test_an_unfit_interpreter_is_refused_in_one_line(
    checkout: Path, version: str, said: str
) -> None:
    complaint = setup(checkout, version=version)
    assert said in complaint
    assert complaint.count("\n") == 1
    assert asked(checkout) == []


def test_pins_put_back_after_a_failed_change_are_installed_again(checkout: Path) -> None:
    setup(checkout)
    pins = checkout / "requirements" / "runtime.txt"
    pins.write_text("runtime==2\n")
    (checkout / "fails").touch()
    setup(checkout)
    pins.write_text("runtime==1\n")
    (checkout / "fails").unlink()
    asked(checkout)
    setup(checkout)
    assert asked(checkout) == ["runtime.txt"]
