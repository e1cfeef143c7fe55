"""The whole way of the live sources: `tieout up` beside a Flex Web Service and a TWS on loopback, seen in a browser."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.fakes.flex_server import FlexServer, flex_server
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.command import query, runs, tieout
from tests.support.dashboard_server import WAIT
from tests.support.services import Services, running, wait_for
from transforms.broker_simulator import simulate

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ACCOUNT = "U1000001"
SHARE = 700_000_001
SECONDS = 420.0


class Sources:
    """The two fakes and `tieout up` that knows them from its settings."""

    def __init__(self, folder: Path, flex: FlexServer, gateway: Gateway) -> None:
        life = simulate(seed=3, years=1)
        document = life.document([ACCOUNT], date(2023, 1, 2), date(2023, 1, 13), datetime(2023, 1, 14, 2))
        flex.documents["777"] = b"".join(document.chunks())
        self.flex, self.gateway = flex, gateway
        self.data, self.log = folder / "data", folder / "up.log"
        self.data.mkdir()
        self.tws = {"IBKR_PORT": str(gateway.port), "IBKR_CLIENT_ID": "7"}
        self.settings = self.tws | {
            "FLEX_TOKEN": next(iter(flex.tokens)),
            "FLEX_QUERY_IDS": "activity=777",
            "FLEX_BASE_URL": flex.base_url,
            "FLEX_FETCH_CRON": "* * * * *",
            "TIEOUT_INBOX_SECONDS": "2",
        }


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    with flex_server() as flex, tws_gateway(Book.of(3, (ACCOUNT,))) as gateway:
        yield Sources(tmp_path, flex, gateway)


def provisional(data: Path) -> list[Decimal]:
    """The prices of the trades that TWS alone has told."""
    found = query(data, "select price from marts.fct_trade where is_provisional order by trade_at")
    return [Decimal(row["price"]) for row in found]


def published(services: Services) -> bool:
    return (services.data / "published" / "CURRENT").exists()


def test_fetch_marts_snapshot_and_live_strip_work_together(sources: Sources, page: Page) -> None:
    """One test, because starting all of it is dear."""
    with running(sources.data, sources.log, **sources.settings) as services:
        a_scheduled_fetch_becomes_marts(sources, services)
        the_page_shows_the_books_and_what_is_live(sources, services, page)
        a_snapshot_is_in_the_marts_with_the_fill_that_the_feed_saw(sources, services)
        dagster_shows_the_runs(services, page)
    assert sources.settings["FLEX_TOKEN"] not in sources.log.read_text()


def a_scheduled_fetch_becomes_marts(sources: Sources, services: Services) -> None:
    wait_for(lambda: published(services), SECONDS, "a version made of what was fetched", sources.log)
    assert [call["q"] for call in sources.flex.calls("SendRequest")] == ["777"], "asked once, and not again"
    assert ("fetch", "SUCCESS") in runs(sources.data)
    ((loaded),) = query(sources.data, "select file_name, status, accounts from marts.document")
    assert (loaded["status"], loaded["accounts"]) == ("loaded", ACCOUNT)
    assert loaded["file_name"].startswith("activity_")


def the_page_shows_the_books_and_what_is_live(sources: Sources, services: Services, page: Page) -> None:
    ((told),) = query(sources.data, "select nav_base from marts.account_summary")
    page.goto(services.dashboard)
    expect(page.get_by_test_id("value-nav")).to_have_text(f"{Decimal(told['nav_base']):,.2f}", timeout=WAIT)
    expect(page.get_by_test_id("live-link")).to_have_text("Live", timeout=WAIT)
    sources.gateway.set_price(SHARE, "8.21")
    now = sources.gateway.book.account_pnl(ACCOUNT).unrealized
    text = f"{now:+,.2f}".replace("-", "−")
    expect(page.get_by_test_id(f"live-unrealized-{ACCOUNT}")).to_have_text(text, timeout=WAIT)


def a_snapshot_is_in_the_marts_with_the_fill_that_the_feed_saw(sources: Sources, services: Services) -> None:
    sources.gateway.fill(ACCOUNT, SHARE, -2, "8.25", commission="0.35")
    tieout(sources.data, "snapshot", settings=sources.tws | {"IBKR_CLIENT_ID": "8"})
    wait_for(
        lambda: provisional(sources.data) == [Decimal("8.25")], SECONDS, "the fill as a trade", sources.log
    )
    wait_for(
        lambda: bool(query(sources.data, "select 1 from marts.position_intraday limit 1")),
        SECONDS,
        "the snapshot",
        sources.log,
    )


def dagster_shows_the_runs(services: Services, page: Page) -> None:
    page.goto(f"{services.dagster}/runs")
    for job in ("fetch", "refresh"):
        expect(page.get_by_role("link", name=job, exact=True).first).to_be_visible(timeout=WAIT)
