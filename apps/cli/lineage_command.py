"""The command `tieout lineage`: from a published figure to the sections and attributes it comes from, and the row.

It reads the published version alone: the marts column_lineage and document. Computing the lineage is not done here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.tree import Tree

from apps.cli import queries, render
from apps.cli.context import CommandContext, fail
from apps.cli.reading import Account, Json
from apps.published import NothingPublishedError, Reader, Result, open_current

_ROWS = 20
_PLACE = ("document_id", "section", "row_ordinal")
# The day that a row counts to, in the order in which a mart's columns are looked through.
_DAYS = ("report_date", "nav_date", "position_date", "return_date", "flow_date")
_KINDS = {
    "value": "its value comes from",
    "derived": "it is decided by (compared, ordered, counted)",
    "filter": "which rows count is decided by",
}

Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="The rows of this day (with --account)."),
]


@dataclass(frozen=True)
class Figure:
    """A published column."""

    mart: str
    column: str

    @property
    def name(self) -> str:
        """As the user writes it."""
        return f"{self.mart}.{self.column}"


def lineage(
    context: typer.Context,
    figure: Annotated[
        str, typer.Argument(metavar="MART.COLUMN", help="Such as fct_trade.realized_pnl_base.")
    ],
    account: Account = None,
    day: Day = None,
    as_json: Json = False,
) -> None:
    """Where a figure comes from: the models, the clean columns, the sections and attributes of the documents.

    With --account and --date: the document and the row of each published row of that day, too.
    """
    command: CommandContext = context.obj
    try:
        with open_current(command.published) as reader:
            wanted = _figure(reader, figure)
            sources = _sources(reader, wanted)
            asked = account is not None or day is not None
            rows = _rows(reader, wanted, queries.resolve_account(reader, account), day) if asked else None
    except (NothingPublishedError, queries.UnknownAccountError) as error:
        fail(str(error))
    if as_json:
        render.print_result(rows if rows is not None else sources, render.Output.JSON)
        return
    console = render.stdout_console()
    console.print(_tree(wanted, sources.records()))
    if rows is not None:
        _print_rows(rows, console)


def _figure(reader: Reader, text: str) -> Figure:
    mart, _, column = text.removeprefix("marts.").partition(".")
    known = reader.records(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' order by all"
    )
    columns = [row["column_name"] for row in known if row["table_name"] == mart]
    if not any(row["table_name"] == "column_lineage" for row in known):
        fail("this version was published without its lineage; `tieout run` publishes one with it")
    if not columns:
        fail(f"{mart!r} is no published table; there are: {', '.join(_distinct(known, 'table_name'))}")
    if column not in columns:
        fail(f"{mart} has no column {column!r}; it has: {', '.join(columns)}")
    return Figure(mart, column)


def _sources(reader: Reader, figure: Figure) -> Result:
    result = reader.result(
        """
        select kind, clean_table, clean_column, section, attribute, reason, via
        from marts.column_lineage where mart = $mart and column_name = $column
        order by array_position(['value', 'derived', 'filter'], kind),
            clean_table, clean_column, section, attribute, reason
        """,
        {"mart": figure.mart, "column": figure.column},
    )
    if not result.rows:
        fail(f"the lineage of {figure.name} is not published")
    return result


def _rows(reader: Reader, figure: Figure, account_id: str | None, day: datetime | None) -> Result:
    """The published rows of the account and day, each with its document, section and row."""
    if account_id is None or day is None:
        fail("--account and --date go together")
    columns = [
        row["column_name"]
        for row in reader.records(
            "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = $mart",
            {"mart": figure.mart},
        )
    ]
    day_column = next((name for name in _DAYS if name in columns), None)
    if "account_id" not in columns or day_column is None or not set(_PLACE) <= set(columns):
        fail(
            f"a row of {figure.mart} is made of many rows of documents: ask for one of the tables whose rows "
            "have document_id, section and row_ordinal (such as fct_trade, fct_nav_daily)"
        )
    value = "" if figure.column in (*_PLACE, day_column) else f'rows."{figure.column}",'
    return reader.result(
        f"""
        select rows.{day_column}, {value} rows.document_id, documents.file_name, rows.section, rows.row_ordinal
        from marts.{figure.mart} as rows
        left join (
            select document_id, min_by(file_name, receipt_ordinal) as file_name
            from marts.document group by document_id
        ) as documents on rows.document_id = documents.document_id
        where rows.account_id = $account_id and rows.{day_column} = $day
        order by rows.document_id, rows.section, rows.row_ordinal
        """,
        {"account_id": account_id, "day": day.date()},
        limit=_ROWS,
    )


def _tree(figure: Figure, sources: list[dict[str, Any]]) -> Tree:
    """The figure, the kinds of its sources, the clean columns, and where those are read from."""
    tree = Tree(f"[bold]{figure.name}[/]")
    for kind, words in _KINDS.items():
        of_kind = [row for row in sources if row["kind"] == kind]
        if not of_kind:
            continue
        branch = tree.add(words)
        if kind == "filter":
            branch.add(", ".join(_distinct([{"name": _clean(row)} for row in of_kind], "name")))
            continue
        for row in (row for row in of_kind if row["clean_table"] is None):
            branch.add(str(row["reason"]))
        for name in _distinct([{"name": _clean(r)} for r in of_kind if r["clean_table"]], "name"):
            same = [row for row in of_kind if _clean(row) == name]
            leaf = branch.add(f"{name} [dim]via {same[0]['via'] or figure.mart}[/]")
            for row in same:
                leaf.add(_read_from(row))
    return tree


def _clean(row: Mapping[str, Any]) -> str:
    return f"{row['clean_table']}.{row['clean_column']}"


def _read_from(row: Mapping[str, Any]) -> str:
    place = ".".join(str(row[key]) for key in ("section", "attribute") if row[key] is not None)
    return f"{place} ({row['reason']})" if place and row["reason"] else place or str(row["reason"])


def _print_rows(rows: Result, console: Console) -> None:
    console.print()
    if not rows.rows:
        typer.echo("no published row of this account on this day", err=True)
        return
    render.print_result(rows, render.Output.TABLE, raw_names=True)
    if rows.truncated:
        typer.echo(f"the first {_ROWS} rows; ask with `tieout query` for all", err=True)
    console.print(
        "the document lies in raw/documents of the data folder, under its id (a snapshot of TWS: in raw/batches); "
        "rows count from 0",
        style="dim",
    )


def _distinct(rows: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(str(row[key]) for row in rows))


def register(app: typer.Typer) -> None:
    """Add the command to the `tieout` application."""
    app.command()(lineage)
