"""Which of Dagster's daemons work on a home folder; there should be one.

With two nothing is lost or doubled, since the ledger decides what a run does; but all ticks and
runs happen twice, and cost twice as much.
"""

from pathlib import Path

import psutil

NAMES = {"dagster-daemon", "dagster._daemon"}
"""How a daemon is started: by its command, or as a module by `dagster dev`."""


def daemons_of(home: Path) -> list[int]:
    """The process ids of the daemons on this host that work on a home folder, the oldest first."""
    found = [
        process
        for process in psutil.process_iter(["cmdline"])
        if _is_daemon(process.info["cmdline"])
    ]
    of_home = [process for process in found if _home_of(process) == home.resolve()]
    return [process.pid for process in sorted(of_home, key=psutil.Process.create_time)]


def in_words(home: Path) -> str:
    """What is wrong where more than one daemon works on a home, for people; empty otherwise."""
    pids = daemons_of(home)
    if len(pids) < 2:
        return ""
    return (
        f"{len(pids)} daemons of Dagster work on {home} at once (processes "
        f"{', '.join(map(str, pids))}): each asks for all runs. Nothing is lost or doubled; end "
        "all but one, or give each a TXCAT_HOME and DAGSTER_HOME of its own."
    )


def _is_daemon(command: list[str] | None) -> bool:
    words = [Path(word).name for word in command or []]
    return any(
        name in NAMES and "run" in words[place + 1 :] for place, name in enumerate(words[:4])
    )


def _home_of(process: psutil.Process) -> Path | None:
    try:
        home = process.environ().get("DAGSTER_HOME")
    except psutil.Error:
        return None
    return Path(home).resolve() if home else None
