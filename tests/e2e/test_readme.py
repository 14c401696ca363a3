"""The commands of README.md and docs/ci.md, run as they stand in a copy of the checkout.

Blocks marked `sh` run line by line, `python NAME` is written to that file first. Blocks marked
`console` are make's: what they start is run by tests of its own.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from data.make_samples import make_samples, truth_of_all
from data.payment_oddities import PAYMENTS
from tests.e2e.pages import ROOT, Environment, blocks, without_settings
from tests.kafka.broker import Kafka
from tools.kafka_broker import Broker
from txcat_assets.cli.demo import PAYMENT_ROWS
from txcat_assets.contracts.registry import all_contracts

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
HEADER = "id,description,amount,timestamp,merchant,operation_type,side"
SOUND = [f"{n},Paiement CB,-9.50,2025-01-02T10:00:00,Fnac,card,debit" for n in range(40)]
VALIDATED = 9_849 + 2
"""Transactions of the demo's files, and those that the page puts into the inbox and sends to Kafka;
the run of today that takes the message takes the file too."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which nothing was ever run."""
    copy = tmp_path_factory.mktemp("fresh") / "txcat"
    unwanted = shutil.ignore_patterns(".txcat", ".git", ".env", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, copy, ignore=unwanted)
    return copy


@pytest.fixture(scope="module")
def environment(checkout: Path, ml_url: str) -> Environment:
    """What a terminal in the copy knows: its code comes from there, the service answers."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTHONPATH": str(checkout), "TXCAT_ML_URL": ml_url}
    return without_settings() | own


@pytest.fixture(scope="module")
def after_the_demo(checkout: Path, environment: Environment) -> Path:
    """The copy, once `make demo` has run there."""
    subprocess.run(["txcat", "demo"], cwd=checkout, env=environment, check=True)
    return checkout


@pytest.fixture(scope="module")
def after_the_page(after_the_demo: Path, environment: Environment, broker: Broker) -> Path:
    """The copy, once every line of the README's shell blocks has run there."""
    for name, text in blocks("README.md", "python"):
        (after_the_demo / name).write_text(text)
    script = "".join(text for _, text in blocks("README.md", "sh"))
    assert "127.0.0.1:9092" in script  # where `make kafka` answers; here it is the tests' broker
    script = script.replace("127.0.0.1:9092", broker.address)
    with Kafka(broker) as kafka:
        for topic in filter(None, (one.topic for one in all_contracts().values())):
            kafka.anew(topic, partitions=3)
    done = subprocess.run(
        ["bash", "-eux", "-c", script],
        cwd=after_the_demo,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return after_the_demo


@pytest.mark.slow
@pytest.mark.timeout(900)  # a dozen processes, one after the other
def test_every_command_and_query_of_the_page_works(after_the_page: Path, tmp_path: Path) -> None:
    with duckdb.connect(after_the_page / ".txcat/warehouse.duckdb", read_only=True) as con:
        payments = truth_of_all(make_samples(tmp_path, PAYMENTS, rows=PAYMENT_ROWS))
        placed = "SELECT sum(landed), sum(unjudged), sum(validated) FROM ledger.slices"
        of = {
            dataset: con.sql(f"{placed} WHERE dataset = '{dataset}'").fetchall()
            for dataset in ("transactions", "payments")
        }
        assert of["transactions"][0][1:] == (0, VALIDATED)
        assert of["payments"] == [(payments.landed, 0, payments.validated)]
        spent = con.sql("SELECT sum(spent) FROM marts.spending").fetchall()
        debits = "FROM validated.transactions WHERE side = 'debit'"
        assert spent == con.sql(f"SELECT -sum(amount) {debits}").fetchall()
        every_category_leads_back(con, after_the_page / ".txcat")


def every_category_leads_back(con: duckdb.DuckDBPyConnection, home: Path) -> None:
    """The page's query finds file, record, run and versions of each categorized row."""
    queries = re.findall(r'^txcat sql "([^"]+)"', (ROOT / "README.md").read_text(), re.M)
    (query,) = [query for query in queries if "ledger.objects" in query]
    found = con.sql(query)
    assert len(found) == VALIDATED
    assert found.filter("COLUMNS(*) IS NOT NULL").shape == found.shape
    files = {Path(name) for (name,) in found.project("file").distinct().fetchall()}
    known = {path for folder in ("demo", "inbox") for path in (home / folder).glob("transactions*")}
    assert files == {*known, Path("transactions")}, "and the topic"


BROKEN = [line.replace("9.50", "x") for line in SOUND]
SAMPLES = [
    pytest.param([HEADER, *SOUND, BROKEN[0]], 0, id="a_rule_broken_once"),
    pytest.param([HEADER, *SOUND, *BROKEN], 1, id="a_rule_broken_often"),
    pytest.param([HEADER.replace("amount", "sum"), *SOUND], 1, id="a_column_renamed"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("lines", "code"), SAMPLES)
def test_the_recipe_for_ci_says_by_its_exit_code_how_a_sample_is(
    tmp_path: Path, lines: list[str], code: int
) -> None:
    (tmp_path / "transactions_2025-01-03.csv").write_text("\n".join(lines))
    command = [str(ROOT / "docs/ci/recipe.sh"), str(tmp_path), "2025-01-03"]
    done = subprocess.run(
        command, env=without_settings(), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr[-4000:]


def test_the_recipe_is_called_as_its_page_says() -> None:
    ((_, steps),) = blocks("docs/ci.md", "yaml")
    commands = re.findall(r"- run: (\S+)", steps)
    assert commands == ["tools/setup.sh", "docs/ci/recipe.sh"]
    assert all(os.access(ROOT / command, os.X_OK) for command in commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_files_and_tests_that_exist(page: Path) -> None:
    text = page.read_text()
    linked = [page.parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)", text)]
    named = re.findall(r"`((?:txcat_assets|ml_api|tests|tools|data|docs)/[\w/.-]+)", text)
    wanted = [*linked, *(ROOT / name for name in named)]
    assert [str(path) for path in wanted if not path.exists()] == []
    for path, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        assert f"def {test}(" in (ROOT / path).read_text()
