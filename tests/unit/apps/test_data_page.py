"""The Data page in Streamlit's own test harness: what stands on it for what is stored, and when."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.dashboard import market, pulling
from apps.dashboard.components.charts import MAX_POINTS
from apps.dashboard.components.formatting import decimals_of
from config.data_folder import DataFolder
from tests.support.published_fixture import write_published
from tests.support.published_market import COUNT, write_empty_market, write_market
from tests.unit.apps.test_overview_page import body

TODAY = datetime.now(UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_market(tmp_path_factory.mktemp("market"), TODAY - timedelta(days=40))


def _show(published: str) -> None:
    from pathlib import Path

    from apps.dashboard.views import data

    data.render(Path(published))


def open_data(published: Path, **query: str) -> AppTest:
    """Run the page once. The harness does not go to a page that is a function: that is the browser's test."""
    page = AppTest.from_function(_show, default_timeout=60, args=(str(published),))
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def test_stale_data_is_said_plainly(published: Path) -> None:
    page = open_data(published)
    text = body(page)
    assert "stooq/bars/us/1d is stale: its last bar is of" in text
    assert "Run tieout data update us, or update all below." in text
    assert "treasury/observations/rates/1d is stale: its last value is of" in text
    assert "1 series failed at the last update. AAPL: Stooq answered with a page, not with prices" in text
    catalogue = page.dataframe[0].value
    assert list(catalogue["freshness"]) == ["⚠ stale", "⚠ stale"]
    findings = page.dataframe[1].value
    assert findings.loc[0, ["check_name", "symbol", "found"]].tolist() == [
        "gap",
        "AAPL",
        "3 sessions missing",
    ]


def test_what_is_due_is_what_the_checks_would_call_due() -> None:
    row = {"kind": "bars", "frequency": "1d", "last_date": date(2026, 11, 18)}
    closes = [["2026-11-18", "2026-11-18 21:00:00+00:00"], ["2026-11-19", "2026-11-19 21:00:00+00:00"],
              ["2026-11-20", "2026-11-20 21:00:00+00:00"]]  # fmt: skip
    before = market.freshness(row, {"sessions": closes}, datetime(2026, 11, 20, 20, 59, tzinfo=UTC))
    assert before == market.Freshness("fresh", date(2026, 11, 18))
    after = market.freshness(row, {"sessions": closes}, datetime(2026, 11, 20, 21, 0, tzinfo=UTC))
    assert after == market.Freshness("stale", date(2026, 11, 19))
    assert market.freshness(row, {}, TODAY) == market.Freshness("unknown")
    assert market.freshness(row | {"last_date": None}, {}, TODAY) == market.Freshness("empty")
    rate = {"kind": "observations", "frequency": "1d", "last_date": date(2026, 11, 13)}
    assert market.freshness(rate, {}, datetime(2026, 11, 20, 1, tzinfo=UTC)).state == "fresh"
    assert market.freshness(rate, {}, datetime(2026, 11, 21, 1, tzinfo=UTC)).state == "stale"


def test_a_series_with_its_features_downsampled_and_said(published: Path) -> None:
    page = open_data(published, dataset="stooq/bars/us/1d", symbol="SPY", span="All", features="sma_20")
    assert "SPY · USD · as told · stooq: adjusted for nothing" in body(page)
    table = page.dataframe[-1].value
    assert len(table) == COUNT
    assert list(table["sma_20"]) == list(table["close"])
    figure = page.get("plotly_chart")[0].proto.spec
    assert figure.count('"name":"close"') == 1
    assert f"{COUNT:,} rows are drawn: the lowest and the highest of each stretch" in body(page)
    assert MAX_POINTS < 2000


def test_adjusted_closes_and_a_rate(published: Path) -> None:
    page = open_data(published, prices="Total return", span="1M")
    table = page.dataframe[-1].value
    assert list(table.columns) == ["session_date", "total_return_close", "currency"]
    assert 15 < len(table) < 25
    page = open_data(published, dataset="treasury/observations/rates/1d")
    assert "UST10Y · percent · as known now · treasury" in body(page)


def test_without_any_market_data_it_says_what_to_do(tmp_path: Path) -> None:
    page = open_data(write_empty_market(tmp_path))
    assert "No market data yet" in body(page)
    assert "tieout data pull stooq SPY" in body(page)
    assert [one.label for one in page.button] == ["Pull"]


def test_a_version_from_before_there_was_market_data_has_none(tmp_path: Path) -> None:
    assert "No market data yet" in body(open_data(write_published(tmp_path / "published")))


def test_nothing_published_still_offers_the_form(tmp_path: Path) -> None:
    page = open_data(tmp_path / "published")
    assert "Nothing is published yet" in body(page)
    assert [one.label for one in page.button] == ["Pull"]


def test_the_form_starts_the_command_or_says_why_not(
    monkeypatch: pytest.MonkeyPatch, published: Path
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(pulling, "start", lambda _data, arguments: started.append(list(arguments)))
    page = open_data(published)
    pull = next(one for one in page.button if one.label == "Pull")
    pull.click().run()
    assert "Name at least one symbol or series" in body(page)
    page.text_input(key="pull-symbols").set_value("spy, brk.b")
    next(one for one in page.button if one.label == "Pull").click().run()
    assert started == [
        [
            "data",
            "pull",
            "--progress",
            "--universe",
            "main",
            "--frequency",
            "1d",
            "--",
            "stooq",
            "SPY",
            "BRK.B",
        ]
    ]
    next(one for one in page.button if one.label == "Update all").click().run()
    assert started[1:] == [["data", "update", "--progress"]]


def test_how_the_last_update_went(published: Path) -> None:
    folder = DataFolder(published.parent).market_pull
    folder.mkdir(parents=True)
    (folder / "progress.jsonl").write_text(
        '{"state": "started", "command": "tieout data update", "at": "2026-11-23T06:00:00+00:00"}\n'
        '{"state": "asking", "dataset": "stooq/bars/us/1d", "symbol": "SPY"}\n'
    )
    assert "ended before it was done; what is stored stands" in body(open_data(published))
    with (folder / "progress.jsonl").open("a") as steps:
        steps.write(
            '{"state": "done", "dataset": "stooq/bars/us/1d", "symbol": "SPY", "added": 3, "completed": 0, '
            '"unchanged": 10, "restated": 0, "left_out": 1, "refetched": false, "problem": null}\n'
            '{"state": "done", "dataset": "stooq/bars/us/1d", "symbol": "AAPL", "added": 0, "problem": "<b>no</b>"}\n'
            '{"state": "ended", "problem": null}\n'
        )
    text = body(open_data(published))
    assert "done, 1 series of 2 failed" in text
    assert "3 added, 10 unchanged, 1 not over yet" in text
    assert "failed: &lt;b&gt;no&lt;/b&gt;" in text


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([118.73, 119.0, 117.6], 2),
        ([1.0823, 1.1], 4),
        ([0.00001234, 5], 6),
        ([119.0, None, float("nan")], 2),
        ([1e-9], 6),
        ([], 2),
    ],
)
def test_prices_of_a_column_have_as_many_decimals_as_the_longest(
    values: list[float | None], decimals: int
) -> None:
    assert decimals_of(values) == decimals
