"""`tieout snapshot`: what TWS tells now, into the raw layer. What it asks stands in `tws`, what it keeps in the run."""

import json
from dataclasses import asdict
from typing import Any

import typer

from apps.cli.context import EXIT_BREAK, EXIT_OK, CommandContext
from apps.cli.pipeline_commands import JsonOption
from orchestration.build import SnapshotOutcome, run_snapshot


def snapshot(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Ask TWS or IB Gateway for accounts, positions, PnL and the day's fills, and keep what it tells."""
    command: CommandContext = ctx.obj
    outcome = run_snapshot(command.settings)
    if as_json:
        typer.echo(json.dumps(_record(outcome), indent=1))
    elif outcome.failure is None:
        _print(outcome)
    refresh = outcome.refresh
    if outcome.failure is not None:
        typer.echo(f"tieout: no snapshot was taken.\n{outcome.failure}", err=True)
    elif refresh is not None and not refresh.success:
        typer.echo(f"tieout: the run failed; the published version stands.\n{refresh.failure}", err=True)
    good = outcome.failure is None and (refresh is None or refresh.success)
    raise typer.Exit(EXIT_OK if good else EXIT_BREAK)


def _record(outcome: SnapshotOutcome) -> dict[str, Any]:
    """The outcome for programs; `status` is stored, unchanged or failed."""
    failed = "failed" if outcome.failure is not None else None
    return {"status": failed or ("stored" if outcome.receipt else "unchanged"), **asdict(outcome)}


def _print(outcome: SnapshotOutcome) -> None:
    told = ", ".join(
        f"{outcome.rows.get(f'TWS.{section}', 0)} {section}"
        for section in ("accounts", "positions", "executions")
    )
    if outcome.receipt is None:
        typer.echo(
            f"Nothing changed since the snapshot of {outcome.taken_at} ({told}); it was not kept again."
        )
        return
    news = sum(not name.endswith(":commission") for name in outcome.receipt.news)
    typer.echo(f"{outcome.receipt.file_name}: {told}, {news} of them new; taken at {outcome.taken_at}.")
    if outcome.refresh is None:
        typer.echo("The marts take it with the next refresh; `tieout run --force` makes one now.")
    elif outcome.refresh.success:
        typer.echo(
            f"Published version {outcome.refresh.version}: new fills are in fct_trade, as provisional."
        )


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(snapshot)
