"""TWS with 500 positions: a snapshot; and the live feed: the age of a figure, a thousand changes a second, the return.

`python -m bench.bench_live 10000000 2000` streams so many changes instead of 60,000, so many a second instead of 1,000.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from state_store.live import fills, read
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.command import ROOT, environment
from tests.support.dashboard_server import serve
from tests.support.invented_books import EUR_ACCOUNT
from tests.support.live_feed import LiveFeed, live_feed
from tests.support.published_fixture import write_published
from tws.endpoint import Endpoint
from tws.snapshot import take_snapshot

UPDATES, RATE = 60_000, 1_000
POSITIONS = 500
CHANGES_SEEN = 15
RETURNS = 5
SHARE = 700_000_001
SNAPSHOTS = 5
SNAPSHOT_LIMIT, PAGE_LIMIT, LAG_LIMIT, RETURN_LIMIT, GROWTH_LIMIT = 3.0, 3.0, 1.0, 2.5, 20.0
"""Seconds of a snapshot, to the page, behind, to the return (the longest wait here and two), megabytes of growth."""


def main() -> None:
    """All of it, one after the other."""
    updates, rate = (int(given) for given in sys.argv[1:3]) if len(sys.argv) == 3 else (UPDATES, RATE)
    _snapshots()
    with tempfile.TemporaryDirectory() as name:
        _quiet(Path(name))
    with tempfile.TemporaryDirectory() as name:
        _busy(Path(name), updates, rate)


def _snapshots() -> None:
    """Everything that TWS tells at one time, from the connection on, at the broker's limit of requests a second."""
    seconds = []
    with tws_gateway(Book.of(POSITIONS)) as gateway:
        gateway.faults.requests_a_second = 50
        for _ in range(SNAPSHOTS):
            began = time.perf_counter()
            taken = take_snapshot(Endpoint(port=gateway.port, client_id=7), lambda: datetime.now(UTC))
            seconds.append(time.perf_counter() - began)
            if len(taken.positions) != POSITIONS:
                raise RuntimeError("the snapshot is not whole")
    print(f"a snapshot of {POSITIONS} positions:      {_summary(seconds)} (limit {SNAPSHOT_LIMIT:.0f} s)")


def _quiet(folder: Path) -> None:
    """Single changes to the state and to the page, then the return after a drop."""
    data = folder / "data"
    published = write_published(data / "published")
    with (
        tws_gateway(Book.of(POSITIONS, (EUR_ACCOUNT,))) as gateway,
        live_feed(data, gateway.port) as feed,
    ):
        began = time.perf_counter()
        feed.wait_until_it_is(gateway.book, 120)
        print(f"{POSITIONS} positions, all told and followed after {time.perf_counter() - began:.1f} s")
        to_state = [_to_state(gateway, feed, n) for n in range(CHANGES_SEEN)]
        print(f"price change to the state store:  {_summary(to_state)}")
        if CHROMIUM.exists():
            with serve(published, folder) as address:
                _to_the_page(gateway, address)
        else:
            print("price change to the page:         not measured, there is no Chromium")
        returns = [_return(gateway, feed) for _ in range(RETURNS)]
        print(
            f"TWS back until reconciled:        {_summary(returns)} (limit {RETURN_LIMIT:.1f} s; "
            "waits between attempts are 0.1 to 0.5 s here, by default 3 to 60 s)"
        )


def _summary(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):5.2f} s, longest {max(seconds):5.2f} s"


def _move(gateway: Gateway, number: int) -> Decimal:
    """Move one price; the account's unrealised result after it, which no other change gives."""
    gateway.set_price(SHARE, Decimal(20) + Decimal(number) / 10)
    unrealized = gateway.book.account_pnl(EUR_ACCOUNT).unrealized
    assert unrealized is not None
    return unrealized


def _to_state(gateway: Gateway, feed: LiveFeed, number: int) -> float:
    time.sleep(0.37)  # at other instants of the writer's beat
    store, began = feed.store, time.perf_counter()
    wanted = _move(gateway, number)
    while True:
        state = read(store)
        pnl = state.accounts[0].pnl if state else None
        if pnl is not None and pnl.unrealized == wanted:
            return time.perf_counter() - began
        if time.perf_counter() - began > 30:
            raise RuntimeError("a price change never came to the state store")
        time.sleep(0.01)


def _to_the_page(gateway: Gateway, address: str) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page()
        page.goto(address)
        page.get_by_test_id(f"live-unrealized-{EUR_ACCOUNT}").wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        seconds = [_seen(gateway, page, n) for n in range(CHANGES_SEEN)]
        browser.close()
    print(f"price change to the page:         {_summary(seconds)} (limit {PAGE_LIMIT:.0f} s; in a browser)")


def _seen(gateway: Gateway, page: Page, number: int) -> float:
    page.wait_for_timeout(370)
    began = time.perf_counter()
    unrealized = _move(gateway, 100 + number)
    text = f"{unrealized:+,.2f}".replace("-", "−")
    page.wait_for_function(
        '([key, text]) => document.querySelector(`[data-testid="${key}"]`)?.textContent === text',
        arg=[f"live-unrealized-{EUR_ACCOUNT}", text],
        polling=20,
        timeout=60_000,
    )
    return time.perf_counter() - began


def _return(gateway: Gateway, feed: LiveFeed) -> float:
    before = read(feed.store)
    gateway.refuse()
    gateway.drop()
    time.sleep(2)
    gateway.listen()
    began = time.perf_counter()
    while True:
        state = read(feed.store)
        assert state is not None and before is not None  # noqa: PT018 - it was read before
        if state.link.state == "up" and state.reconciled_at != before.reconciled_at:
            return time.perf_counter() - began
        if time.perf_counter() - began > 120:
            raise RuntimeError("the feed did not come back")
        time.sleep(0.02)


@contextmanager
def _gateway_process(folder: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """The simulated TWS as a process of its own, with its core; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.tws_gateway", "--positions", str(POSITIONS), "--accounts", EUR_ACCOUNT],
        cwd=ROOT, env=environment(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"]), process
    finally:
        process.terminate()
        process.wait(15)


def _tell(gateway: "subprocess.Popen[str]", *command: object) -> None:
    """Give the simulated TWS a command and take its answer: one that nobody reads would hold up the next."""
    assert gateway.stdin is not None
    assert gateway.stdout is not None
    gateway.stdin.write(json.dumps(command) + "\n")
    gateway.stdin.flush()
    gateway.stdout.readline()


def _fill_to_state(gateway: "subprocess.Popen[str]", feed: LiveFeed) -> float:
    """How long a fill at the simulated TWS takes to the state store: all that it waits behind."""
    known = len(fills(feed.store))
    began = time.perf_counter()
    _tell(gateway, "fill", EUR_ACCOUNT, SHARE, 1, "10")
    while len(fills(feed.store)) == known:
        if time.perf_counter() - began > 60:
            raise RuntimeError("a fill never came to the state store")
        time.sleep(0.01)
    return time.perf_counter() - began


def _busy(folder: Path, updates: int, rate: int) -> None:
    """Many changes a second: how far behind the store is, what the feed takes of a core, and its memory over time."""
    with _gateway_process(folder) as (port, gateway), live_feed(folder / "data", port) as feed:
        feed.wait_for(lambda: feed.health.get("link") == "up", "the connection", 60)
        time.sleep(15)  # until every position is followed
        _tell(gateway, "stream", rate)
        time.sleep(5)
        process = psutil.Process(feed.process.pid)
        first, began, used = feed.health["events"], time.perf_counter(), sum(process.cpu_times()[:2])
        samples: list[tuple[float, float]] = []
        while feed.health["events"] - first < updates:
            time.sleep(4.37)  # at other instants of the writer's beat
            samples.append((_fill_to_state(gateway, feed), process.memory_info().rss / 1e6))
        seconds = time.perf_counter() - began
        core = (sum(process.cpu_times()[:2]) - used) / seconds
        heard = feed.health["events"] - first
    third = max(1, len(samples) // 3)
    early, late = ([lag for lag, _ in part] for part in (samples[:third], samples[-third:]))
    start, middle, end = (samples[place][1] for place in (0, len(samples) // 2, -1))
    print(f"{rate:,} price changes a second: {heard:,} events in {seconds:.0f} s, {core:.2f} of a core")
    print(
        f"fill to state, first, last third: {statistics.mean(early):.2f} s and {statistics.mean(late):.2f} s, "
        f"longest {max(lag for lag, _ in samples):.2f} s (limit {LAG_LIMIT:.0f} s)"
    )
    print(
        f"memory at start, middle and end:  {start:.0f} MB, {middle:.0f} MB and {end:.0f} MB "
        f"(limit {GROWTH_LIMIT:.0f} MB of growth)"
    )


if __name__ == "__main__":
    main()
