"""Which messages are due: one when a condition begins, none while it lasts, one when it is over.

What was sent is remembered by channel, so that one which is down misses nothing and the others are
not told twice. What a look could not see is as it was.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from txcat_assets.errors import MessageNotSent
from txcat_assets.health.findings import Finding, Found
from txcat_assets.services.messages import Channel, Message
from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened

MESSAGES_A_LOOK = 5
"""A receiver that is slow takes its time for each; what is left is sent after the next look."""


class Alarm(msgspec.Struct, frozen=True):
    """A condition of which it was told that it began, at a moment (UTC)."""

    name: str
    where: str
    what: str
    mend: str
    began_at: datetime


Told = dict[str, dict[str, Alarm]]
"""By channel, and by name and place of the condition, what people were told has begun."""


def read_told(text: str | None) -> Told:
    """What was remembered as text."""
    return msgspec.json.decode(text, type=Told) if text else {}


def written(told: Told) -> str:
    """What is to be remembered, as text."""
    return msgspec.json.encode(told).decode()


def send_due(
    found: Found, told: Told, channels: Sequence[Channel], now: datetime
) -> tuple[Told, list[str]]:
    """Send what is due: what people have been told by now, and which channels did not work.

    Killed between a message and the remembering of it, it is sent once more.
    """
    troubles, after = [], {}
    for channel in channels:
        known = dict(told.get(channel.name, {}))
        try:
            for key, alarm, is_over in _due(found, known, now)[:MESSAGES_A_LOOK]:
                channel.send(_message(alarm, now, is_over=is_over))
                if is_over:
                    del known[key]
                else:
                    known[key] = alarm
        except MessageNotSent as error:
            troubles.append(str(error))
        after[channel.name] = known
    return after, troubles


def _due(found: Found, known: dict[str, Alarm], now: datetime) -> list[tuple[str, Alarm, bool]]:
    lasting = {
        f"{name}: {one.where}": _alarm(name, one, now)
        for name, findings in found.findings.items()
        for one in findings
    }
    over = [
        (key, alarm, True)
        for key, alarm in known.items()
        if key not in lasting and alarm.name not in found.blind
    ]
    return over + [(key, alarm, False) for key, alarm in lasting.items() if key not in known]


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
