"""The live strip in a real browser: a price that changes at the simulated TWS changes on the page by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.dashboard_server import WAIT, serve
from tests.support.invented_books import EUR_ACCOUNT, USD_ACCOUNT
from tests.support.live_feed import LiveFeed, live_feed
from tests.support.published_fixture import write_published

pytestmark = pytest.mark.browser

SHARE = 700_000_001


@dataclass(frozen=True)
class Live:
    """The page, the feed beside it, and the simulated TWS behind it."""

    address: str
    feed: LiveFeed
    gateway: Gateway


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    data = tmp_path_factory.mktemp("live") / "data"
    published = write_published(data / "published")
    home = tmp_path_factory.mktemp("home")
    with (
        tws_gateway(Book.of(4, (EUR_ACCOUNT, USD_ACCOUNT))) as gateway,
        live_feed(data, gateway.port) as feed,
        serve(published, home) as address,
    ):
        feed.wait_until_it_is(gateway.book)
        yield Live(address, feed, gateway)


def figure(page: Page, key: str) -> Locator:
    return page.get_by_test_id(f"live-{key}")


def box_of(locator: Locator) -> FloatRect:
    """Where it is drawn; the strip is drawn anew every two seconds, and has no place for a moment then."""
    for _ in range(20):
        found = locator.bounding_box()
        if found is not None:
            return found
        locator.page.wait_for_timeout(100)
    raise AssertionError("it is not drawn")


def signed(amount: object) -> str:
    return f"{amount:+,.2f}".replace("-", "−")


def test_a_price_change_appears_without_a_reload(page: Page, live: Live) -> None:
    page.goto(live.address)
    before = live.gateway.book.account_pnl(EUR_ACCOUNT)
    expect(figure(page, f"unrealized-{EUR_ACCOUNT}")).to_have_text(signed(before.unrealized), timeout=WAIT)
    expect(page.get_by_test_id("live-link")).to_have_text("Live")
    page.evaluate("window.notReloaded = true")

    live.gateway.set_price(SHARE, "8.21")
    after = live.gateway.book.account_pnl(EUR_ACCOUNT)
    assert after.unrealized != before.unrealized
    expect(figure(page, f"unrealized-{EUR_ACCOUNT}")).to_have_text(signed(after.unrealized), timeout=WAIT)
    expect(figure(page, f"daily-{EUR_ACCOUNT}")).to_have_text(signed(after.daily))
    assert page.evaluate("window.notReloaded")


def test_positions_open_on_demand_and_stay_open(page: Page, live: Live) -> None:
    page.goto(live.address)
    held = page.locator(".st-key-live-positions")
    held.locator("summary").click()
    expect(held.get_by_test_id("stDataFrame")).to_be_visible(timeout=WAIT)
    live.gateway.set_price(SHARE, "9.87")
    after = live.gateway.book.account_pnl(EUR_ACCOUNT)
    expect(figure(page, f"unrealized-{EUR_ACCOUNT}")).to_have_text(signed(after.unrealized), timeout=WAIT)
    expect(held.get_by_test_id("stDataFrame")).to_be_visible()


def test_privacy_and_phone(page: Page, live: Live) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    page.goto(f"{live.address}/?privacy=true&account={USD_ACCOUNT}")
    expect(figure(page, f"unrealized-{USD_ACCOUNT}")).to_have_text("•••••", timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    for key in ("daily", "realized", "unrealized", "total", "age"):
        box = box_of(figure(page, f"{key}-{USD_ACCOUNT}"))
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 420


def test_a_lost_connection_is_said_in_words_and_its_return_too(page: Page, live: Live) -> None:
    page.goto(live.address)
    expect(page.get_by_test_id("live-link")).to_have_text("Live", timeout=WAIT)
    live.gateway.refuse()
    live.gateway.drop()
    expect(page.get_by_test_id("live-link")).to_contain_text("Not live", timeout=WAIT)
    expect(page.get_by_test_id("live-detail")).to_contain_text("figures of")
    live.gateway.listen()
    expect(page.get_by_test_id("live-link")).to_have_text("Live", timeout=WAIT)
