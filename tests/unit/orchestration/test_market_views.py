"""The views of the published database: the books are published whatever state the market data are in."""

import logging
from pathlib import Path

import duckdb
import pytest

from config.settings import Settings
from orchestration.market.work import MarketData
from tests.support.lake_rows import BARS_OF, bars, weekdays
from tests.support.market_rows import MONDAY
from tests.support.unreachable import unreachable

ALL = {
    "bars", "bars_adjusted", "corporate_action", "dataset_catalog", "features", "observations", "quotes", "symbol_map",
    "trades",
}  # fmt: skip


@pytest.fixture
def market(tmp_path: Path) -> MarketData:
    data = MarketData(Settings.model_validate({"TIEOUT_DATA_DIR": tmp_path}))
    data.lake.update("clean", BARS_OF, 2026, lambda _: bars(("AAA",), weekdays(MONDAY, 5)))
    return data


def made(market: MarketData) -> set[str]:
    with duckdb.connect() as connection:
        market.views(connection)
        found = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
    return {name for (name,) in found}


def test_all_of_them(market: MarketData) -> None:
    assert made(market) == ALL


def test_a_plan_with_an_error_leaves_the_rows_in_sight(
    market: MarketData, caplog: pytest.LogCaptureFixture
) -> None:
    market.plan.path.write_text("[[dataset")
    with caplog.at_level(logging.WARNING):
        assert made(market) == ALL - {"dataset_catalog"}
    assert "market.toml is no TOML" in caplog.text


def test_a_broken_file_is_named(market: MarketData, caplog: pytest.LogCaptureFixture) -> None:
    (Path(market.lake.root) / BARS_OF.partition("clean", 2026)).write_bytes(b"no Parquet")
    with caplog.at_level(logging.WARNING):
        assert "bars" not in made(market)
    assert "clean/stooq/bars/us/1d/year=2026/part.parquet" in caplog.text


def test_a_lake_that_cannot_be_made_is_said(market: MarketData, caplog: pytest.LogCaptureFixture) -> None:
    blocked = Path(market.settings.data.root) / "file"
    blocked.write_text("no folder")
    settings = market.settings.model_copy(update={"lake": str(blocked)})
    with caplog.at_level(logging.WARNING):
        assert made(MarketData(settings)) == set()
    assert "views of market data are missing" in caplog.text


def test_a_lake_that_cannot_be_reached_is_said(market: MarketData, caplog: pytest.LogCaptureFixture) -> None:
    settings = market.settings.model_copy(update={"lake": unreachable()})
    with caplog.at_level(logging.WARNING):
        assert made(MarketData(settings)) == set()
    assert (
        "gone://bucket cannot be reached (Could not connect to the endpoint URL). Check TIEOUT_LAKE_URL"
        in caplog.text
    )
