"""The page in a real browser, served by a real Streamlit: what a person sees is what SQL gives."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.support.command import ROOT, environment
from tests.support.invented_books import EUR_ACCOUNT, USD_ACCOUNT
from tests.support.published_fixture import write_published

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WAIT = 60_000

# One worker for all of them: they share a server and a browser.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(tmp_path_factory.mktemp("browser") / "published")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard's server; its address."""
    port = free_port()
    home = tmp_path_factory.mktemp("home")
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "apps/dashboard/main.py"),
                *("--server.port", str(port), "--", "--published", str(published)),
            ],
            cwd=ROOT,
            env=environment(published.parent, HOME=str(home)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 60
            while True:
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                        assert answer.status == 200
                    break
                except (urllib.error.URLError, ConnectionError):
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def browser() -> "Iterator[playwright.Browser]":
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no Chromium at {CHROMIUM}: CI must run the browser tests")
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: "playwright.Browser", server: str) -> "Iterator[playwright.Page]":
    """A fresh browser profile at 1440 × 900; fails the test when the page asks anything of another host."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(WAIT)
    tab = context.new_page()
    foreign: list[str] = []
    errors: list[str] = []
    own = (server, server.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda request: None if request.url.startswith(own) else foreign.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert not foreign, "the page must not ask other hosts"
    assert not errors


def sql(published: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(published / "current.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def nav_text(published: Path, account: str) -> str:
    ((nav,),) = sql(published, f"SELECT nav_base FROM marts.account_summary WHERE account_id = '{account}'")
    return f"{nav:,.2f}"


def figure(page: "playwright.Page", key: str) -> "playwright.Locator":
    return page.get_by_test_id(f"value-{key}")


def background(page: "playwright.Page") -> int:
    """How light the page's background is, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return (red + green + blue) // 3


def test_the_nav_is_the_one_that_sql_gives(page: "playwright.Page", server: str, published: Path) -> None:
    page.goto(server)
    expect = playwright.expect
    expect(figure(page, "nav")).to_have_text(nav_text(published, EUR_ACCOUNT), timeout=WAIT)
    expect(page.get_by_test_id("badge-reconciliation")).to_have_text("1 broken, 44 of 45 tied")
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=WAIT)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    assert page.title() == "Tieout" or "Overview" in page.title()


def test_account_and_period_change_the_figures_and_the_address(
    page: "playwright.Page", server: str, published: Path
) -> None:
    page.goto(server)
    expect = playwright.expect
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


def test_privacy_masks_amounts_and_keeps_ratios(
    page: "playwright.Page", server: str, published: Path
) -> None:
    page.goto(server)
    expect = playwright.expect
    nav = nav_text(published, EUR_ACCOUNT)
    expect(figure(page, "nav")).to_have_text(nav, timeout=WAIT)
    ratio = figure(page, "twr").inner_text()
    page.locator(".st-key-privacy label").first.click()
    expect(figure(page, "nav")).to_have_text("•••••", timeout=WAIT)
    expect(figure(page, "twr")).to_have_text(ratio)
    expect(page).to_have_url(re.compile("privacy=true"))
    assert nav not in page.locator("body").inner_text()


def test_dark_and_light_follow_the_system(browser: "playwright.Browser", server: str) -> None:
    lightness = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        try:
            tab = context.new_page()
            tab.goto(server)
            playwright.expect(figure(tab, "nav")).to_be_visible(timeout=WAIT)
            lightness[scheme] = background(tab)
        finally:
            context.close()
    assert lightness["light"] > 200
    assert lightness["dark"] < 60


def test_a_phone_sees_everything_without_scrolling_sideways(
    page: "playwright.Page", server: str, published: Path
) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    page.goto(server)
    expect = playwright.expect
    expect(figure(page, "nav")).to_have_text(nav_text(published, EUR_ACCOUNT), timeout=WAIT)
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    for key in ("nav", "day-pnl", "twr", "cash"):
        box = figure(page, key).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 420


def test_colours_change_and_the_sign_stays(page: "playwright.Page", server: str, published: Path) -> None:
    page.goto(f"{server}/?colours=blue-orange")
    expect = playwright.expect
    card = page.get_by_test_id("kpi-ytd-pnl")
    expect(card).to_contain_text("▲", timeout=WAIT)
    expect(card.locator(".kpi-value")).to_have_css("color", "rgb(0, 102, 204)", timeout=WAIT)
    expect(page.get_by_test_id("kpi-day-pnl").locator(".kpi-value")).to_have_css("color", "rgb(179, 110, 58)")


def test_positions_download_as_csv(
    page: "playwright.Page", server: str, published: Path, tmp_path: Path
) -> None:
    page.goto(server)
    playwright.expect(figure(page, "nav")).to_be_visible(timeout=WAIT)
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
