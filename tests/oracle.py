"""What the tables must hold, worked out row by row in the plainest way: the judge of all judges.

It shares no code with txcat. A record's verdict and a model's answer are given by the caller as
functions; here is only what follows from the order of arrival.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

Position = tuple[int, int]
"""Slice id and position: sorts by arrival."""


@dataclass(frozen=True)
class Verdict:
    """A valid record has a key and content; a rejected one has reasons only."""

    key: str | None
    content: tuple[str, ...] | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrived:
    """A landed record: its texts by column, or the fault that kept it from being cut."""

    at: Position
    texts: tuple[str | None, ...]
    fault: str | None = None
    day: date = date.min


@dataclass
class Expected:
    """Where each record must be; `validated` and `categorized` are by position.

    `current` says by key which of the validated holds it.
    """

    validated: dict[Position, tuple[str, ...]] = field(default_factory=dict)
    current: dict[str | None, Position] = field(default_factory=dict)
    duplicates: set[Position] = field(default_factory=set)
    quarantined: dict[Position, tuple[str, ...]] = field(default_factory=dict)
    closed: dict[Position, str] = field(default_factory=dict)
    categorized: dict[Position, str] = field(default_factory=dict)
    refused: set[Position] = field(default_factory=set)
    pending: set[Position] = field(default_factory=set)


NOTHING_CLOSED: Mapping[Position, str] = {}


def nothing_unknown(content: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001
    """The reasons to wait of a record that refers to nothing."""
    return ()


def places(
    records: Iterable[Arrived],
    verdict_of: Callable[[Arrived], Verdict],
    unknown: Callable[[tuple[str, ...]], tuple[str, ...]] = nothing_unknown,
    closed: Mapping[Position, str] = NOTHING_CLOSED,
) -> Expected:
    """Who is validated, duplicate or quarantined once all of these are judged.

    `unknown` says for a content which of its references name what is not there. `closed` are the
    records that somebody discarded or replaced: they are out, whatever they say.
    """
    expected = Expected()
    winners: dict[str | None, tuple[str, ...]] = {}
    for record in sorted(records, key=lambda record: record.at):
        if record.at in closed:
            expected.closed[record.at] = closed[record.at]
            continue
        verdict = verdict_of(record)
        if verdict.content is None:
            expected.quarantined[record.at] = verdict.reasons
        elif unknown(verdict.content):
            expected.quarantined[record.at] = unknown(verdict.content)
        elif verdict.key not in winners:
            winners[verdict.key] = verdict.content
            expected.validated[record.at] = verdict.content
            expected.current[verdict.key] = record.at
        elif winners[verdict.key] == verdict.content:
            expected.duplicates.add(record.at)
        else:
            expected.quarantined[record.at] = ("conflict",)
    return expected


def versions(
    records: Iterable[Arrived],
    verdict_of: Callable[[Arrived], Verdict],
    unknown: Callable[[tuple[str, ...]], tuple[str, ...]] = nothing_unknown,
    closed: Mapping[Position, str] = NOTHING_CLOSED,
) -> Expected:
    """The same where each change of a key's content is a version, and the last one is current.

    Here a record of an earlier day comes before those of a later one, whenever it arrived.
    """
    expected = Expected()
    current: dict[str | None, tuple[str, ...]] = {}
    for record in sorted(records, key=lambda record: (record.day, record.at)):
        if record.at in closed:
            expected.closed[record.at] = closed[record.at]
            continue
        verdict = verdict_of(record)
        if verdict.content is None:
            expected.quarantined[record.at] = verdict.reasons
        elif unknown(verdict.content):
            expected.quarantined[record.at] = unknown(verdict.content)
        elif current.get(verdict.key) == verdict.content:
            expected.duplicates.add(record.at)
        else:
            current[verdict.key] = verdict.content
            expected.validated[record.at] = verdict.content
            expected.current[verdict.key] = record.at
    return expected


def answered(expected: Expected, answer_of: Callable[[tuple[str, ...]], str | None]) -> Expected:
    """The same with every validated record asked: None is a refusal, "" is no answer yet."""
    for at, content in expected.validated.items():
        answer = answer_of(content)
        if answer is None:
            expected.refused.add(at)
        elif answer:
            expected.categorized[at] = answer
        else:
            expected.pending.add(at)
    return expected
