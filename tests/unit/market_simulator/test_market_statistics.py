"""Rates and statistics of the synthetic market: vintages, and vendors that agree where they tell the same."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from tests.support.simulated_answers import CURVE, NOW, VINTAGES, get, observations
from transforms.market_simulator import answer
from transforms.market_simulator.series import STATISTICS


@pytest.mark.parametrize("name", ["CPIAUCSL", "PAYEMS", "GDPC1", "ICSA", "NFCI", "DGS10"])
def test_vintages_follow_each_other_and_the_last_is_todays(name: str) -> None:
    told = observations(name, **VINTAGES)
    by_date: dict[str, list[dict[str, str]]] = {}
    for each in told:
        by_date.setdefault(each["date"], []).append(each)
    for vintages in by_date.values():
        for before, after in pairwise(vintages):
            gap = date.fromisoformat(after["realtime_start"]) - date.fromisoformat(before["realtime_end"])
            assert gap == timedelta(1)
            assert before["value"] != after["value"]
        assert vintages[-1]["realtime_end"] == "9999-12-31"
        assert vintages[0]["realtime_start"] > vintages[0]["date"]
    today = observations(name)
    assert [(each["date"], each["value"]) for each in today] == [
        (day, vs[-1]["value"]) for day, vs in by_date.items()
    ]
    assert (max(map(len, by_date.values())) > 1) is (name != "DGS10")


def test_a_figure_of_the_past_is_what_was_known_then() -> None:
    """Asked on a day, FRED says what its vintages say of that day."""
    then = datetime(2025, 3, 3, 18, tzinfo=UTC)
    known = observations("PAYEMS", then)
    vintages = observations("PAYEMS", **VINTAGES)
    held = [v for v in vintages if v["realtime_start"] <= "2025-03-03" <= v["realtime_end"]]
    assert [(each["date"], each["value"]) for each in known] == [
        (each["date"], each["value"]) for each in held
    ]
    asked = observations("PAYEMS", realtime_start="2025-03-03", realtime_end="2025-03-03")
    assert [each["value"] for each in asked] == [each["value"] for each in known]


def test_a_rolling_series_forgets_and_a_holiday_has_a_point() -> None:
    rolling = observations("BAMLH0A0HYM2")
    assert rolling[0]["date"] == "2023-11-20"
    treasury = {each["date"]: each["value"] for each in observations("DGS10")}
    assert (treasury["2026-07-03"], treasury["2026-10-12"]) == (".", ".")
    (about,) = get("fred", "/fred/series", series_id="RRPONTSYD", file_type="json")["seriess"]
    assert about["units"] == "Billions of US Dollars"


def test_the_treasury_and_fred_tell_the_same_curve() -> None:
    body = answer("treasury", CURVE.format(2025), {"type": "daily_treasury_yield_curve"}, NOW)[2].decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    days = [datetime.strptime(row["Date"], "%m/%d/%Y").date() for row in rows]
    assert days == sorted(days, reverse=True)
    assert {day.year for day in days} == {2025}
    for name, column in (("DGS1MO", "1 Mo"), ("DGS2", "2 Yr"), ("DGS10", "10 Yr"), ("DGS30", "30 Yr")):
        told = {each["date"]: each["value"] for each in observations(name)}
        assert all(told[str(day)] == row[column] for day, row in zip(days, rows, strict=True))
    spread = {each["date"]: each["value"] for each in observations("T10Y2Y")}
    assert all(
        spread[str(day)] == f"{float(row['10 Yr']) - float(row['2 Yr']):.2f}".replace("-0.00", "0.00")
        for day, row in zip(days, rows, strict=True)
    )
    assert [bool(row["1.5 Month"]) for row in rows] == [day >= date(2025, 2, 18) for day in days]


def test_all_rates_of_the_dollar_agree() -> None:
    """The ECB's, FRED's and those of Stooq's currency pairs are one market."""
    told = {each["date"]: each["value"] for each in observations("DEXUSEU")}
    body = answer("ecb", "/service/data/EXR/D.USD.EUR.SP00.A", {"format": "csvdata"}, NOW)[2].decode()
    fixed = {row["TIME_PERIOD"]: row["OBS_VALUE"] for row in csv.DictReader(io.StringIO(body))}
    both = [day for day in fixed if told.get(day, ".") != "."]
    assert len(both) > 900
    assert all(float(told[day]) == pytest.approx(float(fixed[day]), abs=0.00006) for day in both)
    pairs = answer("stooq", "/q/d/l/", {"s": "eurusd"}, NOW)[2].decode()
    closes = {row["Date"]: row["Close"] for row in csv.DictReader(io.StringIO(pairs))}
    assert len(fixed.keys() & closes.keys()) > 900
    assert all(float(fixed[day]) == float(closes[day]) for day in fixed.keys() & closes.keys())


def test_the_ecb_leaves_out_what_it_does_not_have_and_says_when_nothing_is_new() -> None:
    path = "/service/data/EXR/D.USD+HRK+BGN.EUR.SP00.A"
    body = answer("ecb", path, {"format": "csvdata", "startPeriod": "2025-12-29"}, NOW)[2].decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    assert {row["CURRENCY"] for row in rows} == {"USD", "BGN"}
    assert max(row["TIME_PERIOD"] for row in rows if row["CURRENCY"] == "BGN") == "2025-12-31"
    assert "2026-01-01" not in {row["TIME_PERIOD"] for row in rows}
    asked = {"format": "csvdata", "updatedAfter": "2026-11-20T20:00:00+00:00"}
    assert answer("ecb", path, asked, NOW)[0] == 304
    assert answer("ecb", path, asked | {"updatedAfter": "2026-11-19T20:00:00+00:00"}, NOW)[0] == 200


def test_every_statistic_has_a_source_and_comes_when_it_says() -> None:
    for name, statistic in STATISTICS.items():
        told = observations(name)
        days = [date.fromisoformat(each["date"]) for each in told]
        assert days == sorted(set(days)), name
        numbers = [each["value"] for each in told if each["value"] != "."]
        assert len(numbers) > 50, name
        assert all(len(each.partition(".")[2]) == statistic.places for each in numbers), name
        assert len(set(numbers)) > 5, name
