"""PortfolioAnalyst as an oracle: it ties to books made of statements alone, and convicts a figure that was altered."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.analysis_text import SAMPLE
from tests.support.books import build_marts, mart
from transforms.broker_simulator import Simulation, simulate

WHEN = datetime(2024, 1, 9, 4)
YEAR = (date(2023, 1, 2), date(2023, 12, 29))
SPRING, AUTUMN = (date(2023, 2, 8), date(2023, 6, 16)), (date(2023, 3, 7), date(2023, 10, 18))
HALF = (date(2023, 2, 8), date(2023, 6, 30))
ONE, OTHER = "U1000001", "U2000002"
CHECKS = {
    *("components", "change", "nav_start", "nav_end", "nav_days", "flows", "dividends", "interest", "fees"),
    *("twr", "twr_month"),
}


def altered(document: bytes, change: Callable[[list[str]], list[str]]) -> bytes:
    """The CSV with each line put through `change`."""
    text = io.StringIO(newline="")
    lines = csv.reader(io.StringIO(document.decode(), newline=""))
    csv.writer(text, lineterminator="\n").writerows(map(change, lines))
    return text.getvalue().encode()


def add(text: str, amount: str) -> str:
    return str(Decimal(text) + Decimal(amount))


def more_dividends_and_a_better_month(line: list[str]) -> list[str]:
    if line[:2] == ["Key Statistics", "Data"]:
        line[15] = add(line[15], "1.00")
    if line[:3] == ["Historical Performance", "Data", "202302"]:
        line[4] = add(line[4], "0.02")
    return line


def another_value_of_a_day_and_at_the_end(line: list[str]) -> list[str]:
    if line[:3] == ["Allocation by Asset Class", "Data", "20230601"]:
        line[-1] = add(line[-1], "0.02")
    if line[:2] == ["Key Statistics", "Data"]:
        line[3] = add(line[3], "10")
    return line


def of_a_sector(line: list[str]) -> list[str]:
    if line[:2] == ["Open Position Summary", "Data"] and line[2] != "Total":
        line[7] = "Stocks and such" if line[3] == "Stocks" else "Broad"
    return line


def in_dollars(line: list[str]) -> list[str]:
    return ["USD" if cell == "EUR" else cell for cell in line]


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(years=1)


@pytest.fixture(scope="module")
def books(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def told(account: str) -> tuple[str, bytes]:
        document = simulation.document([account], date(2023, 1, 1), date(2023, 12, 31), WHEN)
        return document.file_name, document.content()

    def analysed(accounts: list[str], period: tuple[date, date]) -> bytes:
        return simulation.portfolio_analyst(accounts, *period, WHEN).content()

    return build_marts(
        [
            told(ONE),
            told(OTHER),
            ("whole.csv", altered(analysed([ONE], YEAR), of_a_sector)),
            ("other.csv", analysed([OTHER], YEAR)),
            ("spring.csv", altered(analysed([ONE], SPRING), more_dividends_and_a_better_month)),
            ("autumn.csv", altered(analysed([OTHER], AUTUMN), another_value_of_a_day_and_at_the_end)),
            ("together.csv", analysed([ONE, OTHER], YEAR)),
            ("foreign.csv", altered(analysed([ONE], AUTUMN), in_dollars)),
            ("too_long.csv", altered(analysed([OTHER], HALF), ends_a_year_later)),
            *([("sample.csv", SAMPLE.read_bytes())] if SAMPLE.exists() else []),
        ],
        tmp_path_factory.mktemp("analyses") / "data",
    )


def ends_a_year_later(line: list[str]) -> list[str]:
    line = [cell.replace("June 30, 2023", "June 28, 2024") for cell in line]
    return ["20240628" if cell == "20230630" else cell for cell in line]


def found(books: Path, account: str, period: tuple[date, date], months: bool = False) -> dict[str, str]:
    """Status by check (without its prefix) of one analysis; its months too if asked for."""
    sql = f"""
        select check_name, period_start, period_end, status from reconciliation
        where account_id = '{account}' and section like 'PA.%' order by check_name = 'portfolio_analyst_twr_month'
    """
    rows = [
        (name.removeprefix("portfolio_analyst_"), (s, e), status) for name, s, e, status in mart(books, sql)
    ]
    return {
        name: status for name, dates, status in rows if dates == period or (months and name == "twr_month")
    }


@pytest.mark.parametrize("account", [ONE, OTHER])
def test_every_check_ties(books: Path, account: str) -> None:
    assert set(found(books, account, YEAR, months=True)) == CHECKS
    assert set(found(books, account, YEAR).values()) == {"tied"}
    sql = f"""
        select count(*), bool_and(status = 'tied'), count(distinct document_id) from reconciliation
        where account_id = '{account}' and check_name = 'portfolio_analyst_twr_month'
            and day(period_start) <= 3 and period_end >= last_day(period_start) - 2
    """
    ((months, tied, documents),) = mart(books, sql)
    assert months == 12
    assert tied
    assert documents >= 1


def test_an_altered_amount_breaks_its_checks_and_no_other(books: Path) -> None:
    spring = found(books, ONE, SPRING)
    assert {name for name, status in spring.items() if status == "broken"} == {"dividends", "components"}
    assert {status for name, status in spring.items() if name not in ("dividends", "components")} == {"tied"}
    sql = f"""
        select difference, explanation from reconciliation
        where account_id = '{ONE}' and check_name = 'portfolio_analyst_dividends' and status = 'broken'
    """
    ((difference, explanation),) = mart(books, sql)
    assert abs(difference + 1) < Decimal("0.01")
    assert "against PortfolioAnalyst" in explanation


def test_an_altered_month_breaks_that_month(books: Path) -> None:
    sql = """
        select account_id, period_start, period_end, round(difference, 4) from reconciliation
        where check_name = 'portfolio_analyst_twr_month' and status = 'broken'
    """
    ((account, start, end, difference),) = mart(books, sql)
    assert (account, start, end) == (ONE, SPRING[0], date(2023, 2, 28))
    assert abs(difference + Decimal("0.0002")) <= Decimal("0.0001")


def test_an_altered_value_breaks_day_and_end(books: Path) -> None:
    autumn = found(books, OTHER, AUTUMN)
    broken = {name for name, status in autumn.items() if status == "broken"}
    assert broken == {"nav_days", "nav_end", "change"}
    sql = f"""
        select broker - ours from reconciliation
        where account_id = '{OTHER}' and check_name = 'portfolio_analyst_nav_days' and status = 'broken'
    """
    assert mart(books, sql) == [(1,)]


@pytest.mark.parametrize(
    ("account", "period", "words"),
    [
        ("Consolidated", YEAR, "several accounts together"),
        (ONE, AUTUMN, "in USD, our books are in EUR"),
        pytest.param(
            "U1234567",
            (date(2026, 1, 1), date(2026, 7, 17)),
            "No statement of this account",
            marks=pytest.mark.skipif(not SAMPLE.exists(), reason="needs the documents in ../shared/samples"),
        ),
    ],
)
def test_what_cannot_be_compared_says_why(
    books: Path, account: str, period: tuple[date, date], words: str
) -> None:
    status = found(books, account, period)
    own = {"components", "change"}
    assert {name for name, value in status.items() if value == "tied"} == own
    assert {value for name, value in status.items() if name not in own} == {"not_reported"}
    sql = f"""
        select distinct explanation from reconciliation where status = 'not_reported' and section like 'PA.%'
            and account_id = '{account}' and period_end = '{period[1]}'
    """
    assert all(words in explanation for (explanation,) in mart(books, sql))


def test_books_that_end_too_early_are_not_compared_at_the_end(books: Path) -> None:
    late = (HALF[0], date(2024, 6, 28))
    assert found(books, OTHER, late)["nav_end"] == "not_reported"
    assert found(books, OTHER, late)["nav_start"] == "tied"


def test_the_books_are_those_of_the_statements(books: Path, simulation: Simulation) -> None:
    """Analyses that lie change nothing: NAV, accounts and periods of statements come from statements alone."""
    assert {a for (a,) in mart(books, "select account_id from dim_account")} == {ONE, OTHER}
    sql = "select account_id, nav_date, nav_base from fct_nav_daily where nav_date >= '2023-01-02'"
    for account, day, nav in mart(books, sql):
        assert abs(nav - simulation.books.nav(account, day)) < Decimal("1e-9")
    kinds = "select kind, count(*) from document group by kind order by kind"
    assert mart(books, kinds) == [("flex_xml", 2), ("portfolio_analyst_csv", 7 + SAMPLE.exists())]
    flex = "select distinct account_id, period_start from reconciliation where section not like 'PA.%' order by 1"
    assert mart(books, flex) == [(ONE, date(2023, 1, 1)), (OTHER, date(2023, 1, 1))]
    lost = "select * from document_section where rows_read <> rows_kept + rows_superseded + rows_rejected"
    assert mart(books, lost) == []
    kept = "select section from document_section where section like 'PA.%' and rows_kept <> rows_read"
    assert mart(books, kept) == []


def test_sectors_come_from_the_analysis_and_leave_every_figure_alone(books: Path) -> None:
    latest = "is_latest and account_id = '{}' and dimension = '{}'"
    sectors = dict(
        mart(books, f"select bucket, net_base from allocation where {latest.format(ONE, 'sector')}")
    )
    classes = dict(
        mart(books, f"select bucket, net_base from allocation where {latest.format(ONE, 'asset_class')}")
    )
    assert {"Stocks and such", "cash"} <= set(sectors)
    assert "unknown" not in sectors, "the analysis lists every position of the last day"
    assert sum(sectors.values()) == sum(classes.values())
    assert sectors["cash"] == classes["CASH"]
    others = mart(books, f"select bucket from allocation where {latest.format(OTHER, 'sector')}")
    assert ("unknown",) in others, "another account's analysis names no sector"
    lost = (
        "select section from document_section where rows_read <> rows_kept + rows_superseded + rows_rejected"
    )
    assert (
        mart(books, lost + " and section in ('PA.Open Position Summary', 'PA.Performance by Symbol')") == []
    )
