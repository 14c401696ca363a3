"""What a materialization tells the UI: row counts, where records went, a few rows to look at."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from txcat_assets.contracts.rules import reason_texts
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.forgetting import frozen
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.figures import (
    counts,
    flag_counts,
    reason_counts,
    sample,
    stage_counts,
)
from txcat_assets.warehouse.queries.flow import latency_of_run

SAMPLE_ROWS = 5
CELL_CHARS = 60
"""Rows and characters shown: an event should stay far below 20 KB."""


def report(
    context: dg.AssetExecutionContext, work: Work, schema: str, figures: Mapping[str, float]
) -> dg.MaterializeResult[None]:
    """The materialization of `schema/dataset`, with the figures of each of the run's days."""
    key = dg.AssetKey([schema, work.contract.dataset])
    with work.warehouse.transaction() as tx:
        figures = {**figures, **_latency(tx, work, schema)}
        for day in work.days:
            metadata = _day_metadata(tx, work, schema, day)
            context.add_asset_metadata(
                {**metadata, **figures}, asset_key=key, partition_key=day.isoformat()
            )
    return dg.MaterializeResult(asset_key=key)


def _latency(tx: Transaction, work: Work, schema: str) -> dict[str, float]:
    """How soon the messages of this run were answered, told with the last stage."""
    contract = work.contract
    if not contract.topic or schema not in [stage.name for stage in contract.stages[-1:]]:
        return {}
    found = latency_of_run(tx, contract, work.run_id)
    return {f"message to {schema}, seconds {q}": v for q, v in vars(found).items()} if found else {}


def _day_metadata(tx: Transaction, work: Work, schema: str, day: date) -> dict[str, Any]:
    contract = work.contract
    scope = Scope(contract.dataset, "day", [day])
    rows = sample(tx, schema, _shown(work, schema), scope, SAMPLE_ROWS)
    return {
        **_counts(tx, work, schema, scope),
        "sample": dg.MetadataValue.md(as_markdown(rows)),
        "warehouse": dg.MetadataValue.text(work.warehouse.place),
    }


def _counts(tx: Transaction, work: Work, schema: str, scope: Scope) -> dict[str, Any]:
    placed = counts(tx, scope)
    if schema == "raw":
        gone = frozen(tx, scope).records
        return {
            "dagster/row_count": placed.landed - gone,
            "unjudged": placed.unjudged,
            **({"forgotten": gone} if gone else {}),
        }
    if schema == "validated":
        return {"dagster/row_count": placed.validated, "duplicate": placed.duplicate}
    if schema == "quarantined":
        reasons = reason_counts(tx, work.contract, scope)
        return {
            "dagster/row_count": placed.quarantined,
            "discarded": placed.discarded,
            "replaced": placed.replaced,
            "reasons": _reasons(work, reasons),
        }
    later = stage_counts(tx, scope, schema)
    answered = placed.validated - later.pending - later.refused
    (stage,) = [one for one in work.contract.stages if one.name == schema]
    return {
        "dagster/row_count": answered,
        "pending": later.pending,
        "refused": later.refused,
        **flag_counts(tx, work.contract, stage, scope),
    }


def _reasons(work: Work, reasons: Mapping[str, int]) -> dg.TableMetadataValue:
    texts = reason_texts(work.contract)
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"reason": code, "records": number, "means": texts.get(code, "")})
            for code, number in reasons.items()
        ],
        dg.TableSchema(
            [
                dg.TableColumn("reason", "text"),
                dg.TableColumn("records", "integer"),
                dg.TableColumn("means", "text"),
            ]
        ),
    )


def _shown(work: Work, schema: str) -> list[str]:
    added = {s.name: [*s.column_names, "model_version"] for s in work.contract.stages}
    added["quarantined"] = ["reasons", "_fault"]
    return [*work.contract.column_names, *added.get(schema, []), "_position"]


def as_markdown(rows: pl.DataFrame) -> str:
    """Rows as a Markdown table that no cell can break out of."""
    if rows.is_empty():
        return "no rows"
    lines = [rows.columns, ["---"] * rows.width, *(map(_cell, row) for row in rows.rows())]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    short = text if len(text) <= CELL_CHARS else text[: CELL_CHARS - 1] + "…"
    return short.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
