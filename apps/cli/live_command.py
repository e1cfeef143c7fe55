"""The command that keeps live figures (`tieout live`), and says how it does. The feed itself is `apps.live`."""

import gc
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from apps.cli.context import EXIT_BREAK, EXIT_OK, CommandContext, fail
from apps.exact_text import json_text
from apps.live.health import Health, ago, judge

# Python's own figures.
_COLLECT_AFTER = (700, 10, 10)


def live(
    ctx: typer.Context,
    status: Annotated[
        bool, typer.Option("--status", help="Say how the live feed does; exit 1 unless it is up.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --status: print JSON.")] = False,
) -> None:
    """Keep positions, PnL and fills of TWS in the state store until Ctrl-C; reads only."""
    command: CommandContext = ctx.obj
    if status:
        _status(command, as_json)
    if as_json:
        fail("--json goes with --status")
    from apps.live.files import FeedRunningError
    from apps.live.process import run_feed
    from state_store.database import StateError

    # The command collects garbage seldom, because it ends soon; this one runs for months.
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        code = run_feed(command.settings)
    except (FeedRunningError, StateError) as error:
        fail(str(error))
    raise typer.Exit(code)


def _status(command: CommandContext, as_json: bool) -> None:
    now = datetime.now(UTC)
    verdict = judge(command.data, now)
    if as_json:
        typer.echo(json_text(asdict(verdict)))
    else:
        typer.echo(verdict.says)
        if verdict.health is not None:
            typer.echo(_details(verdict.health, now))
    raise typer.Exit(EXIT_OK if verdict.ok else EXIT_BREAK)


def _details(health: Health, now: datetime) -> str:
    def since(at: datetime | None) -> str:
        return "never" if at is None else ago((now - at).total_seconds())

    lines = [
        f"link {health.link} since {health.link_since:%Y-%m-%d %H:%M:%S} UTC"
        + (f", code {health.code}" if health.code is not None else ""),
        f"started {since(health.started_at)}, reconciled {since(health.reconciled_at)}, "
        f"last event {since(health.last_event_at)}, last write {since(health.last_write_at)}",
        f"{health.events:,} events, {health.writes:,} writes, {health.fills:,} fill(s) in "
        f"{health.documents:,} document(s); {health.waiting:,} value(s) wait, {health.lag_seconds:.1f} s behind",
    ]
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(live)
