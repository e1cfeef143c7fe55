"""`tieout doctor tws`: the connection to TWS or IB Gateway, tried step by step. The steps stand in `tws.probe`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from apps.cli.context import CommandContext
from apps.cli.findings import Finding, report
from config.settings import Settings


def doctor_tws(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Try the connection to TWS or IB Gateway step by step, and name the fix for the step that fails."""
    from tws import Endpoint
    from tws.probe import probe

    command: CommandContext = ctx.obj
    settings: Settings = command.settings
    endpoint = Endpoint(settings.ibkr_host, settings.ibkr_port, settings.ibkr_client_id)
    steps = probe(endpoint, lambda: datetime.now(UTC))
    report([Finding(step.subject, step.verdict.value, step.detail, step.fix) for step in steps], as_json)


def register(group: typer.Typer) -> None:
    """Add this topic to the doctor."""
    group.command("tws")(doctor_tws)
