"""The simulated PortfolioAnalyst CSV against the true books."""

import csv
import io
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from functools import cache

import pytest

from transforms.broker_simulator import Simulation, simulate

WHEN = datetime(2026, 1, 8, 4)
ACCOUNTS = ("U1000001", "U2000002")
START, END = date(2024, 3, 5), date(2025, 10, 17)
CENT, HALF = Decimal("0.01"), Decimal("0.005")


@cache
def life() -> Simulation:
    return simulate()


def sections(*accounts: str, start: date = START, end: date = END) -> dict[str, list[dict[str, str]]]:
    """Data rows by section and first column of the header above them."""
    content = life().portfolio_analyst(accounts, start, end, WHEN).content().decode()
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    header: list[str] = []
    for section, kind, *cells in csv.reader(io.StringIO(content, newline="")):
        if kind == "Header":
            header = cells
        elif kind == "Data":
            found[f"{section}/{header[0]}"].append(dict(zip(header, cells, strict=False)))
    return found


def money(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_key_statistics_tell_the_true_books(account: str) -> None:
    books = life().books
    (row,) = sections(account)["Key Statistics/BeginningNAV"]
    change = books.change_in_nav(account, START, END)
    assert abs(money(row["BeginningNAV"]) - change["startingValue"]) <= HALF
    assert abs(money(row["EndingNAV"]) - change["endingValue"]) <= HALF
    named = ("MTM", "Deposits & Withdrawals", "Dividends", "Interest", "Fees & Commissions", "Other")
    assert abs(sum(money(row[name]) for name in named) - money(row["ChangeInNAV"])) <= CENT * 4
    assert money(row["Other"]) != 0
    flows = sum(books.inflow(account, day) - books.outflow(account, day) for day in days(account))
    assert abs(money(row["Deposits & Withdrawals"]) - flows) <= HALF
    percent = books.cumulative_twr(account, START, END) * 100
    assert abs(money(row["CumulativeReturn"]) - percent) <= HALF


def days(account: str) -> list[date]:
    return [day for day in life().books.days(account) if START <= day <= END]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_returns_by_month_and_day(account: str) -> None:
    found, books = sections(account), life().books
    months = found["Historical Performance/Month"]
    assert [row["Month"] for row in months] == sorted({f"{day:%Y%m}" for day in days(account)})
    for row in months:
        own = [day for day in days(account) if f"{day:%Y%m}" == row["Month"]]
        percent = books.cumulative_twr(account, own[0], own[-1]) * 100
        assert abs(money(row["AccountReturn"]) - percent) <= HALF, row
    daily = found["Time Period Performance Statistics/Date"]
    assert [datetime.strptime(row["Date"], "%m/%d/%y").date() for row in daily] == days(account)
    for row, day in zip(daily, days(account), strict=True):
        assert abs(money(row["Return"]) - (books.twr(account, day) or 0) * 100) <= HALF
    (to_date,) = found["Historical Performance/Account"]
    since = {"MTD": date(2025, 10, 1), "YTD": date(2025, 1, 1), "1 Year": date(2024, 10, 18)}
    for name, first in {**since, "Since Inception": START}.items():
        percent = books.cumulative_twr(account, first, END) * 100
        assert abs(money(to_date[name]) - percent) <= HALF, name
    assert to_date["3 Year"] == to_date["5 Year"] == "-"
    assert {row["Quarter"] for row in found["Historical Performance/Quarter"]} >= {"2024Q1", "2025Q4"}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_allocation_is_nav_by_day(account: str) -> None:
    rows = sections(account)["Allocation by Asset Class/Date"]
    assert [row["Date"] for row in rows] == [f"{day:%Y%m%d}" for day in days(account)]
    for row, day in zip(rows, days(account), strict=True):
        assert abs(money(row["NAV"]) - life().books.nav(account, day)) <= HALF
        classes = [money(text) for name, text in row.items() if name not in ("Date", "NAV")]
        assert abs(sum(classes) - money(row["NAV"])) <= CENT * 4
    assert ("Options" in rows[0]) is (account == "U1000001" or held_options(account))


def held_options(account: str) -> bool:
    return any(life().books.nav_parts(account, day)["options"] for day in days(account))


def test_several_accounts_are_consolidated_in_one_currency() -> None:
    (row,) = sections(*ACCOUNTS)["Key Statistics/BeginningNAV"]
    (about,) = sections(*ACCOUNTS)["Introduction/Name"]
    assert (about["Account"], about["BaseCurrency"]) == ("Consolidated", "EUR")
    whole = money(row["EndingNAV"])
    own = life().books.nav("U1000001", days("U1000001")[-1])
    other = life().books.nav("U2000002", days("U2000002")[-1])
    rate = (whole - own) / other
    assert Decimal("0.8") < rate < Decimal("0.9")
    named = ("MTM", "Deposits & Withdrawals", "Dividends", "Interest", "Fees & Commissions", "Other")
    assert abs(sum(money(row[name]) for name in named) - money(row["ChangeInNAV"])) <= CENT * 4
    with pytest.raises(ValueError, match="none given"):
        life().portfolio_analyst([], START, END, WHEN)


def test_the_file_mixes_its_formats_as_the_real_one_does() -> None:
    found = sections("U1000001", start=date(2023, 1, 2))
    assert found["Deposits And Withdrawals/Date"][0]["Amount"] == "150,000.00"
    assert found["Deposits And Withdrawals/Date"][0]["Date"] == "01/02/23"
    assert found["Open Position Summary/Date"][0]["Date"] == f"{END:%m/%d/%Y}"
    assert found["Fee Summary/Date"][-1]["Date"] == "Total"
    totals = [row for row in found["Open Position Summary/Date"] if row["Date"] == "Total"]
    assert totals
    assert all("FXRateToBase" not in row for row in totals)
    short = sections("U1000001", start=END, end=END)["Key Statistics/BeginningNAV"][0]
    assert (short["5DayReturn"], short["5DayReturnDateRange"]) == ("-", "-")
