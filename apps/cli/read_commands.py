"""The commands that read the published version: summary, daily, totals, pnl, trades, positions, lots, reconcile,
gaps, query.

Exit codes: 0 fine, 1 when `reconcile` finds a broken check, 2 bad usage, nothing published, or bad SQL.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from apps.breaks import broken_checks, count_open, read_acknowledged, with_notes
from apps.cli import joined_queries, lot_queries, pnl_queries, queries, render
from apps.cli.context import EXIT_BREAK, fail
from apps.cli.reading import (
    AnyAccount,
    Csv,
    First,
    Json,
    Last,
    filter_of,
    limit_option,
    output_of,
    reading,
    say_not_added,
)
from apps.exact_text import scalar
from apps.periods import DEFAULT_PERIOD
from apps.published import Reader, Result, open_current

_QUERY_TABLE_ROWS = 200


def summary(
    context: typer.Context, account: AnyAccount = None, as_json: Json = False, as_csv: Csv = False
) -> None:
    """What each account is worth, what it made, and whether it ties to the broker's statements."""
    output = output_of(as_json, as_csv)
    question = joined_queries.summary if joined_queries.is_all(account) else queries.summary
    with reading(context) as reader:
        where = filter_of(reader, account)
        result = question(reader, where)
        if output is render.Output.TABLE:
            _print_summary(reader, result, where, context.obj.state_url)
        else:
            render.print_result(result, output)
    if joined_queries.is_all(account):
        typer.echo(
            "tieout: the realized PnL of the year is not added up over accounts: see each account's", err=True
        )


def print_summary(published: Path, state_url: str) -> None:
    """The summary of all accounts, for commands that end with it. Raises `NothingPublishedError`."""
    with open_current(published) as reader:
        where = queries.Filter()
        _print_summary(reader, queries.summary(reader, where), where, state_url)


def _verdict(reader: Reader, where: queries.Filter, state_url: str) -> dict[str, int]:
    """The counts of the checks, the acknowledged breaks apart; or exit 2 if the state store cannot be read."""
    counts = queries.verdict(reader, where)
    if not counts["broken"]:
        return counts
    from state_store.database import StateError

    broken = [
        row
        for row in broken_checks(reader, where.account_id)
        if (where.first is None or row["period_end"] >= where.first)
        and (where.last is None or row["period_end"] <= where.last)
    ]
    try:
        return count_open(counts, broken, state_url)
    except StateError as error:
        fail(str(error))


def _print_summary(reader: Reader, result: Result, where: queries.Filter, state_url: str) -> None:
    console = render.stdout_console()
    render.print_table(_transposed(result), console)
    console.print()
    console.print(verdict_line(_verdict(reader, where, state_url)))
    for row in reader.records("SELECT version_id, built_at FROM marts.build_info"):
        console.print(f"version {row['version_id']}, built {scalar(row['built_at'])}", style="dim")


def verdict_line(counts: dict[str, int]) -> str:
    """The reconciliation verdict in one line of rich markup: '41 of 41 tied · 3 not reported'."""
    known = counts.get("acknowledged", 0)
    compared = counts["tied"] + counts["broken"] + known
    if compared == 0:
        line = "[yellow]nothing to reconcile: no statement reports the totals[/]"
    elif counts["broken"]:
        line = f"[bold red]{counts['broken']:,} broken[/], {counts['tied']:,} of {compared:,} tied"
    elif known:
        line = f"{counts['tied']:,} of {compared:,} tied to the broker's totals"
    else:
        line = f"[green]{counts['tied']:,} of {compared:,} tied[/] to the broker's totals"
    if known:
        line += f" · {known:,} acknowledged"
    if counts["not_reported"]:
        line += f" · {counts['not_reported']:,} not reported"
    if counts["broken"] or counts["not_reported"]:
        line += " · see `tieout reconcile`"
    return line


def _transposed(result: Result) -> Result:
    """A column per account: a summary has more figures than a terminal has columns."""
    accounts = [str(row[0]) for row in result.rows]
    rows = [
        (render.label(column), *(render.cell(column, row[index]) for row in result.rows))
        for index, column in enumerate(result.columns)
        if index > 0 and not column.startswith("reconciliation_")
    ]
    types = ("VARCHAR", *("DECIMAL" for _ in accounts))
    return Result(("account", *accounts), types, rows)


def daily(
    context: typer.Context,
    account: AnyAccount = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, limit_option("days of each account")] = 20,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """NAV, PnL, external flow and time-weighted return, day by day."""
    question = joined_queries.daily if joined_queries.is_all(account) else queries.daily
    _table(context, question, account, first, last, limit, output_of(as_json, as_csv))


def totals(
    context: typer.Context, account: AnyAccount = None, as_json: Json = False, as_csv: Csv = False
) -> None:
    """PnL, TWR, MWR, income and fees per account, month to date to since inception."""
    question = joined_queries.totals if joined_queries.is_all(account) else queries.totals
    _table(context, question, account, None, None, 0, output_of(as_json, as_csv))


def pnl(
    context: typer.Context,
    by: Annotated[
        pnl_queries.By, typer.Option("--by", help="What a row is: a cause, an instrument or a month.")
    ] = pnl_queries.By.CAUSE,
    period: Annotated[
        str, typer.Option("--period", "-p", help=f"One of {', '.join(pnl_queries.PNL_PERIODS)}.")
    ] = DEFAULT_PERIOD,
    account: AnyAccount = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """What made and lost money in a period: by cause, instrument or month.

    The causes add up to the change of the net asset value less deposits and withdrawals, to the cent.
    """
    output = output_of(as_json, as_csv)
    known = {name.casefold(): name for name in pnl_queries.PNL_PERIODS}
    if period.casefold() not in known:
        fail(f"--period {period} is none of {', '.join(known.values())}")
    with reading(context) as reader:
        together = joined_queries.is_all(account)
        account_id = joined_queries.ALL if together else queries.resolve_account(reader, account)
        windows = pnl_queries.windows_of(reader, account_id, known[period.casefold()])
        result = pnl_queries.QUESTIONS[by](reader, windows)
    render.print_result(result, output, hide=("instrument_key",))
    if not result.rows and output is render.Output.TABLE:
        typer.echo("no PnL for this account and period", err=True)


def trades(
    context: typer.Context,
    account: AnyAccount = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, limit_option("trades")] = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Trades, newest first."""
    if joined_queries.is_all(account):
        say_not_added("trades")
    hide = ("trade_at", "trade_id", "transaction_id", "document_id", "section", "row_ordinal", "realized_pnl")
    _table(context, queries.trades, account, first, last, limit, output_of(as_json, as_csv), hide)


def positions(
    context: typer.Context,
    account: AnyAccount = None,
    limit: Annotated[int, limit_option("positions")] = 0,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """What is held now, cash included, heaviest first."""
    hide = ("conid", "quantity_basis", "cost_basis_money")
    question = joined_queries.positions if joined_queries.is_all(account) else queries.positions
    _table(context, question, account, None, None, limit, output_of(as_json, as_csv), hide)


def lots(
    context: typer.Context,
    account: AnyAccount = None,
    method: Annotated[
        str,
        typer.Option(
            "--method", "-m", help=f"Which lots a sale takes first: {', '.join(lot_queries.METHODS)}."
        ),
    ] = "fifo",
    open_only: Annotated[bool, typer.Option("--open", help="Only what is still held.")] = False,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, limit_option("lots")] = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Our own tax lots: open ones first, then what was closed, newest first. Dates are those of the closing."""
    if method not in lot_queries.METHODS:
        fail(f"--method {method} is none of {', '.join(lot_queries.METHODS)}")
    if joined_queries.is_all(account):
        say_not_added("lots")
    hide = (
        *(
            "asset_class",
            "realized_pnl_base",
            "is_open",
            "instrument_key",
            "lot_id",
            "part",
            "opened_by",
            "closed_by",
        ),
        *("document_id", "section", "row_ordinal", "reason"),
    )

    def question(reader: Reader, where: queries.Filter) -> Result:
        return lot_queries.lots(reader, where, method, open_only)

    _table(context, question, account, first, last, limit, output_of(as_json, as_csv), hide)


def _table(
    context: typer.Context,
    question: Callable[[Reader, queries.Filter], Result],
    account: str | None,
    first: datetime | None,
    last: datetime | None,
    limit: int,
    output: render.Output,
    hide: tuple[str, ...] = (),
) -> None:
    with reading(context) as reader:
        result = question(reader, filter_of(reader, account, first, last, limit))
    render.print_result(result, output, hide=hide)
    if not result.rows and output is render.Output.TABLE:
        typer.echo("no rows for this account and period", err=True)


def reconcile(
    context: typer.Context,
    account: AnyAccount = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, limit_option("checks")] = 0,
    every: Annotated[bool, typer.Option("--all", help="Print the tied checks too.")] = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Our books against the broker's own totals; exit 1 when a check is broken and not acknowledged.

    The table leaves tied checks out unless --all; JSON and CSV hold every check.
    """
    output = output_of(as_json, as_csv)
    with reading(context) as reader:
        if joined_queries.is_all(account):
            say_not_added("the broker's totals")
        where = filter_of(reader, account, first, last, limit)
        counts = _verdict(reader, where, context.obj.state_url)
        known = read_acknowledged(context.obj.state_url) if counts.get("acknowledged") else {}
        result = with_notes(
            queries.reconciliation(reader, where, tied=every or output is not render.Output.TABLE), known
        )
        rows = queries.broken_rows(reader, where) if counts["broken"] else None
    if output is render.Output.TABLE:
        console = render.stdout_console()
        if result.rows:
            render.print_result(result, output, hide=("tolerance",))
            console.print()
        if rows is not None and rows.rows:
            console.print("rows behind the broken checks:")
            render.print_result(rows, output)
            console.print()
        console.print(verdict_line(counts).replace(" · see `tieout reconcile`", ""))
    else:
        render.print_result(result, output)
    if counts["broken"]:
        raise typer.Exit(EXIT_BREAK)


def gaps(
    context: typer.Context,
    account: AnyAccount = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, limit_option("gaps")] = 0,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Days and sections that no document covers, and the Flex query that would bring them."""
    output = output_of(as_json, as_csv)
    with reading(context) as reader:
        result = queries.gaps(reader, filter_of(reader, account, first, last, limit))
    if joined_queries.is_all(account):
        typer.echo(
            "tieout: gaps are of one account's documents each: those of every account follow", err=True
        )
    render.print_result(result, output, hide=("sections", "detail"))
    if not result.rows and output is render.Output.TABLE:
        typer.echo("no gaps: every section that an account has covers all its days", err=True)


def query(
    context: typer.Context,
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="One statement that reads; schema `marts` is searched.")
    ],
    limit: Annotated[int | None, limit_option("rows; a table shows 200 unless told otherwise")] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Ask the published marts in SQL (DuckDB). Read-only, one statement, no other files."""
    output = output_of(as_json, as_csv)
    rows = (_QUERY_TABLE_ROWS if output is render.Output.TABLE else 0) if limit is None else limit
    with reading(context) as reader:
        result = reader.query(sql, limit=rows or None)
    render.print_result(result, output, raw_names=True)
    if output is render.Output.TABLE:
        Console(stderr=True, highlight=False).print(
            f"{len(result.rows)} rows, version {reader.version.id}", style="dim"
        )


def register(app: typer.Typer) -> None:
    """Add the reading commands to the `tieout` application."""
    for command in (summary, daily, totals, pnl, trades, positions, lots, reconcile, gaps, query):
        app.command()(command)
