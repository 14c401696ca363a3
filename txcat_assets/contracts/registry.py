"""Finds the datasets: every module of this folder that has a CONTRACT is one.

A new file is enough; nothing has to be listed here.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from txcat_assets import contracts
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.soundness import refuse_rivals


@cache
def all_contracts() -> dict[str, Contract]:
    """Every declared dataset by its name, in the order of the names.

    Raises ContractRefused where two of them claim the same name, files or topic.
    """
    prefix = contracts.__name__ + "."
    names = sorted(module.name for module in iter_modules(contracts.__path__, prefix))
    found = [getattr(import_module(name), "CONTRACT", None) for name in names]
    declared = [contract for contract in found if isinstance(contract, Contract)]
    refuse_rivals(declared)
    return {contract.dataset: contract for contract in declared}
