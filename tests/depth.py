"""How far tests go that draw what they do: briefly, or deep by `--hypothesis-profile=deep`.

What is drawn differs from run to run, so that many brief runs see what one deep run does. In CI a
brief run draws the same each time: what it finds is of the change that it looks at.
"""

import os

from hypothesis import settings

USUAL, DEEP = 100, 1_000


def register_profiles() -> None:
    """Make both known to Hypothesis, and the usual one what holds where none is asked for."""
    # Without a deadline: on a busy machine one example may take seconds.
    settings.register_profile(
        "usual", max_examples=USUAL, derandomize="CI" in os.environ, deadline=None
    )
    settings.register_profile("deep", max_examples=DEEP, derandomize=False, deadline=None)
    settings.load_profile("usual")


def examples(usual: int) -> int:
    """How many examples a test takes that usually takes so many."""
    return usual * settings().max_examples // USUAL
