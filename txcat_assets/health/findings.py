"""What a finding is, and how the functions that find them are run.

Each kind of finding has one function. `conditions` has those that alarms are sent for, `machine`
and `neighbours` those of the doctor alone; `doctor` lists them all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from txcat_assets.errors import TxcatError
from txcat_assets.health.look import Look


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, and how to mend it; a warning where it is no error."""

    what: str
    where: str
    mend: str
    is_error: bool = True


Find = Callable[[Look], Iterable[Finding]]


def name_of(find: Find) -> str:
    """What a function finds, in words."""
    return find.__name__.replace("_", " ")


@dataclass(frozen=True)
class Found:
    """The findings by the name of what was looked for; `blind` says what could not, and why."""

    findings: dict[str, list[Finding]] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)

    @property
    def every(self) -> list[tuple[str, Finding]]:
        """All findings, each with its name; an error that hides several of them comes once."""
        hidden: dict[str, list[str]] = {}
        for name, words in self.blind.items():
            hidden.setdefault(words, []).append(name)
        return [
            *((name, one) for name, found in self.findings.items() for one in found),
            *(
                ("cannot look", Finding(words, ", ".join(names), "mend that, then look again"))
                for words, names in hidden.items()
            ),
        ]

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong that is more than a warning."""
        return any(one.is_error for _, one in self.every)


def examine(look: Look, finds: Sequence[Find]) -> Found:
    """Run each function over one look; one that cannot reach all that it needs is noted as blind.

    What it found before that counts all the same.
    """
    found = Found()
    for find in finds:
        seen = found.findings.setdefault(name_of(find), [])
        try:
            seen.extend(find(look))
        except TxcatError as error:
            found.blind[name_of(find)] = str(error)
    return found
