"""Who may have which route of the reporting API, as a page: written from the routes themselves.

A test asks every route by every role; see `tests/reporting_api/test_authorization.py`.
"""

from collections.abc import Iterator

from litestar.handlers import HTTPRouteHandler

from reporting_api.app import routes
from reporting_api.roles import ACCESS, Role


def access_page() -> str:
    """Every route with its least role."""
    lines = [
        "# Who may ask the reporting API for what",
        "",
        "Written from the routes of `reporting_api` by `make docs`. Without a key, where there is",
        "any, only those for nobody are answered. What is another's is, for a user, not there.",
        "",
        f"| route | nobody | {' | '.join(role.word for role in Role)} |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows = [row for handler in routes() for row in _rows(handler)]
    return "\n".join([*lines, *sorted(rows)]) + "\n"


def _rows(handler: HTTPRouteHandler) -> Iterator[str]:
    least: Role | None = (handler.opt or {})[ACCESS]
    for path in handler.paths:
        cells = [_cell(path, role, least) for role in Role]
        yield f"| `GET {path}` | {'no' if least else 'yes'} | {' | '.join(cells)} |"


def _cell(path: str, role: Role, least: Role | None) -> str:
    if least is not None and role < least:
        return "no"
    return "his own" if role is Role.USER and "user_id" in path else "yes"
