"""What can be traded in the simulation: invented securities with the identifiers a broker writes; no prices
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from transforms.broker_simulator.money import text


@dataclass(frozen=True)
class Instrument:
    """One security as the broker's documents name it. `price_places`: decimal places of its quoted price."""

    conid: int
    symbol: str
    description: str
    category: str
    currency: str
    sub_category: str = ""
    isin: str = ""
    exchange: str = ""
    country: str = ""
    multiplier: int = 1
    price_places: int = 2
    strike: Decimal | None = None
    expiry: date | None = None
    put_call: str = ""
    maturity: date | None = None
    coupon_percent: Decimal | None = None
    underlying: Instrument | None = None

    @property
    def cusip(self) -> str:
        """The CUSIP inside a US ISIN; empty for other countries."""
        return self.isin[2:11] if self.isin.startswith("US") else ""


def isin_of(country: str, number: int) -> str:
    """Build an ISIN with a valid check digit (ISO 6166: Luhn over the letters written as numbers)."""
    body = f"{country}{number:09d}"
    digits = "".join(str(int(char, 36)) for char in body)
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    check = -sum(value // 10 + value % 10 for value in doubled) % 10
    return f"{body}{check}"


def _share(conid: int, symbol: str, name: str, currency: str, kind: str = "COMMON") -> Instrument:
    country, exchange = {"USD": ("US", "NASDAQ"), "EUR": ("DE", "IBIS"), "GBP": ("GB", "LSE")}[currency]
    if kind == "ETF":
        country, exchange = {"USD": ("US", "ARCA"), "EUR": ("IE", "IBIS2"), "GBP": ("IE", "LSEETF")}[currency]
    return Instrument(
        conid, symbol, name, "STK", currency, kind, isin_of(country, conid), exchange, country=country
    )


NWD = _share(910000101, "NWD", "NORTHWIND DEVICES INC", "USD")
HLX = _share(910000102, "HLX", "HELIX GRID & POWER CORP", "USD")
VWTI = _share(910000103, "VWTI", "BROAD US MARKET ETF", "USD", "ETF")
ORBT_OLD = _share(910000104, "ORBT", "ORBITAL LOGISTICS INC", "USD")
ORBT = _share(910000105, "ORBT", "ORBITAL LOGISTICS INC", "USD")
PRNT = _share(910000106, "PRNT", "PARENT INDUSTRIES CO", "USD")
SPNC = _share(910000107, "SPNC", "SPUN CHEMICALS INC", "USD")
TGTM = _share(910000108, "TGTM", "TARGET MEDICAL INC", "USD")
ACQR = _share(910000109, "ACQR", "ACQUIRER HEALTH CORP-CL A", "USD")
TGTM_RIGHT = _share(910000110, "TGTM.CVR", "TARGET MEDICAL INC - CVR", "USD", "RIGHT")
OLDN = _share(910000111, "OLDN", "OLD NAME HOLDINGS INC", "USD")
NEWN = _share(910000112, "NEWN", "NEW NAME HOLDINGS INC", "USD")
SHRT = _share(910000113, "SHRT", "SHORTFALL RETAIL CO", "USD")
AURX = _share(910000114, "AURX", "AURORA SEMICONDUCTOR INC", "USD")
RHN = _share(910000201, "RHN", "RHEIN MASCHINENBAU AG", "EUR")
EUWX = _share(910000202, "EUWX", "EURO WORLD UCITS ETF", "EUR", "ETF")
BLTC = _share(910000203, "BLTC", "BALTIC SHIPPING AG", "EUR")
THMS = _share(910000301, "THMS", "THAMES UTILITIES PLC", "GBP")
CLYD = _share(910000302, "CLYD", "CLYDE ENERGY PLC", "GBP")
LIQUID = (
    _share(910000901, "LQUS", "LIQUID US LARGE CAP ETF", "USD", "ETF"),
    _share(910000902, "LQEU", "LIQUID EURO LARGE CAP ETF", "EUR", "ETF"),
    _share(910000903, "LQGB", "LIQUID UK LARGE CAP ETF", "GBP", "ETF"),
)
INDEX = Instrument(910000401, "MEQ", "MICRO EQUITY INDEX", "IND", "USD", exchange="CME")
BOND = Instrument(
    910000501,
    "GOV 2 3/4 05/15/27",
    "GOV 2 3/4 05/15/27",
    "BOND",
    "USD",
    "Govt",
    isin_of("US", 910000501),
    country="US",
    price_places=3,
    maturity=date(2027, 5, 15),
    coupon_percent=Decimal("2.75"),
)
SHARES = (
    *(NWD, HLX, VWTI, ORBT_OLD, ORBT, PRNT, SPNC, TGTM, ACQR, TGTM_RIGHT, OLDN, NEWN, SHRT, AURX),
    *(RHN, EUWX, BLTC, THMS, CLYD),
    *LIQUID,
)
PAIRS = {"EUR.USD": 12087792, "EUR.GBP": 12087807, "GBP.USD": 12087797}


def pair(symbol: str) -> Instrument:
    """The currency pair `FIRST.SECOND`; its quantity is in FIRST, its price and proceeds in SECOND."""
    return Instrument(PAIRS[symbol], symbol, symbol, "CASH", symbol[4:], price_places=5)


def option(underlying: Instrument, expiry: date, put_call: str, strike: Decimal) -> Instrument:
    """A listed option on 100 shares, named as the OCC names it (`NWD   230721C00105000`)."""
    number = (expiry.toordinal() * 2 + (put_call == "P")) * 1000 + int(strike * 2) % 1000
    code = f"{underlying.symbol:<6}{expiry:%y%m%d}{put_call}{int(strike * 1000):08d}"
    name = f"{underlying.symbol} {expiry:%d%b%y} {text(strike)} {put_call}".upper()
    return Instrument(
        conid=underlying.conid % 1000 * 10**9 + number,
        symbol=code,
        description=name,
        category="OPT",
        currency=underlying.currency,
        sub_category=put_call,
        exchange="CBOE",
        multiplier=100,
        price_places=4,
        strike=strike,
        expiry=expiry,
        put_call=put_call,
        underlying=underlying,
    )


def future(expiry: date) -> Instrument:
    """A future on the index with multiplier 5, named with the exchange's month code (`MEQH4`)."""
    month_code = "FGHJKMNQUVXZ"[expiry.month - 1]
    return Instrument(
        conid=INDEX.conid + 10_000 + expiry.year * 12 + expiry.month,
        symbol=f"MEQ{month_code}{expiry.year % 10}",
        description=f"MEQ {expiry:%d%b%y}".upper(),
        category="FUT",
        currency="USD",
        exchange="CME",
        multiplier=5,
        expiry=expiry,
        underlying=INDEX,
    )
