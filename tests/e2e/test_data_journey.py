"""From an empty Data page to a chart, in a real browser: the form, the command it starts, and vendors on loopback."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fakes.vendors import BODIES, VendorServer, settings, vendor_server
from tests.support.dashboard_server import WAIT, serve
from tests.support.published_market import write_empty_market

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN = 240_000
"""Milliseconds that an update may take on a busy machine."""


@pytest.fixture(scope="module")
def vendors() -> Iterator[VendorServer]:
    with vendor_server() as running:
        running.defects = False
        yield running


@pytest.fixture(scope="module")
def server(vendors: VendorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    published = write_empty_market(tmp_path_factory.mktemp("data"))
    with serve(published, tmp_path_factory.mktemp("home"), **settings(vendors)) as address:
        yield address


def test_from_the_form_to_the_chart_with_one_series_that_fails(
    page: Page, server: str, vendors: VendorServer
) -> None:
    vendors.script("stooq", BODIES["stooq"]["challenge"], times=20, matching="qqq.us")
    page.goto(server)
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_test_id("empty")).to_contain_text("No market data yet", timeout=WAIT)

    page.get_by_label("Symbols or series").fill("spy, QQQ")
    page.get_by_role("button", name="Pull", exact=True).click()
    expect(page.get_by_test_id("badge-pull")).to_have_text("running", timeout=WAIT)
    expect(page.get_by_role("button", name="Pull", exact=True)).to_be_disabled()

    page.reload()  # the command goes on without the page
    expect(page.get_by_test_id("badge-pull")).to_have_text("done, 1 series of 2 failed", timeout=RUN)
    expect(page.get_by_test_id("step-SPY")).to_contain_text(re.compile(r"[\d,]+ added"))
    failed = page.get_by_test_id("step-QQQ")
    expect(failed).to_contain_text("failed: Stooq")
    expect(failed).not_to_contain_text("<html")

    expect(page.locator(".js-plotly-plot")).to_have_count(1, timeout=WAIT)  # of the version from before
    expect(page.get_by_test_id("series-basis")).to_contain_text("SPY · USD · as told")
    expect(page.get_by_test_id("badge-not-answered")).to_be_visible()
    expect(page.get_by_role("button", name="Update all")).to_be_enabled()

    page.get_by_role("radio", name="1Y").click()
    expect(page).to_have_url(re.compile("span=1Y"))
    page.set_viewport_size({"width": 420, "height": 860})
    expect(page.get_by_test_id("series-basis")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
