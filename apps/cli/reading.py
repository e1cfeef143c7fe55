"""What the reading commands share: their options, the open version, the filter. No command and no query."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Protocol

import duckdb
import typer

from apps.cli import joined_queries, lot_queries, queries, render
from apps.cli.context import fail
from apps.published import NothingPublishedError, QueryError, Reader, open_current

Account = Annotated[str | None, typer.Option("--account", "-a", help="Only this account (its id or alias).")]
AnyAccount = Annotated[
    str | None,
    typer.Option(
        *("--account", "-a"),
        help="Only this account (its id or alias); ALL: all accounts as one, in the reporting currency.",
    ),
]
First = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, inclusive.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, inclusive.")]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON: one object a row, decimals as numbers with all their digits."),
]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV with exact decimals.")]


def limit_option(rows: str) -> object:
    """The option for at most so many rows of that name."""
    return typer.Option("--limit", "-n", min=0, help=f"At most so many {rows}; 0 for all.")


class HasPublished(Protocol):
    """What the application's callback puts into the context: something that knows the published folder."""

    @property
    def published(self) -> Path:
        """The folder of published versions."""

    @property
    def state_url(self) -> str:
        """The state store's database."""


@contextmanager
def reading(context: typer.Context) -> Iterator[Reader]:
    """The current version, or exit 2 with one sentence that says what to do."""
    command: HasPublished = context.obj
    try:
        with open_current(command.published) as reader:
            yield reader
    except (
        NothingPublishedError,
        QueryError,
        queries.UnknownAccountError,
        lot_queries.MethodNotBuiltError,
        joined_queries.NothingJoinedError,
    ) as error:
        fail(str(error))
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        fail(
            f"the published version has another layout than this Tieout; `tieout run` makes it anew ({error})"
        )


def output_of(as_json: bool, as_csv: bool) -> render.Output:
    """The form that the options ask for; exit 2 when they ask for two."""
    if as_json and as_csv:
        fail("--json and --csv exclude each other")
    return render.Output.JSON if as_json else render.Output.CSV if as_csv else render.Output.TABLE


def filter_of(
    reader: Reader,
    account: str | None,
    first: datetime | None = None,
    last: datetime | None = None,
    limit: int | None = None,
) -> queries.Filter:
    """What the options select; ALL, as no account at all, selects the rows of every account."""
    start, end = _day(first), _day(last)
    if start and end and start > end:
        fail(f"--from {start} is after --to {end}")
    only = None if joined_queries.is_all(account) else queries.resolve_account(reader, account)
    return queries.Filter(only, start, end, limit or None)


def say_not_added(what: str) -> None:
    """On stderr, so that JSON and CSV stay what they are."""
    typer.echo(
        f"tieout: {what} are not added up over accounts: each account's follow, in its own currency", err=True
    )


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None
