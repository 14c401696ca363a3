"""Decides which record of a key is validated, a duplicate or a conflict: the pure part of `apply`.

A record contends for its key when it is valid, names nothing unknown and nobody closed it. By the
policy `first` the earliest arrival is validated; later ones of the same content are duplicates, of
other content conflicts. By the policy `latest` each that differs from the one before it is a
version: the last is validated and holds the key, those before it are superseded; what equals the
one before is a duplicate. Before counts by day, so that an older file that comes late changes what
was, not what is. Else (slice, position) decides, never which was judged first.
"""

import polars as pl

from txcat_assets.contracts.model import Policy
from txcat_assets.errors import SettingRefused

VALIDATED, DUPLICATE, CONFLICTING, INVALID, WAITING, DISCARDED, REPLACED = 1, 2, 3, 4, 5, 6, 7
SUPERSEDED = 8
"""The places of a judged record, as stored in `judged.<dataset>._place`.

Whoever is VALIDATED holds its key, under every policy: one record a key. Stages, marts and
references know that one alone. A version before it is SUPERSEDED.
"""

KEPT = (VALIDATED, SUPERSEDED)
"""The places of what `validated.<dataset>` shows and what counts as validated: every version."""

OF_OTHER_POLICY = {Policy.FIRST: SUPERSEDED, Policy.LATEST: CONFLICTING}
"""A place that no record has under a policy, but where the contract had the other one before."""

LOSING = (DUPLICATE, CONFLICTING)
"""The places of contenders that another one has won against."""

QUARANTINED = (CONFLICTING, INVALID, WAITING)
"""The places that count as quarantined."""

CLOSED = (DISCARDED, REPLACED)
"""The places of records that an operator closed: they contend for nothing, whatever they say."""

COUNTED = {
    "validated": KEPT,
    "quarantined": QUARANTINED,
    "duplicate": (DUPLICATE,),
    "discarded": (DISCARDED,),
    "replaced": (REPLACED,),
}
"""The counts of a slice, beside `unjudged`, and the places that each one counts."""

POSITION = ["_slice_id", "_position"]


def position_of(text: str) -> tuple[int, int]:
    """A position as people write it: SLICE:POSITION, or the address in an exported file.

    Raises SettingRefused for anything else.
    """
    parts = text.strip().split("/")[1:3] if "/" in text else text.strip().split(":")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise SettingRefused(f"{text!r} is no position; expected SLICE:POSITION.")
    return int(parts[0]), int(parts[1])


def difference(verdicts: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """The verdicts whose content or codes differ from what is stored under their position.

    `old` has `_slice_id`, `_position`, `_digest`, `_codes`, `_place` of the stored rows.
    """
    if old.is_empty():
        return verdicts
    both = verdicts.join(old, on=POSITION, how="left", suffix="_old", maintain_order="left")
    is_known = pl.col("_place").is_not_null()
    same_content = pl.col("_digest").eq_missing(pl.col("_digest_old"))
    same_codes = pl.col("_codes").eq_missing(pl.col("_codes_old"))
    return both.filter(~(is_known & same_content & same_codes)).select(verdicts.columns)


def to_move(verdicts: pl.DataFrame, old: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The stored rows of the same content as before that cannot stay where they are.

    They were open and are closed by now, or were closed and are open again; or they have a place
    that this policy does not know. Columns: those of `old`, as `difference` has it, and the
    verdict's `_aside`. Those whose content differs too are left out: `difference` has them.
    """
    both = old.join(verdicts.select(*POSITION, "_aside"), on=POSITION, how="inner")
    place, now = (pl.when(pl.col(c).is_in(CLOSED)).then(c) for c in ("_place", "_aside"))
    is_strange = pl.col("_place") == OF_OTHER_POLICY[policy]
    differing = difference(verdicts, old).select(POSITION)
    return both.filter(place.ne_missing(now) | is_strange).join(differing, on=POSITION, how="anti")


def set_aside(records: pl.DataFrame, unknown: pl.Series, closed: pl.Series) -> pl.DataFrame:
    """The records with `_aside`: the place of those that do not contend, null for contenders.

    `closed` has the place in which an operator's decision puts a record, null where there is none.
    `unknown` has the code of each reference that a record names in vain, null where there is
    none; they are the `_codes` of a record that waits. `records` has `_is_valid` and `_codes`.
    """
    is_open = pl.col("_closed").is_null()
    is_waiting = is_open & pl.col("_is_valid") & pl.col("_unknown").is_not_null()
    return records.with_columns(unknown.alias("_unknown"), closed.alias("_closed")).select(
        pl.exclude("_codes", "_unknown", "_closed"),
        _codes=pl.when(is_waiting).then("_unknown").otherwise("_codes"),
        _aside=pl.when(~is_open)
        .then("_closed")
        .when(~pl.col("_is_valid"))
        .then(_place(INVALID))
        .when(is_waiting)
        .then(_place(WAITING)),
    )


def rank(contenders: pl.DataFrame, key: str, policy: Policy) -> pl.DataFrame:
    """`contenders` with `_place`, by the rule above; one row is one of them.

    Columns: `key`, `_digest`, `_day`, `_slice_id`, `_position`, and whatever else, which is kept.
    """
    is_contested = pl.col(key).is_duplicated()
    alone = contenders.filter(~is_contested).with_columns(_place=_place(VALIDATED))
    order = POSITION if policy is Policy.FIRST else ["_day", *POSITION]
    group = contenders.filter(is_contested).sort(key, *order)
    place = _first_wins(key) if policy is Policy.FIRST else _each_change_wins(key)
    return pl.concat([alone, group.with_columns(_place=place)])


def _first_wins(key: str) -> pl.Expr:
    is_copy = pl.col("_digest") == pl.col("_digest").first().over(key)
    return (
        pl.when(pl.col(key).is_first_distinct())
        .then(_place(VALIDATED))
        .when(is_copy)
        .then(_place(DUPLICATE))
        .otherwise(_place(CONFLICTING))
    )


def _each_change_wins(key: str) -> pl.Expr:
    is_version = pl.col("_digest").ne_missing(pl.col("_digest").shift().over(key))
    number = is_version.cum_sum().over(key)
    return (
        pl.when(~is_version)
        .then(_place(DUPLICATE))
        .when(number == number.max().over(key))
        .then(_place(VALIDATED))
        .otherwise(_place(SUPERSEDED))
    )


def count_changes(moves: pl.DataFrame) -> pl.DataFrame:
    """How each slice's counts change, by every single move.

    `moves` has `_slice_id` and the places `was` and `now`, null for none. Gives one row per slice
    with a column for each of COUNTED, and how many of the validated are `superseded`, to be added
    to its counts.
    """

    def change(*places: int) -> pl.Expr:
        gained, lost = pl.col("now").is_in(places), pl.col("was").is_in(places)
        return gained.sum().cast(pl.Int64) - lost.sum().cast(pl.Int64)

    judged = {name: change(*places) for name, places in COUNTED.items()}
    everywhere = [place for places in COUNTED.values() for place in places]
    return moves.group_by("_slice_id").agg(
        unjudged=-change(*everywhere), superseded=change(SUPERSEDED), **judged
    )


def _place(code: int) -> pl.Expr:
    return pl.lit(code, dtype=pl.Int16)
