"""What TWS says by its codes while the connection stands: what is degraded by it, and what is asked again."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.fakes.tws import session
from tests.fakes.tws_gateway import SYSTEM_TEXTS, Book, Gateway, tws_gateway
from tests.support.tws_feed import (
    ACCOUNT,
    FIRST,
    Listener,
    act_on_a_feed,
    asked,
    becomes,
    caught_up,
)
from tws import reading
from tws.values import AccountPnl, Link, LinkState, PositionPnl, Reconciled

NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
"""In New York, when the broker resets nothing."""


@contextlib.contextmanager
def told_at_login(code: int, text: str) -> Iterator[None]:
    """TWS says this behind each login, before anybody could listen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "FARMS", (*session.FARMS, (code, text)))
        yield


@pytest.mark.parametrize(("code", "again"), [(1101, 2), (1102, 1)])
def test_the_broker_is_lost_and_comes_back(code: int, again: int) -> None:
    """1101 subscribes to everything again, 1102 finds the subscriptions as they were; both reconcile."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)
        gateway.tell(1100)
        link = await hear.state(LinkState.DEGRADED)
        assert link.code == 1100
        gateway.tell(code)
        await hear.reconciled()
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)
        await becomes(lambda: asked(gateway)["reqPnLSingle"], 2 * again)
        assert asked(gateway)["reqPnL"] == again
        assert asked(gateway)["reqPositions"] == 2
        assert LinkState.DOWN not in {link.state for link in hear.of(Link)[1:]}

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (2104, "Market data farm connection is OK:"),
        (2108, "Market data farm connection is inactive but should be available upon demand."),
    ],
)
def test_a_farm_is_lost_and_comes_back(code: int, text: str) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.tell(2103, "Market data farm connection is broken:eufarm")
        link = await hear.state(LinkState.DEGRADED)
        assert (link.code, "eufarm" in link.reason) == (2103, True)
        gateway.tell(2104, "Market data farm connection is OK:usfarm")
        gateway.tell(code, f"{text}eufarm")
        await hear.reconciled()
        await hear.state(LinkState.UP)

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)


def test_the_server_is_back_when_a_farm_is() -> None:
    """Nothing takes 2110 back; 1100 is taken back by 1101 and 1102 alone."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.tell(2110)
        await hear.state(LinkState.DEGRADED)
        gateway.tell(
            2108, "Market data farm connection is inactive but should be available upon demand.usfarm"
        )
        await hear.reconciled()
        await hear.state(LinkState.UP)
        gateway.tell(1100)
        await hear.state(LinkState.DEGRADED)
        gateway.tell(2104, "Market data farm connection is OK:usfarm")
        await caught_up(hear, gateway)
        assert hear.of(Link)[-1].state is LinkState.DEGRADED

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)


def test_market_data_taken_by_another_login_is_missing_until_prices_come() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)
        gateway.tell(10197)
        link = await hear.state(LinkState.DEGRADED)
        assert (link.code, "not zero" in link.reason) == (10197, True)
        gateway.set_price(FIRST + 1, None)
        none = await hear.until(lambda e: isinstance(e, PositionPnl))
        assert isinstance(none, PositionPnl)
        assert none.market_value is None
        assert hear.of(Link)[-1].state is LinkState.DEGRADED
        gateway.set_price(FIRST + 1, 12)
        await hear.state(LinkState.UP)

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)


def test_a_code_that_nobody_knows_reconciles_once_a_heartbeat_and_information_does_nothing() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        for code in (2104, 2106, 2107, 2108, 2158, 2119):
            gateway.tell(code)
        await caught_up(hear, gateway)
        assert len(hear.of(Reconciled)) == 1
        for _ in range(20):
            gateway.tell(98765)
        await hear.reconciled()
        await caught_up(hear, gateway)
        assert len(hear.of(Reconciled)) == 2
        assert hear.of(Link)[-1].state is LinkState.UP

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)


LOST = [(1100, ["2104 eufarm", "unknown", "a value"]), (2110, ["unknown", "a value"])]


@pytest.mark.parametrize(("code", "cause"), [(code, cause) for code, causes in LOST for cause in causes])
def test_nothing_is_reconciled_without_the_broker(code: int, cause: str) -> None:
    """What TWS answers then is what it happens to hold: a position that it does not name is not sold."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)
        gateway.tell(2103, "Market data farm connection is broken:eufarm")
        if cause == "a value":
            gateway.tell(10197)
            gateway.set_price(FIRST + 1, None)
        gateway.tell(code)
        await hear.until(lambda e: isinstance(e, Link) and e.code == code)
        if cause == "unknown":
            gateway.tell(98765)
        elif cause == "a value":
            gateway.set_price(FIRST + 1, 12)
        else:
            gateway.tell(2104, "Market data farm connection is OK:eufarm")
        await caught_up(hear, gateway)
        assert hear.of(Link)[-1].code == code
        gateway.tell(1102)
        await hear.state(LinkState.UP)
        assert asked(gateway)["reqPositions"] == len(hear.of(Reconciled)) == 2

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize("codes", [(1100, 1101), (1100, 1102), (1101,)])
def test_a_reconciliation_in_which_the_broker_was_lost_is_not_told(codes: tuple[int, ...]) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await becomes(lambda: asked(gateway)["reqPnL"], 1)
        for code in codes:
            gateway.tell(code)
        gateway.faults.withheld = set()
        gateway.set_price(FIRST, 11)
        await hear.reconciled()
        await hear.state(LinkState.UP)
        assert len(hear.of(Reconciled)) == 1
        assert asked(gateway)["reqPositions"] == 2
        await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.withheld = {"pnl"}  # the reading waits for it
        act_on_a_feed(main, gateway)


def test_figures_from_before_a_1101_are_not_told_again() -> None:
    """The subscriptions are gone, so that nothing takes the old figures' place; a position that was closed has none."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)
        gateway.faults.withheld = {"pnl", "pnlSingle", "position"}
        gateway.fill(ACCOUNT, FIRST + 1, -11, "10")
        gateway.faults.withheld = {"pnl", "pnlSingle"}
        gateway.tell(1101)
        snapshot = (await hear.reconciled()).snapshot
        assert snapshot.account_pnl == (AccountPnl(ACCOUNT, None, None, None),)
        assert [(told.conid, told.daily) for told in snapshot.position_pnl] == [(FIRST, None)]
        place = len(hear.told)
        gateway.faults.withheld = set()
        await caught_up(hear, gateway)
        assert {e.conid for e in hear.told[place:] if isinstance(e, PositionPnl)} == {FIRST}

    with pytest.MonkeyPatch.context() as patch, tws_gateway(Book.of(2)) as gateway:
        patch.setattr(reading, "PNL_SECONDS", 0.1)
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize("lost", [[], ["eufarm"]])
def test_with_the_broker_the_farms_are_back_that_are_not_named(lost: list[str]) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.tell(2103, "Market data farm connection is broken:usfarm.nj")
        gateway.tell(2103, "Market data farm connection is broken:eufarm")
        gateway.tell(1100)
        await hear.until(lambda e: isinstance(e, Link) and e.code == 1100)
        gateway.tell(1102, connected(lost))
        await hear.reconciled()
        link = await hear.until(lambda e: isinstance(e, Link))
        assert isinstance(link, Link)
        assert (link.code, "eufarm" in link.reason) == ((2103, True) if lost else (None, False))

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway)


def connected(lost: list[str]) -> str:
    """1102 as the real TWS writes it."""
    restored = SYSTEM_TEXTS[1102].partition(".")[0]
    if not lost:
        return f"{restored}. All data farms are connected: usfarm.nj; eufarm; ushmds."
    names = "; ".join(["ushmds", *lost])
    return f"{restored}. The following farms are connected: usfarm.nj. The following farms are not connected: {names}."


@pytest.mark.parametrize(
    ("codes", "stays"), [((2103, 1100), 1100), ((1100, 2110, 2104), 1100), ((2110, 1100, 2104), 1100)]
)
def test_the_broker_is_named_before_a_farm_and_a_farm_does_not_bring_it_back(
    codes: tuple[int, ...], stays: int
) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        for code in codes:
            gateway.tell(code)
        await caught_up(hear, gateway)
        assert hear.of(Link)[-1].code == 1100

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize(
    ("code", "readings"), [(110, 2), (201, 1), (202, 1), (321, 2), (10147, 2), (10148, 2)]
)
@pytest.mark.parametrize("request_id", [-1, 5000])
def test_codes_about_orders_and_requests_that_are_not_open(code: int, readings: int, request_id: int) -> None:
    """Rejected and cancelled are facts about an order; of the others nothing is known, so that all is asked again."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.say("error", 2, request_id, code, f"Message {code}", "")
        if readings > 1:
            await hear.reconciled()
        await caught_up(hear, gateway)
        assert len(hear.of(Reconciled)) == readings
        assert [link.state for link in hear.of(Link)] == [LinkState.DOWN, LinkState.UP]

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (326, "IBKR_CLIENT_ID"),
        (502, "IBKR_PORT"),
        (503, "update TWS"),
        (504, "see whether TWS or IB Gateway still runs"),
        (507, "see whether TWS or IB Gateway still runs"),
        (10141, "accept the terms"),
    ],
)
def test_codes_that_end_a_connection(code: int, fix: str) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.tell(code)
        link = await hear.state(LinkState.DOWN)
        assert (link.code, fix in link.reason) == (code, True)
        await hear.state(LinkState.UP)

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway, now=lambda: NOON)


def test_a_code_that_comes_again_before_the_heartbeat_is_answered_after_it() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.tell(98765)
        await hear.reconciled()
        gateway.tell(98765)
        await hear.reconciled()

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway, keepalive_seconds=0.3)


def test_market_data_is_back_once_each_position_that_lost_its_value_has_one() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        await hear.until(lambda e: isinstance(e, PositionPnl) and e.conid == FIRST + 3)
        gateway.tell(10197)
        await hear.state(LinkState.DEGRADED)
        gateway.set_price(FIRST, 11)  # of a market that nobody took
        gateway.set_price(FIRST + 1, None)
        gateway.set_price(FIRST + 2, None)
        gateway.set_price(FIRST + 1, 12)
        await caught_up(hear, gateway)
        assert (hear.of(Link)[-1].code, asked(gateway)["reqPositions"]) == (10197, 1)
        gateway.set_price(FIRST + 2, 12)
        await hear.state(LinkState.UP)

    with tws_gateway(Book.of(4)) as gateway:
        gateway.book.set_price(FIRST + 3, None)  # it never has a price
        act_on_a_feed(main, gateway)


def test_a_tws_without_its_broker_at_the_login_is_not_believed() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        assert (await hear.state(LinkState.DEGRADED)).code == 1100
        gateway.tell(1102)
        await hear.state(LinkState.UP)
        assert asked(gateway)["reqPositions"] == len(hear.of(Reconciled)) == 1

    with told_at_login(1100, SYSTEM_TEXTS[1100]), tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway)


def test_what_tws_says_at_the_login_is_heard() -> None:
    """A TWS that has lost the broker says so right behind the login, before anybody could listen."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        link = await hear.state(LinkState.DEGRADED)
        assert link.code == 2110
        assert LinkState.UP not in {link.state for link in hear.of(Link)}

    with told_at_login(2110, SYSTEM_TEXTS[2110]), tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)
