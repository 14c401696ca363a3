"""After a load: the datasets whose records waited for what has come, or name what has gone.

What is to judge again is found by the ledger; here it only becomes runs of those datasets.
"""

import dagster as dg

from txcat_assets.cli.jobs import Jobs
from txcat_assets.cli.terminal import say
from txcat_assets.clock import utc_now
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.settings import Settings
from txcat_assets.warehouse.ledger.references import days_to_judge_again
from txcat_assets.warehouse.schema.tables import prepare


def dependents(contract: Contract) -> list[Contract]:
    """The datasets that refer to this one."""
    return [
        other
        for other in all_contracts().values()
        if contract.dataset in [reference.to.dataset for reference in other.references]
    ]


def with_dependents(contract: Contract) -> list[Contract]:
    """The dataset, and those that refer to it, directly or not."""
    return [contract, *(one for other in dependents(contract) for one in with_dependents(other))]


def judge_dependents_again(
    settings: Settings, contract: Contract, instance: dg.DagsterInstance
) -> list[str]:
    """Bring those datasets up to date on such days, and in turn those that refer to them.

    What went wrong, in words. Without a reference to the dataset nothing is asked.
    """
    problems, warehouse = [], warehouse_of(settings)
    for other in dependents(contract):
        prepare(warehouse, other)
        with warehouse.transaction() as tx:
            found = days_to_judge_again(tx, other)
        days = [day for day in found if settings.first_day <= day <= utc_now().date()]
        if days:
            say(f"What {other.dataset} refer to came or went: {len(days)} of their days follow.")
            problems += Jobs(settings, other, instance).load(days)
            problems += judge_dependents_again(settings, other, instance)
    return problems
