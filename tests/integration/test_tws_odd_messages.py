"""Messages that lack a figure, and refusals of what was asked: nothing becomes zero, nothing is lost for good."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fakes.tws import messages
from tests.fakes.tws.holdings import Fill
from tests.fakes.tws.wire import Field
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.tws_feed import (
    ACCOUNT,
    FIRST,
    Listener,
    act_on_a_feed,
    asked,
    becomes,
    caught_up,
    endpoint_of,
    now,
    positions_of,
)
from tws import reading
from tws.snapshot import take_snapshot
from tws.values import Execution, Link, LinkState, Position, PositionPnl, Reconciled

UNSET = ["", "2147483647", "9223372036854775807", "-9223372036854775808", "1.7976931348623157E308"]


def position_of(gateway: Gateway, conid: int, place: int, text: str) -> list[Field]:
    """`position` with one field (counted behind the account's fields and the contract's) written otherwise."""
    fields = messages.position(gateway.book.holdings[ACCOUNT, conid], gateway.faults)
    fields[place] = text
    return fields


def execution_of(gateway: Gateway, fill: Fill) -> list[Field]:
    """`execDetails` of a live fill, as the client that is connected reads it."""
    (session,) = gateway.hub.sessions
    return messages.execution(fill, -1, gateway.faults, gateway.hub.now(), session.version)


@pytest.mark.parametrize("text", UNSET)
def test_a_position_without_a_quantity_is_an_error_and_not_sold(text: str) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.say("position", *position_of(gateway, FIRST + 1, -2, text))
        link = await hear.state(LinkState.DOWN)
        assert "cannot be read" in link.reason
        assert positions_of(await hear.reconciled()) == gateway.book.positions
        assert hear.of(Position) == []

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)


def test_a_cost_that_is_not_told_is_none() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.say("position", *position_of(gateway, FIRST, -1, ""))
        told = await hear.until(lambda e: isinstance(e, Position))
        assert isinstance(told, Position)
        assert (told.quantity, told.average_cost) == (10, None)

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway)


SHARES, PRICE, CUMULATIVE, AVERAGE = 18, 19, 23, 24
"""Where a fill's figures stand, its kind not counted."""


@pytest.mark.parametrize(("place", "text"), [(SHARES, ""), (SHARES, "2147483647"), (PRICE, "")])
def test_a_fill_without_its_quantity_or_price_is_an_error(place: int, text: str) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        other = replace(fill, execution_id=f"{fill.root}9.01")
        fields = execution_of(gateway, other)
        fields[place] = text
        gateway.say("execDetails", *fields)
        link = await hear.state(LinkState.DOWN)
        assert "cannot be read" in link.reason
        await hear.state(LinkState.UP)
        assert hear.of(Execution) == []

    with tws_gateway(Book.of(1)) as gateway:
        fill = gateway.fill(ACCOUNT, FIRST, 3, "10.25")
        act_on_a_feed(main, gateway)


def test_what_an_order_got_so_far_may_be_missing() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        other = replace(fill, execution_id=f"{fill.root}9.01")
        fields = execution_of(gateway, other)
        fields[CUMULATIVE], fields[AVERAGE] = "9223372036854775807", ""
        gateway.say("execDetails", *fields)
        told = await hear.until(lambda e: isinstance(e, Execution))
        assert isinstance(told, Execution)
        assert (told.quantity, told.price) == (3, Decimal("10.25"))
        assert (told.cumulative_quantity, told.average_price) == (None, None)

    with tws_gateway(Book.of(1)) as gateway:
        fill = gateway.fill(ACCOUNT, FIRST, 3, "10.25")
        act_on_a_feed(main, gateway)


def test_pnl_of_a_position_without_its_quantity_is_an_error() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)
        (request,) = [one.fields[0] for one in gateway.asked if one.name == "reqPnLSingle"]
        gateway.say("pnlSingle", request, "", "1", "1", "1", "1")
        assert "cannot be read" in (await hear.state(LinkState.DOWN)).reason
        assert 0 not in {told.quantity for told in hear.of(PositionPnl)}

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway)


def test_ids_without_a_revision_are_fills_of_their_own() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        (known,) = (await hear.reconciled()).snapshot.executions
        for execution_id in ids[1:]:
            other = replace(fill, execution_id=execution_id)
            gateway.say("execDetails", *execution_of(gateway, other))
            await hear.until(lambda e: isinstance(e, Execution))
        assert [known.execution_id, *(told.execution_id for told in hear.of(Execution))] == ids

    with tws_gateway(Book.of(1)) as gateway:
        fill = gateway.fill(ACCOUNT, FIRST, 3, "10.25")
        ids = ["first", "second", "x.abc", "x.abd"]
        gateway.book.told[:] = [replace(fill, execution_id=ids[0])]
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize("code", [321, 98765])
def test_a_refused_subscription_is_asked_for_again(code: int) -> None:
    """A code that we know is asked for with the next reconciliation, one that we do not know begins one."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        await becomes(lambda: min(asked(gateway)["reqPnL"], asked(gateway)["reqPnLSingle"], 1), 1)
        gateway.faults.refused_requests = {}
        gateway.tell(1102)
        await caught_up(hear, gateway)
        (account,) = hear.of(Reconciled)[-1].snapshot.account_pnl
        assert account.daily is not None

    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.refused_requests = {"reqPnL": code, "reqPnLSingle": code}
        act_on_a_feed(main, gateway)


def test_an_information_about_a_subscription_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading still waits for the figures, which come behind it."""
    monkeypatch.setattr(reading, "PNL_SECONDS", 2.0)

    async def main(gateway: Gateway, hear: Listener) -> None:
        await becomes(lambda: asked(gateway)["reqPnL"], 1)
        (request,) = [one.fields[0] for one in gateway.asked if one.name == "reqPnL"]
        gateway.say("error", 2, request, 2150, "Invalid position trade derived value", "")
        gateway.say("position", *position_of(gateway, FIRST, -2, "10"))
        await hear.until(lambda e: isinstance(e, Position))
        gateway.faults.withheld = set()
        gateway.set_price(FIRST, 11)
        (pnl,) = (await hear.reconciled()).snapshot.account_pnl
        assert pnl.daily == 10

    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.withheld = {"pnl"}
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize("withheld", [{"pnl"}, {"pnlSingle"}, {"pnl", "pnlSingle"}])
def test_pnl_that_does_not_come_is_none(withheld: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the portfolio says of a position is told; its daily PnL stands nowhere else."""
    monkeypatch.setattr(reading, "PNL_SECONDS", 0.2)

    async def main(gateway: Gateway, hear: Listener) -> None:
        (account,) = (await hear.reconciled()).snapshot.account_pnl
        assert (account.daily is None) is ("pnl" in withheld)
        (reconciled,) = hear.of(Reconciled)
        assert {told.daily for told in reconciled.snapshot.position_pnl} == {None}
        await hear.state(LinkState.UP)
        assert [link.state for link in hear.of(Link)] == [LinkState.DOWN, LinkState.UP]

    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.withheld = withheld
        act_on_a_feed(main, gateway)
        snapshot = take_snapshot(endpoint_of(gateway, client_id=8), now)
        (account,) = snapshot.account_pnl
        total = gateway.book.account_pnl(ACCOUNT)
        assert (account.daily, account.unrealized, account.realized) == (
            (None, None, None) if "pnl" in withheld else (total.daily, total.unrealized, total.realized)
        )
        for told in snapshot.position_pnl:
            result = gateway.book.pnl(ACCOUNT, told.conid)
            assert told.daily == (None if "pnlSingle" in withheld else result.daily)
            assert (told.market_value, told.unrealized) == (result.value, result.unrealized)
