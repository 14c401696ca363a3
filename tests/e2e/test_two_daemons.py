"""Two daemons of Dagster on one home: `txcat status` and the sensors say it."""

import shutil
from pathlib import Path

from tests.e2e.commands import CommandLine
from tests.e2e.daemon import Daemon
from tests.kafka.broker import until
from txcat_assets.cli.home import ROOT, dagster_home_of
from txcat_assets.health.daemons import daemons_of, in_words
from txcat_assets.settings import Settings


def test_two_daemons_on_one_home_are_told(terminal: CommandLine, tmp_path: Path) -> None:
    assert terminal.txcat("status").code == 0
    home = dagster_home_of(Settings()).resolve()
    others = tmp_path / "others"
    others.mkdir()
    for folder in (home, others):
        shutil.copy(ROOT / "dagster.yaml", folder)
    daemons = [Daemon(home, {}), Daemon(home, {}), Daemon(others, {})]
    try:
        for daemon in daemons:
            daemon.start()
        until(lambda: len(daemons_of(home)) == 2)
        assert daemons_of(others)
        assert in_words(others) == ""
        said = terminal.txcat("status")
        assert said.code == 1
        assert "2 daemons of Dagster work on" in said.err
        assert all(str(pid) in said.err for pid in daemons_of(home))
    finally:
        for daemon in daemons:
            daemon.kill()
