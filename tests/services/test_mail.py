"""Alarms by mail over TLS with a login: a real mail server, with a certificate of its own."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.assets.receivers import Receiver, mail_server
from tests.certificates import certificate
from txcat_assets.errors import MessageNotSent
from txcat_assets.services.messages import Mail, Message

MESSAGE = Message("[txcat] begun: failed checks", "é: 3 records", {})
SECRET = "s3cr3t pass"  # noqa: S105


@dataclass(frozen=True)
class Post:
    """A mail server, and one who sends by it."""

    server: Receiver
    mail: Mail


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the mail server."""
    return certificate(tmp_path_factory.mktemp("mail"), "mail")


@pytest.fixture(params=["starttls", "tls"])
def post(request: pytest.FixtureRequest, shown: Path) -> Iterator[Post]:
    """A server that takes mail over TLS alone, and lets in ann alone."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, shown.with_suffix(".key"))
    secured = (
        {"tls_context": context, "require_starttls": True, "auth_required": True}
        if request.param == "starttls"
        else {"ssl_context": context, "auth_require_tls": False}  # sees no TLS around its own
    )
    with mail_server(authenticator=_is_ann, **secured) as server:
        yield Post(
            server,
            Mail(
                host="127.0.0.1",
                port=server.port,
                security=request.param,
                user="ann",
                password=SECRET,
                sender="txcat@bank.example",
                receivers=("bob@bank.example",),
            ),
        )


def _is_ann(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
) -> AuthResult:
    is_ann = given == LoginPassword(b"ann", SECRET.encode())
    return AuthResult(success=is_ann, handled=False)


def test_a_message_is_taken_from_who_has_logged_in(
    post: Post, shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    post.mail.send(MESSAGE)
    (came,) = post.server.came
    assert (came["subject"], came.get_content().strip()) == (MESSAGE.subject, MESSAGE.text)
    with pytest.raises(MessageNotSent) as refused:
        replace(post.mail, password=f"another {SECRET}").send(MESSAGE)
    assert SECRET not in str(refused.value)
    assert len(post.server.came) == 1


def test_to_a_server_that_this_machine_does_not_trust_nothing_is_said(post: Post) -> None:
    with pytest.raises(MessageNotSent, match="certificate verify failed"):
        post.mail.send(MESSAGE)
    assert post.server.came == []


def test_a_password_is_not_sent_in_the_clear(shown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told to use STARTTLS, it sends nothing to a server that does not offer it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    with mail_server() as server:
        mail = Mail("127.0.0.1", server.port, "starttls", "ann", SECRET, "a@b.example", ("c@d.e",))
        with pytest.raises(MessageNotSent, match="STARTTLS"):
            mail.send(MESSAGE)
    assert server.came == []
