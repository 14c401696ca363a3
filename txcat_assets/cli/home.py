"""The home folder: what `txcat` and Dagster keep between runs, made where it is missing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from txcat_assets.errors import HomeRefused, SettingRefused
from txcat_assets.settings import Settings
from txcat_assets.text import shortened

if TYPE_CHECKING:
    import dagster as dg

ROOT = Path(__file__).parents[2]
"""The checkout, with dagster.yaml and workspace.yaml at its top."""

PRIVATE, OTHERS = 0o700, 0o077
"""What txcat makes is for its user alone: it holds records, and perhaps passwords."""

CAUSE_CHARS = 400


def make_home(settings: Settings) -> Path:
    """Make the home folder and its inbox, for this user alone, and Dagster's home; the latter.

    Raises HomeRefused where that cannot be, and SettingRefused for a DAGSTER_HOME that Dagster
    would not take.
    """
    home = settings.home_folder
    dagster_home = dagster_home_of(settings)
    if not dagster_home.is_absolute():
        raise SettingRefused(
            f"DAGSTER_HOME is {str(dagster_home)!r}, but Dagster takes an absolute path only: "
            'export DAGSTER_HOME="$PWD/..." instead, or leave it unset.'
        )
    os.umask(OTHERS)
    try:
        for folder in (home, settings.inbox_folder, dagster_home):
            _make_private(folder)
        if not (dagster_home / "dagster.yaml").exists():
            _copy_whole(ROOT / "dagster.yaml", dagster_home / "dagster.yaml")
    except OSError as error:
        raise HomeRefused(
            f"Making {error.filename or dagster_home}: {error.strerror}. Let this user write there "
            "and see that there is room, or name another folder by TXCAT_HOME."
        ) from error
    os.environ["DAGSTER_HOME"] = str(dagster_home)
    return dagster_home


def dagster_home_of(settings: Settings) -> Path:
    """Where Dagster keeps its instance: the home folder, unless DAGSTER_HOME names another."""
    return Path(os.environ.get("DAGSTER_HOME") or settings.home_folder)


def _make_private(folder: Path) -> None:
    """Make a folder that nobody else can look into; one that is there stays as it is."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE, exist_ok=True)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all: of half a dagster.yaml, Dagster would take its defaults."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def dagster_instance(settings: Settings) -> Iterator["dg.DagsterInstance"]:
    """The Dagster instance of the home folder; runs whose process is gone are reported first.

    Raises HomeRefused where Dagster cannot open it.
    """
    dagster_home = make_home(settings)
    import dagster as dg  # noqa: PLC0415 - `txcat --help` must not wait for it

    from txcat_assets.defs.dead_runs import report_dead_runs  # noqa: PLC0415

    try:
        instance = dg.DagsterInstance.get()
        report_dead_runs(instance)
    except Exception as error:
        # Dagster, its databases and YAML have errors without an ancestor in common.
        raise HomeRefused(
            f"Dagster cannot use its folder {dagster_home}: {_in_one_line(error)}. Look at "
            "dagster.yaml there (the checkout has the one that txcat brings) and at the disk; with "
            "DAGSTER_HOME unset, Dagster's folder is TXCAT_HOME."
        ) from error
    with instance:
        yield instance


def _in_one_line(error: BaseException) -> str:
    """What an error of another library says, without its pages of context."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {shortened(words, CAUSE_CHARS).rstrip('.')}"
