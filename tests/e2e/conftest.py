"""A real Chromium for the browser tests, and a page in it that watches what is asked of other hosts."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.dashboard_server import WAIT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium. Without one the tests are skipped; in CI that is a failure.

    It ends with its module: while it is open an event loop runs in this thread, and other tests start their own.
    """
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no Chromium at {CHROMIUM}: CI must run the browser tests")
        pytest.skip(f"no Chromium at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A fresh browser profile, 1440 × 900, light; the test fails when the page asks anything of another host."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(WAIT)
    tab = context.new_page()
    foreign: list[str] = []
    errors: list[str] = []
    own = re.compile(r"(https?|wss?)://127\.0\.0\.1:|data:|blob:")
    tab.on("request", lambda request: None if own.match(request.url) else foreign.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert not foreign, "the page must not ask other hosts"
    assert not errors
