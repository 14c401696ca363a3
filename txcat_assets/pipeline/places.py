"""Which record wins: the pure part of `apply`, over frames.

Among valid records with one key the earliest arrival is validated; later ones of the same content
are duplicates, of other content conflicts. Only (slice, position) decides, never who was judged
first.
"""

import polars as pl

VALIDATED, DUPLICATE, CONFLICTING, INVALID = 1, 2, 3, 4
"""The places of a judged record, as stored in `judged.<dataset>._place`."""

POSITION = ["_slice_id", "_position"]


def difference(verdicts: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """The verdicts whose content or reasons differ from what is stored under their position.

    `old` has `_slice_id`, `_position`, `_digest`, `_reasons`, `_place` of the stored rows.
    """
    if old.is_empty():
        return verdicts
    both = verdicts.join(old, on=POSITION, how="left", suffix="_old", maintain_order="left")
    is_known = pl.col("_place").is_not_null()
    same_content = pl.col("_digest").eq_missing(pl.col("_digest_old"))
    same_reasons = pl.col("_reasons").eq_missing(pl.col("_reasons_old"))
    return both.filter(~(is_known & same_content & same_reasons)).select(verdicts.columns)


def rank(contenders: pl.DataFrame, key: str) -> pl.DataFrame:
    """`contenders` with `_place`, by the rule above; one row is one valid record.

    Columns: `key`, `_digest`, `_slice_id`, `_position`, and whatever else, which is kept.
    """
    is_contested = pl.col(key).is_duplicated()
    alone = contenders.filter(~is_contested).with_columns(_place=_place(VALIDATED))
    group = contenders.filter(is_contested).sort(key, *POSITION)
    is_winner = pl.col(key).is_first_distinct()
    is_copy = pl.col("_digest") == pl.col("_digest").first().over(key)
    place = (
        pl.when(is_winner)
        .then(_place(VALIDATED))
        .when(is_copy)
        .then(_place(DUPLICATE))
        .otherwise(_place(CONFLICTING))
    )
    return pl.concat([alone, group.with_columns(_place=place)])


def count_changes(moves: pl.DataFrame) -> pl.DataFrame:
    """How each slice's counts change, by every single move.

    `moves` has `_slice_id` and the places `was` and `now`, null for none. Gives one row per slice
    with `unjudged`, `validated`, `quarantined` and `duplicate`, each to be added to its count.
    """

    def change(*places: int) -> pl.Expr:
        gained, lost = pl.col("now").is_in(places), pl.col("was").is_in(places)
        return gained.sum().cast(pl.Int64) - lost.sum().cast(pl.Int64)

    return moves.group_by("_slice_id").agg(
        unjudged=-change(VALIDATED, DUPLICATE, CONFLICTING, INVALID),
        validated=change(VALIDATED),
        quarantined=change(CONFLICTING, INVALID),
        duplicate=change(DUPLICATE),
    )


def _place(code: int) -> pl.Expr:
    return pl.lit(code, dtype=pl.Int16)
