"""`txcat move-days`: what landed under a clock that was set ahead becomes work of today."""

from txcat_assets.cli.terminal import say
from txcat_assets.clock import utc_now
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.settings import Settings
from txcat_assets.stages.days_to_come import move_to_today
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.schema.tables import prepare


def move_days_to_come(settings: Settings, contract: Contract) -> int:
    """Move what a dataset has on days to come to today, and say how much; the exit code."""
    warehouse = warehouse_of(settings)
    prepare(warehouse, contract)
    work = Work(warehouse, contract, [], "move-days", utc_now)
    days, records = move_to_today(work)
    if not days:
        say(f"Nothing of {contract.dataset} is on a day to come.")
        return 0
    today = work.now().date()
    say(
        f"{contract.dataset}: {records} records of {', '.join(map(str, days))} are of {today} now. "
        "What is left to do of them is done by the next run of that day: the sensor `backlog` "
        "asks for it, or materialize the day."
    )
    return 0
