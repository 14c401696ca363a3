"""What every test shares, and no more: hypothesis keeps its examples where all caches are."""

from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).parents[1] / ".txcat" / "cache" / "hypothesis")
