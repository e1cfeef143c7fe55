"""How an element is written: attribute quoting, dates, and the block of attributes that names a security."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from xml.sax.saxutils import escape

from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.money import text

_SPECIAL = re.compile('[&<>"]').search
PHYSICAL = 'serialNumber="" deliveryType="" commodityType="" fineness="0.0" weight="0.0"'


def quoted(value: str) -> str:
    """Escape an attribute's value (most have nothing to escape, and there are millions of them)."""
    return escape(value, {'"': "&quot;"}) if _SPECIAL(value) else value


def attributes(pairs: Iterable[tuple[str, str]]) -> str:
    """Write attributes in the order given."""
    return " ".join(f'{name}="{quoted(value)}"' for name, value in pairs)


def day_text(day: date | None) -> str:
    """A date as `20230102`, empty if there is none."""
    return f"{day:%Y%m%d}" if day else ""


def stamp(moment: datetime) -> str:
    """A time as `20230102;093000`."""
    return f"{moment:%Y%m%d;%H%M%S}"


def owner(account_id: str) -> str:
    """The attributes that every row of an account begins with."""
    alias = "-" if account_id == "-" else ""
    return f'accountId="{account_id}" acctAlias="{alias}" model=""'


def security_values(instrument: Instrument | None) -> dict[str, str]:
    """The attributes that name a security; all empty (multiplier 0) for a row about cash."""
    if instrument is None:
        return dict.fromkeys(_SECURITY, "") | {"multiplier": "0"}
    under = instrument.underlying
    plain_share = instrument.category == "STK"
    return {
        "assetCategory": instrument.category,
        "subCategory": instrument.sub_category,
        "symbol": instrument.symbol,
        "description": instrument.description,
        "conid": str(instrument.conid),
        "securityID": instrument.isin,
        "securityIDType": "ISIN" if instrument.isin else "",
        "cusip": instrument.cusip,
        "isin": instrument.isin,
        "figi": "",
        "listingExchange": instrument.exchange,
        "underlyingConid": str(under.conid) if under else "",
        "underlyingSymbol": under.symbol if under else instrument.symbol if plain_share else "",
        "underlyingSecurityID": under.isin if under else "",
        "underlyingListingExchange": under.exchange if under else "",
        "issuer": "",
        "issuerCountryCode": instrument.country,
        "multiplier": str(instrument.multiplier),
        "strike": text(instrument.strike) if instrument.strike is not None else "",
        "expiry": day_text(instrument.expiry),
        "putCall": instrument.put_call,
        "principalAdjustFactor": "1" if instrument.category == "BOND" else "",
    }


_SECURITY = (
    *("assetCategory", "subCategory", "symbol", "description", "conid", "securityID", "securityIDType"),
    *("cusip", "isin", "figi", "listingExchange", "underlyingConid", "underlyingSymbol"),
    *("underlyingSecurityID", "underlyingListingExchange", "issuer", "issuerCountryCode", "multiplier"),
    *("strike", "expiry", "putCall", "principalAdjustFactor"),
)


@lru_cache(maxsize=4096)
def security(instrument: Instrument | None, symbol: str = "", description: str = "") -> str:
    """The security's attributes, written; `symbol` and `description` replace its own (corporate actions)."""
    values = security_values(instrument)
    if symbol:
        values["symbol"] = symbol
    if description:
        values["description"] = description
    return attributes((name, values[name]) for name in _SECURITY)
