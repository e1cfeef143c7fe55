"""A Flex query's CSV in its three framings: the rows of the XML under the CSV's section codes and column names.

Codes, framings and column names are those of public files; where none shows a name, it is the XML attribute's
with a capital first letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from transforms.broker_simulator.csv_text import quoted_line
from transforms.broker_simulator.money import ZERO, text
from transforms.broker_simulator.text_document import TextDocument
from transforms.broker_simulator.told_rows import Source, sections
from transforms.broker_simulator.xml_text import day_text

Framing = Literal["tables", "sections", "header_data"]

# section: (code, label, attribute that the end of the section sums up)
_SECTIONS = {
    "AccountInformation": ("ACCT", "Account Information", ""),
    "ChangeInNAV": ("CNAV", "Change in NAV", "endingValue"),
    "CashReport": ("CRTT", "Cash Report; trade date basis", "endingCash"),
    "MTMPerformanceSummaryInBase": ("MTMP", "MTM Performance Summary in Base", "total"),
    "EquitySummaryInBase": ("EQUT", "Net Asset Value (NAV) in Base", "total"),
    "FIFOPerformanceSummaryInBase": (
        "FIFO",
        "Realized and Unrealized Performance Summary in Base",
        "totalFifoPnl",
    ),
    "StmtFunds": ("STFU", "Statement of Funds", "amount"),
    "OpenPositions": ("POST", "Open Positions; trade date basis", "positionValue"),
    "Trades": ("TRNT", "Trades; trade date basis", "netCash"),
    "OptionEAE": ("OPTT", "Option Exercises, Assignments and Expirations", ""),
    "PriorPeriodPositions": ("PPPO", "Prior Period Positions", "priorMtmPnl"),
    "CorporateActions": ("CORP", "Corporate Actions", "proceeds"),
    "CashTransactions": ("CTRN", "Cash Transactions", "amount"),
    "InterestAccruals": ("IACC", "Interest Accruals", "endingAccrualBalance"),
    "Transfers": ("TRFR", "Transfers", "positionAmount"),
    "ChangeInDividendAccruals": ("CDIV", "Change in Dividend Accruals", "netAmount"),
    "OpenDividendAccruals": ("ODIV", "Open Dividend Accruals", "netAmount"),
    "SecuritiesInfo": ("SECU", "Financial Instrument Information", ""),
    "ConversionRates": ("RATE", "Base Currency Exchange Rate", ""),
}
_COLUMNS = {
    "accountId": "ClientAccountID",
    "acctAlias": "AccountAlias",
    "currency": "CurrencyPrimary",
    "fxRateToBase": "FXRateToBase",
    "assetCategory": "AssetClass",
    "cusip": "CUSIP",
    "isin": "ISIN",
    "figi": "FIGI",
    "putCall": "Put/Call",
    "ibCommission": "IBCommission",
    "ibCommissionCurrency": "IBCommissionCurrency",
    "ibOrderID": "IBOrderID",
    "ibExecID": "IBExecID",
    "openCloseIndicator": "Open/CloseIndicator",
    "buySell": "Buy/Sell",
    "rtn": "RTN",
    "exchOrderId": "ExchOrderID",
    "accruedInt": "AccruedInterest",
    "depositWithdrawals": "Deposit/Withdrawals",
    "depositWithdrawalsMTD": "Deposit/WithdrawalsMTD",
    "depositWithdrawalsYTD": "Deposit/WithdrawalsYTD",
    "commisionsAndTax": "CommissionsAndTax",
    "ibEntity": "IBEntity",
}
_COLUMNS_OF = {
    ("Trades", "cost"): "CostBasis",
    ("Trades", "notes"): "Notes/Codes",
    ("OpenPositions", "position"): "Quantity",
    ("CashTransactions", "dateTime"): "Date/Time",
    ("CorporateActions", "dateTime"): "Date/Time",
    ("ConversionRates", "reportDate"): "Date/Time",
}
_TWINS = (("Sec", "Securities"), ("Com", "Commodities"))


def column_name(section: str, attribute: str) -> str:
    """The CSV's name of an XML attribute in a section, both as the XML names them."""
    if (section, attribute) in _COLUMNS_OF:
        return _COLUMNS_OF[section, attribute]
    if attribute in _COLUMNS:
        return _COLUMNS[attribute]
    if section == "CashReport":
        for short, long in _TWINS:
            if attribute.endswith(short):
                return f"{column_name(section, attribute.removesuffix(short))}{long}"
    return attribute[0].upper() + attribute[1:]


@dataclass(frozen=True)
class FlexCsv(TextDocument):
    """One Flex query's CSV.

    Framings: `tables` repeats a header row where another table begins and says nothing else; `sections` puts
    each table between BOS and EOS, all of an account between BOA and EOA, and the file between BOF and EOF;
    `header_data` does so too and begins the header with HEADER, each row with DATA. EOS gives the rows' count
    and, where the section has an amount, its sum over all rows, summaries included. Empty sections have no
    header.
    """

    query_name: str
    sources: tuple[Source, ...]
    framing: Framing

    def lines(self) -> Iterator[str]:
        """The document's lines, without line ends."""
        if self.framing == "tables":
            for source in self.sources:
                yield from self._statement(source)
            return
        yield quoted_line(("BOF", *self._about()))
        for source in self.sources:
            account = source.ledger.account.account_id
            yield quoted_line(("BOA", account))
            yield from self._statement(source)
            yield quoted_line(("EOA", account))
        yield quoted_line(("EOF", self.sources[0].ledger.account.account_id))

    def _about(self) -> tuple[str, ...]:
        first = self.sources[0]
        generated = max(source.when_generated for source in self.sources)
        period = (day_text(first.start), day_text(first.end), day_text(generated.date()))
        head = (first.ledger.account.account_id, self.query_name)
        if self.framing == "sections":
            return (*head, *period)
        return (*head, str(len(self.sources)), *period, f"{generated:%H%M%S}")

    def _statement(self, source: Source) -> Iterator[str]:
        framed, prefixed = self.framing != "tables", self.framing == "header_data"
        for section, rows in sections(source):
            known = _SECTIONS.get(section)
            if known is None:
                empty = next(rows, None)
                if empty is not None:
                    raise KeyError(f"no code of the CSV stands for {section}")
                continue
            code, label, summed = known
            if framed:
                yield quoted_line(("BOS", code, label))
            names: tuple[str, ...] = ()
            count, amount = 0, ZERO
            for row in rows:
                if not names:
                    names = tuple(row.values)
                    header = [column_name(section, name) for name in names]
                    yield quoted_line(["HEADER", code, *header] if prefixed else header)
                cells = [row.values[name] for name in names]
                if len(cells) != len(row.values):
                    raise ValueError(f"rows of {section} differ in their attributes")
                yield quoted_line(["DATA", code, *cells] if prefixed else cells)
                count += 1
                if summed:
                    amount += Decimal(row.values[summed] or "0")
            if framed:
                yield quoted_line(("EOS", code, str(count), *([text(amount)] if summed else [])))
