"""When the exchanges of an account's positions are open. No positions are read here, and nothing is started."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

# What TWS calls an exchange, by the calendar whose hours it keeps. Currencies trade when futures do, but for an hour.
_CALENDARS = {
    "XNYS": "NYSE AMEX ARCA NASDAQ ISLAND BATS IEX BEX PEARL PINK CBOE CBOE2 ISE PHLX",
    "CMES": "CME GLOBEX CBOT ECBOT NYMEX COMEX CFE IDEALPRO",
    "XTSE": "TSE VENTURE AEQLIT CDE",
    "XMEX": "MEXI MEXDER",
    "XLON": "LSE LSEETF LSEIOB1 ICEEU",
    "XETR": "IBIS IBIS2 XETRA FWB FWB2 SWB GETTEX TGATE",
    "XEUR": "EUREX DTB",
    "XPAR": "SBF MATIF MONEP",
    "XAMS": "AEB FTA",
    "XBRU": "EBR",
    "XLIS": "BVL",
    "XMIL": "BVME BVME.ETF IDEM",
    "XMAD": "BM MEFFRV",
    "XSWX": "EBS VIRTX SWX",
    "XSTO": "SFB OMS",
    "XCSE": "CPH",
    "XHEL": "HEX",
    "XOSL": "OSE",
    "XWBO": "VSE",
    "XWAR": "WSE",
    "XHKG": "SEHK HKFE SEHKNTL SEHKSZSE",
    "XTKS": "TSEJ OSE.JPN",
    "XASX": "ASX SNFE",
    "XSES": "SGX",
    "XKRX": "KSE",
    "XBOM": "NSE BSE",
    "24/7": "PAXOS ZEROHASH",
}
CALENDAR_OF = {exchange: calendar for calendar, names in _CALENDARS.items() for exchange in names.split()}
DEFAULT_CALENDAR = "XNYS"
"""The calendar of an account whose exchanges are not known."""

_AROUND = timedelta(days=15)


@dataclass(frozen=True)
class Hours:
    """Whether any of some exchanges is open, and if not, when the first of them opens."""

    is_open: bool
    calendars: tuple[str, ...]
    next_open: datetime | None


def calendars_of(exchanges: Iterable[str]) -> tuple[str, ...]:
    """The calendars of exchanges as TWS names them; New York's where none of them is known."""
    known = {CALENDAR_OF[exchange] for exchange in exchanges if exchange in CALENDAR_OF}
    return tuple(sorted(known)) or (DEFAULT_CALENDAR,)


def hours_at(instant: datetime, calendars: Iterable[str]) -> Hours:
    """Whether any of these calendars is open at an instant; holidays and half days count."""
    import pandas as pd

    names = tuple(calendars)
    minute = pd.Timestamp(instant).tz_convert("UTC").floor("min")
    with warnings.catch_warnings():
        # What the calendars use of pandas and will have to change is nothing that a reader of our log can act on.
        warnings.simplefilter("ignore")
        found = [_calendar(name, instant.date().replace(day=1).isoformat()) for name in names]
        if any(calendar.is_open_on_minute(minute) for calendar in found):
            return Hours(True, names, None)
        return Hours(False, names, min(calendar.next_open(minute) for calendar in found).to_pydatetime())


@lru_cache(maxsize=64)
def _calendar(name: str, month: str) -> Any:
    """A calendar around a month: the whole of one takes seconds to make."""
    import exchange_calendars

    first = datetime.fromisoformat(month)
    return exchange_calendars.get_calendar(
        name, start=first - _AROUND, end=first + timedelta(days=31) + _AROUND
    )
