"""A user's own rows of the monthly report of payments, as its last version has them.

Reports are files that runs write, see `txcat_assets.report_files`; that a user is seen at all is
asked of the warehouse, as for his payments.
"""

from datetime import date
from http import HTTPStatus
from typing import Any

import anyio.to_thread
from litestar import Response, get

from reporting_api.answers import Page, accepted, response_of
from reporting_api.formats import Envelope, Written, write
from reporting_api.parameters import Asking, taking
from reporting_api.problems import Problem
from reporting_api.reading import asker_of
from reporting_api.roles import Principal, Role, least
from reporting_api.users import NOBODY, user_of
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.contracts.reports import reports_of
from txcat_assets.report_files import ReportFiles
from txcat_assets.warehouse.databases.reader import ReadTransaction
from txcat_assets.warehouse.queries.of_user import CONTRACTS, OfUser, is_seen
from txcat_assets.warehouse.queries.records import AsOf, as_of

(MONTHLY,) = reports_of(PAYMENTS)


@get(
    "/users/{user_id:str}/reports/{month:str}",
    **taking(least(Role.USER)),
    summary="A user's rows of the report of a month",
)
async def monthly_report(request: Asking, user_id: str, month: str) -> Response[Any]:
    """What the user sent and received on each day, by currency, as the report was made last."""
    principal: Principal = request.scope["state"]["principal"]
    wanted = OfUser(user_of(user_id), principal.owner)
    files = ReportFiles(request.app.state.reports_folder, MONTHLY)
    media_type = accepted(request)

    def known_as_of(tx: ReadTransaction) -> AsOf:
        state = as_of(tx, CONTRACTS)
        if not is_seen(tx, wanted):
            raise Problem(HTTPStatus.NOT_FOUND, NOBODY)
        return state

    state = await asker_of(request.app.state).ask(request, known_as_of)
    # Outside the transaction: a long file holds up nobody who waits for the warehouse.
    written = await anyio.to_thread.run_sync(_written, files, wanted, month, media_type)
    page = Page(written, state)
    request.scope["state"]["records"] = page.written.records
    return response_of(request, page, media_type)


def _written(files: ReportFiles, wanted: OfUser, month: str, media_type: str) -> Written:
    """The rows of a user in the last version of a month; raises Problem where there is none."""
    made = files.summary(first_day_of(month))
    if made is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"No report of {month} was made yet.")
    own = files.rows(made.last).filter(user_id=str(wanted.user_id)).collect()
    head = {
        "user_id": str(wanted.user_id),
        "month": made.month,
        "version": made.last.revision,
        "restated": made.restated,
        "made_at": f"{made.last.made_at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    return write([own], media_type, Envelope(head, "report", {}))


def first_day_of(month: str) -> date:
    """The first day of a month that is said as 2025-05; raises Problem for what is none."""
    try:
        if len(month) == 7:
            return date.fromisoformat(f"{month}-01")
    except ValueError:
        pass
    detail = f"There is no month {month[:80]!r}."
    raise Problem(HTTPStatus.NOT_FOUND, detail, "month", "one that there is, as 2025-05")
