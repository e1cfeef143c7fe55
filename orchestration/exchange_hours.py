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
"""The calendar of an exchange that is not known."""

_BEFORE = timedelta(days=15)


@dataclass(frozen=True)
class Hours:
    """Whether any of some exchanges is open (or was until now), and if not, when the first of them opens."""

    is_open: bool
    calendars: tuple[str, ...]
    next_open: datetime | None


def calendars_of(exchanges: Iterable[str]) -> tuple[str, ...]:
    """The calendars of exchanges as TWS names them; New York's for one that is not known, and where there is none."""
    found = {CALENDAR_OF.get(exchange, DEFAULT_CALENDAR) for exchange in exchanges}
    return tuple(sorted(found)) or (DEFAULT_CALENDAR,)


def hours_at(instant: datetime, calendars: Iterable[str], interval: timedelta = timedelta()) -> Hours:
    """Whether any of these calendars is open at an instant, or closed in the interval that ends with it.

    Holidays and half days count.
    """
    import pandas as pd

    names = tuple(calendars)
    minute = pd.Timestamp(instant).tz_convert("UTC").floor("min")
    with warnings.catch_warnings():
        # What the calendars use of pandas and will have to change is nothing that a reader of our log can act on.
        warnings.simplefilter("ignore")
        found = [_next_open(name, minute, interval) for name in names]
    opening = [instant for instant in found if instant is not None]
    if len(opening) < len(found):
        return Hours(True, names, None)
    return Hours(False, names, min(opening))


def _next_open(name: str, minute: Any, interval: timedelta) -> datetime | None:
    """When an exchange opens; None if it is open, or closed in the interval that ends with this minute.

    The holidays of some are known for this year alone: beyond, every weekday counts as open.
    """
    try:
        calendar = _calendar(name, f"{minute:%Y-%m}-01")
        closed = calendar.previous_close(minute + timedelta(minutes=1))  # at this minute or before
        if calendar.is_open_on_minute(minute) or closed > minute - interval:
            return None
        opening: datetime = calendar.next_open(minute).to_pydatetime()
    except ValueError:
        monday = minute.normalize() + timedelta(days=7 - minute.weekday())
        return monday.to_pydatetime() if minute.weekday() > 4 else None
    return opening


@lru_cache(maxsize=64)
def _calendar(name: str, month: str) -> Any:
    """A calendar from a month on, as far as it is known: the whole of one takes seconds to make."""
    import exchange_calendars

    return exchange_calendars.get_calendar(name, start=datetime.fromisoformat(month) - _BEFORE)
