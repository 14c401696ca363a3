"""Two datasets in one warehouse: runs of both at once, and trouble of one that stays its own.

The same under a real daemon: tests/e2e/test_two_datasets.py; topics: tests/kafka/test_bank.py.
"""

import os
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from tests.assets.bank import CURRENCIES, DAY, HEADER, USERS, load, payment, put, scores
from tests.assets.installation import Installation
from tests.assets.records import sound
from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from txcat_assets.connections import OpenEnricher
from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.stages.enrich import Enricher
from txcat_assets.warehouse.schema.tables import prepare


def answered_by(bank: Installation, model: FakeModel) -> Installation:
    """The same installation, where a stand-in answers for transactions."""
    usual: OpenEnricher = (bank.definitions.resources or {})["enrichers"]

    def opened(contract: Contract, stage: Stage) -> AbstractContextManager[Enricher]:
        is_mine = contract.dataset == "transactions"
        return nullcontext(model) if is_mine else usual(contract, stage)

    return replace(bank, resources={"enrichers": opened})


def with_reference_data(bank: Installation) -> None:
    put(bank, "users", USERS)
    put(bank, "currencies", CURRENCIES)


def in_another_process(bank: Installation, dataset: str, path: Path) -> int:
    """Load a file by the command, as somebody else does meanwhile; its exit code."""
    settings = {"TXCAT_HOME": str(bank.settings.home), "TXCAT_WAREHOUSE_WAIT_SECONDS": "10"}
    txcat = str(Path(sys.executable).with_name("txcat"))
    command = [txcat, "load", "--dataset", dataset, str(path)]
    return subprocess.run(command, env=os.environ | settings, check=False).returncode


def test_payments_are_scored_while_transactions_are_being_asked(bank: Installation) -> None:
    with_reference_data(bank)
    payments = bank.put(f"payments_{DAY}.csv", HEADER + payment(1))
    bank.put(f"transactions_{DAY}.csv", sound(1, 2, 3, 4))
    met: list[object] = []

    def meanwhile() -> None:
        met.extend([in_another_process(bank, "payments", payments), scores(bank)])
        met.extend(bank.rows("SELECT count(*) FROM categorized.transactions"))

    assert answered_by(bank, FakeModel("m", meanwhile=meanwhile)).load(DAY).success
    assert met == [0, {"1": (False, [])}, (0,)]
    assert bank.rows("SELECT count(*) FROM categorized.transactions") == [(4,)]
    for contract in all_contracts().values():
        prepare(bank.warehouse, contract)  # nothing has been asked of some yet
        audit(bank.warehouse, contract)


def test_a_model_that_is_down_leaves_payments_alone(bank: Installation) -> None:
    with_reference_data(bank)
    bank.put(f"transactions_{DAY}.csv", sound(1, 2))
    down = answered_by(bank, FakeModel("m", lasts=0))
    assert not down.load(DAY).success
    put(down, "payments", HEADER + payment(1))
    assert scores(bank) == {"1": (False, [])}
    assert not down.tick("backlog", dataset="payments").run_requests
    assert "2025-01-03" in str(down.tick("backlog"))


def test_a_refused_file_of_one_dataset_is_no_matter_of_the_other(bank: Installation) -> None:
    with_reference_data(bank)
    bank.put(f"payments_{DAY}.csv", "nobody,knows,this\n1,2,3\n")
    bank.put(f"transactions_{DAY}.csv", sound(1))
    assert bank.load(DAY).success
    load(bank, "payments")
    states = "SELECT dataset, state FROM ledger.objects WHERE state IN ('rejected', 'landed')"
    assert sorted(bank.rows(f"{states} AND dataset IN ('payments', 'transactions')")) == [
        ("payments", "rejected"),
        ("transactions", "landed"),
    ]
