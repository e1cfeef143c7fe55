"""What kinds of canonical symbols there are, for the vendors that spell them differently. No mapping of instruments."""

from __future__ import annotations

from typing import Final

CURRENCIES: Final = frozenset({
    "AUD", "BGN", "BRL", "CAD", "CHF", "CNH", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HRK", "HUF",
    "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "RUB",
    "SEK", "SGD", "THB", "TRY", "USD", "XAG", "XAU", "ZAR",
})  # fmt: skip
"""Currencies (and gold and silver) that stand in pairs."""


def is_currency_pair(symbol: str) -> bool:
    """`EURUSD`: what one EUR costs in USD."""
    return len(symbol) == 6 and symbol[:3] in CURRENCIES and symbol[3:] in CURRENCIES
