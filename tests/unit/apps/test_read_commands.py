"""The reading commands: figures, forms of output, exit codes. The oracle is SQL on the same file."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner, Result

from apps.cli.read_commands import print_summary, register
from tests.support.invented_books import EMPTY_ACCOUNT, EUR_ACCOUNT, USD_ACCOUNT
from tests.support.invented_marts import make_books
from tests.support.published_fixture import write_published


@dataclass
class Context:
    """Stands in for the application's context."""

    published: Path

    @property
    def state_url(self) -> str:
        return f"sqlite:///{self.published.parent / 'state' / 'tieout.sqlite'}"


@dataclass
class Command:
    """The application with the reading commands alone."""

    published: Path

    def __call__(self, *arguments: str, expect: int = 0) -> Result:
        app = typer.Typer()

        @app.callback()
        def callback(context: typer.Context) -> None:
            context.obj = Context(self.published)

        register(app)
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == expect, result.output
        return result

    def json(self, *arguments: str, expect: int = 0) -> list[dict[str, object]]:
        return json.loads(
            self(*arguments, "--json", expect=expect).stdout, parse_float=Decimal, parse_int=Decimal
        )

    def sql(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.published / "current.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def tieout(tmp_path_factory: pytest.TempPathFactory) -> Command:
    return Command(write_published(tmp_path_factory.mktemp("data") / "published"))


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> Command:
    books = make_books(broken=False, gap=False, empty_account=False)
    return Command(write_published(tmp_path_factory.mktemp("tied") / "published", books))


def test_summary_shows_the_nav_that_sql_gives_and_the_verdict(tieout: Command) -> None:
    text = tieout("summary").stdout
    for (nav,) in tieout.sql("SELECT nav_base FROM marts.account_summary WHERE nav_base IS NOT NULL"):
        assert f"{nav:,.2f}" in text
    assert "1 broken, 88 of 89 tied · 2 not reported" in text
    assert "0.00" not in text.splitlines()[3], "a missing NAV is a dash, never a zero"
    assert "—" in text.splitlines()[3]


def test_summary_of_one_account_by_id_or_alias(tieout: Command) -> None:
    by_alias = tieout("summary", "--account", "long TERM").stdout
    assert by_alias == tieout("summary", "--account", EUR_ACCOUNT).stdout
    assert USD_ACCOUNT not in by_alias
    assert "44 of 45 tied" in by_alias


def test_a_tied_book_says_so(tied: Command) -> None:
    assert "88 of 88 tied to the broker's totals" in tied("summary").stdout


def test_summary_as_json_keeps_every_digit(tieout: Command) -> None:
    rows = {row["account_id"]: row for row in tieout.json("summary")}
    for account, nav in tieout.sql("SELECT account_id, nav_base FROM marts.account_summary"):
        assert rows[account]["nav_base"] == nav


def test_daily_gives_the_last_days_of_each_account_oldest_first(tieout: Command) -> None:
    rows = tieout.json("daily", "--limit", "3")
    assert [row["account_id"] for row in rows] == [EUR_ACCOUNT] * 3 + [USD_ACCOUNT] * 3
    assert [row["return_date"] for row in rows[:3]] == ["2026-03-10", "2026-03-11", "2026-03-12"]
    (expected,) = tieout.sql(
        f"SELECT nav_end_base, pnl_base FROM marts.fct_return_daily WHERE account_id = '{USD_ACCOUNT}'"
        " AND return_date = '2026-03-12'"
    )
    assert (rows[-1]["nav_base"], rows[-1]["pnl_base"]) == expected
    assert rows[-1]["base_currency"] == "USD"


def test_daily_between_days_and_a_withheld_day_says_why(tieout: Command) -> None:
    rows = tieout.json("daily", "-a", EUR_ACCOUNT, "--from", "2025-09-12", "--to", "2025-09-16")
    assert [row["return_date"] for row in rows] == ["2025-09-12", "2025-09-15", "2025-09-16"]
    assert rows[1]["twr"] is None
    assert rows[1]["pnl_base"] is None
    text = tieout("daily", "-a", EUR_ACCOUNT, "--from", "2025-09-15", "--to", "2025-09-15").stdout
    assert "NAV of 2025-09-12 is not in any document" in text
    assert "—" in text


def test_totals_add_up_the_rows_of_the_window(tieout: Command) -> None:
    rows = {(row["account_id"], row["window"]): row for row in tieout.json("totals")}
    assert [key[1] for key in rows if key[0] == USD_ACCOUNT] == ["MTD", "QTD", "YTD", "1Y", "3Y", "SI"]
    ((income, fees, pnl),) = tieout.sql(
        f"""
        SELECT (SELECT sum(amount_base) FROM marts.fct_cash_transaction WHERE account_id = '{USD_ACCOUNT}'
                  AND category IN ('dividend', 'withholding_tax', 'broker_interest')
                  AND report_date >= '2026-01-01'),
               (SELECT sum(amount_base) FROM marts.fct_cash_transaction WHERE account_id = '{USD_ACCOUNT}'
                  AND category = 'fee' AND report_date >= '2026-01-01'),
               (SELECT sum(pnl_base) FROM marts.fct_return_daily WHERE account_id = '{USD_ACCOUNT}'
                  AND return_date >= '2026-01-01')
        """
    )
    row = rows[USD_ACCOUNT, "YTD"]
    assert (row["income_base"], row["fees_base"], row["pnl_base"]) == (income, fees, pnl)
    withheld = rows[USD_ACCOUNT, "3Y"]
    assert withheld["income_base"] is None
    assert "history starts" in str(withheld["withheld_reason"])


def test_totals_of_an_account_without_nav_are_empty_and_no_error(tieout: Command) -> None:
    assert tieout.json("totals", "-a", "U1000003") == []


def test_totals_of_an_account_without_daily_values_are_those_of_its_periods(tmp_path: Path) -> None:
    books = make_books()
    for window, start in (("YTD", date(2022, 12, 31)), ("SI", date(2021, 12, 31)), ("MTD", None)):
        for metric, value in (("twr", 0.25), ("pnl", 30.0)):
            books.add(
                "performance_metric", account_id=EMPTY_ACCOUNT, window=window, metric=metric,
                value=value if start else None, window_start_date=start, window_end_date=date(2023, 12, 31),
                return_method="modified_dietz" if start and metric == "twr" else None,
                withheld_reason=None if start else "No daily values.",
            )  # fmt: skip
    tieout = Command(write_published(tmp_path / "published", books))
    rows = {row["window"]: row for row in tieout.json("totals", "-a", EMPTY_ACCOUNT)}
    assert (rows["YTD"]["first_date"], rows["YTD"]["last_date"]) == ("2023-01-01", "2023-12-31")
    assert (rows["SI"]["first_date"], rows["SI"]["twr_method"]) == ("2022-01-01", "modified_dietz")
    assert (rows["MTD"]["twr"], rows["MTD"]["withheld_reason"]) == (None, "No daily values.")


def test_trades_newest_first_with_limit_and_dates(tieout: Command) -> None:
    (count,) = tieout.sql("SELECT count(*) FROM marts.fct_trade")[0]
    rows = tieout.json("trades", "--limit", "0")
    assert len(rows) == count
    days = [str(row["trade_date"]) for row in rows]
    assert days == sorted(days, reverse=True)
    cut = tieout("trades", "--limit", "1", "--csv")
    assert len(cut.stdout.splitlines()) == 2
    assert "--limit 0" in cut.stderr
    some = tieout.json("trades", "--from", days[-1], "--to", days[-1])
    assert {row["trade_date"] for row in some} == {days[-1]}


def test_positions_heaviest_first_per_account(tieout: Command) -> None:
    rows = [row for row in tieout.json("positions") if row["account_id"] == EUR_ACCOUNT]
    weights = [abs(row["weight"]) for row in rows]
    assert weights == sorted(weights, reverse=True)
    assert any(row["asset_class"] == "CASH" for row in rows)
    assert min(row["quantity"] for row in rows) < 0, "a short position keeps its sign"


def test_csv_is_exact_and_has_all_columns(tieout: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(tieout("positions", "--csv").stdout)))
    (expected,) = tieout.sql(
        f"SELECT market_value_base FROM marts.position_current WHERE account_id = '{USD_ACCOUNT}'"
        " AND symbol = 'NVDA'"
    )[0]
    found = [row for row in rows if row["account_id"] == USD_ACCOUNT and row["symbol"] == "NVDA"]
    assert [Decimal(row["market_value_base"]) for row in found] == [expected]


def test_reconcile_exits_1_when_a_check_is_broken(tieout: Command) -> None:
    text = tieout("reconcile", expect=1).stdout
    assert "realized_pnl" in text
    assert "-18.25" in text
    assert "position_value" in text, "what is not reported is listed"
    assert "change_in_nav_adds_up" not in text, "tied checks are not listed unless asked for"
    assert "change_in_nav_adds_up" in tieout("reconcile", "--all", expect=1).stdout


def test_reconcile_of_a_tied_account_and_period_exits_0(tieout: Command, tied: Command) -> None:
    assert "44 of 44 tied" in tieout("reconcile", "-a", USD_ACCOUNT).stdout
    assert "0 of 0" not in tieout("reconcile", "--from", "2030-01-01").stdout
    assert "88 of 88 tied" in tied("reconcile").stdout


def test_reconcile_as_json_holds_every_check_and_the_same_exit_code(tieout: Command) -> None:
    rows = tieout.json("reconcile", expect=1)
    assert len(rows) == 91
    assert rows[0]["status"] == "broken"
    tieout("reconcile", "--limit", "1", "--json", "-a", USD_ACCOUNT)
    tieout("reconcile", "--limit", "1", "--csv", expect=1)


def test_query_answers_and_names_the_version_on_stderr(tieout: Command) -> None:
    result = tieout("query", "SELECT count(*) AS n FROM marts.account_summary")
    assert result.stdout.split() == ["n", "3"]
    assert "000001-3fa9c1d2" in result.stderr
    assert tieout.json("query", "SELECT 0.1000000001::DECIMAL(38, 10) AS x") == [
        {"x": Decimal("0.1000000001")}
    ]


def test_query_cuts_a_long_table_but_not_json(tieout: Command) -> None:
    cut = tieout("query", "SELECT range AS n FROM range(500)")
    assert "cut after 200 rows" in cut.stderr
    assert len(tieout.json("query", "SELECT range AS n FROM range(500)")) == 500
    assert len(tieout.json("query", "SELECT range AS n FROM range(500)", "-n", "3")) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "SELECT nonsense"),
        ("query", "SELECT 1; SELECT 2"),
        ("query", "DROP TABLE marts.fct_trade"),
        ("query",),
        ("trades", "--account", "U9999999"),
        ("trades", "--from", "12.03.2026"),
        ("trades", "--from", "2026-03-12", "--to", "2026-03-11"),
        ("trades", "--json", "--csv"),
        ("trades", "--limit", "-1"),
    ],
)
def test_bad_usage_exits_2_with_one_message(tieout: Command, arguments: tuple[str, ...]) -> None:
    result = tieout(*arguments, expect=2)
    assert result.stdout == ""
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["summary", "daily", "totals", "trades", "positions", "reconcile"])
def test_nothing_published_exits_2_and_says_what_to_do(tmp_path: Path, name: str) -> None:
    result = Command(tmp_path / "published")(name, expect=2)
    assert "make demo" in result.stderr


def test_an_unknown_account_names_the_known_ones(tieout: Command) -> None:
    assert EUR_ACCOUNT in tieout("summary", "-a", "U9999999", expect=2).stderr


def test_print_summary_is_what_the_command_prints(
    tieout: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(tieout.published, f"sqlite:///{tieout.published.parent}/state.sqlite")
    assert capsys.readouterr().out == tieout("summary").stdout
