"""Invented rows of the lake's tables, for tests and benchmarks of storage. They have no habits of a market."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from transforms.market.series import DatasetId
from transforms.schemas.market import BARS, CORPORATE_ACTION, OBSERVATIONS, QUOTES, TRADES

BARS_OF = DatasetId("stooq", "bars", "us", "1d")
RATES_OF = DatasetId("fred", "observations", "rates", "1d")
TRADES_OF = DatasetId("binance", "trades", "coins", "tick")
QUOTES_OF = DatasetId("binance", "quotes", "coins", "tick")
ACTIONS_OF = DatasetId("stooq", "actions", "us", "1d")
CAME = datetime(2026, 1, 2, 6, tzinfo=UTC)


def weekdays(first: date, count: int) -> list[date]:
    """So many weekdays from a day on."""
    days = (first + timedelta(days=n) for n in range(count * 2 + 4))
    return [day for day in days if day.weekday() < 5][:count]


def bars(
    symbols: Sequence[str], days: Sequence[date], dataset: DatasetId = BARS_OF, seed: int = 7
) -> pl.DataFrame:
    """A daily bar of each symbol on each day, in no order that matters."""
    count, symbols_count = len(days), len(symbols)
    chance = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.01, (symbols_count, count)), axis=1)).ravel().round(2)
    names = pl.Series("symbol", symbols, pl.String)
    symbol = names.gather(np.repeat(np.arange(symbols_count), count))
    day = pl.Series("session_date", np.tile(np.array(days, "datetime64[D]"), symbols_count)).cast(pl.Date)
    frame = pl.DataFrame({"symbol": symbol, "session_date": day, "close": close}).with_columns(
        instrument_id=pl.format("XNYS:{}", "symbol"),
        venue=pl.lit("XNYS"),
        currency=pl.lit("USD"),
        frequency=pl.lit(dataset.frequency),
        timestamp=(pl.col("session_date").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=14, minutes=30)),
        open=(pl.col("close") * 0.999).round(2),
        high=(pl.col("close") * 1.01).round(2),
        low=(pl.col("close") * 0.99).round(2),
        volume=pl.Series(chance.integers(1_000, 9_000_000, symbols_count * count).astype(float)),
        vwap=pl.lit(None, pl.Float64),
        trades=pl.lit(None, pl.Int64),
        volume_unit=pl.lit("shares"),
        adjustment=pl.lit("raw"),
        is_final=pl.lit(True),
        provider=pl.lit(dataset.provider),
        provider_symbol=pl.col("symbol").str.to_lowercase() + ".us",
        ingested_at=pl.lit(CAME, pl.Datetime("us", "UTC")),
        document_id=pl.lit("0" * 64),
    )
    return frame.select(BARS.columns).cast(dict(BARS.polars_schema))


def observations(symbol: str, values: Sequence[tuple[date, float | None]]) -> pl.DataFrame:
    """Values of a series, known on their own day."""
    rows = [
        {
            "instrument_id": f"fred:{symbol}",
            "symbol": symbol,
            "unit": "percent",
            "frequency": "1d",
            "observation_date": day,
            "value": value,
            "known_from": day,
            "provider": "fred",
            "provider_symbol": symbol,
            "ingested_at": CAME,
            "document_id": "1" * 64,
        }
        for day, value in values
    ]
    return pl.DataFrame(rows, schema=OBSERVATIONS.polars_schema)


def trades(symbol: str, told: Sequence[tuple[datetime, str, float]]) -> pl.DataFrame:
    """Trades of a coin: when, which, at what price."""
    rows = [
        {**_of_coin(symbol, at), "trade_id": number, "price": price, "size": 0.5, "aggressor": "seller"}
        for at, number, price in told
    ]
    return pl.DataFrame(rows, schema=TRADES.polars_schema)


def quotes(symbol: str, told: Sequence[tuple[datetime, int, float | None]]) -> pl.DataFrame:
    """Quotes of a coin: when, which, at what bid."""
    rows = [{**_of_coin(symbol, at), "sequence": number, "bid": bid, "ask": 2e6} for at, number, bid in told]
    return pl.DataFrame(rows, schema=QUOTES.polars_schema)


def _of_coin(symbol: str, at: datetime) -> dict[str, object]:
    return {
        "instrument_id": f"binance:{symbol}",
        "symbol": symbol,
        "currency": "USDT",
        "timestamp": at,
        "session_date": at.date(),
        "volume_unit": "base",
        "provider": "binance",
        "provider_symbol": symbol,
        "ingested_at": CAME,
        "document_id": "3" * 64,
    }


def action(
    symbol: str, ex_date: date, *, ratio: float | None = None, amount: float | None = None
) -> pl.DataFrame:
    """A split (`ratio`) or a dividend (`amount`)."""
    row = {
        "instrument_id": f"XNYS:{symbol}",
        "symbol": symbol,
        "ex_date": ex_date,
        "action": "dividend" if ratio is None else "split",
        "ratio": ratio,
        "amount": amount,
        "currency": None if amount is None else "USD",
        "provider": "stooq",
        "provider_symbol": symbol.lower(),
        "ingested_at": CAME,
        "document_id": "2" * 64,
    }
    return pl.DataFrame([row], schema=CORPORATE_ACTION.polars_schema)
