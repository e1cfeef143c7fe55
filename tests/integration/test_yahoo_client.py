"""Yahoo through its library, as far as it can be tried on loopback: a server in the place of Yahoo's host."""

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from config.settings import load_settings
from orchestration.resources.vendors import OpenVendors, VendorClient, open_vendors
from orchestration.resources.vendors.opened import Way
from orchestration.resources.vendors.yahoo import YahooClient, through_yfinance
from tests.fakes.vendors import BODIES, VendorServer, vendor_server
from tests.support.vendor_walks import Clock
from transforms.market.series import Ask, DatasetId, Series
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Answer, Reach, VendorError

YAHOO = VENDORS["yahoo"]
TODAY = datetime(2026, 11, 23, 22, tzinfo=UTC)
SPY = Series(DatasetId("yahoo", "bars", "us", "1d"), "SPY", "SPY", "ARCX:SPY")
ASK = Ask((SPY,), date(2026, 1, 1), date(2026, 11, 20), TODAY)


class OnlyLoopback(requests.Session):
    """A session that cannot leave this machine: yfinance asks Yahoo's own hosts for cookies first."""

    def request(self, method: str, url: str, **rest: object) -> requests.Response:  # type: ignore[override]
        if urlsplit(url).hostname != "127.0.0.1":
            raise requests.exceptions.ConnectionError(f"{url} is not on this machine")
        return super().request(method, url, **rest)  # type: ignore[arg-type]


def plainly(address: str, params: Mapping[str, str], seconds: float) -> Answer:
    """What the server says, without the library."""
    answer = requests.get(address, params=dict(params), timeout=seconds)
    return Answer(answer.status_code, answer.content, {n.lower(): v for n, v in answer.headers.items()})


def through_library(address: str, params: Mapping[str, str], seconds: float) -> Answer:
    """What the server says to the library, where that is installed."""
    pytest.importorskip("yfinance", reason="the extra yahoo is not installed")
    return through_yfinance(address, params, seconds, OnlyLoopback())


@pytest.fixture
def clock() -> Clock:
    return Clock(TODAY.timestamp())


@pytest.fixture
def server(clock: Clock) -> Iterator[VendorServer]:
    with vendor_server(lambda: datetime.fromtimestamp(clock.time, UTC)) as running:
        yield running


@pytest.fixture
def vendors(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenVendors]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TIEOUT_LAKE_URL", raising=False)
    monkeypatch.delenv("YAHOO_BASE_URL", raising=False)
    with open_vendors(load_settings(), now=clock.now, sleep=clock.sleep) as opened:
        yield opened


@pytest.fixture(params=[plainly, through_library])
def client(request: pytest.FixtureRequest, server: VendorServer, vendors: OpenVendors) -> VendorClient:
    opened = vendors.client(YAHOO)
    assert isinstance(opened, YahooClient)
    return replace(opened, base_url=server.base_url("yahoo"), fetch=request.param)


def test_a_series_is_pulled_and_what_came_is_archived(client: VendorClient, server: VendorServer) -> None:
    (received,) = client.pages(ASK)
    assert received.page.rows.height > 200
    assert received.page.rows["session_date"].max() == ASK.last
    assert received.page.actions is not None
    assert received.page.actions["action"].unique().to_list() == ["dividend"]
    body = client.archive.body("yahoo", received.document_id)
    assert body.startswith(b'{"chart"')
    assert server.requests("yahoo")[-1].path == "/v8/finance/chart/SPY"


@pytest.mark.parametrize(
    ("name", "reach", "text"),
    [
        ("not_found", Reach.SERIES, "symbol may be delisted"),
        ("too_much", Reach.SOURCE, "too many requests"),
    ],
)
def test_refusals_are_those_of_any_client(
    name: str, reach: Reach, text: str, client: VendorClient, server: VendorServer
) -> None:
    server.script("yahoo", BODIES["yahoo"][name], math.inf)
    with pytest.raises(VendorError, match=text) as caught:
        list(client.pages(ASK))
    assert caught.value.reach is reach
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_answer_may_not_be_endless(client: VendorClient, server: VendorServer) -> None:
    small = replace(client.wire, most_bytes=1000)
    object.__setattr__(client, "wire", small)
    with pytest.raises(VendorError, match="more than 1,000 bytes"):
        list(client.pages(ASK))


def test_without_the_library_yahoo_ends_for_the_run_and_says_how_to_install_it(
    vendors: OpenVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("yfinance", "yfinance.config", "yfinance.data"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(VendorError, match=r"pip install 'tieout\[yahoo\]'") as caught:
        list(vendors.client(YAHOO).pages(ASK))
    assert caught.value.reach is Reach.SOURCE
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_library_that_cannot_reach_yahoo_is_no_crash() -> None:
    pytest.importorskip("yfinance", reason="the extra yahoo is not installed")
    with pytest.raises(VendorError, match="did not answer yfinance") as caught:
        through_yfinance("https://query2.finance.yahoo.com/v8/finance/chart/SPY", {}, 1.0, OnlyLoopback())
    assert caught.value.reach is Reach.AGAIN
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_address_that_is_set_is_asked_without_the_library(
    server: VendorServer, vendors: OpenVendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YAHOO_BASE_URL", server.base_url("yahoo"))
    with open_vendors(load_settings()) as opened:
        client = opened.client(YAHOO)
        assert not isinstance(client, YahooClient)
        (received,) = client.pages(ASK)
    assert received.page.rows.height > 200


def test_where_the_network_is_replaced_the_library_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TIEOUT_LAKE_URL", raising=False)
    monkeypatch.delenv("YAHOO_BASE_URL", raising=False)
    with open_vendors(load_settings(), way=Way(session=OnlyLoopback)) as opened:
        assert not isinstance(opened.client(YAHOO), YahooClient)
