"""The house rules that ruff, mypy and import-linter cannot hold; each message teaches the way out.

A rule is a function that answers the complaints about one file. It is run over every tracked file
of its kind, and over a small text that breaks it, so that each rule is known to bite.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / name
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    if (ROOT / name).is_file()
]

DAGSTER = {"asset", "multi_asset", "asset_check", "multi_asset_check", "sensor", "schedule", "op"}
EMPTY = {"said", "told", "tell", "tells", "says", "thing", "things", "stuff"}
EMPTY_CONSTANTS = {"MANY", "FEW", "SHORT", "LONG", "OFTEN", "SHARE"}
OF_TOPICS = re.compile(r"kafka|topic")
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "info"}
# Split by [brackets] where this file would complain of itself.
OF_A_MACHINE = re.compile(
    r"(?<![\w.*/~$}-])/(work|root|tmp|home|Users|opt)/\w+"
    r"|pypi[.]org|python[h]osted|--(extra-)?index[-]url|--find[-]links|artifactor[y]"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[PurePath, str], Iterator[str]]


def functions_in(text: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_without_docstring(function: Function) -> int:
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def is_dagster(function: Function) -> bool:
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any(re.split(r"[.(]", name.removeprefix("dg."))[0] in DAGSTER for name in decorators)


def words_of(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def is_long_module(_: PurePath, text: str) -> Iterator[str]:
    if (lines := text.count("\n")) > 300:
        yield f"has {lines} lines, 300 are allowed: where its one idea has an 'and', split it"


def is_long_function(_: PurePath, text: str) -> Iterator[str]:
    for function in functions_in(text):
        allowed = 25 if is_dagster(function) else 40
        if (lines := lines_without_docstring(function)) > allowed:
            yield (
                f"{function.name} has {lines} lines, {allowed} are allowed without the docstring: "
                "name its steps as functions; a Dagster body asks, calls and reports, no more"
            )


def is_vague_name(path: PurePath, text: str) -> Iterator[str]:
    classes = [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
    for name in [*path.parts[:-1], path.stem, *classes]:
        for word in words_of(name) & VAGUE:
            yield f"'{word}' in {name} says nothing: use the glossary's words"


def is_empty_name(_: PurePath, text: str) -> Iterator[str]:
    """Names of functions, classes and constants that only their author can guess."""
    tree = ast.parse(text)
    defined = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    for name in defined:
        if name.strip("_").lower() in EMPTY:
            yield f"{name} could mean anything: name the message, the problem or the table it gives"
    constants = [
        name.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    ]
    for name in constants:
        if name in EMPTY_CONSTANTS:
            yield f"{name} does not say what is counted: name the thing, and its unit"


def is_follow_without_a_topic(path: PurePath, text: str) -> Iterator[str]:
    """To follow is said of Kafka's topics alone."""
    for function in functions_in(text):
        if function.name.strip("_").startswith("follow") and not OF_TOPICS.search(str(path)):
            yield f"{function.name} follows no topic: say what is brought up to date"


def is_import_of_a_test(_: PurePath, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and re.search(r"(^|[.])test_", node.module or ""):
            yield f"imports {node.module}: give what tests share a module that is no test"


def is_terse_module(path: PurePath, text: str) -> Iterator[str]:
    if path.name == "__init__.py" or path.name.startswith("test_"):
        return
    docstring = ast.get_docstring(ast.parse(text)) or ""
    if len(re.findall(r"[.:;?](?:\s|$)", docstring)) < 2:
        yield "opens with less than two statements: say what lives here, and what not"


def is_full_init(path: PurePath, text: str) -> Iterator[str]:
    if path.name == "__init__.py" and text.strip():
        yield "is not empty: import from the module that defines, so that nothing loads unasked"


def is_of_a_machine(_: PurePath, text: str) -> Iterator[str]:
    for found in OF_A_MACHINE.finditer(text):
        yield f"names {found.group()}, which only one machine has: use a relative path or a setting"


PYTHON_RULES = [
    is_long_module,
    is_long_function,
    is_vague_name,
    is_empty_name,
    is_follow_without_a_topic,
    is_import_of_a_test,
    is_terse_module,
    is_full_init,
]
PYTHON_FILES = [path for path in FILES if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON_FILES, ids=name_of)
def test_a_module_keeps_the_house_rules(path: Path) -> None:
    name, text = path.relative_to(ROOT), path.read_text()
    assert not [f"{name} {said}" for rule in PYTHON_RULES for said in rule(name, text)]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_tracked_file_names_a_machine(path: Path) -> None:
    text = path.read_bytes().decode(errors="replace")
    assert not [f"{path.relative_to(ROOT)} {said}" for said in is_of_a_machine(path, text)]


LONG_BODY = "    x = 1\n" * 30
BROKEN = [
    (is_long_module, "a.py", "\n" * 301),
    (is_long_function, "a.py", "def f():\n" + LONG_BODY * 2),
    (is_long_function, "a.py", "@dg.asset(name='a')\ndef f():\n" + LONG_BODY),
    (is_long_function, "a.py", "@sensor\ndef f():\n" + LONG_BODY),
    (is_vague_name, "txcat_assets/file_utils.py", ""),
    (is_vague_name, "txcat_assets/common/file.py", ""),
    (is_vague_name, "a.py", "class ClientInfo: ..."),
    (is_empty_name, "a.py", "def _said(): ..."),
    (is_empty_name, "a.py", "class Told: ..."),
    (is_empty_name, "a.py", "MANY, SHORT = 5, 10"),
    (is_follow_without_a_topic, "txcat_assets/a.py", "def follow(): ..."),
    (is_import_of_a_test, "tests/test_a.py", "from tests.test_b import helper"),
    (is_terse_module, "a.py", '"""Reads files."""'),
    (is_terse_module, "a.py", ""),
    (is_full_init, "a/__init__.py", "from a.b import c"),
    (is_of_a_machine, "a.md", "see /" + "work/data/file.csv"),
    (is_of_a_machine, "a.txt", "--index" + "-url https://somewhere"),
    (is_of_a_machine, "a.txt", "https://files.python" + "hosted.org/packages"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_each_rule_bites(rule: Rule, path: str, text: str) -> None:
    assert list(rule(PurePath(path), text))


SOUND = [
    (is_long_function, "a.py", 'def f():\n    """' + "\n" * 60 + '"""\n' + LONG_BODY),
    (is_vague_name, "database.py", "class Information: ..."),
    (is_empty_name, "a.py", "def test_a_loss_is_told(): ...\nMANY_ROWS = 5"),
    (is_follow_without_a_topic, "txcat_assets/warehouse/ledger/topics.py", "def follow(): ..."),
    (is_of_a_machine, "a.md", "https://example.org/home/page and ./work/file and {root}/tmp/file"),
]


@pytest.mark.parametrize(("rule", "path", "text"), SOUND)
def test_no_rule_bites_what_is_sound(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(PurePath(path), text))
