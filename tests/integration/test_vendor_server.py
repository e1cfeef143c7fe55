"""The fake vendors over real HTTP: scripted answers, keys, quotas, broken lines, then the synthetic market."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from tests.fakes.vendors import BODIES, FRED_KEY, MASSIVE_KEY, Answer, VendorServer, vendor_server
from transforms.market.vendors import VENDORS as READ_BY_US
from transforms.market_simulator import VENDORS, answer

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
DAYS = "/q/d/l/"
KLINES = "/api/v3/klines"
BARS = "/v2/aggs/ticker/NWD/range/1/day/2024-06-03/2024-06-14"


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with vendor_server(clock=lambda: NOW) as running:
        yield running


def get(server: VendorServer, vendor: str, path: str, **asked: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {MASSIVE_KEY}"} if vendor == "massive" else {}
    return requests.get(server.base_url(vendor) + path, params=asked, headers=headers, timeout=10)


def test_each_vendor_answers_from_the_synthetic_market_and_is_recorded(server: VendorServer) -> None:
    asks = {
        "stooq": (DAYS, {"s": "nwd.us", "i": "d"}),
        "binance": (KLINES, {"symbol": "BTCUSDT", "interval": "1d", "limit": "10"}),
        "massive": (BARS, {"adjusted": "false"}),
        "ecb": ("/service/data/EXR/D.USD.EUR.SP00.A", {"format": "csvdata", "startPeriod": "2026-11-02"}),
        "fred": (
            "/fred/series/observations",
            {"series_id": "DGS10", "file_type": "json", "api_key": FRED_KEY},
        ),
        "treasury": (
            "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/2026/all",
            {"type": "daily_treasury_yield_curve", "_format": "csv"},
        ),
        "yahoo": ("/v8/finance/chart/NWD", {"interval": "1d", "period1": "1717000000"}),
    }
    assert set(asks) == set(VENDORS)
    for vendor, (path, params) in asks.items():
        response = get(server, vendor, path, **params)
        status, headers, body = answer(vendor, path, params, NOW)
        assert (response.status_code, response.content) == (status, body)
        assert response.headers["Content-Type"] == headers["content-type"]
        assert [(each.path, each.params) for each in server.requests(vendor)] == [(path, params)]
    assert len({server.base_url(vendor) for vendor in VENDORS}) == len(VENDORS)


@pytest.mark.parametrize(("vendor", "name"), [(v, n) for v, bodies in BODIES.items() for n in bodies])
def test_every_known_body_comes_as_it_is(server: VendorServer, vendor: str, name: str) -> None:
    known = BODIES[vendor][name]
    server.script(vendor, known)
    response = get(server, vendor, "/anything")
    assert (response.status_code, response.content) == (known.status, known.body)
    assert dict(known.headers).items() <= dict(response.headers).items()


def test_scripts_come_in_order_to_the_requests_they_match_and_then_the_market(server: VendorServer) -> None:
    server.script("stooq", Answer(b"first"), times=2)
    server.script("stooq", Answer(b"second"), matching="hlx.us")
    server.script("stooq", Answer(b"always"), times=math.inf, matching="orbt.us")
    asked = ["nwd.us", "hlx.us", "nwd.us", "hlx.us", "hlx.us", "orbt.us", "orbt.us"]
    told = [get(server, "stooq", DAYS, s=symbol).text[:6] for symbol in asked]
    assert told == ["first", "first", "Date,O", "second", "Date,O", "always", "always"]


def test_a_line_may_break_before_the_answer_or_in_the_middle(server: VendorServer) -> None:
    server.script("stooq", Answer(reset=True))
    with pytest.raises(requests.ConnectionError):
        get(server, "stooq", DAYS, s="nwd.us")
    server.script("stooq", Answer(b"x" * 1000, cut=100))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        get(server, "stooq", DAYS, s="nwd.us")
    assert get(server, "stooq", DAYS, s="nwd.us").ok


def test_an_answer_may_be_late_or_come_in_drops(server: VendorServer) -> None:
    url = server.base_url("ecb")
    server.script("ecb", Answer(b"late", wait=5))
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, timeout=0.1)
    server.script("ecb", Answer(b"x" * 5000, drip=0.05))
    started = time.monotonic()
    assert len(requests.get(url, timeout=2).content) == 5000
    assert time.monotonic() - started > 0.1


def test_the_block_ends_at_once_though_an_answer_is_still_waited_for() -> None:
    started = time.monotonic()
    with vendor_server() as server:
        server.script("stooq", Answer(b"late", wait=60))
        with pytest.raises(requests.ReadTimeout):
            requests.get(server.base_url("stooq"), timeout=0.1)
    assert time.monotonic() - started < 10


def test_a_body_may_be_compressed(server: VendorServer) -> None:
    plain = get(server, "stooq", DAYS, s="nwd.us")
    server.compressed = True
    packed = get(server, "stooq", DAYS, s="nwd.us")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content


def test_massive_and_fred_check_their_keys(server: VendorServer) -> None:
    url = server.base_url("massive") + BARS
    told = [
        requests.get(url, headers={"Authorization": f"Bearer {k}"} if k else {}, timeout=10)
        for k in ("", "x", MASSIVE_KEY)
    ]
    assert [each.status_code for each in told] == [401, 401, 200]
    assert [each.json().get("error") for each in told] == [
        "API Key was not provided",
        "Unknown API Key",
        None,
    ]
    path, ask = "/fred/series/observations", {"series_id": "DGS10", "file_type": "json"}
    refused = [get(server, "fred", path, **ask, **key) for key in ({}, {"api_key": "x"})]
    assert [each.status_code for each in refused] == [400, 400]
    assert "not set" in refused[0].text
    assert "not registered" in refused[1].text
    assert get(server, "fred", path, **ask, api_key=FRED_KEY).ok


def test_stooq_asks_for_a_key_where_it_has_one(server: VendorServer) -> None:
    server.keys["stooq"] = "secret"
    assert get(server, "stooq", DAYS, s="nwd.us").content == BODIES["stooq"]["apikey"].body
    assert get(server, "stooq", DAYS, s="nwd.us", apikey="secret").text.startswith("Date,")


def test_binance_counts_weight_then_limits_then_bans_until_the_minute_is_over() -> None:
    now = NOW + timedelta(seconds=40)
    with vendor_server(clock=lambda: now) as server:
        server.quotas["binance"] = 4
        ask = {"symbol": "BTCUSDT", "interval": "1d", "limit": "1"}
        told = [get(server, "binance", KLINES, **ask) for _ in range(6)]
        assert [each.status_code for each in told] == [200, 200, 429, 429, 429, 418]
        assert [each.headers["X-MBX-USED-WEIGHT-1M"] for each in told[:2]] == ["2", "4"]
        assert told[2].headers["Retry-After"] == "20"
        assert int(told[5].headers["Retry-After"]) > 86_400
        now += timedelta(seconds=20)
        assert get(server, "binance", KLINES, **ask).status_code == 200


@pytest.mark.parametrize(
    ("vendor", "body"),
    [("stooq", "quota"), ("massive", "too_much"), ("fred", "too_much"), ("yahoo", "too_much")],
)
def test_a_quota_is_told_as_the_vendor_tells_it(server: VendorServer, vendor: str, body: str) -> None:
    server.keys.clear()
    server.quotas[vendor] = 1
    assert get(server, vendor, "/").content != BODIES[vendor][body].body
    refused = get(server, vendor, "/")
    assert (refused.status_code, refused.content) == (BODIES[vendor][body].status, BODIES[vendor][body].body)


def test_the_pages_of_massive_are_followed_on_the_fakes_own_host(server: VendorServer) -> None:
    page = get(server, "massive", BARS, adjusted="false", limit="3").json()
    seen = page["results"]
    while "next_url" in page:
        assert page["next_url"].startswith("https://api.massive.com/v2/aggs/")
        page = get(server, "massive", page["next_url"].removeprefix("https://api.massive.com")).json()
        seen += page["results"]
    whole = json.loads(answer("massive", BARS, {"adjusted": "false"}, NOW)[2])
    assert seen == whole["results"]
    assert len(seen) == 10


def test_as_a_process_it_tells_the_settings_and_ends_with_its_input() -> None:
    command = [sys.executable, "-m", "tests.fakes.vendors", "--now", NOW.isoformat(), "--sound"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = {}
        for line in process.stdout:
            name, _, value = line.strip().removeprefix("export ").partition("=")
            told[name] = value
            if set(told) >= {each.base_url_setting for each in READ_BY_US.values()} | {
                "FRED_API_KEY",
                "POLYGON_API_KEY",
            }:
                break
        response = requests.get(told["STOOQ_BASE_URL"] + DAYS, params={"s": "jump.us"}, timeout=20)
        expected = answer("stooq", DAYS, {"s": "jump.us"}, NOW, defects=False)
        assert response.content == expected[2]
        process.stdin.close()
        assert process.wait(20) == 0
