"""The commands of `txcat` and their options; what each does is in a module of its own.

How trouble becomes words and an exit code is in `txcat_assets.cli.troubles`.
"""

import math
from datetime import datetime
from typing import Annotated

import typer

from txcat_assets.cli.api_keys import api_key
from txcat_assets.cli.filters import DATASETS, contract_of
from txcat_assets.cli.marts import marts
from txcat_assets.cli.metrics import metrics
from txcat_assets.cli.quarantine import quarantine
from txcat_assets.cli.report import report
from txcat_assets.cli.terminal import Shape
from txcat_assets.settings import Settings

app = typer.Typer(
    help="Bank and payment transactions into validated, categorized, auditable tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
kafka = typer.Typer(help="What an operator does about Kafka topics.")
app.add_typer(kafka, name="kafka", no_args_is_help=True)
app.add_typer(quarantine, name="quarantine", no_args_is_help=True)
app.add_typer(api_key, name="api-key", no_args_is_help=True)
app.command()(report)
app.command()(marts)
app.command()(metrics)

MOST_DAYS = 36_500
"""As far back as any command looks, in days."""


def _is_number(value: float) -> float:
    """Refuse what is a float and no number: nan, inf."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number of anything")
    return value


Dataset = Annotated[str, typer.Option(help=f"Which dataset: {DATASETS}")]
Days = Annotated[
    list[datetime] | None,
    typer.Option("--day", formats=["%Y-%m-%d"], help="A day to check; more than one may be named."),
]


@app.command()
def load(  # noqa: PLR0913, PLR0917 - each is an option of the command
    paths: Annotated[list[str], typer.Argument(help="Files, folders or globs.", metavar="PATH...")],
    dataset: Dataset = "transactions",
    encoding: Annotated[
        str | None, typer.Option(help="The files' encoding, where it is not UTF-8 or UTF-16.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The files' day, where it is not the one in their names."
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Read files that have landed anew, and replace what they brought."
        ),
    ] = False,
    who: Annotated[str, typer.Option(help="Who reads them anew.", envvar="USER")] = "unknown",
    full_refresh: Annotated[
        bool, typer.Option(help="Do the files' days again, though they are up to date.")
    ] = False,
) -> None:
    """Take files in, bring their days up to date, and say what became of every record."""
    from txcat_assets.cli.load import load_files  # noqa: PLC0415 - Dagster takes a second
    from txcat_assets.stages.arrivals import ReadAs  # noqa: PLC0415

    contract = contract_of(dataset)
    read_as = ReadAs(encoding, day.date() if day else None, who if again else None)
    raise typer.Exit(
        load_files(Settings(), contract, paths, read_as=read_as, full_refresh=full_refresh)
    )


@app.command()
def check(dataset: Dataset = "transactions", days: Days = None) -> None:
    """Run every asset check; without days, for those touched since the checks last ran."""
    from txcat_assets.cli.check import check_days  # noqa: PLC0415 - Dagster takes a second

    named = [day.date() for day in days or []]
    raise typer.Exit(check_days(Settings(), contract_of(dataset), named))


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Draw it again, until Ctrl-C.")] = False,
) -> None:
    """Say where every dataset stands, what is wrong, and whether Dagster is alive."""
    from txcat_assets.cli.status import show_status, watch_status  # noqa: PLC0415 - see `load`

    if watch and as_json:
        raise typer.BadParameter("--watch is for people, --json for programs: leave one out")
    settings = Settings()
    raise typer.Exit(watch_status(settings) if watch else show_status(settings, as_json=as_json))


@app.command()
def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Recount all tables as well; it reads them whole.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Find what is wrong with this installation, where, and how to mend it; 1 where anything is."""
    from txcat_assets.cli.doctor import show_findings  # noqa: PLC0415 - see `load`

    raise typer.Exit(show_findings(Settings(), deep=deep, as_json=as_json))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT.", metavar="QUERY")],
    shape: Annotated[Shape, typer.Option("--format", help="How it is printed.")] = Shape.TABLE,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=86_400, callback=_is_number, help="Its time limit.")
    ] = 30,
) -> None:
    """Answer a query on the tables, read-only, also while others write."""
    from txcat_assets.cli.sql import answer_query  # noqa: PLC0415 - DuckDB takes a moment

    raise typer.Exit(answer_query(Settings(), query, shape, seconds))


@app.command()
def explain(  # noqa: PLR0913, PLR0917 - four ways to say which record
    key: Annotated[str, typer.Argument(help="A record's key, as it came or as it is stored.")] = "",
    dataset: Dataset = "transactions",
    position: Annotated[str, typer.Option(help="Or SLICE:POSITION.")] = "",
    line: Annotated[str, typer.Option(help="Or FILE:N, the line as an editor counts it.")] = "",
    offset: Annotated[str, typer.Option(help="Or TOPIC:PARTITION:OFFSET.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Tell the life of one record, and of the others of its key, in order of time."""
    from txcat_assets.cli.explain import Meant  # noqa: PLC0415 - Dagster takes a second
    from txcat_assets.cli.explain import explain as show_life  # noqa: PLC0415

    meant = Meant(key, position, line, offset)
    if sum(map(bool, vars(meant).values())) != 1:
        raise typer.BadParameter("name one record: a KEY, --position, --line or --offset")
    raise typer.Exit(show_life(Settings(), contract_of(dataset), meant, as_json=as_json))


@app.command()
def upgrade() -> None:
    """Bring the warehouse to this version of txcat, as the role that owns its tables."""
    from txcat_assets.cli.upgrade import upgrade_warehouse  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(upgrade_warehouse(Settings()))


@app.command()
def copy(
    to: Annotated[str, typer.Option(help="The URL of an empty warehouse, of either kind.")],
) -> None:
    """Copy the whole warehouse into an empty one, such as from DuckDB to PostgreSQL."""
    from txcat_assets.cli.copy import copy_to  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(copy_to(Settings(), to))


@app.command()
def forget_raw(
    older_than: Annotated[
        float,
        typer.Option(
            help="Days since the records landed.", min=0, max=MOST_DAYS, callback=_is_number
        ),
    ],
) -> None:
    """Delete the text of validated records that landed long ago; their slices are then frozen."""
    from txcat_assets.cli.forget import forget_older_than  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(forget_older_than(Settings(), older_than))


@kafka.command()
def accept_gap(
    topic: Annotated[str, typer.Argument(help="The topic that has lost something.")],
    why: Annotated[str, typer.Option(help="Why the loss is accepted; it is kept in the ledger.")],
    partition: Annotated[
        int | None, typer.Option(help="The partition; without it, all that have a loss.")
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(min=1, help="Leave out what is before this offset, unreadable as it is."),
    ] = None,
    who: Annotated[str, typer.Option(help="Who accepts it.", envvar="USER")] = "unknown",
) -> None:
    """Accept that records were lost before they had landed, and go on behind them."""
    from txcat_assets.cli import kafka as topics  # noqa: PLC0415 - Dagster takes a second

    if not why.strip():
        raise typer.BadParameter("--why needs words: they are all that will be known of the loss")
    if until is not None and partition is None:
        raise typer.BadParameter("--until needs --partition: an offset belongs to one")
    asked = topics.Asked(topic, partition, until)
    raise typer.Exit(topics.accept_gap(Settings(), asked, who, why))


@kafka.command()
def create_topics(
    partitions: Annotated[int, typer.Option(min=1, help="How many partitions each gets.")] = 3,
) -> None:
    """Create the topic of every dataset that is not there; those that are stay as they are."""
    from txcat_assets.cli import kafka as topics  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(topics.create_missing_topics(Settings(), partitions))


@app.command()
def move_days(dataset: Dataset = "transactions") -> None:
    """Move to today what landed on a day to come, while the machine's clock was set ahead."""
    from txcat_assets.cli.days import move_days_to_come  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(move_days_to_come(Settings(), contract_of(dataset)))


@app.command()
def produce(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or globs.", metavar="PATH...")],
    dataset: Dataset = "transactions",
    topic: Annotated[str, typer.Option(help="The topic; without it, the dataset's own.")] = "",
    rate: Annotated[
        float,
        typer.Option(min=0, callback=_is_number, help="Messages a second; 0 as fast as it goes."),
    ] = 0,
    follow: Annotated[
        bool, typer.Option(help="Go on with what is appended to the file, until Ctrl-C.")
    ] = False,
) -> None:
    """Send the records of files to a Kafka topic, as JSON messages with the record's key."""
    from txcat_assets.cli.produce import Sending  # noqa: PLC0415 - Dagster takes a second
    from txcat_assets.cli.produce import produce as send  # noqa: PLC0415

    contract = contract_of(dataset)
    if not (topic or contract.topic):
        raise typer.BadParameter(f"{dataset} has no topic; name one by --topic")
    settings = Settings()
    limits = settings.decompression_limits
    sending = Sending(contract, topic or contract.topic, rate, follow, limits)
    raise typer.Exit(send(settings, sending, paths))


@app.command()
def demo() -> None:
    """Make sample data and an ML service, run the main job on them, and show what came of it."""
    from txcat_assets.cli.demo import run_demo  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(run_demo(Settings()))


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Of the Dagster UI.")] = 3000,
    ml_port: Annotated[int, typer.Option(min=1, max=65_535, help="Of the ML service.")] = 8900,
    api_port: Annotated[int, typer.Option(min=1, max=65_535, help="Of the reporting API.")] = 8910,
) -> None:
    """Start the Dagster UI, its daemon, the ML service and the API; Ctrl-C ends them all."""
    from txcat_assets.cli.dev import Ports, serve  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(serve(Settings(), Ports(port, ml_port, api_port)))


@app.command()
def api(
    host: Annotated[str | None, typer.Option(help="Instead of TXCAT_API_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Instead of TXCAT_API_PORT.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Instead of TXCAT_API_WORKERS.")
    ] = None,
) -> None:
    """Serve the reporting API until SIGTERM or Ctrl-C."""
    from reporting_api.serving import serve_api  # noqa: PLC0415 - Litestar takes a second

    given = {"api_host": host, "api_port": port, "api_workers": workers}
    chosen = {name: value for name, value in given.items() if value is not None}
    serve_api(Settings().model_copy(update=chosen))
