"""The protocol of the ML service: how requests are written and replies read (docs/ml-protocol.md).

Bytes and frames only: `ml_http` sends them, and `ml` decides what follows from a refusal.
"""

import io
from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
import polars as pl
import polars.selectors as cs

from txcat_assets.services.ml_errors import NOT_JSON, Reply, broken, unexpected

UNVERSIONED = "unversioned"
"""The version of a model that gives none."""

ANSWERS = pl.Schema({"row": pl.UInt32, "answer": pl.String, "refusal": pl.String})
"""A record's row number, with what was answered or why it was refused; the other one is null."""

OK, NOT_FOUND = 200, 404
REFUSALS = frozenset({400, 413, 422})
"""By these the service says that the list, or a record of it, is at fault."""


class Ready(msgspec.Struct):
    """The reply to GET /ready."""

    model_version: str = UNVERSIONED


def wire_form(records: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The records as they are sent, with their row numbers; times are UTC and say so.

    Amounts become JSON numbers, exact to 15 digits: they inform the model and never come back.
    """
    return records.select(
        pl.row_index("row").cast(pl.UInt32),
        pl.col(columns),
    ).with_columns(
        cs.decimal().cast(pl.Float64),
        cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"),
    )


def request_body(asked: pl.DataFrame) -> bytes:
    """A list of records as JSON, without the row numbers of the first column."""
    body = io.BytesIO()
    asked[:, 1:].write_json(body)
    return body.getvalue()


def all_refused(asked: pl.DataFrame, words: str) -> pl.DataFrame:
    """Every record of the list, refused with these words."""
    return _answers(asked, [None] * len(asked), [words] * len(asked))


def _answers(
    asked: pl.DataFrame, answers: Sequence[str | None], refusals: Sequence[str | None]
) -> pl.DataFrame:
    # Made from columns: a select would start polars' threads, which costs 0.2 ms a list.
    answer = pl.Series("answer", answers, ANSWERS["answer"])
    return pl.DataFrame([asked["row"], answer, pl.Series("refusal", refusals, ANSWERS["refusal"])])


def named_version(reply: Reply) -> str:
    """The version that a reply to GET /ready names; a service without this page has none."""
    if reply.status == NOT_FOUND:
        return UNVERSIONED
    if reply.status != OK:
        raise unexpected(reply)
    try:
        return msgspec.json.decode(reply.body, type=Ready).model_version or UNVERSIONED
    except msgspec.ValidationError as error:
        raise broken(reply, f"the reply is not ready information ({error})") from error
    except NOT_JSON:
        return UNVERSIONED


class ReplyReader:
    """Reads replies to POST /predict; raises ServiceBroken for any that breaks the protocol."""

    def __init__(self, labels: Collection[str]) -> None:
        fields = [("transaction_id", str), ("category", Literal[tuple(labels)])]
        prediction = msgspec.defstruct("Prediction", fields, gc=False)
        self._decoder: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(
            list[prediction]  # type: ignore[valid-type]  # a type made at run time from the labels
        )
        self._allowed = ", ".join(labels)

    def read(self, reply: Reply, asked: pl.DataFrame) -> pl.DataFrame:
        """The answer for each record of the list, matched by id, whatever the reply's order."""
        predictions = self._decode(reply)
        ids = asked["id"].to_list()
        if len(predictions) != len(ids):
            raise broken(reply, f"{len(predictions)} answers came for {len(ids)} records")
        by_id = {prediction.transaction_id: prediction.category for prediction in predictions}
        try:
            answers = [by_id[id_] for id_ in ids]
        except KeyError as error:
            found = f"no answer for {error}, but one for an unknown id or two for the same"
            raise broken(reply, found) from error
        return _answers(asked, answers, [None] * len(ids))

    def _decode(self, reply: Reply) -> list[Any]:
        try:
            return self._decoder.decode(reply.body)
        except msgspec.ValidationError as error:
            expected = f"expected transaction_id and a category out of {self._allowed}"
            raise broken(reply, f"{error}; {expected}") from error
        except NOT_JSON as error:
            kind = reply.headers.get("content-type", "no content type")
            found = f"the reply is not JSON but {kind} ({error}); is a proxy in between?"
            raise broken(reply, found) from error
