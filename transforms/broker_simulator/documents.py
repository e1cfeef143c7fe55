"""Documents: which sections a statement has, in which order, and their bytes as a stream. Rows are made
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from transforms.broker_simulator import rows_cash, rows_events, rows_positions, rows_totals
from transforms.broker_simulator.activity_statement import ActivityStatement
from transforms.broker_simulator.calendars import day_range
from transforms.broker_simulator.flex_csv import FlexCsv, Framing
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.plain_trades import PlainTrades
from transforms.broker_simulator.rows_plain import plain_rows
from transforms.broker_simulator.rows_trades import trade_rows
from transforms.broker_simulator.text_document import TextDocument
from transforms.broker_simulator.xml_text import attributes, day_text, stamp

# other sections a full query has, which this life leaves empty
_EMPTY = (
    *("FdicInsuredDepositsByBank", "ComplexPositions", "FxPositions", "TradeTransfers", "TransactionTaxes"),
    *("PendingExcercises", "FxTransactions", "UnbookedTrades", "UnsettledTransfers", "SalesTaxes"),
)


@dataclass(frozen=True)
class StatementSource:
    """What one FlexStatement tells: the books as known, and the calendar days [start, end]."""

    ledger: Ledger
    plain: PlainTrades
    start: date
    end: date
    when_generated: datetime
    period: str

    def lines(self) -> Iterator[str]:
        """The statement's lines, without line ends."""
        ledger = self.ledger
        days = day_range(ledger.market.days, self.start, self.end)
        head = attributes(
            (
                ("accountId", ledger.account.account_id),
                ("fromDate", day_text(self.start)),
                ("toDate", day_text(self.end)),
                ("period", self.period),
                ("whenGenerated", stamp(self.when_generated)),
            )
        )
        yield f"<FlexStatement {head}>"
        yield rows_totals.account_row(ledger)
        yield rows_totals.change_in_nav_row(ledger, self.start, self.end)
        for section, rows in self._sections(days):
            yield f"<{section}>"
            yield from rows
            yield f"</{section}>"
        for section in _EMPTY:
            yield f"<{section}>"
            yield f"</{section}>"
        yield "</FlexStatement>"

    def _sections(self, days: range) -> Iterator[tuple[str, Iterable[str]]]:
        ledger, start, end = self.ledger, self.start, self.end
        yield "CashReport", rows_cash.cash_report_rows(ledger, start, end, days)
        yield "MTMPerformanceSummaryInBase", rows_positions.mtm_rows(ledger, days)
        yield "EquitySummaryInBase", rows_totals.equity_rows(ledger, days)
        yield "FIFOPerformanceSummaryInBase", rows_positions.fifo_rows(ledger, days)
        yield "StmtFunds", rows_cash.funds_rows(ledger, days)
        yield "OpenPositions", rows_positions.open_position_rows(ledger, days[-1])
        yield "Trades", self._trades(days)
        yield "OptionEAE", rows_events.option_event_rows(ledger, days)
        yield "PriorPeriodPositions", rows_positions.prior_position_rows(ledger, days)
        yield "CorporateActions", rows_events.corporate_action_rows(ledger, days)
        yield "CashTransactions", rows_cash.cash_transaction_rows(ledger, days)
        yield "InterestAccruals", rows_cash.interest_rows(ledger, start, end, days)
        yield "Transfers", rows_cash.transfer_rows(ledger, days)
        yield "ChangeInDividendAccruals", rows_events.accrual_change_rows(ledger, days)
        yield "OpenDividendAccruals", rows_events.open_accrual_rows(ledger, days[-1])
        yield "SecuritiesInfo", rows_events.security_rows(ledger, days)
        yield "ConversionRates", rows_events.rate_rows(ledger, days)

    def _trades(self, days: range) -> Iterator[str]:
        for day in days:
            yield from trade_rows(self.ledger, day)
            yield from plain_rows(self.ledger, self.plain, day)


@dataclass(frozen=True)
class Document(TextDocument):
    """A Flex XML document; `flex_csv` and `activity_statement` tell the same as the broker's other files do."""

    query_name: str
    sources: tuple[StatementSource, ...]

    def lines(self) -> Iterator[str]:
        """The document's lines, without line ends."""
        yield f"<FlexQueryResponse {attributes((('queryName', self.query_name), ('type', 'AF')))}>"
        yield f'<FlexStatements count="{len(self.sources)}">'
        for source in self.sources:
            yield from source.lines()
        yield "</FlexStatements>"
        yield "</FlexQueryResponse>"

    def flex_csv(self, framing: Framing) -> FlexCsv:
        """The same rows as the Flex query gives them in CSV."""
        return FlexCsv(f"{self._stem}_{framing}.csv", self.query_name, self.sources, framing)

    def activity_statement(self) -> ActivityStatement:
        """The Activity Statement CSV about the same days; raises ValueError unless it is of one account."""
        if len(self.sources) != 1:
            raise ValueError(f"an activity statement is of one account, not of {len(self.sources)}")
        return ActivityStatement(f"{self._stem}_activity.csv", self.sources[0])

    @property
    def _stem(self) -> str:
        return self.file_name.removesuffix(".xml")
