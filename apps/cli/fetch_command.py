"""`tieout fetch`: documents from the broker's Flex Web Service, into the raw layer."""

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from apps.cli.context import EXIT_BREAK, EXIT_OK, CommandContext, fail
from apps.cli.pipeline_commands import JsonOption, exit_code, receipt_line
from orchestration.build import FetchError, FetchOutcome, run_fetch

_NEW_YORK: Final = ZoneInfo("America/New_York")
_NOTHING_NEW: Final = "Nothing new: the broker's documents are those that are here already."


def fetch(
    ctx: typer.Context,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day; without it: the query's own period."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; without it: yesterday in New York."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the documents of FLEX_QUERY_IDS from the broker into the raw layer."""
    command: CommandContext = ctx.obj
    try:
        outcome = run_fetch(command.settings, _period(first, last))
    except FetchError as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(asdict(outcome), indent=1, default=str))
    else:
        _print_fetched(outcome)
    if any(query.alarm for query in outcome.queries):
        raise typer.Exit(EXIT_BREAK)
    raise typer.Exit(exit_code(outcome.ingest) if outcome.ingest else EXIT_OK)


def _period(first: datetime | None, last: datetime | None) -> tuple[date, date] | None:
    if first is None:
        if last is not None:
            fail("--to needs --from")
        return None
    end = last.date() if last else datetime.now(_NEW_YORK).date() - timedelta(days=1)
    if end < first.date():
        fail(f"--from {first.date()} is after --to {end}")
    return first.date(), end


def _print_fetched(outcome: FetchOutcome) -> None:
    for query in outcome.queries:
        period = f", {query.period[0]} to {query.period[1]}" if query.period else ""
        if query.problem:
            typer.echo(f"{query.query}{period}: {query.problem}", err=query.alarm)
        else:
            typer.echo(f"{query.query}{period}: {query.file}")
    if outcome.ingest is None:
        here = any(query.document_id for query in outcome.queries)
        typer.echo(_NOTHING_NEW if here else "No document came.")
        return
    for receipt in outcome.ingest.receipts:
        typer.echo(receipt_line(receipt))
    if not outcome.ingest.success:
        typer.echo(f"tieout: the run failed.\n{outcome.ingest.failure}", err=True)
    elif any(receipt.status == "loaded" for receipt in outcome.ingest.receipts):
        typer.echo("Next: `tieout run` builds and publishes the marts.")
    elif all(receipt.status == "duplicate" for receipt in outcome.ingest.receipts):
        typer.echo(_NOTHING_NEW)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(fetch)
