"""Instruments as TWS names them, and how one of the synthetic broker is named so. No prices, no holdings."""

from dataclasses import dataclass
from decimal import Decimal

from transforms.broker_simulator.instruments import Instrument as Simulated


@dataclass(frozen=True)
class Instrument:
    """What is held, by the names that TWS gives. `multiplier` None is none told; a bond's price is in percent."""

    conid: int
    symbol: str
    asset_class: str = "STK"
    currency: str = "USD"
    primary_exchange: str = "NASDAQ"
    local_symbol: str = ""
    trading_class: str = ""
    multiplier: Decimal | None = None
    expiry: str = ""
    strike: Decimal = Decimal(0)
    right: str = ""
    long_name: str = ""
    isin: str = ""

    @property
    def factor(self) -> Decimal:
        """Money for one unit at a price of one."""
        return Decimal("0.01") if self.asset_class == "BOND" else self.multiplier or Decimal(1)


def named_by_tws(simulated: Simulated) -> Instrument:
    """An instrument of the synthetic broker; derivatives carry their underlying's symbol, as TWS has it."""
    derived = simulated.category in ("OPT", "FUT") and simulated.underlying is not None
    symbol = simulated.underlying.symbol if derived and simulated.underlying else simulated.symbol
    expiry = simulated.expiry or simulated.maturity
    return Instrument(
        conid=simulated.conid,
        symbol=symbol,
        asset_class=simulated.category,
        currency=simulated.currency,
        primary_exchange=simulated.exchange or "SMART",
        local_symbol=simulated.symbol,
        trading_class=symbol,
        multiplier=Decimal(simulated.multiplier) if derived else None,
        expiry=f"{expiry:%Y%m%d}" if expiry else "",
        strike=simulated.strike or Decimal(0),
        right=simulated.put_call,
        long_name=simulated.description,
        isin=simulated.isin,
    )
