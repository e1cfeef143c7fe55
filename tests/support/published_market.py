"""A published folder with market data beside it: a lake of two datasets, what their last update said, and the views."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from config.settings import Settings
from orchestration.market.context import sessions_ahead
from orchestration.market.plan import Plan
from orchestration.market.record import Records
from orchestration.market.update import DatasetOutcome, SeriesOutcome
from orchestration.market.work import MarketData
from orchestration.resources.market_lake import by_year
from tests.support.lake_rows import bars, observations, weekdays
from tests.support.published_fixture import write_published
from transforms.features.bars import FEATURES, NAMING
from transforms.market.checks import FINDINGS
from transforms.market.series import DatasetId
from transforms.schemas.bar_features import BAR_FEATURES

BARS_OF = DatasetId("stooq", "bars", "us", "1d")
RATES_OF = DatasetId("treasury", "observations", "rates", "1d")
COUNT = 1800
"""Bars of each symbol: more than a chart draws."""


def write_market(root: Path, last: datetime) -> Path:
    """Bars of SPY and AAPL and a rate up to a day, and a version whose views show them; the published folder.

    The last update was on that day: it could not get AAPL, and found a gap in it.
    """
    published = write_published(root / "published")
    market = MarketData(Settings(TIEOUT_DATA_DIR=root))
    plan = Plan(market.settings.data.market_plan)
    plan.add("stooq", "us", ["SPY", "AAPL"])
    plan.add("treasury", "rates", ["UST10Y"])
    earliest = (last - timedelta(days=7 * COUNT // 5 + 6)).date()
    days = [day for day in weekdays(earliest, COUNT + 5) if day <= last.date()]
    told = bars(("SPY", "AAPL"), days[-COUNT:], BARS_OF)
    computed = {name: pl.col("close") if name == "sma_20" else pl.lit(None, pl.Float64) for name in FEATURES}
    features = told.select(*NAMING, **computed).select(BAR_FEATURES.columns)
    values = [(day, 4.0 + number / 1000) for number, day in enumerate(days[-COUNT:])]
    rate = observations("UST10Y", values).with_columns(
        provider=pl.lit("treasury"), instrument_id=pl.lit("treasury:UST10Y")
    )
    for dataset, frame, layer in (
        (BARS_OF, told, "clean"), (BARS_OF, features, "features"), (RATES_OF, rate, "clean")
    ):  # fmt: skip
        for year, rows in by_year(dataset.kind, frame, layer).items():
            with market.lake.writing(layer, dataset, year) as partition:
                partition.replace(rows)
    _remember(market.records, plan, last)
    with_views(published, market)
    return published


def write_empty_market(root: Path) -> Path:
    """A version that was published before there was any market data; the published folder."""
    published = write_published(root / "published")
    with_views(published, MarketData(Settings(TIEOUT_DATA_DIR=root)))
    return published


def with_views(published: Path, market: MarketData) -> None:
    """Give the published version the views of the lake, as a publish does."""
    market.publish_catalog()
    with duckdb.connect(str((published / "current.duckdb").resolve())) as connection:
        connection.execute("set schema = 'marts'")
        market.lake.views(connection)


def _remember(records: Records, plan: Plan, last: datetime) -> None:
    gap = pl.DataFrame(
        [
            (
                "gap",
                "warning",
                "XNYS:AAPL",
                "AAPL",
                last.date(),
                last,
                "3 sessions missing",
                "a bar of each",
                "0" * 64,
            )
        ],
        schema=FINDINGS,
        orient="row",
    )
    for wanted in plan.wanted():
        series = [SeriesOutcome(one.symbol, one.provider_symbol, added=COUNT) for one in wanted.series]
        if wanted.dataset == BARS_OF:
            series[1] = SeriesOutcome(
                "AAPL", "aapl.us", problem="Stooq answered with a page, not with prices"
            )
        found = gap if wanted.dataset == BARS_OF else FINDINGS.to_frame()
        outcome = DatasetOutcome(wanted.dataset, tuple(series), findings=found)
        records.keep(last, outcome, sessions_ahead(wanted, last))
