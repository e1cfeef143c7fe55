"""The page's first view in a real browser, once the server is warm: until the figures stand, until the charts stand.

Beside it, in the same run, the same browser with a Streamlit page of one line: what any page costs here.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.measure import run
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.support.command import command, environment
from tests.support.dashboard_server import serve, serve_script

VIEWS = 7
EMPTY_PAGE = "import streamlit as st\nst.html('<b data-testid=\"value-nav\">1</b>')\n"


def main() -> None:
    """The page on the demo's marts."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        run(command("demo"), environment(data), data)
        report(data)


def report(data: Path) -> None:
    """Print medians over fresh pages on this folder's marts (the browser's cache is warm, as on a second visit)."""
    if not CHROMIUM.exists():
        sys.exit(f"no Chromium at {CHROMIUM}: install Debian's package chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        script = data / "empty.py"
        script.write_text(EMPTY_PAGE)
        with serve_script(script, [], data) as address:
            (empty,) = _views(browser, address, [_figures])
        with serve(data / "published", data) as address:
            figures, charts = _views(browser, address, [_figures, _charts])
        browser.close()
    print(f"a Streamlit page of one line:        {empty:5.2f} s")
    print(f"the Overview's figures:              {figures:5.2f} s  {figures / empty:5.2f} ×  (limit 1 s)")
    print(f"the Overview with both charts:       {charts:5.2f} s  {charts / empty:5.2f} ×")


def _views(browser: Browser, address: str, waits: list[Callable[[Page], None]]) -> list[float]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    seconds: list[list[float]] = []
    for _ in range(VIEWS + 1):
        page = context.new_page()
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        row = []
        for wait in waits:
            wait(page)
            row.append(time.perf_counter() - began)
        seconds.append(row)
        page.close()
    context.close()
    return [statistics.median(column) for column in zip(*seconds[1:], strict=True)]


def _figures(page: Page) -> None:
    page.get_by_test_id("value-nav").first.wait_for(timeout=60_000)


def _charts(page: Page) -> None:
    page.wait_for_function(
        "document.querySelectorAll('.js-plotly-plot .main-svg').length >= 2", timeout=60_000
    )


if __name__ == "__main__":
    main()
