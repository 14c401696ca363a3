"""The Makefile stays short, and documents name only commands and settings that exist."""

import re
import subprocess
from pathlib import Path

import pytest
import typer

from txcat_assets.cli.app import app
from txcat_assets.settings import Settings

ROOT = Path(__file__).parents[2]
RECIPES = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
TARGETS = {name for name, _ in RECIPES}
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", ".ci/run")]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
MARKDOWN = [path for path in DOCUMENTS if path.suffix == ".md"]


def options_of(command: object) -> set[str]:
    """The options of a command, and of those below it."""
    below = getattr(command, "commands", {}).values()
    own = [option for part in command.params for option in [*part.opts, *part.secondary_opts]]  # type: ignore[attr-defined]
    return {"--help", *own}.union(*map(options_of, below))


COMMANDS = {
    name: options_of(command) for name, command in typer.main.get_group(app).commands.items()
}


def test_help_lists_every_target_with_what_it_does() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^  make ([a-z-]+) +\S", said, re.MULTILINE))
    assert listed == {name for name in TARGETS if not name.endswith("-venv")}
    assert len(listed) <= 17


@pytest.mark.parametrize(("name", "recipe"), RECIPES, ids=[name for name, _ in RECIPES])
def test_a_recipe_has_at_most_three_lines(name: str, recipe: str) -> None:
    assert recipe.count("\n") <= 3, f"{name}: what is longer is a script in tools/"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_only_targets_that_exist(document: Path) -> None:
    text = document.read_text()
    code = [text] if document.suffix != ".md" else re.findall(r"`+[^`]+`+", text)
    command = re.compile(r"(?:^`?|&& )make ([a-z][a-z-]*)", re.MULTILINE)
    assert {name for part in code for name in command.findall(part)} <= TARGETS


def code_in(document: Path) -> list[str]:
    """What a document shows as code, without the marks around it."""
    return [part.strip("`") for part in re.findall(r"`+[^`]+`+", document.read_text())]


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_only_commands_and_options_of_txcat_that_exist(document: Path) -> None:
    known = {name: set(options) for name, options in COMMANDS.items()}
    calls = re.compile(r"^(?:[$] )?(?:[.\w/]*bin/)?txcat ([a-z]\S*)(.*)$", re.MULTILINE)
    for name, rest in (call for part in code_in(document) for call in calls.findall(part)):
        assert name in known, f"there is no txcat {name}"
        assert set(re.findall(r"--[a-z-]+", rest)) <= known[name]


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_only_settings_that_exist(document: Path) -> None:
    known = {f"TXCAT_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"TXCAT_[A-Z_]*[A-Z]", document.read_text())) <= known
