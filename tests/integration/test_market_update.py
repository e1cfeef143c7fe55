"""Datasets brought up to date over real HTTP from the simulated vendors: what is asked, stored and found."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from config.settings import Settings
from orchestration.market import update as update_module
from orchestration.market.outcome import DatasetOutcome
from orchestration.market.plan import Wanted
from orchestration.market.update import bring_in
from orchestration.market.work import MarketData
from orchestration.resources.market_lake import lake as lake_module
from orchestration.resources.vendors import open_vendors
from tests.fakes.vendors import BODIES, FRED_KEY, MASSIVE_KEY, Answer, VendorServer, vendor_server
from transforms.market.vendors import VENDORS
from transforms.market_simulator import DEFECTS
from transforms.market_simulator.series import STATISTICS

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
"""A Wednesday, while New York trades."""
FIRST = date(2024, 1, 1)


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with vendor_server() as running:
        running.clock = lambda: NOON
        running.defects = False
        yield running


class Market:
    """The market data of one folder, asked of the simulated vendors."""

    def __init__(self, server: VendorServer, folder: Path) -> None:
        addresses = {v.base_url_setting: server.base_url(name) for name, v in VENDORS.items()}
        self.settings = Settings.model_validate(
            {"TIEOUT_DATA_DIR": folder, "POLYGON_API_KEY": MASSIVE_KEY, "FRED_API_KEY": FRED_KEY, **addresses}
        )
        self.data = MarketData(self.settings)
        self._runs = 0

    def want(self, provider: str, *symbols: str, first: date = FIRST) -> Wanted:
        return self.data.plan.add(provider, "main", symbols, first=first)

    def bring_in(self, wanted: Wanted, now: datetime = NOON) -> DatasetOutcome:
        self._runs += 1
        now += timedelta(seconds=self._runs)  # no two answers come at one instant
        with open_vendors(self.settings, now=now.timestamp, sleep=lambda _: None) as vendors:
            return bring_in(wanted, vendors.client(VENDORS[wanted.dataset.provider]), self.data.lake, now)

    def receipts(self) -> pl.DataFrame:
        """What was asked of the vendors, in order."""
        with open_vendors(self.settings) as vendors:
            return vendors.archive.receipts()

    def written(self) -> dict[str, tuple[int, bytes]]:
        """When each file of the lake was written, and what it holds; but for the vendors' answers."""
        lake = Path(self.settings.lake_url)
        files = (path for path in lake.rglob("*.parquet") if lake / "raw" not in path.parents)
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    def files(self) -> dict[str, bytes]:
        """What the lake holds besides the vendors' answers."""
        lake = Path(self.settings.lake_url) / "clean"
        return {str(path.relative_to(lake)): path.read_bytes() for path in lake.rglob("*.parquet")}


@pytest.fixture
def market(server: VendorServer, tmp_path: Path) -> Market:
    return Market(server, tmp_path)


def asked(server: VendorServer) -> list[str]:
    """The requests since the last time that somebody looked."""
    found = [f"{one.vendor} {one.params.get('s') or one.path}" for one in server.asked]
    server.asked.clear()
    return found


# By vendor (and frequency, where it is not daily): two series, the bytes that an answer may have, and what is asked
# when nothing is new: what follows the tenth stored session from the end, up to tomorrow. Treasury's file is a year.
QUIET = {
    "stooq": (["SPY", "AAPL"], 700, [
        "/q/d/l/?s=spy.us&d1=20261104&d2=20261119&i=d",
        "/q/d/l/?s=aapl.us&d1=20261104&d2=20261119&i=d",
    ]),
    "binance": (["BTCUSDT", "ETHUSDT"], 3000, [
        "/api/v3/klines?symbol=BTCUSDT&interval=1d&startTime=1794096000000&endTime=1795132799999&limit=1000",
        "/api/v3/klines?symbol=ETHUSDT&interval=1d&startTime=1794096000000&endTime=1795132799999&limit=1000",
    ]),
    "massive": (["SPY", "AAPL"], 1700, [
        "/v2/aggs/ticker/SPY/range/1/day/2026-11-04/2026-11-19?adjusted=false&sort=asc&limit=50000",
        "/v2/aggs/ticker/AAPL/range/1/day/2026-11-04/2026-11-19?adjusted=false&sort=asc&limit=50000",
    ]),
    "ecb": (["EURUSD", "EURGBP"], 6000, [
        "/service/data/EXR/D.USD+GBP.EUR.SP00.A?format=csvdata&startPeriod=2026-11-05&endPeriod=2026-11-19",
    ]),
    "fred": (["DGS10", "DGS2"], 1700, [
        "/fred/series/observations?series_id=DGS10&file_type=json&observation_start=2026-11-04"
        "&observation_end=2026-11-19&sort_order=asc&limit=100000&offset=0",
        "/fred/series/observations?series_id=DGS2&file_type=json&observation_start=2026-11-04"
        "&observation_end=2026-11-19&sort_order=asc&limit=100000&offset=0",
    ]),
    "fred/1w": (["ICSA", "WALCL"], 3000, [
        "/fred/series/observations?series_id=ICSA&file_type=json&observation_start=2026-09-05"
        "&observation_end=2026-11-19&realtime_start=1776-07-04&realtime_end=9999-12-31&sort_order=asc&limit=100000"
        "&offset=0",
        "/fred/series/observations?series_id=WALCL&file_type=json&observation_start=2026-09-09"
        "&observation_end=2026-11-19&realtime_start=1776-07-04&realtime_end=9999-12-31&sort_order=asc&limit=100000"
        "&offset=0",
    ]),
    "treasury": (["UST10Y", "UST3M"], 20_000, [
        "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/2026/all"
        "?type=daily_treasury_yield_curve&field_tdr_date_value=2026&page=&_format=csv",
    ]),
    "yahoo": (["SPY", "AAPL"], 2500, [
        "/v8/finance/chart/SPY?period1=1793664000&period2=1795219200&interval=1d&events=div%2Csplits"
        "&includePrePost=false",
        "/v8/finance/chart/AAPL?period1=1793664000&period2=1795219200&interval=1d&events=div%2Csplits"
        "&includePrePost=false",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("which", QUIET)
def test_an_update_without_news_makes_one_small_request_a_series_and_no_write(
    which: str, market: Market
) -> None:
    symbols, most, requests = QUIET[which]
    provider, _, frequency = which.partition("/")
    wanted = market.data.plan.add(provider, "main", symbols, first=FIRST, frequency=frequency or "1d")
    first = market.bring_in(wanted)
    assert first.problems == ()
    assert all(one.added > 100 for one in first.series)
    before, asked_before = market.written(), market.receipts()

    again = market.bring_in(wanted)

    assert (again.problems, again.years) == ((), ())
    assert [(one.changed, one.unchanged >= 10) for one in again.series] == [(False, True)] * 2
    told = market.receipts().join(asked_before, on="received_at", how="anti")
    assert told["request"].sort().to_list() == sorted(requests)
    assert max(told["bytes"]) <= most
    assert market.written() == before


@pytest.mark.parametrize(("setting", "least"), [("MANY_ROWS", 1), ("LONG", 0.0)])
def test_what_came_is_stored_in_parts_where_it_is_much_or_takes_long(
    setting: str, least: float, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then each series is stored by itself; what is stored in the end is the same, splits and dividends too."""
    symbols = ("SPY", "AAPL")
    monkeypatch.setattr(lake_module.Partition, "replace", counted(written := []))
    wanted = market.data.plan.add("massive", "main", symbols, first=FIRST)
    market.bring_in(wanted)
    at_once, writes = stored(market, wanted), len(written)
    shutil.rmtree(market.settings.lake_url)
    written.clear()
    monkeypatch.setattr(update_module, setting, least)

    outcome = market.bring_in(wanted)

    assert [one.added for one in outcome.series] == [at_once[0]["symbol"].to_list().count(s) for s in symbols]
    assert (writes, len(written)) == (3, 6)  # of three years
    for here, before in zip(stored(market, wanted), at_once, strict=True):
        assert_frame_equal(here, before)


def counted(written: list[str]) -> Callable[[lake_module.Partition, pl.DataFrame], bool]:
    """`Partition.replace`, which notes each year of bars that it writes."""
    replace_rows = lake_module.Partition.replace

    def replace_and_count(partition: lake_module.Partition, frame: pl.DataFrame) -> bool:
        done = replace_rows(partition, frame)
        if done and "close" in frame.columns:
            written.append(str(frame["session_date"].min()))
        return done

    return replace_and_count


def stored(market: Market, wanted: Wanted) -> list[pl.DataFrame]:
    """Bars and actions, without what tells when they came."""
    both = (wanted.dataset, replace(wanted.dataset, kind="actions"))
    return [market.data.lake.read("clean", one).drop("ingested_at", "document_id") for one in both]


def test_every_vendor_is_updated_without_news() -> None:
    assert {which.partition("/")[0] for which in QUIET} == set(VENDORS)


def test_what_a_rolling_window_no_longer_tells_is_kept(server: VendorServer, market: Market) -> None:
    """FRED tells three years of the ICE BofA series, whatever is asked for."""
    wanted = market.want("fred", "BAMLH0A0HYM2", first=date(2020, 1, 1))
    ends = []
    for now in (datetime(2025, 6, 10, 17, tzinfo=UTC), NOON):
        server.clock = lambda now=now: now  # type: ignore[misc]
        market.bring_in(wanted, now)
        ends.append(market.data.lake.read("clean", wanted.dataset)["observation_date"].min())
    with open_vendors(market.settings, now=NOON.timestamp, sleep=lambda _: None) as vendors:
        span = (date(2020, 1, 1), NOON.date())
        bring_in(wanted, vendors.client(VENDORS["fred"]), market.data.lake, NOON, span)
    ends.append(market.data.lake.read("clean", wanted.dataset)["observation_date"].min())
    assert ends == [date(2023, 1, 2)] * 3  # the market begins there; the window of today only in November


def test_splits_and_dividends_are_asked_for_when_a_session_has_ended_since(
    server: VendorServer, market: Market
) -> None:
    """Massive tells them apart from the bars. SPY pays on Friday, 18 September."""
    wanted = market.want("massive", "SPY")
    paid = replace(wanted.dataset, kind="actions")
    asked_of_a_day = []
    for day in (18, 19, 20):
        now = datetime(2026, 9, day, 17, tzinfo=UTC)
        server.clock = lambda now=now: now  # type: ignore[misc]
        market.bring_in(wanted, now)
        asked_of_a_day.append([one.path.split("/")[3] for one in server.asked])
        server.asked.clear()
    everything = ["ticker", "splits", "dividends"]
    assert asked_of_a_day == [everything, everything, ["ticker"]]
    assert market.data.lake.read("clean", paid)["ex_date"].max() == date(2026, 9, 18)


def test_a_new_day_is_added_and_only_its_year_is_written(server: VendorServer, market: Market) -> None:
    wanted = market.want("stooq", "SPY")
    market.bring_in(wanted)
    before = market.files()
    later = datetime(2026, 11, 20, 17, tzinfo=UTC)
    server.clock = lambda: later

    outcome = market.bring_in(wanted, later)

    assert outcome.years == (2026,)
    (one,) = outcome.series
    assert one.added == 2
    changed = {name for name, content in market.files().items() if before[name] != content}
    assert changed == {"stooq/bars/main/1d/year=2026/part.parquet"}
    days = market.data.lake.read("clean", wanted.dataset)["session_date"]
    assert days.is_unique().all()
    assert days.max() == date(2026, 11, 19)


def test_one_series_that_fails_leaves_the_others_and_what_is_stored(
    server: VendorServer, market: Market
) -> None:
    wanted = market.want("stooq", "SPY", "AAPL")
    market.bring_in(wanted)
    before = market.files()
    server.script("stooq", BODIES["stooq"]["php_error"], times=20, matching="spy")

    outcome = market.bring_in(wanted)

    broken, fine = outcome.series
    assert broken.problem is not None
    assert "Stooq" in broken.problem
    assert (fine.problem, fine.unchanged) == (None, 10)
    assert market.files() == before


NOTHING = [
    ("stooq", "SPY", "nodata"), ("stooq", "SPY", "header_only"), ("stooq", "SPY", "empty"),
    ("binance", "BTCUSDT", "empty"), ("ecb", "EURUSD", "empty"), ("fred", "DGS10", "empty"),
    ("treasury", "UST10Y", "header_only"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "symbol", "body"), NOTHING)
def test_an_answer_without_the_sessions_that_are_stored_is_a_problem_and_not_no_news(
    provider: str, symbol: str, body: str, server: VendorServer, market: Market
) -> None:
    wanted = market.want(provider, symbol)
    assert market.bring_in(wanted).problems == ()
    before = market.files()
    server.script(provider, BODIES[provider][body], times=20)

    (problem,) = market.bring_in(wanted).problems

    assert problem.startswith(f"{symbol}: {VENDORS[provider].title} told nothing of ")
    assert "although" in problem
    assert VENDORS[provider].base_url_setting in problem
    assert market.files() == before


def test_a_source_that_ends_is_said_once_and_asked_no_more(server: VendorServer, market: Market) -> None:
    wanted = market.want("stooq", "SPY", "AAPL", "MSFT")
    server.script("stooq", BODIES["stooq"]["quota"], times=20)

    outcome = market.bring_in(wanted)

    assert len(asked(server)) == 1
    (problem,) = outcome.problems
    assert problem.startswith("SPY, AAPL, MSFT: ")
    assert "quota" in problem
    assert market.files() == {}


@pytest.mark.parametrize("seed", [7, 11])
def test_a_restated_history_is_fetched_anew_as_a_whole(
    server: VendorServer, market: Market, seed: int
) -> None:
    server.defects, server.seed = True, seed
    (planted,) = [one for one in DEFECTS if one.check == "restated_overlap"]
    assert planted.day is not None
    wanted = market.want(planted.vendor, planted.symbol)
    then = datetime(2025, 6, 10, 12, tzinfo=UTC)
    server.clock = lambda: then
    market.bring_in(wanted, then)
    old = market.data.lake.read("clean", wanted.dataset)
    after = datetime(2025, 6, 18, 12, tzinfo=UTC)
    server.clock = lambda: after

    outcome = market.bring_in(wanted, after)

    (one,) = outcome.series
    assert (one.refetched, one.problem) == (True, None)
    new = market.data.lake.read("clean", wanted.dataset)
    both = old.join(new, on="session_date", suffix="_new")
    assert both.height == old.height
    assert ((both["close_new"] / both["close"]) - 0.5).abs().max() < 0.01


def test_many_series_come_with_one_request(server: VendorServer, market: Market) -> None:
    wanted = market.want("ecb", "EURUSD", "EURGBP", "EURCHF")
    outcome = market.bring_in(wanted)
    assert len(asked(server)) == 1
    assert [one.problem for one in outcome.series] == [None] * 3
    market.bring_in(wanted)
    assert len(asked(server)) == 1


@pytest.mark.parametrize(
    ("provider", "symbols"),
    [
        ("massive", ["AAPL", "SPY"]),
        ("binance", ["BTCUSDT"]),
        ("fred", ["DGS10"]),
        ("treasury", ["UST10Y", "UST3M"]),
    ],
)
def test_every_vendor_comes_in(market: Market, provider: str, symbols: Sequence[str]) -> None:
    outcome = market.bring_in(market.want(provider, *symbols))
    assert outcome.problems == ()
    assert outcome.added > 200
    assert outcome.findings.is_empty(), outcome.findings.to_dicts()[:3]
    assert market.bring_in(market.want(provider, *symbols)).years == ()


def test_every_observation_has_the_unit_that_its_vendor_names(server: VendorServer, market: Market) -> None:
    """Billions and millions are told apart, and what costs what."""
    for provider, symbols in {
        "fred": ["RRPONTSYD", "WTREGEN"], "ecb": ["EURUSD", "EURGBP"], "treasury": ["UST10Y"],
    }.items():  # fmt: skip
        assert market.bring_in(market.want(provider, *symbols)).problems == ()
    lake = market.data.lake
    rows = [lake.read("clean", one, columns=["symbol", "unit"]).unique() for one in lake.datasets("clean")]
    assert dict(row for frame in rows for row in frame.iter_rows()) == {
        "RRPONTSYD": STATISTICS["RRPONTSYD"].units,
        "WTREGEN": STATISTICS["WTREGEN"].units,
        "EURUSD": "USD per EUR",
        "EURGBP": "GBP per EUR",
        "UST10Y": "percent",
    }
    assert STATISTICS["RRPONTSYD"].units != STATISTICS["WTREGEN"].units
    told = {row.dataset.provider: row.units for row in market.data.catalog()}
    assert told["ecb"] == ("GBP per EUR", "USD per EUR")
    assert any(one["request"].startswith("/fred/series?") for one in _receipts(market))

    # a vendor that counts in another unit from one day on is not mixed in
    later = NOON + timedelta(days=7)
    server.clock = lambda: later
    server.script(
        "fred", Answer(body=b'{"seriess":[{"id":"RRPONTSYD","units":"Pence"}]}'), matching="/fred/series?"
    )
    outcome = market.bring_in(market.want("fred", "RRPONTSYD"), later)
    assert "mixed_unit: unit Pence" in outcome.problems[0]


def _receipts(market: Market) -> list[dict[str, object]]:
    with open_vendors(market.settings) as vendors:
        return list(vendors.archive.receipts().to_dicts())


@pytest.mark.parametrize("seed", [7, 11, 23, 77])
def test_the_checks_find_each_planted_defect_and_nothing_else(
    server: VendorServer, market: Market, seed: int
) -> None:
    """Those that contradict themselves within one answer are refused by who reads it: the series says so. A bar whose
    session is open is no defect of an honest vendor either: it is left out, and comes when it is over.
    """
    server.defects, server.seed = True, seed
    plants = [one for one in DEFECTS if one.check != "restated_overlap"]
    sound = {"massive": ["SPY", "XVEN"], "stooq": ["SPY", "AAPL"], "yahoo": ["SPY"]}
    found, refused, left_out = set(), set(), set()
    for vendor, others in sound.items():
        own = [one.symbol for one in plants if one.vendor == vendor]
        market.want(vendor, *dict.fromkeys([*own, *others]))
        # what Yahoo sells is listed all over the world: a person says in what currency, and what comes is held to it
        plan = market.data.plan
        text = plan.path.read_text().replace('"yahoo"\n', '"yahoo"\ncurrency = "USD"\n')
        plan.path.write_text(text)
        outcome = market.bring_in(plan.wanted()[-1])
        found |= {(vendor, *row) for row in outcome.findings.select("symbol", "check_name").iter_rows()}
        refused |= {(vendor, one.symbol) for one in outcome.series if one.problem}
        left_out |= {(vendor, one.symbol) for one in outcome.series if one.left_out and not one.problem}
    by_reader = {(one.vendor, one.symbol) for one in plants if one.found_in == "answer"}
    open_yet = {("stooq", "PART")}
    told = {(o.vendor, o.symbol, o.check) for o in plants if (o.vendor, o.symbol) not in by_reader | open_yet}
    assert found == told
    assert left_out - {("yahoo", "SPY")} == open_yet | {("massive", symbol) for symbol in sound["massive"]}
    assert refused >= by_reader
    errors = {(o.vendor, o.symbol) for o in plants if o.severity == "error" and o.check != "partial_bar"}
    assert refused == errors


@pytest.mark.parametrize(
    ("provider", "symbol"), [("stooq", "NOSUCH"), ("treasury", "DGS10"), ("ecb", "EURQQQ")]
)
def test_a_symbol_of_which_nothing_ever_came_is_said(market: Market, provider: str, symbol: str) -> None:
    outcome = market.bring_in(market.want(provider, symbol))
    (problem,) = outcome.problems
    assert problem.startswith(f"{symbol}: ")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<!DOCTYPE html><html></html>"),
        Answer(body=b'{"results": [{"t": 17', status=200),
        Answer(body=b"", status=500),
    ],
    ids=["a web page", "half a page", "a server's error"],
)
def test_a_key_is_in_no_message_and_in_no_file(
    server: VendorServer, market: Market, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = market.want("fred", "DGS10")
    server.script("fred", answer, times=20)
    outcome = market.bring_in(wanted)
    assert outcome.problems
    assert FRED_KEY not in "".join(outcome.problems) + caplog.text
    for path in market.settings.data.root.rglob("*"):
        assert not path.is_file() or FRED_KEY.encode() not in path.read_bytes()
