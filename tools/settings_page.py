"""The settings of txcat as text: the page for people, and the file to copy to `.env`.

Both follow from the fields of the class and the docstrings under them.
"""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from pydantic.fields import FieldInfo

from txcat_assets.api_settings import ApiSettings
from txcat_assets.settings import Settings

LIMITS = {"gt": "above {}", "ge": "at least {}", "lt": "below {}", "le": "at most {}"}


def settings_page() -> str:
    """Every setting with its default, its limits and what it is for."""
    lines = [
        "# Settings",
        "",
        "Written from `txcat_assets/settings.py` and `txcat_assets/api_settings.py` by",
        "`make docs`. Each is a variable of the",
        "environment, or a line in a file `.env` in the working folder. The environment wins, an",
        "empty value counts as none. `.env.example` has them all. DAGSTER_HOME is Dagster's own:",
        "without it, Dagster keeps its runs in TXCAT_HOME.",
        "",
        "| setting | default | limits | what it is for |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in _fields():
        limits = ", ".join(_limits(field)) or "none"
        lines.append(f"| `{name}` | {_default(field) or 'none'} | {limits} | {_words(name)} |")
    return "\n".join(lines) + "\n"


def env_example() -> str:
    """A file of settings in which every line is switched off, and so says the default."""
    lines = ["# Copy to .env and switch on what shall differ; docs/settings.md says more."]
    for name, field in _fields():
        lines += ["", f"# {_words(name)}", f"# {name}={_default(field)}"]
    return "\n".join(lines) + "\n"


def _words(name: str) -> str:
    """What a setting is for, in one line, however its docstring is broken."""
    return " ".join(_docstrings()[name].split())


@cache
def _docstrings() -> dict[str, str]:
    """The docstring under each field. Read here: pydantic would read the source at each start."""
    found = {}
    declared = [pair for one in (Settings, ApiSettings) for pair in pairwise(_body(one))]
    for field, words in declared:
        match field, words:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[f"TXCAT_{name.upper()}"] = text
    return found


def _body(settings: type) -> list[ast.stmt]:
    (declared,) = ast.parse(inspect.getsource(settings)).body
    assert isinstance(declared, ast.ClassDef)  # noqa: S101 - for mypy; the source is that of a class
    return declared.body


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    for name, field in Settings.model_fields.items():
        yield f"TXCAT_{name.upper()}", field


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _limits(field: FieldInfo) -> Iterator[str]:
    for limit in field.metadata:
        for sign, words in LIMITS.items():
            if (bound := getattr(limit, sign, None)) is not None:
                yield words.format(bound)
