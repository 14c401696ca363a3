"""What can go wrong while txcat runs: each condition is found here, for status, doctor and alarms.

The `where` of a finding never changes while the condition lasts: by it alarms recognize that a
condition is still the same.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from txcat_assets.health import daemons
from txcat_assets.health.findings import Find, Finding
from txcat_assets.health.look import Look
from txcat_assets.stages import days_to_come

SILENT_AFTER = timedelta(minutes=2)
"""Dagster's daemon writes its heartbeat each half minute."""


def failed_checks(look: Look) -> Iterator[Finding]:
    """Checks that fail with severity ERROR on some day."""
    for dataset, status in look.datasets.items():
        for check in status.failed_checks:
            if check.error_days:
                days = ", ".join(map(str, check.error_days[-3:]))
                yield Finding(
                    f"the check fails on {len(check.error_days)} days, the latest: {days}",
                    f"check {check.name} of {check.asset}/{dataset}",
                    f"txcat check --dataset {dataset} says what breaks it; the check is failed "
                    "until these days are mended",
                )


def pending_too_long(look: Look) -> Iterator[Finding]:
    """Records that have waited too long for a stage."""
    limit = timedelta(hours=look.settings.pending_limit_hours)
    for dataset, status in look.datasets.items():
        for name, stage in status.stages.items():
            if stage.pending_since and look.now - stage.pending_since > limit:
                yield Finding(
                    f"{stage.pending:,} records wait, the oldest since "
                    f"{stage.pending_since:%Y-%m-%d %H:%M}; TXCAT_PENDING_LIMIT_HOURS allows "
                    f"{look.settings.pending_limit_hours:g}",
                    f"stage {name} of {dataset}",
                    "see that what answers for the stage is up; the backlog sensor, or a run of "
                    "their days, then does the rest",
                )


def lag_too_high(look: Look) -> Iterator[Finding]:
    """Topics of which messages have waited too long.

    Raises, after all that could be asked, where Kafka cannot be asked of one.
    """
    limit = timedelta(seconds=look.settings.lag_limit_seconds)
    for dataset, topic in look.topics.items():
        waiting = [one.oldest_unread_at for one in topic.partitions if one.oldest_unread_at]
        if waiting and look.now - min(waiting) > limit:
            yield Finding(
                f"{sum(one.lag or 0 for one in topic.partitions):,} messages wait, the oldest for "
                f"{(look.now - min(waiting)).total_seconds():,.0f} s; TXCAT_LAG_LIMIT_SECONDS "
                f"allows {look.settings.lag_limit_seconds:g}",
                f"topic {look.contracts[dataset].topic} of {dataset}",
                "see that the daemon runs and that the sensor `topics` is on and works",
            )
    for topic in look.topics.values():
        if topic.trouble:
            raise topic.trouble


def awaited_topics(look: Look) -> Iterator[Finding]:
    """Topics that nobody has created yet. Nothing is wrong where files alone are used."""
    for dataset, topic in look.topics.items():
        if topic.is_awaited:
            yield Finding(
                "there is no such topic yet; it is followed once it is there",
                f"topic {look.contracts[dataset].topic} of {dataset}",
                "`txcat kafka create-topics` creates it",
                is_error=False,
            )


def lost_messages(look: Look) -> Iterator[Finding]:
    """Partitions that have lost messages which had not landed."""
    for dataset, topic in look.topics.items():
        for number, words in enumerate(topic.losses, 1):
            yield Finding(
                words,
                f"topic {look.contracts[dataset].topic} of {dataset}, loss {number}",
                "accept the loss by that command, once it is known why",
            )


def failing_sensors(look: Look) -> Iterator[Finding]:
    """Sensors that fail again and again, or say each time that they cannot work."""
    for sensor in look.dagster.sensors:
        if sensor.fails_again_and_again:
            yield Finding(
                f"its last {sensor.troubles} ticks could not work: {sensor.words}",
                f"sensor {sensor.name}",
                "mend what its words name; it goes on by itself",
            )


def work_of_days_to_come(look: Look) -> Iterator[Finding]:
    """Work that landed while the clock was set ahead."""
    for dataset, status in look.datasets.items():
        days = days_to_come.days_to_come(status.days_left, look.now.date())
        if words := days_to_come.in_words(dataset, days):
            yield Finding(words, f"dataset {dataset}", f"txcat move-days --dataset {dataset}")


def several_daemons(look: Look) -> Iterator[Finding]:
    """More than one daemon at work on one home."""
    if words := daemons.in_words(look.home):
        yield Finding(words, f"DAGSTER_HOME {look.home}", "end all but one of these processes")


def dead_daemon(look: Look) -> Iterator[Finding]:
    """A daemon that worked here and is silent: no sensor looks, no queued run starts."""
    at = look.dagster.heartbeat_at
    if at and is_silent(at, look.now):
        yield Finding(
            f"the daemon of Dagster was last heard of at {at:%Y-%m-%d %H:%M:%S} UTC: no sensor "
            "looks and no queued run starts",
            f"DAGSTER_HOME {look.home}",
            "start it: `dagster-daemon run`, or `txcat dev`, which has one",
        )


def is_silent(heartbeat_at: datetime, now: datetime) -> bool:
    """Whether a daemon that was last heard of then counts as gone."""
    return now - heartbeat_at > SILENT_AFTER


ALARMS: tuple[Find, ...] = (
    failed_checks,
    pending_too_long,
    lag_too_high,
    lost_messages,
    failing_sensors,
)
"""What alarms are sent for. A dead daemon sends none: `txcat doctor` in cron finds that."""

AT_A_GLANCE: tuple[Find, ...] = (
    *ALARMS,
    awaited_topics,
    work_of_days_to_come,
    several_daemons,
)
"""What `txcat status` reports; its table shows by itself whether the daemon is silent."""
