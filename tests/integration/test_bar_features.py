"""The features of bars that came from the simulated vendors: which years are computed, and that parts are the whole."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from orchestration.market.features import BarFeatures
from orchestration.market_build import run_market_update, want_market_data
from orchestration.resources.market_lake import MarketLake
from orchestration.resources.market_state import MarketState
from tests.fakes.vendors import VendorServer, vendor_server
from tests.integration.test_market_update import NOON, Market
from tests.support.lake_rows import action, bars, weekdays
from transforms.features.bars import compute
from transforms.market.adjust import adjusted, factors
from transforms.market.series import DatasetId
from transforms.schemas.bar_features import BAR_FEATURES

FIRST = date(2023, 6, 1)
US = DatasetId("stooq", "bars", "us", "1d")


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with vendor_server() as running:
        running.clock = lambda: NOON
        running.defects = False
        yield running


@pytest.fixture
def market(server: VendorServer, tmp_path: Path) -> Market:
    return Market(server, tmp_path)


def of(market: Market, dataset: DatasetId, benchmark: str | None = "SPY") -> BarFeatures:
    return replace(market.data.bar_features(dataset), benchmark=benchmark)


def whole(features: BarFeatures, benchmark: str | None) -> pl.DataFrame:
    """All years at once, without what is stored."""
    rows = features.lake.read("clean", features.dataset)
    actions = features.lake.read("clean", replace(features.dataset, kind="actions"))
    return compute(
        adjusted(rows, factors(rows, actions)), benchmark=benchmark, every_day=features.every_day
    ).sort("symbol", "session_date")


def test_years_one_after_the_other_are_the_whole_history(market: Market) -> None:
    """Massive's bars are as traded, with splits and dividends beside them."""
    wanted = market.want("massive", "AAPL", "NVDA", "SPY", first=FIRST)
    market.bring_in(wanted)
    features = of(market, wanted.dataset)

    assert features.bring_up_to_date() == (2023, 2024, 2025, 2026)

    stored = market.data.lake.read("features", wanted.dataset)
    assert market.data.lake.read("clean", replace(wanted.dataset, kind="actions")).height > 0
    assert_frame_equal(stored, whole(features, "XNYS:SPY"), rel_tol=1e-9, abs_tol=1e-12)
    assert not [name for name in stored.columns if stored[name][-1] is None]
    assert features.bring_up_to_date() == ()


def test_a_new_day_is_computed_in_its_year_alone(server: VendorServer, market: Market) -> None:
    wanted = market.want("stooq", "SPY", "AAPL", first=FIRST)
    market.bring_in(wanted)
    features = of(market, wanted.dataset)
    features.bring_up_to_date()
    before = market.data.lake.read("features", wanted.dataset)
    later = datetime(2026, 11, 20, 17, tzinfo=UTC)
    server.clock = lambda: later
    market.bring_in(wanted, later)

    assert features.bring_up_to_date() == (2026,)

    stored = market.data.lake.read("features", wanted.dataset)
    assert stored.filter(pl.col("session_date") <= before["session_date"].max()).equals(before)
    assert_frame_equal(stored, whole(features, "XNYS:SPY"), rel_tol=1e-9, abs_tol=1e-12)
    assert stored["session_date"].max() == date(2026, 11, 19)


def test_the_benchmark_of_market_toml_is_that_of_the_features(market: Market) -> None:
    dataset = market.want("stooq", "SPY").dataset
    assert market.data.bar_features(dataset).benchmark is None
    plan = market.data.plan.path
    plan.write_text('benchmark = "SPY"\n' + plan.read_text())
    assert market.data.bar_features(dataset).benchmark == "SPY"


def test_the_record_may_be_lost_or_broken(market: Market) -> None:
    wanted = market.want("stooq", "SPY", first=date(2025, 1, 2))
    market.bring_in(wanted)
    features = of(market, wanted.dataset)
    features.bring_up_to_date()
    (record,) = market.settings.data.market_records.glob("*.features.json")
    kept = json.loads(record.read_text())
    record.write_text("{")
    # all is computed again, and is what is stored
    assert features.bring_up_to_date() == ()
    assert json.loads(record.read_text()) == kept


def test_what_trades_on_all_days_and_has_no_benchmark(market: Market) -> None:
    wanted = market.want("binance", "BTCUSDT", first=date(2024, 1, 1))
    market.bring_in(wanted)
    features = of(market, wanted.dataset)
    features.bring_up_to_date()
    stored = market.data.lake.read("features", wanted.dataset)
    assert features.every_day == {"binance:BTCUSDT"}
    assert_frame_equal(stored, whole(features, None), rel_tol=1e-9, abs_tol=1e-12)
    assert stored["beta_3m"].null_count() == stored.height
    assert stored["momentum_12_1"].null_count() == 360


class TestYears:
    """Invented bars of five years: which years are computed anew."""

    DAYS = tuple(day for year in range(2020, 2025) for day in weekdays(date(year, 1, 2), 250))

    @pytest.fixture
    def features(self, tmp_path: Path) -> BarFeatures:
        features = BarFeatures(
            MarketLake(str(tmp_path / "lake")), US, MarketState(str(tmp_path / "state")), "SPY"
        )
        rows = bars(["AAA", "SPY"], self.DAYS)
        late = bars(["NEW"], self.DAYS[-400:], seed=3)
        self.store(features, pl.concat([rows, late]))
        assert features.bring_up_to_date() == (2020, 2021, 2022, 2023, 2024)
        return features

    def store(self, features: BarFeatures, rows: pl.DataFrame, kind: str = "bars") -> None:
        day = "ex_date" if kind == "actions" else "session_date"
        for (year,), part in rows.group_by(pl.col(day).dt.year()):
            features.lake.update("clean", replace(US, kind=kind), year, lambda stored, part=part: part)  # type: ignore[arg-type, misc]

    def test_a_restated_year_and_those_after_it(self, features: BarFeatures) -> None:
        rows = features.lake.read("clean", US, years=[2022])
        changed = pl.when(pl.col("symbol") == "AAA").then(pl.col("close") * 1.5).otherwise("close")
        self.store(features, rows.with_columns(close=changed))
        earlier = features.lake.fingerprint("features", US, 2021)
        assert features.bring_up_to_date() == (2022, 2023, 2024)
        assert features.lake.fingerprint("features", US, 2021) == earlier
        stored = features.lake.read("features", US)
        assert_frame_equal(stored, whole(features, "XNYS:SPY"), rel_tol=1e-9, abs_tol=1e-12)

    def test_an_action_that_is_told_later(self, features: BarFeatures) -> None:
        self.store(features, action("AAA", date(2023, 3, 1), ratio=3.0), "actions")
        assert features.bring_up_to_date() == (2023, 2024)
        stored = features.lake.read("features", US)
        assert_frame_equal(stored, whole(features, "XNYS:SPY"), rel_tol=1e-9, abs_tol=1e-12)
        assert features.bring_up_to_date() == ()

    def test_an_action_before_all_bars_changes_nothing(self, features: BarFeatures) -> None:
        self.store(features, action("AAA", date(2001, 3, 1), ratio=3.0), "actions")
        assert features.bring_up_to_date() == ()
        assert features.bring_up_to_date() == ()

    def test_another_benchmark_and_a_year_that_was_lost(self, features: BarFeatures) -> None:
        other = replace(features, benchmark="AAA")
        assert len(other.bring_up_to_date()) == 5
        (Path(other.lake.root) / US.partition("features", 2023)).unlink()
        assert other.bring_up_to_date() == (2023,)
        stored = other.lake.read("features", US)
        assert_frame_equal(stored, whole(other, "XNYS:AAA"), rel_tol=1e-9, abs_tol=1e-12)

    def test_a_year_that_is_empty_now(self, features: BarFeatures) -> None:
        rows = features.lake.read("clean", US, years=[2024])
        features.lake.update("clean", US, 2024, lambda _: rows.clear())
        assert features.bring_up_to_date() == (2024,)
        assert features.bring_up_to_date() == ()
        assert features.lake.read("features", US, years=[2024]).is_empty()


def test_an_update_computes_features_after_the_bars(
    server: VendorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run of `tieout data update`, and the view that shows what it made."""
    market = Market(server, tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("STOOQ_BASE_URL", server.base_url("stooq"))
    monkeypatch.chdir(tmp_path)
    settings = market.settings.model_copy(update={"benchmark": "SPY"})
    want_market_data(settings, "stooq", "us", ["SPY", "AAPL"], first=date(2026, 1, 2))

    assert run_market_update(settings).failure is None

    with duckdb.connect() as connection:
        market.data.lake.views(connection)
        rows = connection.sql("from features").pl()
        found = connection.sql(
            "select count(*), count(sma_20), count(beta_3m) from features where symbol = 'AAPL'"
        ).fetchone()
        (comment,) = connection.sql(
            "select comment from duckdb_columns() where table_name = 'features' and column_name = 'sma_20'"
        ).fetchall()[0]
    stored = market.data.lake.read("clean", US)
    assert rows.height == stored.height > 300
    assert rows.columns == ["universe", "provider", *BAR_FEATURES.columns]
    assert found is not None
    assert found == (found[0], found[0] - 19, found[0] - 63)
    assert comment.startswith("Simple moving average")
    assert run_market_update(settings).failure is None
