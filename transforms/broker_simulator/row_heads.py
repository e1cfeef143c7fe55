"""How a row about money begins: account, currency, that day's rate; the rest of a row stands elsewhere."""

from __future__ import annotations

from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.money import text
from transforms.broker_simulator.xml_text import owner


def money_head(ledger: Ledger, currency: str, day: int, account_id: str = "") -> str:
    """Account, currency and `fxRateToBase` of a day index; `account_id` replaces the ledger's own (`-`)."""
    rate = ledger.market.rate(currency, ledger.account.base, day)
    return (
        f'{owner(account_id or ledger.account.account_id)} currency="{currency}" fxRateToBase="{text(rate)}"'
    )
