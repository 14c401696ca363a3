"""Attacks on Dagster's UI by a page from elsewhere, and by who has no password.

Line 11 of the attack list in docs/security.md.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.browser import Window
from tests.e2e.ui import GUARDED, PLAIN
from tests.security.dagster_server import (
    HOST,
    PASSWORD,
    USER,
    Attacked,
    dagster_server,
    mutation,
    proxy,
)
from txcat_assets.cli.dev import Ports, commands

PAGE = """<!DOCTYPE html><title>A page from elsewhere</title>
<img src="{url}/graphql?query={by_image}">
<iframe name="sink"></iframe>
<form id="form" method="POST" target="sink" action="{url}/graphql?query={by_form}"></form>
<iframe id="framed" src="{url}/runs"></iframe>
<p id="state">begun</p>
<script>
document.getElementById("form").submit();
const body = JSON.stringify({{query: `{by_fetch}`}});
const headers = {{"content-type": "text/plain; application/json"}};
fetch("{url}/graphql", {{method: "POST", mode: "no-cors", headers, body}}).catch(() => null);
const socket = new WebSocket("{socket}/graphql", "graphql-ws");
let heard = "nothing heard";
socket.onopen = () => socket.send(JSON.stringify({{type: "connection_init"}}));
socket.onmessage = () => {{ heard = "events heard"; }};
setTimeout(() => {{ document.getElementById("state").textContent = `done, ${{heard}}`; }}, 5000);
</script>
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with dagster_server(tmp_path_factory.mktemp("guarded"), GUARDED) as server:
        yield server


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with dagster_server(tmp_path_factory.mktemp("plain"), PLAIN) as server:
        yield server


@pytest.fixture(scope="module")
def proxied(plain: Attacked) -> Iterator[str]:
    """The proxy before a web server that guards nothing itself."""
    # Not in pytest's own folders, which nginx's workers may not enter where root starts them.
    with TemporaryDirectory(prefix="txcat-proxy-") as folder, proxy(Path(folder), plain) as url:
        yield url


def visit_page_from_elsewhere(folder: Path, window: Window, attacked: Attacked) -> str:
    """What the page says of itself when it has tried all: it is of another site, by its name."""
    asked = {f"by_{way}": quote(mutation(way)) for way in ("image", "form")}
    text = PAGE.format(
        url=attacked.url,
        socket=attacked.url.replace("http", "ws"),
        by_fetch=mutation("fetch"),
        **asked,
    )
    (folder / "page.html").write_text(text)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            return window.open(f"http://localhost:{server.server_port}/page.html", "done,")
        finally:
            server.shutdown()


@pytest.mark.slow
def test_a_page_from_elsewhere_can_start_anything_where_nothing_guards(
    plain: Attacked, window: Window, tmp_path: Path
) -> None:
    assert "events heard" in visit_page_from_elsewhere(tmp_path, window, plain)
    assert {"image", "form", "fetch"} <= plain.marks()


@pytest.mark.slow
def test_a_page_from_elsewhere_starts_nothing_and_hears_nothing(
    guarded: Attacked, window: Window, tmp_path: Path
) -> None:
    assert "nothing heard" in visit_page_from_elsewhere(tmp_path, window, guarded)
    assert guarded.marks() == set()


@pytest.mark.slow
def test_the_guarded_ui_works(guarded: Attacked, window: Window) -> None:
    assert "Runs" in window.open(f"{guarded.url}/runs", "Runs")
    assert f"POST {guarded.url}/graphql" in {line.partition("?")[0] for line in window.requests}
    window.page.get_by_text("No runs").first.wait_for(timeout=60_000)


FORGED = {
    "a name that leads here": {"host": "evil.example"},
    "a name that begins like ours": {"host": "127.0.0.1.evil.example"},
    "another origin": {"origin": "https://evil.example"},
    "another port": {"origin": "http://127.0.0.1:1"},
    "an origin that is hidden": {"origin": "null"},
    "another site": {"sec-fetch-site": "cross-site"},
    "the same site": {"sec-fetch-site": "same-site"},
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_the_guard_refuses(guarded: Attacked, headers: dict[str, str]) -> None:
    asked = {"query": mutation("forged")}
    reply = httpx.post(f"{guarded.url}/graphql", json=asked, headers=headers)
    assert reply.status_code == 403
    assert guarded.marks() == set()


@pytest.mark.parametrize("accepted", ["*/*", "text/html", "image/avif"])
def test_a_mutation_by_get_is_refused(guarded: Attacked, accepted: str) -> None:
    asked = {"query": mutation("got")}
    reply = httpx.get(f"{guarded.url}/graphql", params=asked, headers={"accept": accepted})
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert guarded.marks() == set()


def test_no_page_of_the_ui_is_shown_within_another(guarded: Attacked) -> None:
    assert httpx.get(f"{guarded.url}/runs").headers["x-frame-options"] == "DENY"


def test_a_program_that_is_no_browser_is_served(guarded: Attacked) -> None:
    reply = httpx.post(f"{guarded.url}/graphql", json={"query": "{ version }"})
    assert reply.is_success


def ask_proxy(
    url: str, method: str = "POST", path: str = "/graphql", **headers: str
) -> httpx.Response:
    """Ask as a browser does that knows the password, if nothing else is said."""
    auth = (USER, headers.pop("password", PASSWORD))
    given = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(verify=False, auth=auth, timeout=60) as client:  # noqa: S501 - as above
        body = {"query": "{ version }"} if method == "POST" else None
        return client.request(method, url + path, json=body, headers=given)


def test_the_proxy_serves_who_has_the_password(proxied: str) -> None:
    assert "data" in ask_proxy(proxied).json()
    page = ask_proxy(proxied, "GET", "/runs")
    assert (page.status_code, page.headers["x-frame-options"]) == (200, "DENY")
    own = f"https://{HOST}:{httpx.URL(proxied).port}"
    assert ask_proxy(proxied, origin=own, sec_fetch_site="same-origin").is_success


STOPPED: dict[str, tuple[int, dict[str, str]]] = {
    "no right password": (401, {"password": "wrong"}),
    "another name": (421, {"host": "evil.example"}),
    "its address": (421, {"host": "127.0.0.1"}),
    "GraphQL by GET": (405, {"method": "GET", "path": "/graphql?query=%7Bversion%7D"}),
    "GraphQL by PUT": (405, {"method": "PUT"}),
    "a form of another origin": (403, {"origin": "https://evil.example"}),
    "an origin that is hidden": (403, {"origin": "null"}),
    "a report of another site": (
        403,
        {"path": "/report_asset_check/", "sec_fetch_site": "cross-site"},
    ),
    "a socket of another origin": (
        403,
        {"method": "GET", "upgrade": "websocket", "origin": "https://evil.example"},
    ),
}


@pytest.mark.parametrize(("status", "asked"), STOPPED.values(), ids=STOPPED)
def test_the_proxy_stops(proxied: str, status: int, asked: dict[str, str]) -> None:
    assert ask_proxy(proxied, **asked).status_code == status


def test_the_proxy_does_not_start_without_a_name() -> None:
    ended = subprocess.run(
        ["deploy/proxy/start.sh"],
        env={"UI_HOST": "a;b"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, "UI_HOST must be" in ended.stderr) == (2, True)


def test_dagster_dev_starts_the_guarded_server() -> None:
    words = (
        "import dagster_shared.ipc as ipc\n"
        "ipc.open_ipc_subprocess = lambda parts, **_: print(*parts)\n"
        "from txcat_web.dagster_dev import start_guarded\n"
        "start_guarded(['python', '-m', 'dagster_webserver', '--port', '1'])\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", words], text=True)
    assert printed == "python -m txcat_web.dagster_ui --port 1\n"
    started = {name: command for name, command, _ in commands(Ports(3000, 8900, 8910))}
    assert started["dagster"][1:3] == ["-m", "txcat_web.dagster_dev"]
