"""The page in a real browser, served by a real Streamlit: what a person sees is what SQL gives."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.dashboard_server import WAIT, serve
from tests.support.invented_books import EUR_ACCOUNT, USD_ACCOUNT
from tests.support.published_fixture import write_published

# One worker for all of them: they share a server and a browser.
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(tmp_path_factory.mktemp("browser") / "published")


@pytest.fixture(scope="module")
def server(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(published, tmp_path_factory.mktemp("home")) as address:
        yield address


def sql(published: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(published / "current.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def nav_text(published: Path, account: str) -> str:
    ((nav,),) = sql(published, f"SELECT nav_base FROM marts.account_summary WHERE account_id = '{account}'")
    return f"{nav:,.2f}"


def figure(page: Page, key: str) -> Locator:
    return page.get_by_test_id(f"value-{key}")


def background(page: Page) -> int:
    """How light the page's background is, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return (red + green + blue) // 3


def test_the_nav_is_the_one_that_sql_gives(page: Page, server: str, published: Path) -> None:
    page.goto(server)
    expect(figure(page, "nav")).to_have_text(nav_text(published, EUR_ACCOUNT), timeout=WAIT)
    expect(page.get_by_test_id("badge-reconciliation")).to_have_text("1 broken, 44 of 45 tied")
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=WAIT)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    assert page.title() == "Tieout" or "Overview" in page.title()


def test_account_and_period_change_the_figures_and_the_address(
    page: Page, server: str, published: Path
) -> None:
    page.goto(server)
    expect(figure(page, "nav")).to_have_text(nav_text(published, EUR_ACCOUNT), timeout=WAIT)
    page.locator(".st-key-account input").click()
    page.get_by_role("option", name=USD_ACCOUNT).click()
    expect(figure(page, "nav")).to_have_text(nav_text(published, USD_ACCOUNT), timeout=WAIT)
    page.get_by_role("radio", name="MTD").click()
    ((twr,),) = sql(
        published, f"SELECT mtd_twr FROM marts.account_summary WHERE account_id = '{USD_ACCOUNT}'"
    )
    expect(figure(page, "twr")).to_have_text(f"{twr * 100:+.2f} %", timeout=WAIT)
    expect(page).to_have_url(re.compile(rf"account={USD_ACCOUNT}"))
    expect(page).to_have_url(re.compile("period=MTD"))

    page.reload()  # a bookmark opens the same view
    expect(figure(page, "twr")).to_have_text(f"{twr * 100:+.2f} %", timeout=WAIT)
    expect(figure(page, "nav")).to_have_text(nav_text(published, USD_ACCOUNT))


def test_privacy_masks_amounts_and_keeps_ratios(page: Page, server: str, published: Path) -> None:
    page.goto(server)
    nav = nav_text(published, EUR_ACCOUNT)
    expect(figure(page, "nav")).to_have_text(nav, timeout=WAIT)
    ratio = figure(page, "twr").inner_text()
    page.locator(".st-key-privacy label").first.click()
    expect(figure(page, "nav")).to_have_text("•••••", timeout=WAIT)
    expect(figure(page, "twr")).to_have_text(ratio)
    expect(page).to_have_url(re.compile("privacy=true"))
    assert nav not in page.locator("body").inner_text()


def test_dark_and_light_follow_the_system(browser: Browser, server: str) -> None:
    lightness = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        try:
            tab = context.new_page()
            tab.goto(server)
            expect(figure(tab, "nav")).to_be_visible(timeout=WAIT)
            lightness[scheme] = background(tab)
        finally:
            context.close()
    assert lightness["light"] > 200
    assert lightness["dark"] < 60


def test_a_phone_sees_everything_without_scrolling_sideways(page: Page, server: str, published: Path) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    page.goto(server)
    expect(figure(page, "nav")).to_have_text(nav_text(published, EUR_ACCOUNT), timeout=WAIT)
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    for key in ("nav", "day-pnl", "twr", "cash"):
        box = figure(page, key).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 420


def test_colours_change_and_the_sign_stays(page: Page, server: str, published: Path) -> None:
    page.goto(f"{server}/?colours=blue-orange")
    card = page.get_by_test_id("kpi-ytd-pnl")
    expect(card).to_contain_text("▲", timeout=WAIT)
    expect(card.locator(".kpi-value")).to_have_css("color", "rgb(0, 102, 204)", timeout=WAIT)
    expect(page.get_by_test_id("kpi-day-pnl").locator(".kpi-value")).to_have_css("color", "rgb(179, 110, 58)")


def test_positions_download_as_csv(page: Page, server: str, published: Path, tmp_path: Path) -> None:
    page.goto(server)
    expect(figure(page, "nav")).to_be_visible(timeout=WAIT)
    with page.expect_download(timeout=WAIT) as waiting:
        page.locator(".st-key-csv-positions button").click()
    target = tmp_path / "positions.csv"
    waiting.value.save_as(target)
    lines = target.read_text().splitlines()
    ((count,),) = sql(
        published, f"SELECT count(*) FROM marts.position_current WHERE account_id = '{EUR_ACCOUNT}'"
    )
    assert len(lines) == count + 1
    assert lines[0].startswith("symbol,description,asset_class")


def test_the_demo_shows_its_own_nav(page: Page, demo: Path, tmp_path: Path) -> None:
    """The whole way: synthetic documents, pipeline, publish, page."""
    rows = sql(
        demo / "published", "SELECT account_id, nav_base FROM marts.account_summary ORDER BY account_id"
    )
    with serve(demo / "published", tmp_path) as address:
        for account, nav in rows:
            page.goto(f"{address}/?account={account}")
            expect(figure(page, "nav")).to_have_text(f"{nav:,.2f}", timeout=WAIT)
            expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=WAIT)
            expect(page.get_by_test_id("badge-reconciliation")).to_contain_text("tied")
