"""What the simulated vendors answer: the same bytes everywhere, the forms of the known bodies, each one's errors."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.vendor_bodies import BODIES
from tests.support.simulated_answers import CURVE, NOW, OBSERVATIONS, VINTAGES, get
from transforms.market_simulator import DEFECTS, VENDORS, answer, bulk_zip
from transforms.market_simulator.listings import LISTINGS

ROOT = Path(__file__).parents[3]
ASKS: list[tuple[str, str, dict[str, str]]] = [
    ("stooq", "/q/d/l/", {"s": "brk-b.us", "i": "d"}),
    ("stooq", "/q/d/l/", {"s": "^spx", "i": "d", "d1": "20240102", "d2": "20240131"}),
    ("binance", "/api/v3/klines", {"symbol": "ETHBTC", "interval": "1d", "limit": "1000"}),
    ("binance", "/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "90"}),
    ("massive", "/v2/aggs/ticker/SPY/range/1/day/2023-01-01/2026-11-20", {"adjusted": "true"}),
    ("massive", "/v2/aggs/grouped/locale/us/market/stocks/2026-11-19", {}),
    ("massive", "/v3/reference/dividends", {"limit": "1000"}),
    ("ecb", "/service/data/EXR/D..EUR.SP00.A", {"format": "csvdata"}),
    ("fred", OBSERVATIONS, {"series_id": "GDPC1", "file_type": "json", **VINTAGES}),
    ("fred", "/fred/series", {"series_id": "WALCL", "file_type": "json"}),
    ("treasury", CURVE.format(2024), {"type": "daily_treasury_yield_curve"}),
    ("yahoo", "/v8/finance/chart/RHN.DE", {"interval": "1d"}),
]  # fmt: skip


def test_same_seed_same_bytes_in_another_process() -> None:
    code = (
        "import ast, hashlib, sys; from datetime import datetime\n"
        "from transforms.market_simulator import answer, bulk_zip\n"
        "digest, seed, asks = hashlib.sha256(), int(sys.argv[1]), ast.literal_eval(sys.argv[2])\n"
        "now = datetime.fromisoformat('2026-11-20T23:00+00:00')\n"
        "for ask in asks: digest.update(repr(answer(*ask, now, seed=seed)).encode())\n"
        "digest.update(bulk_zip(now, seed, symbols=('SPY',)))\n"
        "print(digest.hexdigest())"
    )

    def digest(seed: int, hash_seed: str, asks: list[Any]) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code, str(seed), repr(asks)]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert digest(7, "1", ASKS) == digest(7, "2", ASKS) != digest(8, "1", ASKS)


def test_bytes_are_those_of_every_machine() -> None:
    """Digests kept in the repository; a change that is meant to alter what is told writes new ones there."""
    golden = (ROOT / "tests" / "golden" / "market_simulator_seed7.sha256").read_text().splitlines()
    told = {
        f"{vendor} {path} {sorted(params.items())}": answer(vendor, path, params, NOW)
        for vendor, path, params in ASKS
    }
    assert [f"{hashlib.sha256(body).hexdigest()} {name}" for name, (_, _, body) in told.items()] == golden


def test_an_answer_does_not_depend_on_those_before_it() -> None:
    answers = [answer(*ask, NOW, seed=11) for ask in ASKS]
    assert [answer(*ask, NOW, seed=11) for ask in reversed(ASKS)] == answers[::-1]
    assert [status for status, _, _ in answers] == [200] * len(ASKS)


@pytest.mark.parametrize("vendor", ["stooq", "massive", "ecb", "fred", "treasury", "yahoo"])
def test_a_later_day_tells_the_same_of_the_days_before(vendor: str) -> None:
    """Of a series without splits, revisions and planted defects."""
    _, path, params = next(ask for ask in ASKS if ask[0] == vendor)
    if vendor == "fred":
        params = {"series_id": "DGS10", "file_type": "json"}
    earlier, later = (answer(vendor, path, params, NOW - timedelta(days))[2].decode() for days in (400, 0))

    def figures(body: str) -> list[str]:
        if vendor == "massive":
            return [
                f"{each['t']} {each['o']} {each['c']} {each['v']}" for each in json.loads(body)["results"]
            ]
        if vendor == "fred":
            return [f"{each['date']} {each['value']}" for each in json.loads(body)["observations"]]
        if vendor == "yahoo":
            chart = json.loads(body)["chart"]["result"][0]
            return [
                f"{t} {c}"
                for t, c in zip(chart["timestamp"], chart["indicators"]["quote"][0]["close"], strict=True)
            ]
        return sorted(body.splitlines())

    assert len(figures(earlier)) > 200
    assert set(figures(earlier)) <= set(figures(later))


DAYS = {
    "stooq": lambda body: [line[:10] for line in body.splitlines()[1:]],
    "binance": lambda body: [utc_day(each[0] / 1000) for each in json.loads(body)],
    "massive": lambda body: [utc_day(each["t"] / 1000) for each in json.loads(body).get("results", [])],
    "ecb": lambda body: [row["TIME_PERIOD"] for row in csv.DictReader(io.StringIO(body))],
    "fred": lambda body: [each["date"] for each in json.loads(body)["observations"]],
    "treasury": lambda body: [
        f"{row['Date'][6:]}-{row['Date'][:2]}-{row['Date'][3:5]}" for row in csv.DictReader(io.StringIO(body))
    ],
    "yahoo": lambda body: [
        utc_day(each) for each in json.loads(body)["chart"]["result"][0].get("timestamp", [])
    ],
}


def utc_day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


@settings(max_examples=12, deadline=None)
@given(st.datetimes(datetime(2023, 1, 10), datetime(2028, 3, 1), timezones=st.just(UTC)))
def test_nothing_is_told_before_it_is_known_and_the_last_days_are_there(now: datetime) -> None:
    asks = [
        ("stooq", "/q/d/l/", {"s": "spy.us"}, 5),
        ("binance", "/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1d"}, 1),
        ("massive", "/v2/aggs/ticker/HLX/range/1/day/2023-01-01/2030-01-01", {}, 5),
        ("ecb", "/service/data/EXR/D.USD.EUR.SP00.A", {"format": "csvdata"}, 6),
        ("fred", OBSERVATIONS, {"series_id": "DGS10", "file_type": "json"}, 5),
        ("treasury", CURVE.format(now.year), {"type": "daily_treasury_yield_curve"}, 6),
        ("yahoo", "/v8/finance/chart/RHN.DE", {}, 6),
    ]
    for vendor, path, params, late in asks:
        status, _, content = answer(vendor, path, params, now, defects=False)
        days = DAYS[vendor](content.decode()) if status == 200 else []
        assert max(days, default="") <= now.date().isoformat(), vendor
        earliest = date(now.year, 1, 1) if vendor == "treasury" else date(2023, 1, 3)
        due = now.date() - timedelta(late)
        assert max(days, default="") >= due.isoformat() or due <= earliest, vendor


def test_an_answer_has_the_form_of_the_known_bodies() -> None:
    """Keys and heads are those of the recorded bodies, in their order."""
    klines = get("binance", "/api/v3/klines", symbol="BTCUSDT", interval="1d", limit="1")
    known = json.loads(BODIES["binance"]["klines"].body)
    assert [type(each) for each in klines[0]] == [type(each) for each in known[0]]
    aggregates = get("massive", "/v2/aggs/ticker/AAPL/range/1/day/2024-01-01/2024-12-31", limit="5")
    known = json.loads(BODIES["massive"]["aggregates"].body)
    assert aggregates.keys() == known.keys()
    assert list(aggregates["results"][0]) == list(known["results"][0])
    assert get("massive", "/v2/aggs/ticker/XYZ/range/1/day/2024-01-01/2024-12-31").keys() == {
        *json.loads(BODIES["massive"]["empty"].body),
        "request_id",
    }
    for kind in ("splits", "dividends"):
        row = get("massive", f"/v3/reference/{kind}", limit="1")["results"][0]
        assert row.keys() == json.loads(BODIES["massive"][kind].body)["results"][0].keys()
    observations = get("fred", OBSERVATIONS, series_id="DGS10", file_type="json")
    known = json.loads(BODIES["fred"]["observations"].body)
    assert list(observations) == list(known)
    assert list(observations["observations"][0]) == list(known["observations"][0])
    ecb = answer(
        "ecb", "/service/data/EXR/D.USD.EUR.SP00.A", {"format": "csvdata", "startPeriod": "2026-11-19"}, NOW
    )[2]
    known_head, known_row = BODIES["ecb"]["csvdata"].body.decode().splitlines()
    head, row, *_ = ecb.decode().splitlines()
    assert head == known_head
    differing = {name for name, a, b in zip(*csv.reader([head, row, known_row]), strict=True) if a != b}
    assert differing <= {"TIME_PERIOD", "OBS_VALUE", "DECIMALS"}
    for year in (2024, 2026):
        curve = answer("treasury", CURVE.format(year), {"type": "daily_treasury_yield_curve"}, NOW)[
            2
        ].decode()
        assert curve.splitlines()[0] == BODIES["treasury"][f"csv_{year}"].body.decode().splitlines()[0]
    chart = get("yahoo", "/v8/finance/chart/AAPL")["chart"]["result"][0]
    known = json.loads(BODIES["yahoo"]["chart"].body)["chart"]["result"][0]
    assert (list(chart), list(chart["meta"])) == (
        ["meta", "timestamp", "events", "indicators"],
        list(known["meta"]),
    )
    assert chart["indicators"]["quote"][0].keys() == known["indicators"]["quote"][0].keys()
    stooq = {
        symbol: answer("stooq", "/q/d/l/", {"s": symbol}, NOW)[2].decode().split("\n")[0]
        for symbol in ("aapl.us", "eurusd")
    }
    assert stooq == {"aapl.us": "Date,Open,High,Low,Close,Volume", "eurusd": "Date,Open,High,Low,Close"}


def test_what_is_not_there_is_refused_in_the_vendors_words() -> None:
    refusals = [
        ("stooq", "/q/d/l/", {"s": "nosuch.us", "i": "d"}, "nodata"),
        ("stooq", "/q/d/l/", {"s": "aapl.us", "d1": "20200101", "d2": "20201231"}, "nodata"),
        ("binance", "/api/v3/klines", {"symbol": "NOSUCH", "interval": "1d"}, "invalid_symbol"),
        ("binance", "/api/v3/klines", {"symbol": "BTCUSDT", "interval": "7d"}, "invalid_interval"),
        ("ecb", "/service/data/EXR/D.HRK.EUR.SP00.A", {"format": "csvdata"}, "empty"),
        ("fred", OBSERVATIONS, {"series_id": "NOSUCH", "file_type": "json"}, "unknown_series"),
        ("yahoo", "/v8/finance/chart/NOSUCH", {}, "not_found"),
    ]
    for vendor, path, params, name in refusals:
        status, _, body = answer(vendor, path, params, NOW)
        assert (status, body) == (BODIES[vendor][name].status, BODIES[vendor][name].body), (vendor, params)


READ = {
    "stooq": ("s", "i", "d1", "d2"),
    "binance": ("symbol", "interval", "limit", "startTime", "endTime"),
    "massive": ("limit", "cursor", "adjusted", "sort", "order", "ticker", "execution_date.gte"),
    "ecb": ("format", "startPeriod", "endPeriod", "updatedAfter"),
    "fred": (
        "series_id",
        "limit",
        "offset",
        "realtime_start",
        "realtime_end",
        "observation_start",
        "sort_order",
    ),
    "treasury": ("type", "_format"),
    "yahoo": ("interval", "period1", "period2"),
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_odd_request_is_an_error_of_the_vendor_and_none_of_the_program(vendor: str) -> None:
    odd = ("", "x", "-1", "0", "99999999999999999999", "2026-13-45", "é", "null")
    known = [(path, params) for name, path, params in ASKS if name == vendor]
    # a currency is enough
    known = [("/service/data/EXR/D.USD.EUR.SP00.A", p) if vendor == "ecb" else (path, p) for path, p in known]
    others = [
        "/",
        "/x/y",
        CURVE.format("0000"),
        "/v2/aggs/ticker/SPY/range/1/day/x/99999999999999999999",
        "/é",
    ]
    for path, params in [*known, *((path, {}) for path in others)]:
        for name in READ[vendor]:
            for value in odd:
                status, headers, content = answer(vendor, path, {**params, name: value}, NOW)
                assert status in (200, 304, 400, 404, 406), (path, name, value)
                assert status == 304 or (headers["content-type"] and isinstance(content, bytes))


def test_who_asks_the_simulation_wrongly_is_told() -> None:
    with pytest.raises(ValueError, match="no vendor 'nobody' is simulated; there are stooq"):
        answer("nobody", "/", {}, NOW)
    with pytest.raises(ValueError, match="time zone"):
        answer("stooq", "/", {}, datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="starts on 2023-01-02"):
        answer("stooq", "/", {}, datetime(2020, 1, 1, tzinfo=UTC))


def test_yahoo_adjusts_for_splits_and_tells_dividends_as_they_would_be_now() -> None:
    chart = get("yahoo", "/v8/finance/chart/NWD")["chart"]["result"][0]
    raw = get("massive", "/v2/aggs/ticker/NWD/range/1/day/2023-01-01/2026-11-20", adjusted="false")["results"]
    closes = chart["indicators"]["quote"][0]["close"]
    split = next(n for n, each in enumerate(raw) if each["t"] >= 1_717_977_600_000)
    assert [round(each * 4, 2) for each in closes[:split]] == [each["c"] for each in raw[:split]]
    assert closes[split:] == [each["c"] for each in raw[split:]]
    (told,) = chart["events"]["splits"].values()
    assert (told["numerator"], told["denominator"], told["splitRatio"]) == (4, 1, "4:1")
    assert {each["amount"] for each in chart["events"]["dividends"].values()} == {0.06}
    adjusted = chart["indicators"]["adjclose"][0]["adjclose"]
    times = chart["timestamp"]
    paid = {each["date"]: each["amount"] for each in chart["events"]["dividends"].values()}
    for n in range(1, len(times)):
        # Yahoo's rule: the factor of a dividend is 1 - amount / close before
        expected = closes[n] / (closes[n - 1] * (1 - paid.get(times[n], 0) / closes[n - 1]))
        assert adjusted[n] / adjusted[n - 1] == pytest.approx(expected, rel=1e-5)


def test_yahoo_quotes_london_in_pence_and_the_open_session_at_its_last_quote() -> None:
    chart = get("yahoo", "/v8/finance/chart/THMS.L")["chart"]["result"][0]
    page = answer("stooq", "/q/d/l/", {"s": "thms.uk"}, NOW)[2].decode()
    pounds = [float(row["Close"]) for row in csv.DictReader(io.StringIO(page))]
    assert chart["meta"]["currency"] == "GBp"
    assert chart["indicators"]["quote"][0]["close"] == [round(each * 100, 2) for each in pounds]
    assert {each["amount"] for each in chart["events"]["dividends"].values()} == {18.3}
    noon = datetime(2026, 11, 20, 17, 3, 20, tzinfo=UTC)
    live = get("yahoo", "/v8/finance/chart/AAPL", noon)["chart"]["result"][0]
    final = get("yahoo", "/v8/finance/chart/AAPL")["chart"]["result"][0]
    assert live["timestamp"][:-1] == final["timestamp"][:-1]
    assert live["timestamp"][-1] == int(noon.timestamp())
    assert live["indicators"]["quote"][0]["volume"][-1] < final["indicators"]["quote"][0]["volume"][-1]


def test_the_bulk_zip_has_the_bars_of_the_page() -> None:
    with zipfile.ZipFile(io.BytesIO(bulk_zip(NOW))) as archive:
        names = archive.namelist()
        assert "data/daily/us/nyse stocks/1/aapl.us.txt" in names
        assert "data/daily/us/nyse etfs/1/spy.us.txt" in names
        assert len(names) == len([each for each in LISTINGS.values() if each.kind in ("share", "etf")])
        for name in names:
            symbol = name.rsplit("/", 1)[1].removesuffix(".txt")
            rows = list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            page = answer("stooq", "/q/d/l/", {"s": symbol, "i": "d"}, NOW)[2].decode()
            days = list(csv.DictReader(io.StringIO(page)))
            assert [row["<CLOSE>"] for row in rows] == [day["Close"] for day in days]
            assert [row["<DATE>"] for row in rows] == [day["Date"].replace("-", "") for day in days]
            assert {(row["<TICKER>"], row["<PER>"], row["<OPENINT>"]) for row in rows} == {
                (symbol.upper(), "D", "0")
            }


def test_every_check_has_a_planted_defect_on_a_symbol_of_its_own_that_a_switch_leaves_out() -> None:
    assert len({each.symbol for each in DEFECTS}) == len({each.check for each in DEFECTS}) == len(DEFECTS)
    assert {each.check for each in DEFECTS if each.severity == "error"} == {
        *("duplicate_key", "inconsistent_range", "non_positive_price", "future_bar", "partial_bar"),
        *("restated_overlap", "mixed_adjustment", "mixed_currency"),
    }
    assert {each.check for each in DEFECTS if each.severity == "warning"} == {
        *("gap", "stale", "unexplained_return", "zero_volume", "excessive_volume", "flat", "cross_vendor"),
    }
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    paths = {
        "stooq": "/q/d/l/",
        "massive": "/v2/aggs/ticker/{}/range/1/day/2023-01-01/2026-11-20",
        "yahoo": "/v8/finance/chart/{}",
    }
    for each in DEFECTS:
        path = paths[each.vendor].format(each.symbol)
        params = {"s": f"{each.symbol.lower()}.us", "adjusted": "false"}
        assert answer(each.vendor, path, params, noon) != answer(
            each.vendor, path, params, noon, defects=False
        ), each.check
    assert not any(LISTINGS[each.symbol].held for each in DEFECTS)
