"""Who may have which route, asked of each route by each role: one without a case here fails.

A route that shows what belongs to a user is asked by another user too.
"""

from collections import defaultdict

import pytest

from reporting_api.app import routes
from reporting_api.marts import tables_of_marts
from reporting_api.roles import ACCESS, Role
from tests.reporting_api.loaded import ANN, BOB, payment_id
from tests.reporting_api.running import Api
from txcat_assets.contracts.registry import all_contracts

PUBLIC = {"/health": 200, "/ready": 200, "/metrics": 200}

OWNED = {
    "/users/{user_id:str}/payments": "/users/{user}/payments",
    "/users/{user_id:str}/daily-totals": "/users/{user}/daily-totals",
    "/users/{user_id:str}/reports/{month:str}": "/users/{user}/reports/2025-05",
}
"""Routes of what belongs to a user, and how each is asked for."""

SHARED = {
    "/api/v1/{dataset}": ("/api/v1/payments", Role.ANALYST),
    "/api/v1/{dataset}/{key:str}": (f"/api/v1/payments/{payment_id(1)}", Role.ANALYST),
    "/api/v1/{dataset}/quarantined": ("/api/v1/payments/quarantined", Role.OPERATOR),
    "/api/v1/{mart}": ("/api/v1/alerts", Role.ANALYST),
    "/keys": ("/keys", Role.ADMIN),
    "/api/v1/{name:str}": ("/api/v1/nothing", Role.ANALYST),
}
"""Routes of what belongs to nobody: how each is asked for, and the least role that may. Those of a
dataset and of a mart follow from its contract or from dbt, so they have one case for all."""

MARTS = {table.name for table in tables_of_marts()}

HOLDERS = {"ann": Role.USER, "analyst": Role.ANALYST, "operator": Role.OPERATOR} | {
    "admin": Role.ADMIN
}


def kind_of(path: str) -> str:
    """The path of a route; where a contract makes it, with a kind of name instead of the name."""
    if path.removeprefix("/api/v1/") in MARTS:
        return "/api/v1/{mart}"
    for contract in all_contracts().values():
        named = {contract.dataset: "{dataset}"} | {mart.name: "{mart}" for mart in contract.marts}
        for name, kind in named.items():
            if path == f"/api/v1/{name}" or path.startswith(f"/api/v1/{name}/"):
                return path.replace(f"/api/v1/{name}", f"/api/v1/{kind}")
    return path


def test_every_route_has_an_explicit_case_here_and_says_who_may_have_it() -> None:
    found: dict[str, set[Role | None]] = defaultdict(set)
    for handler in routes():
        for path in handler.paths:
            found[kind_of(path)].add((handler.opt or {})[ACCESS])
    expected: dict[str, Role | None] = dict.fromkeys(PUBLIC, None) | dict.fromkeys(OWNED, Role.USER)
    expected |= {path: role for path, (_, role) in SHARED.items()}
    assert found == {path: {role} for path, role in expected.items()}


@pytest.mark.parametrize(("path", "status"), PUBLIC.items())
def test_what_tells_nothing_needs_no_key(on_duckdb: Api, path: str, status: int) -> None:
    assert on_duckdb.get(path).status_code == status


@pytest.mark.parametrize("asked", [*OWNED.values(), *(path for path, _ in SHARED.values())])
def test_without_a_key_that_is_valid_nothing_is_told(
    on_duckdb: Api, analyst: str, asked: str
) -> None:
    path = asked.format(user=ANN)
    replies = [on_duckdb.get(path, key) for key in ("", "txcat_1_2", analyst[:-1])]
    replies.append(on_duckdb.get(path, authorization="Basic YTpi"))
    assert {reply.status_code for reply in replies} == {401}
    assert len({reply.text for reply in replies}) == 1, "why is told to nobody"


@pytest.mark.parametrize("asked", OWNED.values())
def test_a_user_has_his_own_alone_and_others_have_everybodys(
    loaded: Api, keys: dict[str, str], asked: str
) -> None:
    own = {who: loaded.get(asked.format(user=ANN), key).status_code for who, key in keys.items()}
    assert own == dict.fromkeys(keys, 200) | {"bob": 404}
    theirs = {who: loaded.get(asked.format(user=BOB), key).status_code for who, key in keys.items()}
    assert theirs == dict.fromkeys(keys, 200) | {"ann": 404}


@pytest.mark.parametrize(("asked", "least"), SHARED.values())
def test_what_belongs_to_nobody_is_had_by_its_roles(
    loaded: Api, keys: dict[str, str], asked: str, least: Role
) -> None:
    found = {who: loaded.get(asked, keys[who]).status_code for who in HOLDERS}
    granted = 404 if asked.endswith("nothing") else 200
    assert found == {who: granted if role >= least else 403 for who, role in HOLDERS.items()}
