"""A small warehouse that the API is asked about, brought up to date by the stages themselves.

Three users; what each has paid stands here, so that a test can say what the answer must be.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract, Function
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS_CONTRACT
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.reports import reports_of
from txcat_assets.pipeline.computed import ComputedMart, ComputedStage
from txcat_assets.sources.files.listing import find
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.marts import update_mart
from txcat_assets.stages.reports import make_report
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.schema.tables import prepare

DAY, MONTH = date(2025, 6, 1), date(2025, 5, 1)
LIMITS = {"payment_limit": Decimal(10_000), "payment_limits": {}}

ANN, BOB, EVE = (f"00000000-0000-0000-0000-00000000000{n}" for n in "123")
NOBODY = "00000000-0000-0000-0000-000000000009"

USERS = f"id,name\n{ANN},Ann\n{BOB},Bob\n{EVE},Eve\n"
CURRENCIES = "code,name,symbol\nUSD,US Dollar,$\nJPY,Yen,\n"


def payment_id(number: int) -> str:
    """The id of the payment of that number."""
    return f"10000000-0000-0000-0000-{number:012}"


PAYMENTS = [
    (1, ANN, BOB, "10.50", "USD", "2025-05-01T00:00:00Z", "completed"),
    (2, BOB, ANN, "4.25", "USD", "2025-05-01T23:59:59.999999Z", "completed"),
    (3, ANN, BOB, "1000", "JPY", "2025-05-01T12:00:00Z", "completed"),
    (4, ANN, EVE, "0.10", "USD", "2025-05-02T08:00:00Z", "pending"),
    (5, ANN, EVE, "0.20", "USD", "2025-05-02T08:00:00Z", "failed"),
    (6, ANN, EVE, "20000.01", "USD", "2025-05-31T23:30:00+00:00", "completed"),
    (7, EVE, BOB, "6000.00", "USD", "2025-05-31T23:59:00Z", "completed"),
]
BROKEN = (8, ANN, ANN, "5.00", "USD", "2025-05-03T00:00:00Z", "completed")

FORMULA = '"=HYPERLINK(""http://evil.example"",""pay"")"'
TRANSACTIONS = (
    "id,description,amount,timestamp,merchant,operation_type,side\n"
    f"1,{FORMULA},-3.20,2025-01-08T08:15:00,Le Coin,card,debit\n"
    "2,+1 coffee,-1.10,2025-01-08T08:16:00,@home,card,debit\n"
    "3,Plain,-2.20,2025-01-08T08:17:00,,card,debit\n"
)


def payment_lines() -> str:
    """The file of payments."""
    head = "transaction_id,sender_id,receiver_id,amount,currency,timestamp,status\n"
    lines = [",".join((payment_id(n), *rest)) for n, *rest in (*PAYMENTS, BROKEN)]
    return head + "\n".join(lines) + "\n"


def load_all(folder: Path, url: str) -> None:
    """Bring the small files up to date in the warehouse of a URL."""
    files = {
        "users": USERS,
        "currencies": CURRENCIES,
        "payments": payment_lines(),
        "transactions": TRANSACTIONS,
    }
    warehouse = connect(url, wait_seconds=30, statement_seconds=60)
    for contract in all_contracts().values():
        prepare(warehouse, contract)
    for dataset, text in files.items():
        (folder / f"{dataset}_{DAY}.csv").write_text(text)
        load(folder, url, all_contracts()[dataset])
    make_reports(folder, url)


def load(folder: Path, url: str, contract: Contract) -> None:
    """Bring what the folder has of a dataset up to date."""
    warehouse = connect(url, wait_seconds=30, statement_seconds=60)
    work = Work(warehouse, contract, [DAY], "run 1", lambda: datetime.now(UTC).replace(tzinfo=None))
    register_named(work, find([folder], contract.files).files)
    assert not land_files(work).problems
    assert not validate(work).problems
    for stage in contract.stages:
        if isinstance(stage.answered_by, Function):
            answers = stage.answered_by.of(**LIMITS)
            assert not enrich(work, stage, ComputedStage(stage, answers)).problems
    for mart in contract.marts:
        update_mart(work, mart, ComputedMart(contract, mart, mart.answered_by.of(**LIMITS)))


def make_reports(folder: Path, url: str) -> None:
    """Make the reports of the month in which the payments are, where the API looks for them."""
    warehouse = connect(url, wait_seconds=30, statement_seconds=60)
    work = Work(warehouse, PAYMENTS_CONTRACT, [], "run 2", utc_now)
    for of in reports_of(PAYMENTS_CONTRACT):
        make_report(work, of, MONTH, folder / "reports")
