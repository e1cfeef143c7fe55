"""`tieout live` as a process, with the real client library, on a simulated TWS: nothing is lost, nothing doubled."""

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from state_store.live import fills, positions, read
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.command import tieout, without_a_traceback
from tests.support.live_feed import handed_over, live_feed

ACCOUNTS = ("DU1000001", "DU1000002")
FIRST, SECOND = 700_000_001, 700_000_002


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with tws_gateway(Book.of(3, ACCOUNTS)) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def both(*execution_ids: str) -> list[tuple[str, str]]:
    """What the inbox holds of fills that came with their commissions."""
    return sorted((section, one) for one in execution_ids for section in ("executions", "commissions"))


def test_what_tws_streams_is_in_the_state_and_a_fill_in_the_inbox(gateway: Gateway, data: Path) -> None:
    with live_feed(data, gateway.port) as feed:
        feed.wait_until_it_is(gateway.book)
        gateway.set_price(FIRST, "12.34")
        fill = gateway.fill(ACCOUNTS[0], SECOND, -5, "11.5", commission="0.35")
        feed.wait_until_it_is(gateway.book)
        feed.wait_for(lambda: bool(handed_over(feed.data)), "the fill in the inbox", 60)
        assert sorted(handed_over(feed.data)) == both(fill.execution_id)

        fixed = gateway.correct(fill.execution_id, price="11.4")
        gateway.fill(ACCOUNTS[1], FIRST, -10, "12", commission="1")  # closes it
        feed.wait_until_it_is(gateway.book)
        assert (ACCOUNTS[1], FIRST) not in {
            (h.position.account_id, h.position.contract.conid) for h in positions(feed.store)
        }
        feed.wait_for(
            lambda: ("executions", fixed.execution_id) in handed_over(feed.data), "the correction there"
        )

        status = tieout(data, "live", "--status")
        assert status.stdout.startswith("up: connected to")
        second = tieout(data, "live", settings={"IBKR_PORT": str(gateway.port)}, expect=2)
        assert "is running already" in second.stderr
        without_a_traceback(second)


def test_killed_and_started_again_it_doubles_nothing(gateway: Gateway, data: Path) -> None:
    with live_feed(data, gateway.port) as feed:
        feed.wait_until_it_is(gateway.book)
        known = gateway.fill(ACCOUNTS[0], FIRST, 1, "10")
        feed.wait_for(lambda: bool(handed_over(feed.data)), "the first fill in the inbox", 60)
        fresh = gateway.fill(ACCOUNTS[0], FIRST, 2, "10.1")
        feed.wait_for(lambda: len(fills(feed.store)) == 2, "the second fill in the state")
        feed.end(signal.SIGKILL)
        status = tieout(data, "live", "--status", expect=1)
        assert "died" in status.stdout
    missed = gateway.fill(ACCOUNTS[1], SECOND, 3, "10.2")
    with live_feed(data, gateway.port) as feed:
        feed.wait_until_it_is(gateway.book)
        wanted = both(known.execution_id, fresh.execution_id, missed.execution_id)
        feed.wait_for(lambda: sorted(handed_over(feed.data)) == wanted, "every fill once in the inbox", 60)


def test_a_signal_lets_it_write_what_it_was_told(gateway: Gateway, data: Path) -> None:
    with live_feed(data, gateway.port) as feed:
        feed.wait_until_it_is(gateway.book)
        fill = gateway.fill(ACCOUNTS[0], FIRST, 1, "10")
        feed.wait_for(lambda: len(fills(feed.store)) == 1, "the fill in the state")
        assert feed.end(signal.SIGTERM) == 0
        assert sorted(handed_over(feed.data)) == both(fill.execution_id)
        assert (feed.health["process"], feed.health["waiting"]) == ("stopped", 0)
        state = read(feed.store)
        assert state is not None
        assert state.ended
        assert "the live feed was ended" in tieout(data, "live", "--status", expect=1).stdout
        assert list(feed.data.live_changes.glob("*/*.parquet"))
        assert not list(feed.data.state.glob("*-wal")), "the state store is closed"
        (document,) = feed.data.inbox.iterdir()
        kept = document.read_bytes()
        assert "loaded, account DU1000001" in tieout(data, "ingest", str(document)).stdout
        (data / "again.json").write_bytes(kept)
        again = tieout(data, "ingest", str(data / "again.json")).stdout
        assert f"again.json: already loaded as {document.name}" in again


def test_after_a_drop_the_state_is_what_tws_says_then(gateway: Gateway, data: Path) -> None:
    with live_feed(data, gateway.port) as feed:
        feed.wait_until_it_is(gateway.book)
        gateway.refuse()
        gateway.drop()
        feed.wait_for(lambda: feed.health.get("link") == "down", "the drop being told")
        state = read(feed.store)
        assert state is not None
        assert len(positions(feed.store)) == 6, "figures stay, and are called old"
        gateway.fill(ACCOUNTS[0], FIRST, -10, "10")
        gateway.fill(ACCOUNTS[1], SECOND, 4, "10")
        gateway.set_price(SECOND, "99.5")
        gateway.listen()
        feed.wait_until_it_is(gateway.book)
        assert len(positions(feed.store)) == 5
        again = read(feed.store)
        assert again is not None
        assert again.reconciled_at > state.reconciled_at


def test_a_locked_store_loses_nothing(gateway: Gateway, data: Path) -> None:
    with live_feed(data, gateway.port) as feed:
        feed.wait_until_it_is(gateway.book)
        told = []
        with closing(sqlite3.connect(feed.data.state / "tieout.sqlite", isolation_level=None)) as other:
            other.execute("begin immediate")
            for number in range(20):
                told.append(gateway.fill(ACCOUNTS[0], FIRST, 1, "10").execution_id)
                gateway.set_price(FIRST, Decimal(10) + Decimal(number) / 100)
                time.sleep(0.15)
            feed.wait_for(lambda: feed.health["lag_seconds"] > 2, "the lag being told")
            other.execute("rollback")
        feed.wait_until_it_is(gateway.book)
        feed.wait_for(lambda: sorted(handed_over(feed.data)) == both(*told), "every fill in the inbox", 60)


def test_without_tws_it_waits_and_says_why(data: Path) -> None:
    with tws_gateway() as gateway:
        port = gateway.port
    with live_feed(data, port) as feed:
        feed.wait_for(lambda: "IBKR_PORT" in feed.health.get("reason", ""), "the reason being told")
        status = tieout(data, "live", "--status", expect=1)
        assert status.stdout.startswith(("down:", "stopped:"))
        assert feed.end() == 0


def test_status_where_none_ran(tmp_path: Path) -> None:
    done = tieout(tmp_path, "live", "--status", expect=1)
    assert "`tieout live` starts it" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert "--json goes with --status" in tieout(tmp_path, "live", "--json", expect=2).stderr
