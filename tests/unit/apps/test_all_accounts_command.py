"""`--account ALL`: all accounts as one. The oracle is the accounts' own figures at the fixture's rate, added up."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from apps.cli.pnl_queries import CAUSES
from tests.support.invented_books import EMPTY_ACCOUNT, EUR_ACCOUNT, USD_ACCOUNT
from tests.support.invented_marts import USD_IN_EUR, make_books
from tests.support.published_fixture import write_published
from tests.unit.apps.test_read_commands import Command

RATES = {EUR_ACCOUNT: Decimal(1), USD_ACCOUNT: USD_IN_EUR}


@pytest.fixture(scope="module")
def tieout(tmp_path_factory: pytest.TempPathFactory) -> Command:
    return Command(write_published(tmp_path_factory.mktemp("data") / "published"))


def together(rows: list[dict[str, object]], column: str) -> Decimal:
    return sum(
        (row[column] * RATES[str(row["account_id"])] for row in rows if row[column] is not None), Decimal(0)
    )


def test_summary_is_one_row_with_the_columns_of_an_account(tieout: Command) -> None:
    accounts = tieout.json("summary")
    answer = tieout("summary", "-a", "all", "--json")
    assert "realized PnL of the year is not added up" in answer.stderr
    (whole,) = tieout.json("summary", "-a", "ALL")
    assert list(whole) == list(accounts[0])
    assert (whole["account_id"], whole["base_currency"]) == ("ALL", "EUR")
    for column in ("nav_base", "cash_base", "day_pnl_base"):
        assert whole[column] == together(accounts, column), column
    assert whole["reconciliation_tied"] == sum(row["reconciliation_tied"] for row in accounts)
    assert whole["realized_ytd_base"] is None
    assert f"{whole['nav_base']:,.2f}" in tieout("summary", "-a", "ALL").stdout


def test_daily_adds_the_accounts_up_day_by_day(tieout: Command) -> None:
    days = tieout.json("daily", "-a", "ALL", "-n", "5")
    accounts = tieout.json("daily", "-n", "5")
    assert list(days[0]) == list(accounts[0])
    assert [row["return_date"] for row in days] == sorted({row["return_date"] for row in accounts})
    for day in days:
        same = [row for row in accounts if row["return_date"] == day["return_date"]]
        assert len(same) == 2
        for column in ("nav_base", "pnl_base", "external_flow_base"):
            assert day[column] == together(same, column), column
    assert len(tieout.json("daily", "-a", "ALL", "--from", "2026-03-02", "--to", "2026-03-06")) == 5


def test_totals_have_the_metrics_of_the_whole_and_the_cash_of_all(tieout: Command) -> None:
    windows = tieout.json("totals", "-a", "ALL")
    accounts = [row for row in tieout.json("totals") if row["account_id"] != EMPTY_ACCOUNT]
    assert list(windows[0]) == list(accounts[0])
    assert [row["window"] for row in windows] == ["MTD", "QTD", "YTD", "1Y", "3Y", "SI"]
    ytd = next(row for row in windows if row["window"] == "YTD")
    parts = [row for row in accounts if row["window"] == "YTD"]
    assert ytd["pnl_base"] is not None
    for column in ("pnl_base", "income_base", "fees_base"):
        assert abs(ytd[column] - together(parts, column)) < Decimal("0.000001"), column
    short = next(row for row in windows if row["window"] == "3Y")
    assert short["pnl_base"] is short["income_base"] is None
    assert short["withheld_reason"]


def test_positions_are_summed_by_instrument(tieout: Command) -> None:
    held, accounts = tieout.json("positions", "-a", "ALL"), tieout.json("positions")
    assert list(held[0]) == list(accounts[0])
    dollars = [row for row in accounts if row["symbol"] == "USD"]
    assert len(dollars) == 2, "both accounts hold dollars"
    (line,) = [row for row in held if row["symbol"] == "USD"]
    assert line["quantity"] == sum(row["quantity"] for row in dollars)
    assert line["market_value_base"] == together(dollars, "market_value_base")
    assert sum(row["market_value_base"] for row in held) == together(accounts, "market_value_base")
    cut = tieout("positions", "-a", "ALL", "-n", "2", "--csv")
    assert len(cut.stdout.splitlines()) == 3
    assert "cut after 2 rows" in cut.stderr


@pytest.mark.parametrize("name", ["trades", "lots", "gaps"])
def test_what_cannot_be_added_up_says_so_and_lists_every_account(tieout: Command, name: str) -> None:
    answer = tieout(name, "-a", "ALL", "--json")
    assert answer.stdout == tieout(name, "--json").stdout
    assert answer.stderr.startswith("tieout: ")
    assert "account" in answer.stderr


def test_reconcile_holds_every_accounts_checks(tieout: Command) -> None:
    answer = tieout("reconcile", "-a", "ALL", "--json", expect=1)
    assert answer.stdout == tieout("reconcile", "--json", expect=1).stdout
    assert "not added up" in answer.stderr


@pytest.mark.parametrize("name", ["summary", "daily", "totals", "positions"])
def test_a_single_account_is_no_whole(tmp_path: Path, name: str) -> None:
    books = make_books()
    for table, rows in books.rows.items():
        books.rows[table] = [row for row in rows if row.get("account_id") not in (USD_ACCOUNT, "ALL")]
    said = Command(write_published(tmp_path / "published", books))(name, "-a", "ALL", expect=2).stderr
    assert "it takes several accounts" in said
    assert EUR_ACCOUNT in said


PNL = (
    # account, day, instrument, price, fx_translation, rate of the day, PnL of the account in the reporting currency
    ("U1", "2025-01-02", "1", "10", "0", "1", "13"),
    ("U1", "2025-01-02", None, "0", "3", "1", "13"),
    ("U2", "2025-01-02", "1", "4", "0", "1.5", "8.25"),
    ("U2", "2025-02-03", "2", "2", "0", "2", None),
)


@pytest.fixture(scope="module")
def pnl(tmp_path_factory: pytest.TempPathFactory) -> Command:
    published = tmp_path_factory.mktemp("pnl") / "published"
    write_published(published)
    amounts = ", ".join(f"{cause}_base DECIMAL(38, 10) DEFAULT 0" for cause in CAUSES)
    with duckdb.connect(str((published / "CURRENT" / "tieout.duckdb").resolve())) as connection:
        connection.execute("USE marts")
        connection.execute(
            "CREATE TABLE fct_pnl_daily (account_id TEXT, pnl_date DATE, instrument_key TEXT, symbol TEXT,"
            f" asset_class TEXT, {amounts}, total_base DECIMAL(38, 10), withheld_reason TEXT)"
        )
        for account, day, key, price, shift, *_ in PNL:
            connection.execute(
                "INSERT INTO fct_pnl_daily (account_id, pnl_date, instrument_key, symbol, price_base,"
                " fx_translation_base, total_base) VALUES ($1, $2, $3, 'S' || $3, $4, $5,"
                " $4::DECIMAL(38, 10) + $5::DECIMAL(38, 10))",
                [account, day, key, price, shift],
            )
        connection.execute("DELETE FROM fct_return_reporting WHERE account_id <> 'ALL'")
        for account, day, rate, whole in sorted({(row[0], row[1], row[5], row[6]) for row in PNL}):
            connection.execute(
                "INSERT INTO fct_return_reporting (account_id, return_date, fx_rate_to_reporting, pnl_reporting,"
                " withheld_reason) VALUES ($1, $2, $3, $4, CASE WHEN $4 IS NULL THEN 'No rate before.' END)",
                [account, day, rate, whole],
            )
        connection.execute(
            "UPDATE fct_return_reporting SET return_date = return_date - INTERVAL 400 DAY WHERE account_id = 'ALL'"
        )
        connection.execute(
            "UPDATE fct_return_reporting SET return_date = '2025-02-03' WHERE account_id = 'ALL' AND return_date ="
            " (SELECT max(return_date) FROM fct_return_reporting WHERE account_id = 'ALL')"
        )
    return Command(published)


def test_pnl_of_all_is_in_the_reporting_currency_and_adds_up(pnl: Command) -> None:
    rows = {row["cause"]: row for row in pnl.json("pnl", "-a", "ALL", "--by", "cause", "-p", "YTD")}
    assert {row["account_id"] for row in rows.values()} == {"ALL"}
    assert rows["price"]["pnl_base"] == Decimal("10") + 4 * Decimal("1.5") + 2 * 2
    # U2's PnL is 8.25 where its rows make 6: the rate of its value moved. In February nobody knows how far.
    assert rows["fx_translation"]["pnl_base"] == 3 + Decimal("2.25")
    assert (rows["fx_translation"]["rows_withheld"], rows["total"]["rows_withheld"]) == (1, 1)
    assert rows["total"]["pnl_base"] == 13 + Decimal("8.25") + 4


def test_pnl_of_all_by_instrument_joins_the_accounts(pnl: Command) -> None:
    rows = {row["symbol"]: row for row in pnl.json("pnl", "-a", "ALL", "--by", "instrument", "-p", "YTD")}
    assert {name: row["pnl_base"] for name, row in rows.items()} == {
        "S1": Decimal(16), "S2": Decimal(4), "account": Decimal("5.25"),
    }  # fmt: skip
    assert rows["account"]["withheld_reason"] == "No rate before."
    months = pnl.json("pnl", "-a", "ALL", "--by", "month", "-p", "YTD")
    assert [(row["month_date"], row["pnl_base"]) for row in months] == [
        ("2025-01-01", Decimal("21.25")),
        ("2025-02-01", Decimal(4)),
    ]
