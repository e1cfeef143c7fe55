"""The commands that write: demo, ingest, run, up. They start Dagster runs through `orchestration.build` alone."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from apps.cli import demo_account, inbox, services
from apps.cli.context import EXIT_BREAK, EXIT_OK, EXIT_USAGE, CommandContext, fail
from apps.cli.read_commands import print_summary
from config.data_folder import DataFolder
from orchestration.build import (
    Receipt,
    RunOutcome,
    ServicesRunningError,
    nobody_writes,
    prepare_services,
    run_ingest,
    run_refresh,
    the_only_services,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def ingest(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Documents of the broker: Flex queries as XML or CSV, Activity Statements as CSV.",
            exists=True,
            dir_okay=False,
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
            typer.echo(_line(receipt))
        if any(r.status == "loaded" for r in outcome.receipts):
            typer.echo("Next: `tieout run` builds and publishes the marts.")
    if not outcome.success:
        typer.echo(f"tieout: the run failed.\n{outcome.failure}", err=True)
    raise typer.Exit(_exit_code(outcome))


def run(
    ctx: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Rebuild even if nothing is new.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring everything up to date: inbox, clean tables, marts, published version."""
    command: CommandContext = ctx.obj
    outcome = run_refresh(command.settings, force)
    if as_json:
        typer.echo(_as_json(outcome))
    else:
        for receipt in outcome.receipts:
            typer.echo(_line(receipt))
        if outcome.nothing_new:
            typer.echo(f"Nothing new: version {outcome.version} is made from all documents that are here.")
        elif outcome.success:
            typer.echo(f"Published version {outcome.version}.")
    if not outcome.success:
        typer.echo(
            f"tieout: the run failed; the published version stands as it was.\n{outcome.failure}", err=True
        )
    raise typer.Exit(_exit_code(outcome))


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
    outcome = run_refresh(command.settings)
    if not outcome.success:
        fail(f"the demo failed: {outcome.failure}", EXIT_BREAK)
    print_summary(command.published)
    typer.echo(
        "\nWhere to look next:\n"
        "  make up                              the page on http://127.0.0.1:8501, Dagster on http://127.0.0.1:3000\n"
        "  .venv/bin/tieout reconcile           what ties to the broker's totals, and what does not\n"
        '  .venv/bin/tieout query "select * from marts.account_summary"\n'
        "  .venv/bin/tieout demo --clear        remove the demo; then drop your own Flex XML into "
        f"{command.data.inbox}"
    )


def up(
    ctx: typer.Context,
    dagster_port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    dashboard_port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 8501,
) -> None:
    """Dagster's UI with its daemon, and the dashboard; both on 127.0.0.1 only. Ctrl-C ends both."""
    command: CommandContext = ctx.obj
    try:
        with the_only_services(command.data):
            prepare_services(command.data)
            code = services.run_until_stopped(command.data, dagster_port, dashboard_port)
    except ServicesRunningError as error:
        fail(str(error))
    raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (demo, ingest, run, up):
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


def _exit_code(outcome: RunOutcome) -> int:
    if not outcome.success:
        return EXIT_BREAK
    return EXIT_USAGE if any(r.status == "quarantined" for r in outcome.receipts) else EXIT_OK


def _line(receipt: Receipt) -> str:
    if receipt.status == "quarantined":
        return f"{receipt.file_name}: cannot be read, set aside in quarantine: {receipt.reason}"
    if receipt.status == "duplicate":
        return f"{receipt.file_name}: {receipt.reason}"
    period = f"{receipt.period_start_date} to {receipt.period_end_date}"
    note = f" ({receipt.reason})" if receipt.reason else ""
    return f"{receipt.file_name}: loaded, account {', '.join(receipt.accounts)}, {period}{note}"


def _as_json(outcome: RunOutcome) -> str:
    return json.dumps(asdict(outcome), indent=1)
