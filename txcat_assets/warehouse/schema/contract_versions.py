"""Which contracts the warehouse was written by, and so which code may write to it.

The tables that follow from a contract are made in `tables`.
"""

from collections.abc import Sequence

from txcat_assets.contracts.model import Contract
from txcat_assets.errors import VersionRefused
from txcat_assets.warehouse.databases.interface import Reading, Transaction, one
from txcat_assets.warehouse.schema.migrations import MIGRATIONS


def require_version(tx: Reading, contract: Contract) -> bool:
    """Refuse to write with a contract that is older than the warehouse's, or differs from it.

    Whether the warehouse has this very version already.
    """
    return require_versions(tx, [contract])


def require_versions(tx: Reading, contracts: Sequence[Contract]) -> bool:
    """The same of several contracts: whether the warehouse has all of these very versions."""
    rows = tx.rows(
        "SELECT dataset, version, fingerprint FROM ledger.contracts WHERE dataset = ANY($datasets)",
        datasets=[contract.dataset for contract in contracts],
    )
    noted = {dataset: (version, fingerprint) for dataset, version, fingerprint in rows}
    for contract in contracts:
        if contract.dataset in noted:
            _require(contract, *noted[contract.dataset])
    return all(
        noted.get(contract.dataset) == (contract.version, contract.fingerprint)
        for contract in contracts
    )


def _require(contract: Contract, version: int, fingerprint: str) -> None:
    if version > contract.version:
        raise VersionRefused(
            f"The warehouse holds {contract.dataset} by contract version {version}, this code "
            f"has version {contract.version}. Install the newer txcat."
        )
    if version == contract.version and fingerprint != contract.fingerprint:
        raise VersionRefused(
            f"The contract of {contract.dataset} differs from the one the warehouse knows as "
            f"version {version}. Raise `version` in its contract file."
        )


def note_contract(tx: Transaction, contract: Contract) -> None:
    """Note that a dataset's tables are made by this contract, and which datasets it refers to."""
    tx.run(
        "INSERT INTO ledger.contracts VALUES ($dataset, $version, $fingerprint, $made_by) "
        "ON CONFLICT (dataset) DO UPDATE SET version = excluded.version, "
        "fingerprint = excluded.fingerprint, made_by = excluded.made_by",
        dataset=contract.dataset,
        version=contract.version,
        fingerprint=contract.fingerprint,
        made_by=len(MIGRATIONS),
    )
    tx.run("DELETE FROM ledger.dependents WHERE dataset = $dataset", dataset=contract.dataset)
    for refers_to in sorted({reference.to.dataset for reference in contract.references}):
        tx.run(
            "INSERT INTO ledger.dependents VALUES ($dataset, $refers_to)",
            dataset=contract.dataset,
            refers_to=refers_to,
        )


def has_tables(tx: Reading, contract: Contract) -> bool:
    """Whether the dataset's tables are those that this contract and this code make.

    Raises VersionRefused as `require_version` does.
    """
    return require_version(tx, contract) and _made_by(tx, contract) == len(MIGRATIONS)


def _made_by(tx: Reading, contract: Contract) -> int:
    """The number of the newest migration when the dataset's tables were last made."""
    found = "SELECT coalesce(made_by, 1) FROM ledger.contracts WHERE dataset = $dataset"
    return int(one(tx.rows(found, dataset=contract.dataset)))
