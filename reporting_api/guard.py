"""Lets a request through to its route or refuses it: by who asks, in which role, and how often.

Every route names the least role that may use it; one that names none is refused to all. That a
user sees only his own records is ensured by the SQL: see `users`.
"""

import base64
import binascii
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

import anyio.to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers.base import BaseRouteHandler

from reporting_api.audit import IS_NOTED
from reporting_api.keys import Keys, is_key
from reporting_api.problems import Problem
from reporting_api.rates import Rates
from reporting_api.roles import ACCESS, Principal, Role
from reporting_api.store import LazyStore, Store
from reporting_api.tokens import Tokens
from txcat_assets.clock import utc_now
from txcat_assets.settings import Settings

Connection = ASGIConnection[BaseRouteHandler, object, object, State]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names by which this machine asks for a service of its own."""

ANYBODY_HERE = Principal("anybody on this machine", Role.OPERATOR)
"""Whoever asks without a key, while there is no key yet and only this machine can ask."""

NO_KEY = (
    "There is no key yet, and other machines can reach this service: so it answers nobody. "
    "Make one by `txcat api-key create`."
)

UNKNOWN = "Say who asks: Authorization: Bearer, and a key or a token that is valid."


def is_loopback(host: str) -> bool:
    """Whether an address is one that only this machine reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Gate:
    """What a request is checked against: keys, tokens, and how often who has asked."""

    settings: Settings
    store: Store
    keys: Keys
    tokens: Tokens
    by_principal: Rates
    by_address: Rates

    def authenticated(self, authorization: str, host: str) -> Principal:
        """Who asks; raises Problem where the request does not prove it."""
        if authorization:
            return self._holder(authorization)
        if self.tokens.are_taken or self.keys.any_valid(utc_now()):
            raise unauthorized()
        if not is_loopback(self.settings.api_host):
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, NO_KEY)
        # The host name of somebody else's page may resolve to this machine.
        if urlsplit(f"//{host}").hostname not in LOOPBACK:
            raise Problem(HTTPStatus.FORBIDDEN, "This address is not served here: use 127.0.0.1.")
        return ANYBODY_HERE

    def _holder(self, authorization: str) -> Principal:
        """Whose key or token it is."""
        scheme, _, given = authorization.partition(" ")
        given = given.strip()
        found: Principal | None = None
        match scheme.lower():
            case "bearer" if is_key(given):
                found = self.keys.holder(given, utc_now())
            case "bearer":
                found = self.tokens.holder(given)
            case "basic" if self.settings.api_basic:
                found = self.keys.holder(_password(given), utc_now())
        if found is None:
            raise unauthorized()
        return found


def gate_of(settings: Settings) -> Gate:
    """The gate of these settings; its store is opened with the first request."""
    store = LazyStore(settings)
    return Gate(
        settings,
        store,
        Keys(store),
        Tokens(settings),
        Rates(store, "key", settings.api_key_limit),
        Rates(store, "address", settings.api_address_limit),
    )


async def let_through(connection: Connection, handler: BaseRouteHandler) -> None:
    """Find out who asks and whether he may; raises Problem where not."""
    if ACCESS not in handler.opt:
        raise Problem(HTTPStatus.FORBIDDEN, "This route does not say who may use it.")
    least: Role | None = handler.opt[ACCESS]
    if least is None:
        return
    connection.scope["state"][IS_NOTED] = True
    principal = await anyio.to_thread.run_sync(_admitted, connection)
    connection.scope["state"]["principal"] = principal
    if principal.role < least:
        detail = f"This is for the role {least.word} and above; you have the role "
        raise Problem(HTTPStatus.FORBIDDEN, f"{detail}{principal.role.word}.")


def _admitted(connection: Connection) -> Principal:
    gate: Gate = connection.app.state.gate
    address = connection.client.host if connection.client else "unknown"
    _count(connection, gate.by_address, address)
    headers = connection.headers
    principal = gate.authenticated(headers.get("authorization", ""), headers.get("host", ""))
    connection.scope["state"]["principal"] = principal
    _count(connection, gate.by_principal, principal.name)
    return principal


def _count(connection: Connection, rates: Rates, who: str) -> None:
    window = rates.hit(who)
    connection.scope["state"]["window"] = (rates.what, window)
    if window.is_over_limit:
        seconds = window.seconds_left
        detail = f"More than {window.most} requests in {window.seconds} s by this {rates.what}."
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, detail).with_headers(retry_after=str(seconds))


def unauthorized() -> Problem:
    """The request does not prove who asks; the answer does not say why."""
    return Problem(HTTPStatus.UNAUTHORIZED, UNKNOWN).with_headers(www_authenticate="Bearer")


def _password(given: str) -> str:
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
