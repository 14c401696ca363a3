"""The Makefile stays short, its help complete, and documents name only commands that exist."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
TARGETS = {name for name, _ in RECIPES}
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", ".ci/run")]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))


def test_help_lists_every_target_with_what_it_does() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^  make ([a-z]+) +\S", said, re.MULTILINE))
    assert listed == {name for name in TARGETS if not name.endswith("-venv")}
    assert len(listed) <= 16


@pytest.mark.parametrize(("name", "recipe"), RECIPES, ids=[name for name, _ in RECIPES])
def test_a_recipe_has_at_most_three_lines(name: str, recipe: str) -> None:
    assert recipe.count("\n") <= 3, f"{name}: what is longer is a script in tools/"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_only_targets_that_exist(document: Path) -> None:
    text = document.read_text()
    code = [text] if document.suffix != ".md" else re.findall(r"`+[^`]+`+", text)
    command = re.compile(r"(?:^`?|&& )make ([a-z][a-z-]*)", re.MULTILINE)
    assert {name for part in code for name in command.findall(part)} <= TARGETS
