"""The benchmark's closes of the lake: of one series, with dividends where they are known, never two scales in one."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from config.settings import Settings
from orchestration.market.benchmark import Benchmark, benchmark_of, find_benchmark, fingerprint
from orchestration.resources.lake import Lake
from orchestration.resources.market_lake import MarketLake, by_year
from tests.support.market_rows import bars, dividend, weekdays
from tests.support.unreachable import unreachable
from transforms.market.series import DatasetId
from transforms.schemas.benchmark import BENCHMARK_PRICES

US = DatasetId("massive", "bars", "us", "1d")
OTHER = DatasetId("aaa", "bars", "us", "1d")
DAYS = weekdays(10)
CLOSES = [100.0 + n for n in range(10)]


@pytest.fixture
def lake(tmp_path: Path) -> MarketLake:
    return MarketLake(str(tmp_path))


def store(lake: MarketLake, dataset: DatasetId, frame: pl.DataFrame) -> None:
    for year, rows in by_year(dataset.kind, frame).items():
        lake.update("clean", dataset, year, lambda _, rows=rows: rows)  # type: ignore[misc]


def found(lake: MarketLake) -> Benchmark:
    benchmark = find_benchmark(lake, "AAA")
    assert benchmark is not None
    BENCHMARK_PRICES.validate(benchmark.prices)
    return benchmark


def closes(benchmark: Benchmark) -> dict[date, float]:
    rows = benchmark.prices.select("price_date", pl.col("close").cast(pl.Float64)).iter_rows()
    return dict(rows)


def test_no_dataset_has_it(lake: MarketLake) -> None:
    store(lake, US, bars(CLOSES, symbol="BBB"))
    assert find_benchmark(lake, "AAA") is None


def test_its_returns_are_those_of_who_reinvests_dividends(lake: MarketLake) -> None:
    store(lake, US, bars(CLOSES))
    store(lake, replace(US, kind="actions"), dividend(DAYS[4], 2.0))
    benchmark = found(lake)
    level = closes(benchmark)
    assert benchmark.basis == "total return"
    assert (benchmark.dataset, benchmark.currency) == (US, "USD")
    assert level[DAYS[4]] / level[DAYS[3]] == pytest.approx((104.0 + 2.0) / 103.0, rel=1e-9)
    assert level[DAYS[5]] / level[DAYS[4]] == pytest.approx(105.0 / 104.0, rel=1e-9)


def test_the_dataset_whose_dividends_are_known_counts(lake: MarketLake) -> None:
    told = bars([close + 1 for close in CLOSES], provider="aaa", adjustment="unknown")
    store(lake, OTHER, told)
    assert found(lake).basis == "prices as the vendor tells them"
    store(lake, US, bars(CLOSES))
    store(lake, replace(US, kind="actions"), dividend(DAYS[4], 2.0))
    assert (found(lake).dataset, found(lake).basis) == (US, "total return")


def test_what_a_dividend_in_another_currency_would_change_is_left_out(lake: MarketLake) -> None:
    """Two scales in one series would make a return of their difference."""
    store(lake, US, bars(CLOSES))
    store(lake, replace(US, kind="actions"), dividend(DAYS[4], 2.0, currency="EUR"))
    assert closes(found(lake)) == dict(zip(DAYS[4:], CLOSES[4:], strict=True))


def test_an_instrument_that_stands_under_two_venues_is_one_series(lake: MarketLake) -> None:
    """As after a change of `venue` in market.toml: the one that goes on counts."""
    before = bars(CLOSES[:8], instrument_id="XNYS:AAA")
    store(lake, US, pl.concat([before, bars([close * 2 for close in CLOSES])]))
    assert closes(found(lake)) == dict(zip(DAYS, [close * 2 for close in CLOSES], strict=True))


def test_a_bar_without_a_positive_close_is_left_out(lake: MarketLake) -> None:
    store(lake, US, bars([100.0, -1.0, 102.0], low=-2.0))
    assert list(closes(found(lake))) == [DAYS[0], DAYS[2]]


def test_a_file_that_cannot_be_read_stops_no_books(lake: MarketLake) -> None:
    store(lake, US, bars(CLOSES))
    store(lake, OTHER, bars(CLOSES, provider="aaa", adjustment="unknown"))
    (Path(lake.root) / US.partition("clean", 2026)).write_bytes(b"no Parquet")
    assert found(lake).dataset == OTHER


class TestALakeThatCannotBeReached:
    """The books keep the closes that they have, and nothing is new."""

    @pytest.fixture
    def settings(self, lake: MarketLake, tmp_path: Path) -> Settings:
        store(lake, US, bars(CLOSES))
        return Settings.model_validate({"TIEOUT_DATA_DIR": tmp_path / "data", "TIEOUT_LAKE_URL": lake.root})

    def gone(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"lake": unreachable()})

    def test_the_closes_stay(self, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
        before = benchmark_of(settings, "AAA")
        assert before is not None
        Lake(settings.data.clean).write("benchmark_prices", before.prices)
        known = fingerprint(settings, "AAA")

        kept = benchmark_of(self.gone(settings), "AAA")

        assert kept is not None
        assert_frame_equal(kept.prices, before.prices)
        assert (kept.dataset, kept.basis, kept.currency) == (None, before.basis, before.currency)
        assert fingerprint(self.gone(settings), "AAA") == known
        assert (
            "the closes of the benchmark AAA stay as they were: gone://bucket cannot be reached"
            in caplog.text
        )

    def test_of_another_name_there_are_none(self, settings: Settings) -> None:
        assert benchmark_of(self.gone(settings), "AAA") is None
        before = benchmark_of(settings, "AAA")
        assert before is not None
        Lake(settings.data.clean).write("benchmark_prices", before.prices)
        assert benchmark_of(self.gone(settings), "BBB") is None
        assert fingerprint(self.gone(settings), "BBB") == "absent"
