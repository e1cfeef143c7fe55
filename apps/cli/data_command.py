"""`tieout data`: market data. What is kept up to date, the bars and rates themselves, and the vendors' answers."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from apps.cli.context import EXIT_BREAK, EXIT_OK, CommandContext, fail
from apps.cli.pipeline_commands import JsonOption
from apps.cli.render import Output, print_result
from apps.published import Result
from config.settings import Settings
from orchestration.market_build import (
    MarketOutcome,
    PlanError,
    import_market_file,
    market_catalog,
    market_rows,
    market_symbols,
    run_market_update,
    want_market_data,
)

if TYPE_CHECKING:
    import polars as pl

    from orchestration.market_build import DatasetOutcome
    from transforms.market.series import DatasetId

ProgressOption = Annotated[
    bool,
    typer.Option("--progress", help="A line of JSON for each step of each series, in place of the summary."),
]


MOST_SHOWN = 100
"""Lines of a file that could not be read: one of other data has millions of them."""


def pull(
    ctx: typer.Context,
    provider: Annotated[str, typer.Argument(help="stooq, massive, binance, ecb, fred or treasury.")],
    symbols: Annotated[
        list[str], typer.Argument(help="Symbols as everybody writes them: AAPL, BRK.B, EURUSD.")
    ],
    universe: Annotated[str, typer.Option(help="The list that they are kept in.")] = "main",
    frequency: Annotated[str, typer.Option(help="1d, or what else the vendor has.")] = "1d",
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day that is wanted.")
    ] = None,
    as_json: JsonOption = False,
    progress: ProgressOption = False,
) -> None:
    """Keep these symbols up to date from now on, and fetch their history."""
    command: CommandContext = ctx.obj
    try:
        want_market_data(command.settings, provider, universe, symbols, frequency, _day(first))
    except PlanError as error:
        _refuse(error, progress)
    _update(command, [universe], as_json, progress)


def update(
    ctx: typer.Context,
    universes: Annotated[list[str] | None, typer.Argument(help="Without one: all.")] = None,
    as_json: JsonOption = False,
    progress: ProgressOption = False,
) -> None:
    """Ask the vendors for what is new of everything that market.toml names."""
    _update(ctx.obj, universes or [], as_json, progress)


def import_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="Stooq's zip of daily data as text, or the CSV of one symbol.")
    ],
    universe: Annotated[str, typer.Option(help="The list that they are kept in.")] = "main",
    symbol: Annotated[
        list[str] | None,
        typer.Option(help="Of a zip these symbols alone; the symbol of a CSV whose name does not say it."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a file of Stooq's that you downloaded into the lake."""
    command: CommandContext = ctx.obj
    try:
        done = import_market_file(command.settings, file, universe, symbol or [])
    except PlanError as error:
        fail(str(error))
    outcome = done.outcome
    if as_json:
        told = {
            **_record(outcome),
            "document_id": done.document_id,
            "problems": [*done.problems, *outcome.problems],
        }
        typer.echo(json.dumps(told, indent=1, default=str))
    else:
        before = (
            f"nothing new; {file.name} was imported on {done.before:%Y-%m-%d %H:%M} UTC"
            if done.before
            else ""
        )
        typer.echo(f"{outcome.dataset}: {before}" if before else _line(outcome))
        problems = (*done.problems, *outcome.problems)
        for problem in problems[:MOST_SHOWN]:
            typer.echo(f"  {problem}", err=True)
        if len(problems) > MOST_SHOWN:
            typer.echo(f"  and {len(problems) - MOST_SHOWN:,} more; --json has all of them", err=True)
    raise typer.Exit(EXIT_BREAK if done.problems or outcome.problems else EXIT_OK)


def catalog(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """What market data there is: datasets, their span, size, and how the last update went."""
    _print_what_there_is(market_catalog, ctx.obj, as_json)


def show(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="A symbol of market.toml.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
    adjusted: Annotated[
        bool, typer.Option("--adjusted", help="Closes adjusted for splits, and with dividends reinvested.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The bars or values of a symbol, of every provider that has it."""
    command: CommandContext = ctx.obj
    rows = market_rows(command.settings, symbol, _day(first), _day(last), adjusted)
    if rows.is_empty():
        fail(f"nothing is stored of {symbol} in that span; `tieout data catalog` shows what there is")
    _print(rows, as_json)


def symbols(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """What each instrument is called by vendors and by the broker, and what means too much to be used."""
    _print_what_there_is(market_symbols, ctx.obj, as_json)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    data = typer.Typer(no_args_is_help=True, help="Market data: bars, rates, exchange rates.")
    for command in (pull, update, catalog, show, symbols):
        data.command()(command)
    data.command("import")(import_)
    app.add_typer(data, name="data")


def _print_what_there_is(
    table: "Callable[[Settings], pl.DataFrame]", command: CommandContext, as_json: bool
) -> None:
    try:
        rows = table(command.settings)
    except PlanError as error:
        fail(str(error))
    if rows.is_empty() and not as_json:
        typer.echo("No market data yet. `tieout data pull stooq SPY` fetches a first series.")
        return
    _print(rows, as_json)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _update(command: CommandContext, universes: Sequence[str], as_json: bool, progress: bool) -> NoReturn:
    try:
        outcome = run_market_update(command.settings, universes, tell=_tell if progress else None)
    except PlanError as error:
        _refuse(error, progress)
    if progress:
        typer.echo(json.dumps({"state": "ended", "problem": outcome.failure}))
        raise typer.Exit(EXIT_BREAK if _broken(outcome) else EXIT_OK)
    _say(outcome, as_json)


def _tell(dataset: "DatasetId", symbol: str, state: str, known: Mapping[str, object]) -> None:
    """A step of one series as a line, at once: who watches must not wait for a buffer to fill."""
    told = {**known, "dataset": str(dataset), "symbol": symbol, "state": state}
    typer.echo(json.dumps(told, default=str))
    sys.stdout.flush()


def _refuse(error: PlanError, progress: bool) -> NoReturn:
    if progress:
        typer.echo(json.dumps({"state": "ended", "problem": str(error)}))
    fail(str(error))


def _broken(outcome: MarketOutcome) -> bool:
    return bool(outcome.failure) or any(one.problems for one in outcome.datasets)


def _print(rows: "pl.DataFrame", as_json: bool) -> None:
    types = tuple("DOUBLE" if dtype.is_numeric() else "VARCHAR" for dtype in rows.dtypes)
    result = Result(tuple(rows.columns), types, rows.rows())
    print_result(result, Output.JSON if as_json else Output.TABLE)


def _say(outcome: MarketOutcome, as_json: bool) -> NoReturn:
    """Print what became of each dataset and leave: exit 1 if a series was not answered or the run failed."""
    if as_json:
        typer.echo(json.dumps([_record(one) for one in outcome.datasets], indent=1, default=str))
    else:
        for one in outcome.datasets:
            typer.echo(_line(one))
            for problem in one.problems:
                typer.echo(f"  {problem}", err=True)
    if outcome.failure:
        typer.echo(f"tieout: the run failed; what is stored stands.\n{outcome.failure}", err=True)
    raise typer.Exit(EXIT_BREAK if _broken(outcome) else EXIT_OK)


def _line(outcome: "DatasetOutcome") -> str:
    changed = [one for one in outcome.series if one.changed]
    if not changed:
        answered = sum(one.problem is None for one in outcome.series)
        return f"{outcome.dataset}: nothing new of {answered} series"
    restated = sum(one.restated for one in changed)
    told = [f"{outcome.added:,} rows added to {len(changed)} of {len(outcome.series)} series"]
    told += [f"{restated:,} restated"] if restated else []
    for one in changed:
        if one.refetched:
            gone = f", and {one.withdrawn} bars of it are told no more" if one.withdrawn else ""
            told.append(f"{one.symbol} fetched anew, its history was restated{gone}")
    return f"{outcome.dataset}: {'; '.join(told)}"


def _record(outcome: "DatasetOutcome") -> dict[str, Any]:
    series: Sequence[dict[str, Any]] = [asdict(one) for one in outcome.series]
    return {"dataset": str(outcome.dataset), "years_written": outcome.years, "series": series}
