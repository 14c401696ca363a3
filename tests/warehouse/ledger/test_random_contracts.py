"""Whatever a contract says, its records end where a plain oracle puts them, and nothing is lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.depth import examples
from tests.oracle import Arrived, Expected, places, versions
from tests.warehouse.audit import audit
from tests.warehouse.random_contracts import (
    DAY,
    Drawn,
    Echo,
    Record,
    as_csv,
    as_json_lines,
    contracts,
    marks,
    records_for,
    reference_data,
)
from tests.warehouse.seen import everything
from tests.warehouse.tiny import Clock
from tests.warehouse.worker import Sites, warehouse_in
from tools.docs import dataset as page
from txcat_assets.contracts.model import Contract, Function, Policy, Stage
from txcat_assets.pipeline.computed import ComputedStage
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

FORMATS = {"csv": as_csv, "jsonl": as_json_lines}


@dataclass
class Graph:
    """Two datasets in one warehouse, taken through every stage in any order."""

    folder: Path
    warehouse: Warehouse
    sales: Drawn
    shops: Drawn
    sent: dict[str, list[Arrived]] = field(default_factory=lambda: {"sales": [], "shops": []})
    clock: Clock = field(default_factory=Clock)

    def land(self, drawn: Drawn, records: Sequence[Record], suffix: str) -> None:
        """A file of these records comes and lands; one that was there before brings nothing."""
        contract, number = drawn.contract, len(list(self.folder.iterdir()))
        path = self.folder / f"{contract.dataset}{number}_{DAY}.{suffix}"
        path.write_text(FORMATS[suffix](contract, records))
        work = self._work(contract)
        (object_id,) = register_named(work, [stat(path)], None)
        assert land_files(work).problems == []
        with self.warehouse.transaction() as tx:
            slices = tx.rows(
                "SELECT slice_id, day FROM ledger.slices WHERE object_id = $o", o=object_id
            )
        names = contract.column_names
        for slice_id, day in slices:
            for n, record in enumerate(records):
                texts = tuple(record[name] for name in names)
                self.sent[contract.dataset].append(Arrived((slice_id, n), texts, day=day))

    def judge(self, drawn: Drawn) -> None:
        assert validate(self._work(drawn.contract)).problems == []

    def answer(self, drawn: Drawn) -> None:
        """Every stage of the dataset is brought up to date."""
        for stage in drawn.contract.stages:
            is_own = isinstance(stage.answered_by, Function)
            answerer = ComputedStage(stage, marks()) if is_own else Echo()
            assert enrich(self._work(drawn.contract), stage, answerer).problems == []

    def come_to_rest(self) -> None:
        for drawn in (self.shops, self.sales):
            self.judge(drawn)
            self.answer(drawn)

    def audit(self) -> None:
        for drawn in (self.shops, self.sales):
            audit(self.warehouse, drawn.contract)

    def _work(self, contract: Contract) -> Work:
        return Work(self.warehouse, contract, [DAY], "run", self.clock)


def expected(graph: Graph, drawn: Drawn) -> Expected:
    """Where the oracle puts the records of a dataset."""
    sent = graph.sent[drawn.contract.dataset]
    if not drawn.contract.references:
        return _placed(drawn, sent)
    shops = _placed(graph.shops, graph.sent["shops"])
    keys = {content[0] for content in shops.validated.values()}
    return _placed(drawn, sent, drawn.unknown(keys))


def _placed(
    drawn: Drawn,
    sent: list[Arrived],
    unknown: Callable[[tuple[str, ...]], tuple[str, ...]] = lambda _: (),
) -> Expected:
    by_policy = places if drawn.contract.policy is Policy.FIRST else versions
    return by_policy(sent, drawn.verdict_of, unknown)


def found(warehouse: Warehouse, contract: Contract) -> Expected:
    """Where the tables have the records of a dataset."""
    columns = ", ".join(f'"{name}"' for name in contract.column_names)
    with warehouse.transaction() as tx:
        validated = tx.rows(
            f"SELECT _slice_id, _position, {columns} FROM validated.{contract.dataset}"
        )
        duplicates = tx.rows(
            f"SELECT _slice_id, _position FROM judged.{contract.dataset} WHERE _place = 2"
        )
        quarantined = tx.rows(
            f"SELECT _slice_id, _position, reasons FROM quarantined.{contract.dataset} "
            "WHERE stage = 'validated'"
        )
        current = tx.rows(
            f'SELECT "{contract.key}"::VARCHAR, _slice_id, _position '
            f"FROM judged.{contract.dataset} WHERE _place = 1"
        )
    return Expected(
        current={key: (slice_id, position) for key, slice_id, position in current},
        validated={(s, n): tuple("" if v is None else str(v) for v in r) for s, n, *r in validated},
        duplicates={(s, n) for s, n in duplicates},
        quarantined={(s, n): tuple(reasons) for s, n, reasons in quarantined},
    )


def answers(warehouse: Warehouse, contract: Contract, stage: Stage) -> dict[str, Any]:
    """What a stage says of each key; "refused" where it does not."""
    columns = ", ".join(f'"{name}"' for name in stage.column_names)
    with warehouse.transaction() as tx:
        said = tx.rows(f'SELECT "order", {columns} FROM {stage.name}.{contract.dataset}')
        refused = tx.rows(
            f'SELECT v."order" FROM validated.{contract.dataset} v JOIN ledger.refusals f '
            "ON f.slice_id = v._slice_id AND f.position = v._position AND f.digest = v._digest "
            "WHERE f.stage = $stage",
            stage=stage.name,
        )
    return {str(key): tuple(rest) for key, *rest in said} | {str(k): "refused" for (k,) in refused}


def answered_at(warehouse: Warehouse, contract: Contract, stage: Stage) -> set[Any]:
    """The positions of the records that a stage has rows of."""
    with warehouse.transaction() as tx:
        return {*tx.rows(f"SELECT _slice_id, _position FROM {stage.name}.{contract.dataset}")}


def answers_expected(stage: Stage, keys: set[str]) -> dict[str, Any]:
    """What a stage must say of each key."""
    if isinstance(stage.answered_by, Function):
        return {key: (len(key) >= 5, ["long_key"] * (len(key) >= 5)) for key in keys}
    return {key: "refused" if key[-1] in "2b" else (key,) for key in keys}


graph_steps = st.lists(
    st.sampled_from(["land sales", "land shops", "judge sales", "judge shops", "answer sales"]),
    min_size=2,
    max_size=8,
)


def run(graph: Graph, step: str, draw: Any) -> None:
    """One step of the work."""
    what, dataset = step.split()
    drawn = {"sales": graph.sales, "shops": graph.shops}[dataset]
    match what:
        case "land":
            records = draw(records_for(drawn.contract))
            graph.land(drawn, records, draw(st.sampled_from(list(FORMATS))))
        case "judge":
            graph.judge(drawn)
        case _:
            graph.answer(drawn)


def check_at_rest(graph: Graph) -> None:
    """All is as the oracle says, and a second run changes nothing."""
    graph.come_to_rest()
    graph.audit()
    for drawn in (graph.shops, graph.sales):
        seen, wanted = found(graph.warehouse, drawn.contract), expected(graph, drawn)
        assert seen.validated == wanted.validated
        assert seen.current == wanted.current
        assert seen.duplicates == wanted.duplicates
        assert seen.quarantined == wanted.quarantined
        keys = {content[0] for content in wanted.validated.values()}
        for stage in drawn.contract.stages:
            said = answers(graph.warehouse, drawn.contract, stage)
            assert said == answers_expected(stage, keys)
            answered = answered_at(graph.warehouse, drawn.contract, stage)
            assert answered <= {*wanted.current.values()}
    before = everything(graph.warehouse)
    graph.come_to_rest()
    assert everything(graph.warehouse) == before


def any_contract_ends_as_the_oracle_says(sites: Sites, data: st.DataObject) -> None:
    shops = data.draw(reference_data())
    sales = data.draw(contracts(shops))
    folder = sites.new()
    (folder / "files").mkdir()
    graph = Graph(folder / "files", warehouse_in(folder), sales, shops)
    for drawn in (shops, sales):
        prepare(graph.warehouse, drawn.contract)
        assert f"### validated.{drawn.contract.dataset}" in list(page(drawn.contract))
    for step in ["land sales", "land shops", *data.draw(graph_steps)]:
        run(graph, step, data.draw)
        graph.audit()
    check_at_rest(graph)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_contract_ends_as_the_oracle_says(sites: Sites) -> None:
    @settings(
        max_examples=examples(6),
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        any_contract_ends_as_the_oracle_says(sites, data)

    holds()
