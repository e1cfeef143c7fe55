"""The life of the accounts holds what a broker's documents can hold, each told in IBKR's way."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from lxml import etree
from simulator_oracle import Row, Statement, executions, number, read

from transforms.broker_simulator import simulate

EVERYTHING = (date(2023, 1, 1), date(2025, 12, 31), datetime(2026, 1, 6, 4))
SECTIONS = (
    *(
        "AccountInformation",
        "ChangeInNAV",
        "CashReport",
        "EquitySummaryInBase",
        "MTMPerformanceSummaryInBase",
    ),
    *("FIFOPerformanceSummaryInBase", "StmtFunds", "OpenPositions", "Trades", "CashTransactions"),
    *("CorporateActions", "OptionEAE", "Transfers", "ChangeInDividendAccruals", "OpenDividendAccruals"),
    *("InterestAccruals", "SecuritiesInfo", "ConversionRates", "PriorPeriodPositions"),
)


@cache
def statements() -> tuple[Statement, ...]:
    simulation = simulate()
    return tuple(read(simulation.document(simulation.accounts, *EVERYTHING).content()))


def every(section: str, **wanted: str) -> list[Row]:
    return [row for of in statements() for row in of.rows(section, **wanted)]


def fills(**wanted: str) -> list[Row]:
    return [
        row for of in statements() for row in executions(of) if all(row[k] == v for k, v in wanted.items())
    ]


def cash(**wanted: str) -> list[Row]:
    return every("CashTransactions", levelOfDetail="DETAIL", **wanted)


def actions(kind: str) -> list[Row]:
    return every("CorporateActions", levelOfDetail="DETAIL", type=kind)


ITEMS: dict[str, Callable[[], bool]] = {
    "stocks and ETFs in three currencies": lambda: (
        {(r["currency"], r["subCategory"]) for r in fills(assetCategory="STK")}
        >= {("USD", "COMMON"), ("USD", "ETF"), ("EUR", "COMMON"), ("EUR", "ETF"), ("GBP", "COMMON")}
    ),
    "a short position": lambda: any(
        r["side"] == "Short" and r["assetCategory"] == "STK" for r in every("OpenPositions")
    ),
    "options bought": lambda: bool(fills(assetCategory="OPT", buySell="BUY", openCloseIndicator="O")),
    "options written": lambda: bool(fills(assetCategory="OPT", buySell="SELL", openCloseIndicator="O")),
    "bought options that expire": lambda: bool(fills(assetCategory="OPT", notes="Ep", buySell="SELL")),
    "written options that expire": lambda: bool(fills(assetCategory="OPT", notes="Ep", buySell="BUY")),
    "an expiry reported the next business day": lambda: any(
        r["reportDate"] > r["tradeDate"] for r in fills(notes="Ep")
    ),
    "a call exercised": lambda: bool(fills(assetCategory="STK", notes="Ex", buySell="BUY")),
    "a put exercised": lambda: bool(fills(assetCategory="STK", notes="Ex", buySell="SELL")),
    "a covered call assigned": lambda: bool(fills(assetCategory="STK", notes="A", openCloseIndicator="C")),
    "a put assigned": lambda: bool(fills(assetCategory="STK", notes="A", openCloseIndicator="O")),
    "option events told": lambda: (
        {r["transactionType"] for r in every("OptionEAE")}
        == {"Assignment", "Exercise", "Expiration", "Buy", "Sell"}
    ),
    "a future": lambda: bool(fills(assetCategory="FUT")),
    "a future sold in the evening before its trade date": lambda: any(
        r["dateTime"][:8] < r["tradeDate"] for r in fills(assetCategory="FUT")
    ),
    "a conversion": lambda: bool(fills(assetCategory="CASH", notes="")),
    "a conversion whose commission is in neither trade currency": lambda: any(
        r["ibCommissionCurrency"] not in r["symbol"] or r["ibCommissionCurrency"] != r["currency"]
        for r in fills(assetCategory="CASH", notes="")
    ),
    "an automatic conversion": lambda: bool(fills(assetCategory="CASH", notes="AFx")),
    "a bond": lambda: {r["buySell"] for r in fills(assetCategory="BOND")} == {"BUY", "SELL"},
    "accrued interest under the bond trade's id": lambda: all(
        number(r, "accruedInt") == number(cash(tradeID=r["tradeID"])[0], "amount")
        for r in fills(assetCategory="BOND")
    ),
    "a coupon": lambda: any("COUPON" in r["description"] for r in cash(type="Bond Interest Received")),
    "deposits in three currencies": lambda: (
        len({r["currency"] for r in deposits() if number(r, "amount") > 0}) > 1
    ),
    "withdrawals, one large": lambda: min(number(r, "amount") for r in deposits()) <= -200_000,
    "dividends with withholding": lambda: (
        {r["currency"] for r in cash(type="Withholding Tax")} == {"EUR", "USD"}
    ),
    "a withholding tax reversed nine months later": lambda: any(
        number(r, "amount") > 0 and (r["dateTime"][4:6], r["reportDate"][4:6]) == ("01", "10")
        for r in cash(type="Withholding Tax")
    ),
    "payment in lieu received": lambda: any(
        number(r, "amount") > 0 for r in cash(type="Payment In Lieu Of Dividends")
    ),
    "payment in lieu paid on a short": lambda: any(
        number(r, "amount") < 0 for r in cash(type="Payment In Lieu Of Dividends")
    ),
    "broker interest received": lambda: bool(cash(type="Broker Interest Received")),
    "broker interest paid": lambda: bool(cash(type="Broker Interest Paid")),
    "fees and a refund": lambda: {number(r, "amount") > 0 for r in cash(type="Other Fees")} == {True, False},
    "transaction tax": lambda: any(number(r, "taxes") < 0 for r in fills(currency="GBP")),
    "a forward split in one row": lambda: [number(r, "quantity") > 0 for r in actions("FS")] == [True] * 2,
    "a reverse split": lambda: {r["symbol"] for r in actions("RS")} == {"ORBT", "ORBT.OLD"},
    "a symbol change": lambda: {r["symbol"] for r in actions("IC")} == {"NEWN", "OLDN.OLD"},
    "a spin-off": lambda: all(number(r, "quantity") > 0 for r in actions("SO")) and bool(actions("SO")),
    "a cash-and-stock merger in three legs": lambda: (
        len(actions("TC")) == 6 and sum(number(r, "proceeds") > 0 for r in actions("TC")) == 2
    ),
    "an ACATS transfer in, securities and cash": lambda: (
        {r["assetCategory"] for r in every("Transfers", type="ACATS")} == {"STK", "CASH"}
    ),
    "a transfer in a foreign currency": lambda: any(
        Decimal(r["fxRateToBase"]) != 1 for r in every("Transfers")
    ),
    "a fill in parts": lambda: any(n > 1 for n in Counter(r["ibOrderID"] for r in fills(notes="P")).values()),
    "fractional shares": lambda: any("." in r["quantity"] for r in fills(assetCategory="STK")),
    "dividend accruals posted and reversed": lambda: (
        {r["code"] for r in every("ChangeInDividendAccruals")} == {"Po", "Re"}
    ),
    "an accrual open at the end": lambda: bool(every("OpenDividendAccruals")),
}


def deposits() -> list[Row]:
    return cash(type="Deposits/Withdrawals")


@pytest.mark.parametrize("item", sorted(ITEMS))
def test_the_life_holds(item: str) -> None:
    assert ITEMS[item]()


def test_every_section_is_there_and_filled() -> None:
    for of in statements():
        assert [name for name in SECTIONS if not of.sections[name]] == []


def test_attributes_are_those_of_real_documents() -> None:
    """No attribute is invented, and the rows that matter most have exactly those of real documents."""
    folder = Path(__file__).parents[3] / "../shared/samples/flex"
    if not folder.is_dir():
        pytest.skip("real samples are not beside the repository")
    real: dict[str, set[str]] = {}
    for path in sorted(folder.glob("*/*.xml")):
        for element in etree.parse(path).iter(etree.Element):
            real.setdefault(element.tag, set()).update(element.attrib)
    known = set().union(*real.values())
    ours: dict[str, set[str]] = {}
    for of in statements():
        for row in (row for rows in of.sections.values() for row in rows):
            ours.setdefault(row["#"], set()).update(set(row) - {"#"})
    assert {tag: names - known for tag, names in ours.items() if names - known} == {}
    same = (
        "ChangeInNAV",
        "EquitySummaryByReportDateInBase",
        "OpenPosition",
        "CashTransaction",
        "CorporateAction",
    )
    assert {tag: real[tag] ^ ours[tag] for tag in same if real[tag] != ours[tag]} == {}


def test_cancel_and_rebook() -> None:
    """Three rows that net to the rebooked fill: the cancel negates the first, the third keeps its tradeID."""
    (cancel,) = fills(transactionType="TradeCancel")
    first, again = fills(tradeID=cancel["origTradeID"])
    assert (cancel["notes"], cancel["buySell"], cancel["tradeID"]) == ("Ca", "BUY (Ca.)", "")
    assert cancel["origTransactionID"] == first["transactionID"] != again["transactionID"]
    for name in ("quantity", "proceeds", "ibCommission", "netCash", "cost"):
        assert number(first, name) + number(cancel, name) == 0
    assert number(again, "tradePrice") == number(first, "tradePrice") - Decimal("0.12")
    assert first["reportDate"] < cancel["reportDate"] == again["reportDate"]


def test_identical_fills_differ_in_their_ids_alone() -> None:
    by_rest: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    ids = {"transactionID", "tradeID", "ibExecID", "extExecID"}
    for row in fills():
        rest = tuple(sorted((name, value) for name, value in row.items() if name not in ids))
        by_rest.setdefault(rest, []).append(row)
    (twins,) = [rows for rows in by_rest.values() if len(rows) > 1]
    assert len(twins) == 2
    for name in ids:
        assert twins[0][name] != twins[1][name]


def test_lots_of_identical_fills_are_identical() -> None:
    lots = Counter(tuple(sorted(row.items())) for row in every("Trades", levelOfDetail="CLOSED_LOT"))
    assert max(lots.values()) == 2
    assert all(dict(lot)["transactionID"] == "" for lot in lots)


def test_margin_of_a_future_is_what_it_gained() -> None:
    """Cash that the future brought from open to close = its profit before commission; NAV never held its
    notional.
    """
    for of in statements():
        trades = [row for row in executions(of) if row["assetCategory"] == "FUT"]
        gained = sum(number(row, "proceeds") for row in trades)
        (report,) = of.rows("CashReport", currency="USD")
        assert number(report, "cashSettlingMtm") == gained != 0
        realized = sum(number(row, "fifoPnlRealized") for row in trades)
        assert realized == gained + sum(number(row, "ibCommission") for row in trades)
        marks = [row for row in of.rows("PriorPeriodPositions") if row["assetCategory"] == "FUT"]
        assert len(marks) > 5


def test_premium_moves_into_the_shares() -> None:
    """A written put that is assigned lowers the cost of the shares it buys by what was received for it."""
    (shares,) = fills(assetCategory="STK", notes="A", openCloseIndicator="O")
    option = next(
        row for row in fills(assetCategory="OPT", notes="A") if row["dateTime"] == shares["dateTime"]
    )
    assert (option["tradePrice"], option["fifoPnlRealized"]) == ("0", "0")
    assert number(shares, "cost") == -number(shares, "netCash") - number(option, "cost")


def test_transaction_ids_are_unique_and_increase_with_the_days() -> None:
    for of in statements():
        rows = executions(of)
        for section in ("CashTransactions", "CorporateActions"):
            rows += of.rows(section, levelOfDetail="DETAIL")
        rows += of.rows("Transfers")
        ids = [int(row["transactionID"]) for row in rows]
        assert len(set(ids)) == len(ids)
        ordered = sorted(rows, key=lambda row: int(row["transactionID"]))
        days = [row["reportDate"] for row in ordered]
        assert days == sorted(days)


def test_isins_have_valid_check_digits() -> None:
    isins = {row["isin"] for row in every("SecuritiesInfo")} - {""}
    assert len(isins) > 15
    for isin in isins:
        digits = [int(d) for d in "".join(str(int(char, 36)) for char in isin)]
        doubled = [d if place % 2 == 0 else d * 2 for place, d in enumerate(reversed(digits))]
        assert sum(d // 10 + d % 10 for d in doubled) % 10 == 0, isin
