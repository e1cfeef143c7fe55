"""An independent reading of a Flex document: lxml and Decimal, no code of the simulator. It says which
identities fail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise

from lxml import etree

ZERO = Decimal(0)
NOT_COMPONENTS = {
    *(
        "accountId",
        "acctAlias",
        "model",
        "fromDate",
        "toDate",
        "currency",
        "levelOfDetail",
        "depositWithdrawals",
    ),
    *("startingValue", "endingValue", "twr", "startingCash", "endingCash", "endingSettledCash"),
    "corporateActionProceeds",
}
CLASSES = {"stock": "STK", "options": "OPT", "bonds": "BOND"}
Row = dict[str, str]


def number(row: Row, name: str) -> Decimal:
    return Decimal(row[name].replace(",", "") or 0)


def in_base(row: Row, name: str) -> Decimal:
    return number(row, name) * Decimal(row["fxRateToBase"])


class Statement:
    """One FlexStatement: rows by section, with their tag under `#`."""

    def __init__(self, element: etree._Element) -> None:
        self.about: Row = dict(element.attrib)
        self.sections: dict[str, list[Row]] = {}
        for section in element:
            rows = [dict(row.attrib) | {"#": row.tag} for row in section.iterdescendants()]
            if section.attrib:
                rows.insert(0, dict(section.attrib) | {"#": section.tag})
            self.sections[section.tag] = rows

    def rows(self, section: str, **wanted: str) -> list[Row]:
        names = {"tag": "#"}
        return [
            row
            for row in self.sections[section]
            if all(row.get(names.get(name, name)) == value for name, value in wanted.items())
        ]

    @property
    def currencies(self) -> list[str]:
        return [row["currency"] for row in self.rows("CashReport", levelOfDetail="Currency")]


def read(content: bytes) -> list[Statement]:
    root = etree.fromstring(content)
    assert root.tag == "FlexQueryResponse"
    holder = root.find("FlexStatements")
    assert int(holder.get("count")) == len(holder)
    return [Statement(element) for element in holder]


Check = Callable[[Statement], Iterator[str]]
CHECKS: dict[str, Check] = {}


def identity(check: Check) -> Check:
    CHECKS[check.__name__] = check
    return check


def _same(what: str, one: Decimal, other: Decimal) -> Iterator[str]:
    if one != other:
        yield f"{what}: {one} is not {other}"


@identity
def change_in_nav_adds_up(of: Statement) -> Iterator[str]:
    (row,) = of.rows("ChangeInNAV")
    parts = sum((number(row, name) for name in row if name not in NOT_COMPONENTS and name != "#"), ZERO)
    yield from _same("ChangeInNAV", number(row, "startingValue") + parts, number(row, "endingValue"))


@identity
def equity_summary_spans_the_change(of: Statement) -> Iterator[str]:
    days, (row,) = of.rows("EquitySummaryInBase"), of.rows("ChangeInNAV")
    yield from _same("first day", number(days[0], "total"), number(row, "startingValue"))
    yield from _same("last day", number(days[-1], "total"), number(row, "endingValue"))
    if days[0]["reportDate"] >= row["fromDate"]:
        yield "the first equity row is not before the period"
    for day in days:
        parts = ("cash", "stock", "options", "bonds", "dividendAccruals", "interestAccruals")
        yield from _same(
            day["reportDate"], sum((number(day, part) for part in parts), ZERO), number(day, "total")
        )
        for part in (*parts, "total"):
            yield from _same(
                part, number(day, f"{part}Long") + number(day, f"{part}Short"), number(day, part)
            )


@identity
def parts_of_nav_are_the_sections_totals(of: Statement) -> Iterator[str]:
    last = of.rows("EquitySummaryInBase")[-1]
    (cash,) = of.rows("CashReport", currency="BASE_SUMMARY")
    funds = of.rows("StmtFunds", levelOfDetail="BaseCurrency")
    yield from _same("cash report", number(cash, "endingCash"), number(last, "cash"))
    yield from _same("statement of funds", number(funds[-1], "balance"), number(last, "cash"))
    positions = of.rows("OpenPositions", levelOfDetail="SUMMARY")
    for part, category in CLASSES.items():
        values = [in_base(row, "positionValue") for row in positions if row["assetCategory"] == category]
        yield from _same(part, sum(values, ZERO), number(last, part))
    accrued = sum((in_base(row, "netAmount") for row in of.rows("OpenDividendAccruals")), ZERO)
    yield from _same("dividend accruals", accrued, number(last, "dividendAccruals"))
    interest = of.rows("InterestAccruals", currency="BASE_SUMMARY")
    ending = number(interest[0], "endingAccrualBalance") if interest else ZERO
    yield from _same("interest accruals", ending, number(last, "interestAccruals"))
    for row in of.rows("InterestAccruals"):
        moved = sum(number(row, n) for n in ("interestAccrued", "accrualReversal", "fxTranslation"))
        balance = number(row, "startingAccrualBalance") + moved
        yield from _same("interest", balance, number(row, "endingAccrualBalance"))


@identity
def mark_to_market_agrees_everywhere(of: Statement) -> Iterator[str]:
    (change,) = of.rows("ChangeInNAV")
    rows = [row for row in of.rows("MTMPerformanceSummaryInBase") if row["conid"]]
    marked = sum((number(row, "total") - number(row, "commissions") for row in rows), ZERO)
    yield from _same("mtm", marked, number(change, "mtm"))
    for row in rows:
        parts = sum(number(row, name) for name in ("priorOpenMtm", "transactionMtm", "commissions", "other"))
        yield from _same(row["symbol"], parts, number(row, "total"))
    prior = sum((number(row, "priorOpenMtm") for row in rows), ZERO)
    daily = sum((in_base(row, "priorMtmPnl") for row in of.rows("PriorPeriodPositions")), ZERO)
    yield from _same("priorMtmPnl", daily, prior)
    paid = sum((number(row, "commissions") for row in rows), ZERO)
    yield from _same("commissions", paid, number(change, "commissions") + number(change, "forexCommissions"))


@identity
def unrealized_is_value_less_cost(of: Statement) -> Iterator[str]:
    rows = of.rows("OpenPositions")
    for row in rows:
        gained = number(row, "positionValue") - number(row, "costBasisMoney")
        yield from _same(row["symbol"], gained, number(row, "fifoPnlUnrealized"))
    shown = sum(
        (in_base(row, "fifoPnlUnrealized") for row in rows if row["levelOfDetail"] == "SUMMARY"), ZERO
    )
    fifo = of.rows("FIFOPerformanceSummaryInBase", description="Total (All Assets)")
    yield from _same("FIFO", number(fifo[0], "totalUnrealizedPnl") if fifo else ZERO, shown)
    lots: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for row in rows:
        sign = 1 if row["levelOfDetail"] == "LOT" else -1
        lots[row["conid"]][0] += sign * number(row, "position")
        lots[row["conid"]][1] += sign * number(row, "costBasisMoney")
    for conid, (quantity, cost) in lots.items():
        yield from _same(f"lots of {conid}", quantity, ZERO)
        yield from _same(f"cost of {conid}", cost, ZERO)
    realized = sum((in_base(row, "fifoPnlRealized") for row in executions(of)), ZERO)
    realized += sum(
        (in_base(row, "fifoPnlRealized") for row in of.rows("CorporateActions", levelOfDetail="DETAIL")), ZERO
    )
    yield from _same("realized", number(fifo[0], "totalRealizedPnl") if fifo else ZERO, realized)


def executions(of: Statement) -> list[Row]:
    return of.rows("Trades", levelOfDetail="EXECUTION")


@identity
def cash_report_adds_up(of: Statement) -> Iterator[str]:
    for row in of.rows("CashReport"):
        names = [name for name in row if f"{name}Sec" in row and name not in NOT_COMPONENTS]
        parts = sum((number(row, name) for name in names), ZERO)
        yield from _same(row["currency"], number(row, "startingCash") + parts, number(row, "endingCash"))
        both = number(row, "deposits") + number(row, "withdrawals")
        yield from _same("depositWithdrawals", both, number(row, "depositWithdrawals"))


@identity
def rows_rebuild_each_currency(of: Statement) -> Iterator[str]:
    moved: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in executions(of):
        if row["assetCategory"] == "CASH":
            first, second = row["symbol"].split(".")
            moved[first] += number(row, "quantity")
            moved[second] += number(row, "proceeds")
            moved[row["ibCommissionCurrency"]] += number(row, "ibCommission")
        else:
            moved[row["currency"]] += number(row, "netCash")
    for row in of.rows("CashTransactions", levelOfDetail="DETAIL"):
        moved[row["currency"]] += number(row, "amount")
    for row in of.rows("CorporateActions", levelOfDetail="DETAIL"):
        moved[row["currency"]] += number(row, "proceeds")
    for row in of.rows("Transfers"):
        moved[row["currency"]] += number(row, "cashTransfer")
    for row in of.rows("CashReport", levelOfDetail="Currency"):
        change = number(row, "endingCash") - number(row, "startingCash") - number(row, "cashSettlingMtm")
        yield from _same(row["currency"], moved.pop(row["currency"], ZERO), change)
    yield from (f"no cash report for {currency}" for currency, amount in moved.items() if amount)


@identity
def statement_of_funds_runs_to_the_cash_report(of: Statement) -> Iterator[str]:
    for currency in (*of.currencies, "BASE_SUMMARY"):
        (cash,) = of.rows("CashReport", currency=currency)
        level = (
            {"levelOfDetail": "BaseCurrency"}
            if currency == "BASE_SUMMARY"
            else {"currency": currency, "levelOfDetail": "Currency"}
        )
        lines = of.rows("StmtFunds", **level)
        balance = number(cash, "startingCash")
        yield from _same(f"{currency} start", number(lines[0], "balance"), balance)
        for line in lines:
            balance += number(line, "amount")
            yield from _same(f"{currency} {line['activityDescription']}", number(line, "balance"), balance)
            yield from _same(
                "debit and credit", number(line, "debit") + number(line, "credit"), number(line, "amount")
            )
        yield from _same(f"{currency} end", balance, number(cash, "endingCash"))


@identity
def trades_add_up(of: Statement) -> Iterator[str]:
    delivered: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: ZERO)
    closed: list[tuple[Row, list[Row]]] = []
    for row in of.rows("Trades"):
        if row["#"] == "Lot":
            closed[-1][1].append(row)
        if row["levelOfDetail"] != "EXECUTION":
            continue
        closed.append((row, []))
        if row["assetCategory"] == "CASH":
            yield from _same("netCash of a conversion", number(row, "netCash"), ZERO)
            continue
        paid = sum(number(row, name) for name in ("proceeds", "ibCommission", "taxes"))
        net = number(row, "ibCommission") if row["assetCategory"] == "FUT" else paid
        yield from _same(f"netCash of {row['transactionID']}", net, number(row, "netCash"))
        gained = number(row, "fifoPnlRealized") - paid - number(row, "cost")
        if row["notes"] in ("A", "Ex"):  # the premium moves from the option's row to the shares'
            delivered[row["underlyingConid"] or row["conid"], row["dateTime"], row["notes"]] += gained
        elif gained:
            yield f"fifoPnlRealized of {row['transactionID']} is off by {gained}"
        multiplier = Decimal(row["multiplier"]) / (100 if row["assetCategory"] == "BOND" else 1)
        money = number(row, "quantity") * number(row, "tradePrice") * multiplier
        yield from _same(f"proceeds of {row['transactionID']}", -money, number(row, "proceeds"))
        marked = number(row, "quantity") * number(row, "closePrice") * multiplier + number(row, "proceeds")
        yield from _same(f"mtmPnl of {row['transactionID']}", marked, number(row, "mtmPnl"))
    yield from (f"premium of {key} is off by {left}" for key, left in delivered.items() if left)
    for row, lots in closed:
        if row["openCloseIndicator"] == "C":
            for name in ("quantity", "fifoPnlRealized"):
                whole = -number(row, name) if name == "quantity" else number(row, name)
                yield from _same(f"lots' {name}", sum((number(lot, name) for lot in lots), ZERO), whole)
        elif lots:
            yield f"{row['transactionID']} closes nothing but has lots"


@identity
def levels_of_detail_agree(of: Statement) -> Iterator[str]:
    for name in ("quantity", "proceeds", "ibCommission", "taxes", "netCash", "fifoPnlRealized", "mtmPnl"):
        by_level = {
            level: sum((number(row, name) for row in of.rows("Trades", levelOfDetail=level)), ZERO)
            for level in ("EXECUTION", "ORDER", "SYMBOL_SUMMARY")
        }
        if len(set(by_level.values())) > 1:
            yield f"{name} of trades by level: {by_level}"
    for section, name in (("CashTransactions", "amount"), ("CorporateActions", "quantity")):
        levels = [
            sum((number(row, name) for row in of.rows(section, levelOfDetail=level)), ZERO)
            for level in ("DETAIL", "SUMMARY")
        ]
        yield from _same(f"{section} by level", *levels)


@identity
def returns_chain_to_twr(of: Statement) -> Iterator[str]:
    """Daily returns from equity rows and from flows read off the cash and transfer rows, chained, in
    percent.
    """
    flows: dict[str, list[Decimal]] = defaultdict(list)
    for row in of.rows("CashTransactions", levelOfDetail="DETAIL", type="Deposits/Withdrawals"):
        flows[row["reportDate"]].append(in_base(row, "amount"))
    for row in of.rows("Transfers"):
        flows[row["reportDate"]].append(number(row, "positionAmountInBase") + in_base(row, "cashTransfer"))
    days, growth = of.rows("EquitySummaryInBase"), Decimal(1)
    for before, day in pairwise(days):
        moved = flows.pop(day["reportDate"], [])
        start = number(before, "total") + sum((amount for amount in moved if amount > 0), ZERO)
        end = number(day, "total") - sum((amount for amount in moved if amount < 0), ZERO)
        growth *= end / start if start else 1
    (change,) = of.rows("ChangeInNAV")
    if abs((growth - 1) * 100 - number(change, "twr")) > Decimal("1e-9"):
        yield f"twr: {(growth - 1) * 100} is not {change['twr']}"
    if flows:
        yield f"flows on days without an equity row: {sorted(flows)}"


@identity
def rates_are_the_days_rates(of: Statement) -> Iterator[str]:
    rates = {
        (row["reportDate"], row["fromCurrency"]): Decimal(row["rate"]) for row in of.rows("ConversionRates")
    }
    (about,) = of.rows("AccountInformation")
    for section, rows in of.sections.items():
        for row in rows:
            day = row.get("reportDate") or row.get("date")
            if not day or not row.get("fxRateToBase"):
                continue
            if section == "OptionEAE":
                continue  # its only date is the day of the expiry, which may be reported a day later
            expected = rates.get((day, row["currency"]), Decimal(-1))
            if row["currency"] == about["currency"]:
                expected = Decimal(1)
            yield from _same(f"{section} {day} {row['currency']}", Decimal(row["fxRateToBase"]), expected)


def failures(content: bytes) -> list[str]:
    """Everything that does not hold in a document, named by account and identity."""
    return [
        f"{of.about['accountId']} {name}: {failure}"
        for of in read(content)
        for name, check in CHECKS.items()
        for failure in check(of)
    ]
