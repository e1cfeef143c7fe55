"""`tieout gaps`: what is missing and the query that brings it, in order, filtered, or a word that nothing is."""

import json
from datetime import date
from pathlib import Path

import duckdb
import typer
from typer.testing import CliRunner, Result

from apps.cli.read_commands import register
from tests.support.invented_books import EUR_ACCOUNT, USD_ACCOUNT
from tests.support.invented_marts import make_books
from tests.support.published_fixture import write_published


def gaps(published: Path, *arguments: str) -> Result:
    app = typer.Typer()

    @app.callback()
    def callback(context: typer.Context) -> None:
        context.obj = type("Context", (), {"published": published, "state_url": ""})()

    register(app)
    return CliRunner().invoke(app, ["gaps", *arguments])


def gap(account: str, kind: str, first: date, last: date) -> dict[str, object]:
    return {
        "account_id": account, "gap": kind, "first_date": first, "last_date": last, "weekdays": 1,
        "sections": "Trades", "detail": "No statement covers these days.", "suggestion": f"Fetch {first}.",
        "request": f"fd={first:%Y%m%d}&td={last:%Y%m%d}",
    }  # fmt: skip


def test_gaps_are_listed_days_first_with_the_request(tmp_path: Path) -> None:
    books = make_books()
    books.add("coverage_gap", **gap(USD_ACCOUNT, "missing_section", date(2025, 4, 1), date(2025, 4, 4)))
    books.add("coverage_gap", **gap(USD_ACCOUNT, "missing_days", date(2025, 5, 1), date(2025, 5, 2)))
    books.add("coverage_gap", **gap(EUR_ACCOUNT, "missing_days", date(2025, 6, 2), date(2025, 6, 2)))
    published = write_published(tmp_path / "published", books)
    done = gaps(published, "--json")
    rows = json.loads(done.stdout)
    assert [(row["account_id"], row["gap"]) for row in rows] == [
        (EUR_ACCOUNT, "missing_days"), (USD_ACCOUNT, "missing_days"), (USD_ACCOUNT, "missing_section")
    ]  # fmt: skip
    assert rows[1]["request"] == "fd=20250501&td=20250502"
    text = gaps(published, "-a", EUR_ACCOUNT).stdout
    assert "Fetch 2025-06-02." in text
    assert USD_ACCOUNT not in text


def test_no_gaps_says_so_and_exits_well(tmp_path: Path) -> None:
    done = gaps(write_published(tmp_path / "published", make_books()))
    assert done.exit_code == 0
    assert "no gaps" in done.stderr


def test_a_version_of_an_older_tieout_says_what_to_do(tmp_path: Path) -> None:
    published = write_published(tmp_path / "published", make_books())
    with duckdb.connect(str(published / "000001-3fa9c1d2" / "tieout.duckdb")) as connection:
        connection.execute("DROP TABLE marts.coverage_gap")
    done = gaps(published)
    assert done.exit_code == 2
    assert (
        "the published version has another layout than this Tieout; `tieout run` makes it anew" in done.stderr
    )
