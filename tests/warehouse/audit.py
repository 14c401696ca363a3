"""The audit of the tables as an assertion, for tests that look after every commit.

What is audited stands in the package; what should have happened is said by tests/oracle.py.
"""

from txcat_assets.contracts.model import Contract
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.queries import audit as tables


def audit(warehouse: Warehouse, contract: Contract) -> None:
    """Raise AssertionError when the tables contradict the ledger or themselves."""
    assert tables.audit(warehouse, contract) == []
