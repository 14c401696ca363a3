"""What txcat takes from Dagster's private modules, which may change with any version, is there.

When this fails after an upgrade, look the name up in the new version and mend the module that uses
it; the launcher and retention are then tried by `tests/e2e/test_launcher.py` and
`tests/assets/test_retention.py`.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import RunLauncher

from txcat_assets.defs.launcher import LIBRARIES, ForkingRunLauncher

ROOT = Path(__file__).parents[2]


def private_names() -> Iterator[tuple[str, str, str]]:
    """Every private name of Dagster that the package imports: file, module, name."""
    for path in sorted((ROOT / "txcat_assets").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dagster._"):
                for alias in node.names:
                    yield path.name, str(node.module), alias.name


@pytest.mark.parametrize(("file", "module", "name"), list(private_names()))
def test_a_private_name_of_dagster_is_where_it_was(file: str, module: str, name: str) -> None:
    assert hasattr(import_module(module), name), (
        f"{file} imports {name} from {module}, where Dagster {dg.__version__} has it no more"
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_the_launcher_preloads_is_there(library: str) -> None:
    import_module(library)


def test_the_launcher_has_all_that_dagster_asks_of_one() -> None:
    assert not inspect.isabstract(ForkingRunLauncher)


@pytest.mark.parametrize("method", ["launch_run", "terminate"])
def test_dagster_calls_the_launcher_as_it_did(method: str) -> None:
    theirs = inspect.signature(getattr(RunLauncher, method))
    ours = inspect.signature(getattr(ForkingRunLauncher, method))
    assert list(theirs.parameters) == list(ours.parameters)
