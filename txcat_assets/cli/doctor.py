"""`txcat doctor`: what is wrong, where, and how to mend it, before anybody meets it.

What is looked for stands in `health.doctor`; here the findings are printed.
"""

from txcat_assets.cli.home import dagster_home_of
from txcat_assets.cli.terminal import print_json, say
from txcat_assets.clock import utc_now
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.health.doctor import DEEP, QUICK
from txcat_assets.health.findings import examine
from txcat_assets.health.look import Look
from txcat_assets.settings import Settings


def show_findings(settings: Settings, *, deep: bool, as_json: bool) -> int:
    """Say all that is wrong; 1 where any of it is an error, warnings alone are 0."""
    look = Look(settings, all_contracts(), dagster_home_of(settings), utc_now())
    finds = DEEP if deep else QUICK
    found = examine(look, finds)
    if as_json:
        print_json([{"name": name} | vars(one) for name, one in found.every])
        return 1 if found.has_errors else 0
    for name, one in found.every:
        say(f"{'error' if one.is_error else 'warning'}: {name}: {one.where}")
        say(f"  {one.what}")
        say(f"  to mend it: {one.mend}")
    errors = sum(one.is_error for _, one in found.every)
    say(
        f"{len(finds)} things were looked for: {errors} errors, "
        f"{len(found.every) - errors} warnings."
    )
    return 1 if found.has_errors else 0
