"""Every identity of FLEX.md holds, exactly, in documents of any period: read by code that shares nothing
with the writer.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random

import pytest
from lxml import etree
from simulator_oracle import CHECKS, Statement, executions, failures, number, read

from transforms.broker_simulator import Simulation, simulate

SEEDS = (1, 2, 3, 7, 11)
LATER = datetime(2027, 1, 1, 4)


@cache
def life(seed: int) -> Simulation:
    return simulate(seed)


def content(seed: int, start: date, end: date, account: str, generated: datetime = LATER) -> bytes:
    return life(seed).document([account], start, end, generated).content()


def periods(seed: int) -> list[tuple[date, date]]:
    """Years, months and days that differ from seed to seed, and spans that respect no calendar."""
    random = Random(seed)
    year = 2023 + seed % 3
    month = date(2023 + random.randrange(3), random.randrange(1, 13), 1)
    spans = [
        (date(year, 1, 1), date(year, 12, 31)),
        (month, (month + timedelta(40)).replace(day=1) - timedelta(1)),
    ]
    business = life(seed).days
    spans += [(day, day) for day in random.sample(business, 6)]
    for _ in range(3):
        start = date(2023, 1, 1) + timedelta(random.randrange(1000))
        spans.append((start, start + timedelta(random.randrange(5, 90))))
    return spans


@pytest.mark.parametrize("account", ["U1000001", "U2000002"])
@pytest.mark.parametrize("seed", SEEDS)
def test_identities_hold_in_documents_of_any_period(seed: int, account: str) -> None:
    broken = [
        (start, end, failure)
        for start, end in periods(seed)
        for failure in failures(content(seed, start, end, account))
    ]
    assert broken == []


def test_identities_hold_over_the_whole_life_and_with_plain_trades() -> None:
    simulation = simulate(5, extra_trades=6_000)
    document = simulation.document(simulation.accounts, simulation.days[0], simulation.days[-1], LATER)
    content = document.content()
    assert failures(content) == []
    plain = [row for of in read(content) for row in executions(of) if row["symbol"].startswith("LQ")]
    assert len(plain) == 6_000
    assert len({row["transactionID"] for row in plain}) == 6_000
    assert len({row["accountId"] for row in plain}) == 2
    assert {row["currency"] for row in plain} == {"EUR", "GBP", "USD"}
    assert all(len(row) - 1 >= 72 for row in plain)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_each_identity_can_be_broken(check: str) -> None:
    """A figure changed by a ten-thousandth is noticed: no identity holds whatever the document says."""
    touched = {
        "change_in_nav_adds_up": ("ChangeInNAV", "mtm"),
        "equity_summary_spans_the_change": ("EquitySummaryByReportDateInBase", "stock"),
        "parts_of_nav_are_the_sections_totals": ("OpenPosition", "positionValue"),
        "mark_to_market_agrees_everywhere": ("PriorPeriodPosition", "priorMtmPnl"),
        "unrealized_is_value_less_cost": ("OpenPosition", "costBasisMoney"),
        "cash_report_adds_up": ("CashReportCurrency", "dividends"),
        "rows_rebuild_each_currency": ("CashTransaction", "amount"),
        "statement_of_funds_runs_to_the_cash_report": ("StatementOfFundsLine", "balance"),
        "trades_add_up": ("Trade", "ibCommission"),
        "levels_of_detail_agree": ("Order", "proceeds"),
        "returns_chain_to_twr": ("ChangeInNAV", "twr"),
        "rates_are_the_days_rates": ("ConversionRate", "rate"),
    }
    tag, name = touched[check]
    root = etree.fromstring(content(7, date(2024, 1, 1), date(2024, 12, 31), "U1000001"))
    victim = next(row for row in root.iter(tag) if row.get(name) and row.get("fromCurrency") in (None, "USD"))
    victim.set(name, str(Decimal(victim.get(name)) + Decimal("0.0001")))
    (of,) = [Statement(element) for element in root.iter("FlexStatement")]
    assert list(CHECKS[check](of)) != []


def test_daily_changes_add_up_to_the_year() -> None:
    """Components of a year's change in NAV are the sums of its days' components; the return is their
    product.
    """
    days = [day for day in life(7).days if day.year == 2024]
    parts: dict[str, Decimal] = {}
    growth = Decimal(1)
    for day in days:
        (row,) = read(content(7, day, day, "U1000001"))[0].rows("ChangeInNAV")
        growth *= 1 + number(row, "twr") / 100
        for name in ("mtm", "depositsWithdrawals", "dividends", "commissions", "fxTranslation", "interest"):
            parts[name] = parts.get(name, Decimal(0)) + number(row, name)
    (year,) = read(content(7, date(2024, 1, 1), date(2024, 12, 31), "U1000001"))[0].rows("ChangeInNAV")
    assert {name: number(year, name) for name in parts} == parts
    assert abs((growth - 1) * 100 - number(year, "twr")) < Decimal("1e-7")


def test_month_and_year_to_date_twins() -> None:
    of = read(content(7, date(2024, 6, 1), date(2024, 6, 30), "U1000001"))[0]
    so_far = read(content(7, date(2024, 1, 1), date(2024, 6, 30), "U1000001"))[0]
    for currency in ("BASE_SUMMARY", "EUR", "USD"):
        (row,), (half,) = (
            of.rows("CashReport", currency=currency),
            so_far.rows("CashReport", currency=currency),
        )
        for name in ("commissions", "deposits", "dividends", "netTradesPurchases", "otherFees"):
            assert row[f"{name}MTD"] == row[name]
            assert row[f"{name}YTD"] == half[name] == half[f"{name}YTD"]


@pytest.mark.parametrize("account", ["U1000001", "U2000002"])
def test_nothing_is_written_with_more_than_nine_decimal_places(account: str) -> None:
    of = read(content(7, date(2023, 1, 1), date(2025, 12, 31), account))[0]
    texts = {
        "description",
        "symbol",
        "actionDescription",
        "activityDescription",
        "ibExecID",
        "brokerageOrderID",
    }
    long = set()
    for rows in of.sections.values():
        for row in rows:
            for name, value in row.items():
                if name not in texts and "." in value and value.replace(".", "").lstrip("-").isdigit():
                    long |= (
                        {(name, value)}
                        if len(value.split(".")[1]) > 9 or value.startswith("-0.0 ")
                        else set()
                    )
    assert long == set()


def test_positions_are_conserved() -> None:
    """Trades, corporate actions and transfers since the opening make the positions of the last day, fund by
    fund.
    """
    for account in life(7).accounts:
        of = read(content(7, date(2023, 1, 1), date(2025, 12, 31), account))[0]
        held: dict[str, Decimal] = {}
        moves = [row for row in executions(of) if row["assetCategory"] != "CASH"]
        moves += of.rows("CorporateActions", levelOfDetail="DETAIL") + of.rows("Transfers")
        for row in moves:
            held[row["conid"]] = held.get(row["conid"], Decimal(0)) + number(row, "quantity")
        held.pop("", None)
        shown = {
            row["conid"]: number(row, "position") for row in of.rows("OpenPositions", levelOfDetail="SUMMARY")
        }
        assert {conid: quantity for conid, quantity in held.items() if quantity} == shown
        assert len(shown) > 5
