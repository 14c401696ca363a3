"""`txcat load`: files in, the jobs run, and what became of every record."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date

from txcat_assets.cli.check import failed_checks
from txcat_assets.cli.follow import judge_dependents_again, with_dependents
from txcat_assets.cli.home import dagster_instance
from txcat_assets.cli.jobs import Interrupted, Jobs
from txcat_assets.cli.outcome import show_outcome
from txcat_assets.cli.show import show_files, show_named
from txcat_assets.cli.terminal import complain, say
from txcat_assets.clock import utc_now
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.settings import Settings
from txcat_assets.sources.files.listing import find
from txcat_assets.stages.arrivals import ReadAs, read_otherwise, register_named, reject_other_days
from txcat_assets.stages.days_to_come import left_to_come
from txcat_assets.stages.work import LOADING, Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.rereading import replaced_by
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.figures import days_left
from txcat_assets.warehouse.schema.tables import prepare

DONE, PROBLEMS, INTERRUPTED = 0, 1, 130


def load_files(
    settings: Settings,
    contract: Contract,
    paths: Sequence[str],
    *,
    read_as: ReadAs | None = None,
    full_refresh: bool = False,
) -> int:
    """Take files in, bring up to date their days and what waited for them; the exit code.

    A path that leads to no file is a problem, and the others are loaded.
    """
    named = find(paths, contract.files)
    show_named(named)
    if not named.files:
        return PROBLEMS
    warehouse = warehouse_of(settings)
    with dagster_instance(settings) as instance, _claimed(warehouse, contract):
        jobs = Jobs(settings, contract, instance)
        prepare(warehouse, contract)
        work = Work(warehouse, contract, [], "load", utc_now)
        objects = register_named(work, named.files, read_as)
        reject_other_days(work, settings.first_day)
        days = _days(work, settings.first_day, objects, full_refresh=full_refresh)
        if not days:
            say(f"Up to date: {len(objects)} files hold nothing new.")
        try:
            problems = jobs.load(days, full_refresh=full_refresh)
            scope = Scope(contract.dataset, "object_id", list(objects))
            with warehouse.transaction() as tx:
                problems = [*dict.fromkeys(problems), *show_files(tx, scope)]
                show_outcome(tx, contract, scope)
                if replaced := replaced_by(tx, list(objects)):
                    say(f"{replaced:,} records of earlier readings of these files are replaced.")
            problems += failed_checks(jobs, days) if days else []
            problems += judge_dependents_again(settings, contract, instance)
            problems += read_otherwise(work, list(objects), read_as or ReadAs())
            problems += filter(None, [left_to_come(work)])
        except Interrupted:
            complain("Interrupted. What was committed is kept; load the same again to go on.")
            return INTERRUPTED
    return max(_exit_code(problems), PROBLEMS if named.problems else DONE)


@contextmanager
def _claimed(warehouse: Warehouse, contract: Contract) -> Iterator[None]:
    """Let the backlog sensors leave to this process what it is about to do."""
    with ExitStack() as claims:
        for one in with_dependents(contract):
            claims.enter_context(warehouse.claim(one.dataset, LOADING))
        yield


def _days(
    work: Work, first_day: date, objects: Mapping[int, date], *, full_refresh: bool
) -> set[date]:
    """The days of these files on which anything is left to do; all of them to do it again."""
    days = {day for day in objects.values() if first_day <= day <= work.now().date()}
    if full_refresh:
        return days
    with work.warehouse.transaction() as tx:
        return days & set(days_left(tx, work.contract))


def _exit_code(problems: Sequence[str]) -> int:
    """Say what went wrong, if anything did."""
    for problem in problems:
        complain(problem)
    return PROBLEMS if problems else DONE
