"""The client of the ML service: asks for the categories of records, lists at a time.

It knows neither Dagster nor a warehouse: frames of records in, frames of answers out. HTTP is in
`ml_http`, how requests are written and replies read in `ml_protocol`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cached_property
from typing import Self

import polars as pl

from txcat_assets.services.ml_errors import broken, error_text, unexpected
from txcat_assets.services.ml_http import MlConfig, MlConnection
from txcat_assets.services.ml_protocol import (
    OK,
    REFUSALS,
    ReplyReader,
    all_refused,
    named_version,
    request_body,
    wire_form,
)

__all__ = ["MlConfig", "MlService"]


class ListRefused(Exception):
    """The service refused a list; one or more of its records are to blame."""


class MlService:
    """The model behind `config.url`, which gives each record one of the `labels`.

    `columns` are the columns that are sent, the id among them, named as in docs/ml-protocol.md.
    `answer` is the name of the column in which the answers come back.
    """

    def __init__(
        self, config: MlConfig, *, labels: Collection[str], columns: Sequence[str], answer: str
    ) -> None:
        self._config = config
        self._columns = columns
        self._answer = answer
        self._reader = ReplyReader(labels)
        self._connection = MlConnection(config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    def version(self) -> str:
        """The model's version, asked once per object; "unversioned" when it names none.

        Raises ServiceDown when the service does not answer.
        """
        return self._version

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Frames of row (number in `records`), answer, refusal, in the order of the replies.

        Each record comes once, answered or refused, unless an exception ends it: ServiceDown, or
        ServiceBroken when a reply breaks the protocol. Answers before an exception are good.
        """
        self.version()
        asked, items = wire_form(records, self._columns), self._config.list_items
        lists = (asked[start : start + items] for start in range(0, len(asked), items))
        with ThreadPoolExecutor(self._config.lists_at_once) as pool:
            for answered in _as_completed(
                pool, self._answers_to, lists, self._config.lists_at_once
            ):
                yield answered.rename({"answer": self._answer})

    @cached_property
    def _version(self) -> str:
        return named_version(self._connection.ask("GET", "/ready"))

    def _answers_to(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The answers to a list; a refused list is halved until each record at fault is alone."""
        try:
            return self._ask(asked)
        except ListRefused as refusal:
            if len(asked) == 1:
                return all_refused(asked, str(refusal))
        middle = len(asked) // 2
        return pl.concat([self._answers_to(asked[:middle]), self._answers_to(asked[middle:])])

    def _ask(self, asked: pl.DataFrame) -> pl.DataFrame:
        reply = self._connection.ask("POST", "/predict", request_body(asked))
        if reply.status not in {OK, *REFUSALS}:
            raise unexpected(reply)
        version = reply.headers.get("x-model-version", self._version)
        if version != self._version:
            raise broken(reply, f"model {version} answered, {self._version} was expected")
        if reply.status in REFUSALS:
            raise ListRefused(error_text(reply))
        return self._reader.read(reply, asked)


def _as_completed(
    pool: ThreadPoolExecutor,
    work: Callable[[pl.DataFrame], pl.DataFrame],
    lists: Iterable[pl.DataFrame],
    most_at_once: int,
) -> Iterator[pl.DataFrame]:
    """The result of `work` for each list as it completes, at most `most_at_once` at a time.

    After an error no list is begun, those under way are waited for, and their results are kept.
    """
    running: set[Future[pl.DataFrame]] = set()
    errors: list[BaseException] = []
    for asked in lists:
        running.add(pool.submit(work, asked))
        if len(running) == most_at_once:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from _results(done, errors)
        if errors:
            break
    yield from _results(wait(running).done, errors)
    if errors:
        raise errors[0]


def _results(
    done: Iterable[Future[pl.DataFrame]], errors: list[BaseException]
) -> Iterator[pl.DataFrame]:
    """The results of those that succeeded; the errors of the others are added to `errors`."""
    for future in done:
        if error := future.exception():
            errors.append(error)
        else:
            yield future.result()
