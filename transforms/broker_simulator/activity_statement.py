"""The Activity Statement CSV: which sections stand in it, in which order. Their rows are made in `activity_*`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from transforms.broker_simulator import activity_cash, activity_summaries, activity_trades
from transforms.broker_simulator.activity_table import Lines, Told
from transforms.broker_simulator.csv_text import long_day, zoned_stamp
from transforms.broker_simulator.text_document import TextDocument
from transforms.broker_simulator.told_rows import Source, sections

_BROKERS = {
    "IB-IE": ("Interactive Brokers Ireland Limited", "North Dock One, 91/92 North Wall Quay, Dublin 1"),
    "IBLLC-US": ("Interactive Brokers LLC", "Two Pickwick Plaza, Greenwich, CT 06830"),
}
_CODES = (
    ("A", "Assignment"),
    ("C", "Closing Trade"),
    ("Ca", "Cancelled"),
    ("Ep", "Resulted from an Expired Position"),
    ("Ex", "Exercise"),
    ("FP", "Fractional Portion"),
    ("LT", "Long-term P/L"),
    ("O", "Opening Trade"),
    ("P", "Partial Execution"),
    ("Po", "Interest or Dividend Accrual Posting"),
    ("Re", "Interest or Dividend Accrual Reversal"),
    ("ST", "Short-term P/L"),
)


@dataclass(frozen=True)
class ActivityStatement(TextDocument):
    """An Activity Statement of one account, as the Client Portal's CSV gives it: `Section,Header|Data|…`.

    It tells what the Flex statement tells, rounded nowhere; sections with nothing to tell are left out. Its tables
    are sorted otherwise than the Flex rows, so these are all held while it is written.
    """

    source: Source

    def lines(self) -> Iterator[str]:
        """The document's lines, without line ends."""
        told: Told = {section: list(rows) for section, rows in sections(self.source)}
        base = self.source.ledger.account.base
        yield from self._statement()
        yield from self._account(told)
        yield from activity_summaries.net_asset_value(told)
        yield from activity_summaries.change_in_nav(told)
        yield from activity_summaries.mark_to_market(told)
        yield from activity_summaries.realized_and_unrealized(told)
        yield from activity_cash.cash_report(told)
        yield from activity_trades.open_positions(told, base)
        yield from activity_trades.trades(told, base)
        yield from activity_trades.corporate_actions(told, base)
        yield from activity_cash.transfers(told, base)
        yield from activity_cash.movements(told, base)
        yield from activity_cash.interest_accruals(told, base)
        yield from activity_cash.dividend_accruals(told, base)
        yield from activity_trades.instruments(told)
        yield from activity_summaries.exchange_rates(told, base)
        yield from Lines("Codes", "Code", "Meaning", "Code (Cont.)", "Meaning (Cont.)").of(
            (*left, *right) for left, right in zip(_CODES[::2], _CODES[1::2], strict=True)
        )
        yield from Lines("Notes/Legal Notes", "Type", "Note").of(
            [("Notes", "This account is simulated, and so is everything that this statement tells of it.")]
        )

    def _statement(self) -> Iterator[str]:
        name, address = _BROKERS[self.source.ledger.account.entity]
        start, end = long_day(self.source.start), long_day(self.source.end)
        yield from Lines("Statement", "Field Name", "Field Value").of(
            (
                ("BrokerName", name),
                ("BrokerAddress", address),
                ("Title", "Activity Statement"),
                ("Period", start if start == end else f"{start} - {end}"),
                ("WhenGenerated", zoned_stamp(self.source.when_generated)),
            )
        )

    def _account(self, told: Told) -> Iterator[str]:
        about = told["AccountInformation"][0].values
        yield from Lines("Account Information", "Field Name", "Field Value").of(
            (
                ("Name", about["name"]),
                ("Account", about["accountId"]),
                ("Account Type", about["accountType"]),
                ("Customer Type", about["customerType"]),
                ("Account Capabilities", about["accountCapabilities"]),
                ("Base Currency", about["currency"]),
            )
        )
