"""A snapshot through the real client library over a real socket: it equals the simulated TWS's book, or fails."""

import asyncio
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.fakes.tws import answers, session
from tests.fakes.tws_gateway import MESSAGES, SYSTEM_TEXTS, Book, Gateway, tws_gateway
from tests.support.tws_feed import endpoint_of, now
from tws.errors import Trouble, TwsError
from tws.reading import MOST_ASKED_ONE_BY_ONE
from tws.snapshot import take_snapshot
from tws.values import Snapshot

ACCOUNT = "DU1000001"
FIRST = 700_000_001


@contextlib.contextmanager
def while_it_is_read(gateway: Gateway, act: Callable[[], object]) -> Iterator[None]:
    """Do something once positions and executions were asked for; it is done when the block ends."""

    def work() -> None:
        deadline = time.monotonic() + 10
        while not {"reqPositions", "reqExecutions"} <= {one.name for one in gateway.asked}:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def taken(gateway: Gateway, **options: float) -> Snapshot:
    return take_snapshot(endpoint_of(gateway, **options), now)


def assert_is(snapshot: Snapshot, book: Book, daily: bool = True) -> None:
    """The snapshot says what the book holds: positions, results, fills and commissions."""
    assert set(snapshot.accounts) == set(book.accounts)
    held = {(p.account_id, p.contract.conid): (p.quantity, p.average_cost) for p in snapshot.positions}
    assert held == book.positions
    told = {
        (p.account_id, p.conid): (p.quantity, p.daily, p.unrealized, p.realized, p.market_value)
        for p in snapshot.position_pnl
    }
    results = {key: book.pnl(*key) for key in book.positions}
    assert told == {
        key: (r.quantity, r.daily if daily else None, r.unrealized, r.realized, r.value)
        for key, r in results.items()
    }
    for pnl in snapshot.account_pnl:
        result = book.account_pnl(pnl.account_id)
        assert (pnl.daily, pnl.unrealized, pnl.realized) == (result.daily, result.unrealized, result.realized)
    fills = {e.execution_id: (e.account_id, e.quantity, e.price, e.executed_at) for e in snapshot.executions}
    assert fills == {
        key: (f.account_id, f.quantity, f.price, f.at.astimezone(UTC)) for key, f in book.fills.items()
    }
    paid = {c.execution_id: c.commission for c in snapshot.commissions}
    assert paid == book.commissions


def test_one_account() -> None:
    with tws_gateway(Book.of(5)) as gateway:
        gateway.fill(ACCOUNT, FIRST, 7, "10.25", commission="0.35")
        gateway.fill(ACCOUNT, FIRST + 1, -3, "9.5")
        gateway.set_price(FIRST + 2, "11.37")
        snapshot = taken(gateway)
        assert_is(snapshot, gateway.book)
        assert ("NetLiquidation", "USD") in {(v.tag, v.currency) for v in snapshot.account_values}
        assert abs((snapshot.taken_at - snapshot.server_time).total_seconds()) < 3
        assert snapshot.executions[1].quantity == -3


def test_several_accounts() -> None:
    with tws_gateway(Book.of(4, ("DU1", "DU2", "F3"))) as gateway:
        gateway.fill("DU2", FIRST, 7, "10.25")
        snapshot = taken(gateway)
        assert_is(snapshot, gateway.book)
        assert {v.account_id for v in snapshot.account_values} == {"DU1", "DU2", "F3"}


def test_a_large_account_is_read_within_the_brokers_limit_of_requests() -> None:
    with tws_gateway(Book.of(500)) as gateway:
        gateway.faults.requests_a_second = 50
        assert_is(taken(gateway), gateway.book, daily=False)
        assert 0 < gateway.busiest_second < 50


def test_more_subscriptions_than_a_second_allows_are_spread() -> None:
    positions = MOST_ASKED_ONE_BY_ONE // 2 + 5
    with tws_gateway(Book.of(positions, ("DU1", "DU2"))) as gateway:
        gateway.faults.requests_a_second = 50
        assert_is(taken(gateway), gateway.book)
        asked = Counter(one.name for one in gateway.asked)
        assert asked["reqPnLSingle"] == 2 * positions
        assert gateway.busiest_second < 50 < 2 * positions


def test_a_price_that_is_missing_is_no_figure() -> None:
    for positions, daily in ((2, True), (MOST_ASKED_ONE_BY_ONE + 1, False)):
        with tws_gateway(Book.of(positions)) as gateway:
            gateway.set_price(FIRST, None)
            snapshot = taken(gateway)
            assert_is(snapshot, gateway.book, daily)
            (pnl,) = [p for p in snapshot.position_pnl if p.conid == FIRST]
            assert (pnl.market_value, pnl.unrealized, pnl.daily) == (None, None, None)


def test_pnl_that_is_not_set_is_none() -> None:
    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.unset_pnl = True
        snapshot = taken(gateway)
        assert [(p.daily, p.unrealized, p.realized) for p in snapshot.account_pnl] == [(None, None, None)]
        assert {p.market_value for p in snapshot.position_pnl} == {None}
        assert {p.quantity for p in snapshot.position_pnl} == {10, 11}


def test_a_correction_replaces_its_fill() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        fill = gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        gateway.correct(fill.execution_id, price="10.26")
        snapshot = taken(gateway)
        assert_is(snapshot, gateway.book)
        assert [(e.revision, e.price) for e in snapshot.executions] == [(2, Decimal("10.26"))]


def test_of_a_combination_the_legs_count() -> None:
    with tws_gateway(Book.of(2)) as gateway:
        combination = FIRST + 1
        gateway.book.instruments[combination] = replace(
            gateway.book.instruments[combination], asset_class="BAG"
        )
        del gateway.book.holdings[ACCOUNT, combination]
        leg = gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        gateway.fill(ACCOUNT, combination, 7, "10.25")
        snapshot = taken(gateway)
        assert [e.execution_id for e in snapshot.executions] == [leg.execution_id]
        assert [c.execution_id for c in snapshot.commissions] == [leg.execution_id]


@pytest.mark.parametrize("fault", ["commission_first", "commissions_after_end", "single_bytes", "non_utf8"])
def test_odd_but_complete_answers_are_read(fault: str) -> None:
    with tws_gateway(Book.of(2)) as gateway:
        setattr(gateway.faults, fault, True)
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        assert_is(taken(gateway), gateway.book)


def test_messages_that_come_twice_are_told_once() -> None:
    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.doubled = set(MESSAGES)
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        snapshot = taken(gateway)
        assert_is(snapshot, gateway.book)
        assert (len(snapshot.positions), len(snapshot.executions), len(snapshot.commissions)) == (2, 1, 1)


@pytest.mark.parametrize("accounts", [(ACCOUNT,), (ACCOUNT, "DU1000002")])
def test_an_account_that_is_not_loaded_yet_has_no_values(
    accounts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "account_values", lambda book, account: [("AccountReady", "false", "")])
    with tws_gateway(Book.of(1, accounts)) as gateway:
        with pytest.raises(TwsError, match="still loading") as caught:
            taken(gateway)
        assert caught.value.trouble is Trouble.NOT_READY


def test_what_changes_while_it_is_read_is_in_it() -> None:
    """The fill comes after the positions and fills were told, and before the account's values are."""
    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.withheld = {"commissionReport"}  # the reading waits for it
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        with while_it_is_read(gateway, lambda: gateway.fill(ACCOUNT, FIRST + 1, -11, "9.5")):
            snapshot = taken(gateway)
        gateway.faults.withheld = set()
        assert {e.execution_id for e in snapshot.executions} == set(gateway.book.fills)
        held = {(p.account_id, p.contract.conid): (p.quantity, p.average_cost) for p in snapshot.positions}
        assert held == gateway.book.positions
        assert len(held) == 1


@pytest.mark.parametrize("codes", [(1100,), (1100, 1101), (1100, 1102), (2110,), (2103, 2104)])
def test_a_tws_without_its_broker_or_a_farm_is_an_error_and_no_snapshot(codes: tuple[int, ...]) -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.withheld = {"commissionReport"}  # the reading waits for it
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        telling = while_it_is_read(gateway, lambda: [gateway.tell(code) for code in codes])
        with telling, pytest.raises(TwsError, match="old or partial") as caught:
            taken(gateway)
        assert caught.value.code == codes[0]


@pytest.mark.parametrize("code", [1100, 2103, 2110])
def test_what_is_lost_at_the_login_is_an_error_too(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "FARMS", (*session.FARMS, (code, SYSTEM_TEXTS[code])))
    with tws_gateway(Book.of(1)) as gateway:
        with pytest.raises(TwsError, match="old or partial") as caught:
            taken(gateway)
        assert caught.value.code == code
        monkeypatch.undo()
        assert_is(taken(gateway), gateway.book)


def test_a_changed_port_ends_the_reading_with_its_fix() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.withheld = {"positionEnd"}
        with (
            while_it_is_read(gateway, lambda: gateway.tell(1300)),
            pytest.raises(TwsError, match="set IBKR_PORT to the new port"),
        ):
            taken(gateway, request_deadline=10)


def test_a_commission_that_never_comes_is_missing() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.withheld = {"commissionReport"}
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        snapshot = taken(gateway)
        assert (len(snapshot.executions), snapshot.commissions) == (1, ())


@pytest.mark.parametrize(
    ("marker", "named", "accounts"),
    [
        ("positionEnd", "the positions", 1),
        ("execDetailsEnd", "the executions", 1),
        ("accountDownloadEnd", f"the values of account {ACCOUNT}", 1),
        ("accountUpdateMultiEnd", "the values of account", 2),
        ("currentTime", "the current time", 1),
    ],
)
def test_a_missing_end_is_an_error_that_names_it(marker: str, named: str, accounts: int) -> None:
    ids = (ACCOUNT, "DU1000002")[:accounts]
    with tws_gateway(Book.of(2, ids)) as gateway:
        gateway.faults.withheld = {marker}
        began = time.monotonic()
        with pytest.raises(TwsError, match=named) as caught:
            taken(gateway, request_deadline=0.3)
        assert caught.value.trouble is Trouble.NOT_ENDED
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("request_name", "code", "accounts"),
    [
        ("reqExecutions", 321, 2),
        ("reqExecutions", 9999, 2),
        ("reqAccountUpdatesMulti", 321, 2),
        ("reqAccountUpdates", 321, 1),
        ("reqPositions", 322, 1),
        ("reqCurrentTime", 320, 1),
    ],
)
def test_a_refused_request_is_an_error_with_its_code(request_name: str, code: int, accounts: int) -> None:
    """Also one that has no number: the refusal names none, and TWS's text is told."""
    with tws_gateway(Book.of(1, ("DU1", "DU2")[:accounts])) as gateway:
        gateway.faults.refused_requests = {request_name: code}
        began = time.monotonic()
        with pytest.raises(TwsError, match=rf"{code} \(\w+") as caught:
            taken(gateway, request_deadline=10)
        assert (caught.value.trouble, caught.value.code) == (Trouble.REJECTED, code)
        assert time.monotonic() - began < 5


def test_a_connection_that_drops_fails_what_is_asked_at_once() -> None:
    with tws_gateway(Book.of(200)) as gateway:
        gateway.faults.drop_after = 100
        began = time.monotonic()
        with pytest.raises(TwsError) as caught:
            taken(gateway, request_deadline=10)
        assert caught.value.trouble is Trouble.LOST
        assert time.monotonic() - began < 5


def test_bytes_that_are_no_message_are_an_error() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.withheld = {"positionEnd"}
        talking = threading.Timer(0.3, gateway.say_garbage)
        talking.start()
        with pytest.raises(TwsError) as caught:
            taken(gateway)
        talking.join()
        assert caught.value.trouble is Trouble.UNREADABLE


def test_a_bogus_length_ends_at_the_deadline() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.withheld = {"positionEnd"}
        talking = threading.Timer(0.1, gateway.say_bogus_length)
        talking.start()
        began = time.monotonic()
        with pytest.raises(TwsError, match="the positions"):
            taken(gateway, request_deadline=0.5)
        talking.join()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("shown", ["zone", "utc"])
def test_instants_are_utc_whatever_the_zones_are(
    zone: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with tws_gateway(Book.of(1), zone="America/Chicago") as gateway:
            gateway.faults.execution_time = shown
            at = datetime(2026, 7, 1, 13, 30, 5, tzinfo=UTC)
            gateway.fill(ACCOUNT, FIRST, 7, "10.25", at=at)
            assert [e.executed_at for e in taken(gateway).executions] == [at]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert "TZ" not in os.environ


def test_a_time_without_a_zone_is_refused() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.execution_time = "bare"
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        with pytest.raises(TwsError, match="has no zone") as caught:
            taken(gateway)
        assert caught.value.trouble is Trouble.UNREADABLE


def test_it_may_be_taken_in_any_thread_and_beside_a_running_loop() -> None:
    with tws_gateway(Book.of(1)) as gateway:

        async def beside() -> Snapshot:
            return await asyncio.to_thread(taken, gateway)

        async def within() -> Snapshot:
            return taken(gateway)

        assert_is(asyncio.run(beside()), gateway.book)
        assert_is(asyncio.run(within()), gateway.book)


def test_it_leaves_no_connection_and_no_thread() -> None:
    with tws_gateway(Book.of(1)) as gateway:
        taken(gateway)
        before = threading.active_count()
        for _ in range(3):
            taken(gateway)
        assert threading.active_count() == before
        deadline = time.monotonic() + 2
        while gateway.clients and time.monotonic() < deadline:
            time.sleep(0.01)
        assert gateway.clients == []
