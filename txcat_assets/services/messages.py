"""What carries a message to people: a webhook by HTTP, and e-mail by SMTP.

What is worth a message, and what was sent already, is decided in `health.alarms`.
"""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Literal, Protocol

from txcat_assets.errors import MessageNotSent
from txcat_assets.text import for_terminal, shortened, without_login

WAIT_SECONDS = 5.0
"""How long a receiver may be silent. One tick of the sensor sends several messages in 60 s."""

SUBJECT_CHARS = 150
SLACK_CHARS = 2_900
"""Slack takes 3,000 characters of a block."""


@dataclass(frozen=True)
class Message:
    """A message: its subject, its text for people, and the same facts as fields for programs."""

    subject: str
    text: str
    fields: Mapping[str, Any]


class Channel(Protocol):
    """One way in which messages reach people, such as a webhook."""

    @property
    def name(self) -> str:
        """The channel's name; it never changes, since what was sent is remembered under it."""

    def send(self, message: Message) -> None:
        """Send the message. Raises MessageNotSent unless the receiver has accepted it."""


@dataclass(frozen=True)
class Webhook:
    """Posts messages as JSON to a URL, which may be a secret and is never shown."""

    url: str
    shape: Literal["json", "slack"]

    @property
    def name(self) -> str:
        """The channel's name."""
        return "webhook"

    def send(self, message: Message) -> None:
        """Post the message; any status from 200 to 299 means that it was accepted."""
        import httpx  # noqa: PLC0415 - not light, and most ticks send nothing

        body = message.fields if self.shape == "json" else _for_slack(message)
        try:
            reply = httpx.post(self.url, json=body, timeout=WAIT_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise MessageNotSent(
                f"The webhook of TXCAT_ALARM_WEBHOOK_URL did not take a message: "
                f"{type(error).__name__}. It is sent again until it is taken."
            ) from error
        if not reply.is_success:
            raise MessageNotSent(
                f"The webhook of TXCAT_ALARM_WEBHOOK_URL answered {reply.status_code} to a "
                "message. It is sent again until it is taken."
            )


def _for_slack(message: Message) -> dict[str, Any]:
    """The message in Slack's shape; as plain text, since parts of it may be untrusted."""
    text = shortened(for_terminal(message.subject), SUBJECT_CHARS)
    for sign, name in {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.items():
        text = text.replace(sign, name)
    block = {"type": "plain_text", "text": shortened(message.text, SLACK_CHARS), "emoji": False}
    return {"text": text, "blocks": [{"type": "section", "text": block}]}


@dataclass(frozen=True)
class Mail:
    """Sends messages as e-mail, by a server at `host:port`."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    user: str
    password: str
    sender: str
    receivers: tuple[str, ...]

    @property
    def name(self) -> str:
        """The channel's name."""
        return "mail"

    def send(self, message: Message) -> None:
        """Send the message to all receivers at once."""
        try:
            with self._connected() as server:
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                refused = server.send_message(self._mail(message))
        except (OSError, smtplib.SMTPException) as error:
            raise MessageNotSent(
                f"The mail server {self.host}:{self.port} did not take a message: "
                f"{without_login(str(error))}. It is sent again until it is taken."
            ) from error
        if refused:
            raise MessageNotSent(
                f"The mail server {self.host}:{self.port} refused {', '.join(refused)}; the others "
                "have the message. Correct TXCAT_ALARM_MAIL_TO."
            )

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=WAIT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=WAIT_SECONDS)

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = shortened(for_terminal(message.subject), SUBJECT_CHARS)
        mail["From"], mail["To"] = self.sender, ", ".join(self.receivers)
        mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="txcat.invalid")
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail
