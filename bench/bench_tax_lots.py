"""The lot engine on a million trades: seconds, trades a second, and how the time splits. Asserts nothing."""

import time
from datetime import UTC, date, datetime
from random import Random

import polars as pl

from transforms.features.tax_lots import INPUTS, build_tax_lots
from transforms.schemas import CONTRACTS

TRADES = 1_000_000
INSTRUMENTS = 200
DAYS = 750


def trades_table(count: int, seed: int = 1) -> pl.DataFrame:
    """`count` trades of one account: buys and sales of every size, so that most sales close several lots."""
    random = Random(seed)
    first = datetime(2022, 1, 3, 15, tzinfo=UTC)
    held = [0] * INSTRUMENTS
    rows = []
    for number in range(count):
        instrument = random.randrange(INSTRUMENTS)
        quantity = random.randint(1, 300)
        if held[instrument] > 2_000 or (held[instrument] and random.random() < 0.45):
            quantity = -min(held[instrument], quantity * 2)
        held[instrument] += quantity
        rows.append((instrument, quantity, random.randint(1_000, 30_000), number * DAYS // count, number))
    drawn = pl.DataFrame(rows, schema=["instrument", "quantity", "cents", "day", "number"], orient="row")
    exact = pl.Decimal(38, 10)
    at = pl.lit(first) + pl.duration(days="day", milliseconds=pl.col("number") % 20_000_000)
    values = {
        "account_id": pl.lit("U1"),
        "trade_key": pl.col("number").cast(pl.String),
        "transaction_id": pl.col("number").cast(pl.String),
        "level": pl.lit("EXECUTION"),
        "instrument_key": pl.col("instrument").cast(pl.String),
        "asset_class": pl.lit("STK"),
        "currency": pl.lit("USD"),
        "trade_at": at,
        "trade_date": pl.lit(date(2022, 1, 3)) + pl.duration(days="day"),
        "report_date": pl.lit(date(2022, 1, 3)) + pl.duration(days="day"),
        "side": pl.when(pl.col("quantity") > 0).then(pl.lit("BUY")).otherwise(pl.lit("SELL")),
        "is_cancel": pl.lit(False),
        "open_close": pl.when(pl.col("quantity") > 0).then(pl.lit("O")).otherwise(pl.lit("C")),
        "quantity": pl.col("quantity").cast(exact),
        "proceeds": (-pl.col("quantity") * pl.col("cents")).cast(exact)
        * pl.lit("0.01").str.to_decimal(scale=2),
        "commission": pl.lit("-1.0035").str.to_decimal(scale=4),
        "commission_currency": pl.lit("USD"),
        "document_id": pl.lit("d"),
        "section": pl.lit("Trades"),
        "row_ordinal": pl.col("number"),
    }
    schema = CONTRACTS["trades"].polars_schema
    return drawn.select(
        values.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in schema.items()
    )


def main() -> None:
    """Build the FIFO lots of a million trades."""
    tables = {name: CONTRACTS[name].empty() for name in INPUTS} | {"trades": trades_table(TRADES)}
    began = time.process_time()
    made = build_tax_lots(tables)
    seconds = time.process_time() - began
    print(
        f"{TRADES:,} trades -> {made.tax_lots.height:,} parts of lots, {made.lot_balances.height:,} balances"
    )
    print(
        f"lots, FIFO, processor time:   {seconds:6.1f} s  ({TRADES / seconds:,.0f} trades a second; limit 20 s)"
    )


if __name__ == "__main__":
    main()
