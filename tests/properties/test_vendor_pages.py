"""Vendors' pages under any split, order and damage: the same rows, or an error, never a part of them. No network."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.vendor_asks import ask_for
from transforms.market.series import Ask
from transforms.market.vendors import VENDORS, binance, fred
from transforms.market.vendors.contract import Answer, Page, Request, VendorError
from transforms.schemas.market import READ_ACTIONS, READ_BARS, READ_OBSERVATIONS

FIRST = date(2026, 1, 1)
DAYS = st.lists(st.integers(0, 300), min_size=1, max_size=40, unique=True)
DAY = 86_400_000
some = settings(deadline=None, max_examples=50)


def on(number: int) -> date:
    """A day of the year by its number."""
    return FIRST + timedelta(days=number)


def midnight(number: int) -> int:
    """Its midnight UTC in milliseconds."""
    return int(datetime.combine(on(number), datetime.min.time(), UTC).timestamp()) * 1000


def close_of(number: int) -> float:
    """The price that belongs to a day."""
    return 100 + number / 4


def ask_of(vendor: str, *symbols: str) -> Ask:
    """All days of the year."""
    return ask_for(vendor, *symbols, first="2026-01-01", last="2026-12-31")


def whole_walk(ask: Ask, server: Any) -> pl.DataFrame:
    """The rows of all pages of the first walk; the walk may not ask for one page twice."""
    vendor = VENDORS[ask.dataset.provider]
    request: Request | None = vendor.requests(ask)[0]
    pages, asked = [], set()
    while request is not None:
        assert request not in asked
        asked.add(request)
        page = vendor.read(Answer(200, json.dumps(server(request)).encode()), request, ask)
        pages.append(page.rows)
        request = page.next
    return pl.concat(pages)


@some
@given(DAYS, st.integers(1, 12), st.randoms())
def test_binance_tells_every_candle_once_however_long_its_pages_are(
    days: list[int], size: int, chance: Any
) -> None:
    def server(request: Request) -> list[list[Any]]:
        params = dict(request.params)
        start, end, limit = (int(params[name]) for name in ("startTime", "endTime", "limit"))
        told = [day for day in sorted(days) if start <= midnight(day) <= end][:limit]
        chance.shuffle(told)
        return [
            [
                midnight(n),
                "1",
                "999",
                "1",
                str(close_of(n)),
                "1",
                midnight(n) + DAY - 1,
                "1",
                1,
                "0",
                "0",
                "0",
            ]
            for n in told
        ]

    with patch.object(binance, "PAGE", size):
        rows = whole_walk(ask_of("binance", "BTCUSDT"), server)
    assert rows.select("session_date", "close").rows() == [(on(n), close_of(n)) for n in sorted(days)]


@some
@given(DAYS, st.integers(1, 12), st.integers(1, 12), st.randoms())
def test_fred_tells_every_observation_once_also_where_it_gives_less_than_asked(
    days: list[int], size: int, most: int, chance: Any
) -> None:
    def server(request: Request) -> dict[str, Any]:
        params = dict(request.params)
        if request.path == "/fred/series":
            return {"seriess": [{"id": "DGS10", "units": "Percent"}]}
        offset, limit = int(params["offset"]), min(int(params["limit"]), most)
        rows = [{"date": str(on(day)), "value": str(close_of(day))} for day in sorted(days)][
            offset : offset + limit
        ]
        chance.shuffle(rows)
        return {"count": len(days), "offset": offset, "limit": limit, "observations": rows}

    with patch.object(fred, "PAGE", size):
        rows = whole_walk(ask_of("fred", "DGS10"), server)
    assert rows.select("observation_date", "value").rows() == [(on(n), close_of(n)) for n in sorted(days)]


@some
@given(DAYS, st.lists(st.integers(0, 40), max_size=5), st.randoms())
def test_massive_tells_every_bar_once_however_its_pages_are_cut(
    days: list[int], cuts: list[int], chance: Any
) -> None:
    edges = [0, *sorted(min(cut, len(days)) for cut in cuts), len(days)]
    told = sorted(days)
    new_york_is_behind = 5 * 3_600_000

    def server(request: Request) -> dict[str, Any]:
        page = int(dict(request.params).get("cursor", 0))
        rows = [
            {"o": 1, "h": 999, "l": 1, "c": close_of(n), "t": midnight(n) + new_york_is_behind}
            for n in told[edges[page] : edges[page + 1]]
        ]
        chance.shuffle(rows)
        more = {"next_url": f"https://elsewhere.example/v2/aggs/ticker/A/range/1/day/1/2?cursor={page + 1}"}
        return {"status": "OK", "results": rows, **(more if page + 2 < len(edges) else {})}

    rows = whole_walk(ask_of("massive", "A"), server)
    assert rows.select("session_date", "close").rows() == [(on(n), close_of(n)) for n in told]


def tables(days: list[int]) -> dict[str, tuple[str, list[str]]]:
    """Header and lines of each vendor that tells a table."""
    key = VENDORS["ecb"].provider_symbol("EURUSD")
    return {
        "stooq": ("Date,Open,High,Low,Close\n", [f"{on(n)},1,999,1,{close_of(n)}\n" for n in days]),
        "ecb": ("KEY,TIME_PERIOD,OBS_VALUE,UNIT\n", [f"{key},{on(n)},{close_of(n)},USD\n" for n in days]),
        "treasury": ("Date,10 Yr,30 Yr\n", [f"{on(n):%m/%d/%Y},{close_of(n)},5\n" for n in days]),
    }


SYMBOLS = {"stooq": "a.us", "ecb": VENDORS["ecb"].provider_symbol("EURUSD"), "treasury": "10 Yr"}


def told(vendor: str, body: str | bytes) -> Page | VendorError:
    """What a table says."""
    ask = ask_of(vendor, SYMBOLS[vendor])
    return outcome(ask, VENDORS[vendor].requests(ask)[0], body)


def rows_told(vendor: str, body: str) -> pl.DataFrame:
    """The rows of a table that is right."""
    page = told(vendor, body)
    assert isinstance(page, Page), page
    return page.rows


def outcome(ask: Ask, request: Request, body: str | bytes) -> Page | VendorError:
    """The page, which keeps its contracts, or the vendor's error, which is one line and says whose it is."""
    vendor = VENDORS[ask.dataset.provider]
    try:
        page = vendor.read(Answer(200, body if isinstance(body, bytes) else body.encode()), request, ask)
    except VendorError as error:
        found = error
    else:
        (READ_BARS if "bars" in vendor.kinds else READ_OBSERVATIONS).validate(page.rows)
        if page.actions is not None:
            READ_ACTIONS.validate(page.actions)
        return page
    assert found.problem.startswith(vendor.title)
    assert "\n" not in found.problem
    return found


@some
@given(DAYS, st.lists(st.integers(0, 39), max_size=5), st.randoms())
def test_the_order_of_a_table_and_repeated_lines_do_not_matter(
    days: list[int], again: list[int], chance: Any
) -> None:
    for vendor, (header, lines) in tables(sorted(days)).items():
        mixed = lines + [lines[place % len(lines)] for place in again]
        chance.shuffle(mixed)
        assert rows_told(vendor, header + "".join(mixed)).equals(rows_told(vendor, header + "".join(lines)))


@some
@given(DAYS, st.data())
def test_a_table_that_is_cut_off_is_an_error_or_whole_lines_of_it(
    days: list[int], data: st.DataObject
) -> None:
    for vendor, (header, lines) in tables(sorted(days)).items():
        body = header + "".join(lines)
        found = told(vendor, body[: data.draw(st.integers(0, len(body) - 1), vendor)])
        if isinstance(found, Page):
            values = found.rows["close" if vendor == "stooq" else "value"].to_list()
            assert values == [close_of(n) for n in sorted(days)][: len(values)], vendor


SECONDS = midnight(5) // 1000
CHART = {
    "meta": {"currency": "USD", "exchangeTimezoneName": "UTC"},
    "timestamp": [SECONDS],
    "events": {
        "dividends": {"a": {"amount": 1, "date": SECONDS}},
        "splits": {"b": {"date": SECONDS, "numerator": 4, "denominator": 1}},
    },
    "indicators": {"quote": [{"open": [1], "high": [2], "low": [1], "close": [2], "volume": [3]}]},
}
JSON_BODIES = {
    "yahoo": ("A", {"chart": {"result": [CHART], "error": None}}),
    "binance": ("BTCUSDT", [[midnight(5), "1", "2", "1", "2", "1", midnight(6) - 1, "1", 1, "0", "0", "0"]]),
    "massive": (
        "A",
        {"status": "OK", "results": [{"o": 1, "h": 2, "l": 1, "c": 2, "v": 3, "t": midnight(5) + DAY // 4}]},
    ),
    "fred": (
        "DGS10",
        {"count": 1, "offset": 0, "limit": 9, "observations": [{"date": "2026-01-05", "value": "4.1"}]},
    ),
}


def test_a_json_body_that_is_cut_off_anywhere_is_an_error() -> None:
    for vendor, (symbol, found) in JSON_BODIES.items():
        ask, body = ask_of(vendor, symbol), json.dumps(found)
        request = VENDORS[vendor].requests(ask)[0]
        whole = outcome(ask, request, body)
        assert isinstance(whole, Page)
        assert whole.rows.height == 1
        for cut in range(len(body)):
            assert isinstance(outcome(ask, request, body[:cut]), VendorError), body[:cut]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just(midnight(5)),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


def places(found: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value that can be changed: its container and its key."""
    if not isinstance(found, list | dict):
        return []
    keys = list(found) if isinstance(found, dict) else list(range(len(found)))
    return [(found, key) for key in keys] + [place for key in keys for place in places(found[key])]


@some
@given(st.data(), JSON_VALUES)
def test_a_value_of_any_other_kind_is_read_in_its_contract_or_is_a_vendors_error(
    data: st.DataObject, value: Any
) -> None:
    for vendor, (symbol, found) in JSON_BODIES.items():
        changed = json.loads(json.dumps(found))
        container, key = data.draw(st.sampled_from(places(changed)), vendor)
        container[key] = value
        ask = ask_of(vendor, symbol)
        for request in (*VENDORS[vendor].requests(ask), *VENDORS[vendor].apart(ask)):
            outcome(ask, request, json.dumps(changed))


@some
@given(DAYS, st.data())
def test_a_table_with_other_bytes_is_read_in_its_contract_or_is_a_vendors_error(
    days: list[int], data: st.DataObject
) -> None:
    odd = st.sampled_from([b"\n", b",", b'"', b"\r", b"-", b"e9", b"\x00"]) | st.binary(max_size=6)
    for vendor, (header, lines) in tables(days).items():
        body = (header + "".join(lines)).encode()
        start = data.draw(st.integers(0, len(body)), vendor)
        end = data.draw(st.integers(start, min(len(body), start + 12)), vendor)
        told(vendor, body[:start] + data.draw(odd, vendor) + body[end:])
