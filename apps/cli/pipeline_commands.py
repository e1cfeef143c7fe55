"""The commands that write: demo, ingest, run, inspect, up. Runs start in `orchestration.build` and `market_build`."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apps.cli import demo_account, inbox, services
from apps.cli.context import EXIT_BREAK, EXIT_OK, EXIT_USAGE, CommandContext, fail
from apps.cli.read_commands import print_summary
from config.data_folder import DataFolder
from config.settings import environment_of_children
from orchestration.build import (
    AsOfError,
    Receipt,
    RunOutcome,
    ServicesRunningError,
    nobody_writes,
    prepare_services,
    run_as_of,
    run_ingest,
    run_inspection,
    run_refresh,
    the_only_services,
)
from orchestration.market_build import run_market_update


class KnownBy(StrEnum):
    """What makes a document known at an instant."""

    GENERATED = "generated"
    RECEIVED = "received"


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def ingest(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Flex XML or CSV, Activity Statement CSV, PortfolioAnalyst CSV.", exists=True, dir_okay=False
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Take documents into the raw layer. `tieout run` then brings them to the marts."""
    command: CommandContext = ctx.obj
    for file in files:
        inbox.put(file, command.data.inbox)
    outcome = run_ingest(command.settings)
    if as_json:
        typer.echo(_as_json(outcome))
    else:
        for receipt in outcome.receipts:
            typer.echo(receipt_line(receipt))
        if any(r.status == "loaded" for r in outcome.receipts):
            typer.echo("Next: `tieout run` builds and publishes the marts.")
    if not outcome.success:
        typer.echo(f"tieout: the run failed.\n{outcome.failure}", err=True)
    raise typer.Exit(exit_code(outcome))


def run(
    ctx: typer.Context,
    force: Annotated[
        bool,
        typer.Option("--force", help="Rebuild even if nothing is new; with --as-of, overwrite the file."),
    ] = False,
    as_json: JsonOption = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="INSTANT", help="Build what was known then into --out (without a zone: UTC)."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The DuckDB file for --as-of.")] = None,
    known_by: Annotated[
        KnownBy,
        typer.Option(help="For --as-of: known when the broker generated it, or when it was received."),
    ] = KnownBy.GENERATED,
) -> None:
    """Bring everything up to date: inbox, clean tables, marts, published version."""
    command: CommandContext = ctx.obj
    if as_of is not None or out is not None:
        if as_of is None or out is None:
            fail("--as-of and --out belong together")
        _run_as_of(command, as_of, out, known_by, force, as_json)
        return
    outcome = run_refresh(command.settings, force)
    if as_json:
        typer.echo(_as_json(outcome))
    else:
        for receipt in outcome.receipts:
            typer.echo(receipt_line(receipt))
        if outcome.nothing_new:
            typer.echo(f"Nothing new: version {outcome.version} is made from {_documents(outcome)}.")
        elif outcome.success:
            typer.echo(f"Published version {outcome.version}.")
    if not outcome.success:
        typer.echo(
            f"tieout: the run failed; the published version stands as it was.\n{outcome.failure}", err=True
        )
    raise typer.Exit(exit_code(outcome))


def _documents(outcome: RunOutcome) -> str:
    """What the published version is made from, in words."""
    if not outcome.snapshots_waiting:
        return "all documents that are here"
    return (
        "all statements and fills that are here; "
        f"{outcome.snapshots_waiting} snapshot(s) of TWS wait for the next (--force)"
    )


def _run_as_of(
    command: CommandContext, as_of: str, out: Path, known_by: KnownBy, force: bool, as_json: bool
) -> None:
    try:
        outcome = run_as_of(command.settings, as_of, out.absolute(), known_by.value, force)
    except AsOfError as error:
        fail(str(error))
    if not outcome.success:
        fail(f"the build failed; nothing was written.\n{outcome.failure}", EXIT_BREAK)
    instant = outcome.instant.isoformat()
    if as_json:
        typer.echo(json.dumps({**asdict(outcome), "path": str(outcome.path), "instant": instant}, indent=1))
    else:
        typer.echo(
            f"{outcome.path}: the marts of {outcome.documents} of {outcome.documents_loaded} documents, "
            f"{outcome.known_by} at or before {instant}."
        )


def demo(
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(help="Another seed is another life of the same two accounts.")] = 7,
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove the demo's accounts and all that was made of them.")
    ] = False,
) -> None:
    """Two synthetic accounts over three years, from the broker's documents to the published marts."""
    command: CommandContext = ctx.obj
    if clear:
        _clear_demo(command)
        return
    _refuse_to_mix(command.data, seed)
    demo_account.write_documents(command.data, seed)
    _update_market(command)
    outcome = run_refresh(command.settings)
    if not outcome.success:
        fail(f"the demo failed: {outcome.failure}", EXIT_BREAK)
    print_summary(command.published, command.state_url)
    typer.echo(
        "\nWhere to look next:\n"
        "  make up                              the page on http://127.0.0.1:8501, Dagster on http://127.0.0.1:3000\n"
        "  .venv/bin/tieout reconcile           what ties to the broker's totals, and what does not\n"
        '  .venv/bin/tieout query "select * from marts.account_summary"\n'
        "  .venv/bin/tieout data catalog        bars, exchange rates and yields of the demo's own market\n"
        "  .venv/bin/tieout demo --clear        remove the demo; then drop your own Flex XML into "
        f"{command.data.inbox}"
    )


def _update_market(command: CommandContext) -> None:
    """Bring the demo's market data up to date; a folder with a `market.toml` of its own keeps that."""
    from apps.cli import demo_market

    if not demo_market.want_market(command.data):
        return
    market = run_market_update(demo_market.with_key(command.settings), simulated=demo_market.session)
    problems = [problem for one in market.datasets for problem in one.problems]
    if market.failure or problems:
        fail(f"the demo's market data failed: {market.failure or '; '.join(problems)}", EXIT_BREAK)


def inspect(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Judge the published version with Great Expectations; exit 1 when an expectation does not hold."""
    command: CommandContext = ctx.obj
    found = run_inspection(command.settings)
    if found.page is None:
        fail(str(found.failure), EXIT_USAGE if found.version is None else EXIT_BREAK)
    broken = [verdict for verdict in found.verdicts if not verdict.passed]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "version": found.version,
                    "page": str(found.page),
                    "expectations": [asdict(verdict) for verdict in found.verdicts],
                },
                indent=1,
            )
        )
    else:
        for verdict in broken:
            typer.echo(f"{verdict.severity}: {verdict.says}\n  {verdict.check_name}: {verdict.observed}")
        held = len(found.verdicts) - len(broken)
        typer.echo(f"{held} of {len(found.verdicts)} expectations hold for version {found.version}.")
        typer.echo(f"Pages: {found.page}")
    raise typer.Exit(EXIT_BREAK if broken else EXIT_OK)


def up(
    ctx: typer.Context,
    dagster_port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    dashboard_port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 8501,
    live: Annotated[
        bool | None,
        typer.Option(
            "--live/--no-live", help="The live feed too; else only if IBKR_HOST or IBKR_PORT is set."
        ),
    ] = None,
) -> None:
    """Dagster's UI with its daemon, the dashboard, both on 127.0.0.1 only, and the live feed. Ctrl-C ends them."""
    command: CommandContext = ctx.obj
    with_feed = command.settings.tws_configured if live is None else live
    try:
        with the_only_services(command.data) as place:
            prepare_services(command.data)
            environment = environment_of_children(command.settings)
            code = services.run_until_stopped(
                command.data,
                dagster_port,
                dashboard_port,
                live=with_feed,
                place=place,
                environment=environment,
            )
    except ServicesRunningError as error:
        fail(str(error))
    raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (demo, ingest, run, inspect, up):
        app.command()(command)


def _refuse_to_mix(data: DataFolder, seed: int) -> None:
    """The demo stands alone in its folder: its figures beside a person's own would only mislead."""
    foreign = demo_account.foreign_documents(data)
    if foreign:
        fail(
            f"{data.root} holds {len(foreign)} document(s) that are not the demo's (such as {foreign[0]}). "
            "Set TIEOUT_DATA_DIR to another folder for the demo."
        )
    there = demo_account.remembered(data)
    if there and there.seed != seed:
        fail(
            f"{data.root} holds the demo of seed {there.seed}, another life of the same accounts. "
            "Remove it first with `tieout demo --clear`."
        )


def _clear_demo(command: CommandContext) -> None:
    data = command.data
    if demo_account.remembered(data) is None:
        typer.echo(f"There is no demo in {data.root}; nothing was removed.")
        return
    try:
        with the_only_services(data), nobody_writes(data):
            put_back = demo_account.clear(data)
    except ServicesRunningError as error:
        fail(str(error))
    typer.echo(f"The demo is removed from {data.root}.")
    if put_back:
        typer.echo(
            f"{len(put_back)} document(s) of your own (such as {put_back[0]}) are back in {data.inbox}; "
            "`tieout run` takes them again."
        )


def exit_code(outcome: RunOutcome) -> int:
    """The exit code of a command that took documents in."""
    if not outcome.success:
        return EXIT_BREAK
    return EXIT_USAGE if any(r.status == "quarantined" for r in outcome.receipts) else EXIT_OK


def receipt_line(receipt: Receipt) -> str:
    """What became of a document, in one line."""
    if receipt.status == "quarantined":
        return f"{receipt.file_name}: cannot be read, set aside in quarantine: {receipt.reason}"
    if receipt.status == "duplicate":
        return f"{receipt.file_name}: {receipt.reason}"
    period = f"{receipt.period_start_date} to {receipt.period_end_date}"
    if receipt.kind == "tws_snapshot":
        period = f"told at {receipt.when_generated_at}"
    note = f" ({receipt.reason})" if receipt.reason else ""
    return f"{receipt.file_name}: loaded, account {', '.join(receipt.accounts)}, {period}{note}"


def _as_json(outcome: RunOutcome) -> str:
    return json.dumps(asdict(outcome), indent=1)
