"""Which messages are due: one when a condition begins, none while it lasts, one when it is over.

What was sent is remembered by channel, so that one which is down misses nothing and the others get
nothing twice. A condition that could not be looked at counts as unchanged.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from txcat_assets.errors import MessageNotSent
from txcat_assets.health.findings import Finding, Found
from txcat_assets.services.messages import Channel, Message
from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened

MESSAGES_PER_LOOK = 5
"""To each channel, since a slow receiver takes its time for each; the next look sends the rest."""


class Alarm(msgspec.Struct, frozen=True):
    """A condition, and when it was first seen (UTC)."""

    name: str
    where: str
    what: str
    mend: str
    began_at: datetime


Sent = dict[str, dict[str, Alarm]]
"""By channel, and by name and place of the condition, the alarms sent as begun and not as over."""


def read_sent(text: str | None) -> Sent:
    """What was sent, from the text of `as_text`."""
    return msgspec.json.decode(text, type=Sent) if text else {}


def as_text(sent: Sent) -> str:
    """What was sent, as text to keep."""
    return msgspec.json.encode(sent).decode()


def send_due(
    found: Found, sent: Sent, channels: Sequence[Channel], now: datetime
) -> tuple[Sent, list[str]]:
    """Send what is due; gives what was sent by now, and why channels did not work.

    When it is killed before that is kept, the messages of this look are sent once more.
    """
    troubles, after = [], {}
    for channel in channels:
        begun = dict(sent.get(channel.name, {}))
        try:
            for key, alarm, is_over in _due(found, begun, now)[:MESSAGES_PER_LOOK]:
                channel.send(_message(alarm, now, is_over=is_over))
                if is_over:
                    del begun[key]
                else:
                    begun[key] = alarm
        except MessageNotSent as error:
            troubles.append(str(error))
        after[channel.name] = begun
    return after, troubles


def _due(found: Found, begun: dict[str, Alarm], now: datetime) -> list[tuple[str, Alarm, bool]]:
    """The key of each alarm that a message is due for, the alarm, and whether it is over."""
    lasting = {
        f"{name}: {one.where}": _alarm(name, one, now)
        for name, findings in found.findings.items()
        for one in findings
    }
    over = [
        (key, alarm, True)
        for key, alarm in begun.items()
        if key not in lasting and alarm.name not in found.blind
    ]
    return over + [(key, alarm, False) for key, alarm in lasting.items() if key not in begun]


def _alarm(name: str, one: Finding, now: datetime) -> Alarm:
    what = shortened(for_terminal(one.what), MESSAGE_CHARS)
    return Alarm(name, for_terminal(one.where), what, for_terminal(one.mend), now)


def _message(alarm: Alarm, now: datetime, *, is_over: bool) -> Message:
    state = "over" if is_over else "begun"
    began = f"{alarm.began_at:%Y-%m-%d %H:%M:%S} UTC"
    when = f"{began} to {now:%Y-%m-%d %H:%M:%S} UTC" if is_over else f"since {began}"
    lines = [f"{alarm.where}: {alarm.what}", when]
    if not is_over:
        lines.append(f"What to do: {alarm.mend}.")
    fields = msgspec.to_builtins(alarm) | {"state": state, "sent_at": now.isoformat()}
    return Message(f"[txcat] {state}: {alarm.name}, {alarm.where}", "\n".join(lines), fields)
