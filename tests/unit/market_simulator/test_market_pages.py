"""Pages of the simulated vendors: they join up, and what is told in parts is the whole."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.simulated_answers import NOW, OBSERVATIONS, get


@pytest.mark.parametrize(
    ("interval", "step", "days"), [("1d", 86_400_000, 1400), ("1h", 3_600_000, 100), ("1m", 60_000, 2)]
)
def test_the_pages_of_binance_join_up_without_gap_or_overlap(interval: str, step: int, days: int) -> None:
    first = int((NOW - timedelta(days)).timestamp() * 1000)
    opened: list[int] = []
    start = first
    while True:
        page = get(
            "binance",
            "/api/v3/klines",
            symbol="BTCUSDT",
            interval=interval,
            startTime=str(start),
            limit="1000",
        )
        opened += [each[0] for each in page]
        if len(page) < 1000:
            break
        start = opened[-1] + step
    assert opened == list(range(opened[0], opened[-1] + 1, step))
    assert opened[0] - first < step
    now = int(NOW.timestamp() * 1000)
    assert now - step <= opened[-1] <= now
    latest = get("binance", "/api/v3/klines", symbol="BTCUSDT", interval=interval, limit="7")
    assert [each[0] for each in latest] == opened[-7:]


def test_the_hours_of_binance_are_its_day() -> None:
    day = int(datetime(2026, 11, 18, tzinfo=UTC).timestamp() * 1000)
    ask = {"symbol": "ETHUSDT", "startTime": str(day), "endTime": str(day + 86_399_999)}
    (whole,) = get("binance", "/api/v3/klines", interval="1d", **ask)
    hours = get("binance", "/api/v3/klines", interval="1h", **ask)
    assert len(hours) == 24
    assert (hours[0][1], hours[-1][4]) == (whole[1], whole[4])
    assert max(float(each[2]) for each in hours) == float(whole[2])
    assert min(float(each[3]) for each in hours) == float(whole[3])
    assert sum(float(each[5]) for each in hours) == pytest.approx(float(whole[5]))


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize(("span", "limit"), [("day", 7), ("hour", 600), ("minute", 997)])
def test_the_pages_of_massive_join_up(span: str, limit: int, sort: str) -> None:
    path = f"/v2/aggs/ticker/NWD/range/1/{span}/2024-06-03/2024-06-28"
    whole = get("massive", path, sort=sort, limit="50000")
    page, seen, pages = get("massive", path, sort=sort, limit=str(limit)), [], 0
    while True:
        seen += page["results"]
        pages += 1
        assert page["resultsCount"] == len(page["results"])
        if "next_url" not in page:
            break
        link = page["next_url"].removeprefix("https://api.massive.com")
        page = get("massive", link.split("?")[0], cursor=link.split("cursor=")[1])
    assert pages > 1
    assert seen == whole["results"]
    times = [each["t"] for each in seen]
    assert times == sorted(set(times), reverse=sort == "desc")


def test_the_dividends_of_massive_join_up_and_are_filtered() -> None:
    path = "/v3/reference/dividends"
    whole = get("massive", path, limit="1000", order="asc")["results"]
    page, seen = get("massive", path, limit="7", order="asc"), []
    while True:
        seen += page["results"]
        if "next_url" not in page:
            break
        page = get("massive", path, cursor=page["next_url"].split("cursor=")[1])
    assert seen == whole
    assert len(whole) > 60
    bounds = {
        "ex_dividend_date.gte": "2024-01-01",
        "ex_dividend_date.lte": "2024-12-31",
        "ticker": "SPY",
        "limit": "1000",
    }
    told = get("massive", path, **bounds)["results"]
    assert [each["ex_dividend_date"] for each in told] == [
        "2024-12-18",
        "2024-09-18",
        "2024-06-18",
        "2024-03-18",
    ]


def test_a_grouped_day_is_the_bars_of_that_day_at_the_close() -> None:
    grouped = get("massive", "/v2/aggs/grouped/locale/us/market/stocks/2026-11-19", adjusted="false")
    told = {each["T"]: each for each in grouped["results"]}
    (bar,) = get("massive", "/v2/aggs/ticker/SPY/range/1/day/2026-11-19/2026-11-19", adjusted="false")[
        "results"
    ]
    assert {name: told["SPY"][name] for name in "ohlcv"} == {name: bar[name] for name in "ohlcv"}
    assert told["SPY"]["t"] - bar["t"] == 16 * 3_600_000
    assert "results" not in get("massive", "/v2/aggs/grouped/locale/us/market/stocks/2026-11-21")


def test_the_pages_of_fred_join_up() -> None:
    whole = get("fred", OBSERVATIONS, series_id="DGS2", file_type="json")
    seen: list[dict[str, str]] = []
    while len(seen) < whole["count"]:
        page = get(
            "fred", OBSERVATIONS, series_id="DGS2", file_type="json", limit="300", offset=str(len(seen))
        )
        assert (page["count"], page["offset"], page["limit"]) == (whole["count"], len(seen), 300)
        seen += page["observations"]
    assert seen == whole["observations"]
