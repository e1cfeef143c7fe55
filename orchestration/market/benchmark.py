"""The benchmark's closes from the lake: of the one series that serves best, with dividends where they are known."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from config.settings import Settings
from orchestration.resources.lake import Lake
from orchestration.resources.market_lake import MarketLake, UnreadableError
from transforms.market.adjust import adjusted, factors
from transforms.market.series import DatasetId
from transforms.schemas.benchmark import BENCHMARK_PRICES
from transforms.schemas.contract import EXACT

SECTION: Final = "bars"
TOTAL_RETURN: Final = "total return"
AS_TOLD: Final = "prices as the vendor tells them"

log = logging.getLogger("tieout")


@dataclass(frozen=True)
class Benchmark:
    """The closes of a series (columns of BENCHMARK_PRICES), where they are from, and of what: `basis`, `currency`.

    `dataset`: None for those that the books have of a lake that cannot be reached now.
    """

    prices: pl.DataFrame
    dataset: DatasetId | None
    basis: str
    currency: str | None


def find_benchmark(lake: MarketLake, symbol: str) -> Benchmark | None:
    """The closes of a symbol's daily bars; None if no dataset has any.

    Of several series one whose dividends are known counts before one whose vendor does not say what it adjusted
    for, then the one that reaches further. Where a dividend or split cannot be known, the closes begin after it.
    """
    return max(_every(lake, symbol), key=_served, default=None)


def benchmark_of(settings: Settings, symbol: str) -> Benchmark | None:
    """The closes of a symbol in the lake; those that the books have of it, where the lake cannot be reached."""
    try:
        return find_benchmark(MarketLake(settings.lake_url), symbol)
    except OSError as error:
        log.warning("the closes of the benchmark %s stay as they were: %s", symbol, error)
    kept = Lake(settings.data.clean)
    if not kept.path(BENCHMARK_PRICES.name).exists():
        return None
    prices = kept.read(BENCHMARK_PRICES.name).filter(pl.col("benchmark") == symbol)
    if prices.is_empty():
        return None
    known = prices["adjustment"][-1] == "total_return"
    return Benchmark(prices, None, TOTAL_RETURN if known else AS_TOLD, prices["currency"][-1])


def fingerprint(settings: Settings, symbol: str) -> str:
    """A hash of the closes; `absent` where there are none."""
    benchmark = benchmark_of(settings, symbol)
    if benchmark is None:
        return "absent"
    days = benchmark.prices.select("price_date", pl.col("close").cast(pl.String), "currency", "adjustment")
    return hashlib.sha256(repr(days.rows()).encode()).hexdigest()


def _served(benchmark: Benchmark) -> tuple[bool, str]:
    last = benchmark.prices["price_date"].max()
    return benchmark.basis == TOTAL_RETURN and last is not None, str(last or "")


def _every(lake: MarketLake, symbol: str) -> Iterator[Benchmark]:
    """Each series of daily bars with this symbol; several of one dataset where an instrument changed its venue."""
    for dataset in lake.datasets("clean"):
        if dataset.kind != "bars" or dataset.frequency != "1d":
            continue
        try:
            bars = lake.read("clean", dataset, symbols=[symbol])
            actions = lake.read("clean", replace(dataset, kind="actions"), symbols=[symbol])
        except UnreadableError as error:
            log.warning("the benchmark is not taken from %s: %s", dataset, error)
            continue
        for series in bars.partition_by("instrument_id", maintain_order=True):
            yield _of_series(symbol, dataset, adjusted(series, factors(series, actions)))


def _of_series(symbol: str, dataset: DatasetId, bars: pl.DataFrame) -> Benchmark:
    known = bars["total_return_close"].is_not_null().any()
    closes = bars.with_columns(
        level=pl.col("total_return_close" if known else "close").round(10).cast(EXACT)
    ).filter(pl.col("level") > 0)
    prices = (
        closes.sort("session_date")
        .with_row_index("row_ordinal")
        .select(
            pl.lit(symbol).alias("benchmark"),
            pl.col("session_date").alias("price_date"),
            pl.col("level").alias("close"),
            "currency",
            pl.lit("total_return").alias("adjustment") if known else pl.col("adjustment"),
            "document_id",
            pl.lit(SECTION).alias("section"),
            pl.col("row_ordinal").cast(pl.Int32),
        )
    )
    return Benchmark(
        prices.select(BENCHMARK_PRICES.columns),
        dataset,
        TOTAL_RETURN if known else AS_TOLD,
        bars["currency"][-1],
    )
