"""Orders at the simulated TWS that go wrong: lost on the way, filled too much or too late, cancelled in vain."""

from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.tws_gateway import Gateway
from tests.support.ib_client import library, talk, until

pytest_plugins = ["tests.support.simulated_tws"]

ACCOUNT = "DU1000001"
FIRST = 700_000_001


def share(conid: int = FIRST, **more: Any) -> Any:
    return library.Contract(conId=conid, exchange=more.pop("exchange", "SMART"), **more)


def test_a_cancel_that_is_never_done(gateway: Gateway) -> None:
    gateway.faults.keep_cancels = True

    async def act(client: Any) -> Any:
        trade = client.placeOrder(share(), library.LimitOrder("BUY", 10, 1))
        await until(lambda: trade.orderStatus.status == "Submitted")
        client.client.cancelOrder(trade.order.orderId)
        await until(lambda: trade.orderStatus.status == "PendingCancel")
        gateway.set_price(FIRST, 1)
        await until(lambda: trade.orderStatus.status == "Filled")

    talk(gateway, act)
    assert len(gateway.book.fills) == 1


@pytest.mark.parametrize("carried_out", [False, True])
def test_the_connection_is_lost_with_an_order_in_flight(gateway: Gateway, carried_out: bool) -> None:
    gateway.faults.drop_on["placeOrder"] = carried_out

    async def act(client: Any) -> Any:
        trade = client.placeOrder(share(), library.MarketOrder("BUY", 1, orderRef="in flight"))
        await until(lambda: not client.isConnected())
        return trade

    # the client cannot know which of the two it was
    assert talk(gateway, act).orderStatus.status == "PendingSubmit"
    assert [fill.order_ref for fill in gateway.book.fills.values()] == ["in flight"] * carried_out


def test_order_ids_roll_back(gateway: Gateway) -> None:
    async def act(client: Any) -> int:
        trade = client.placeOrder(share(), library.MarketOrder("BUY", 1))
        await until(lambda: trade.orderStatus.status == "Filled")
        return int(trade.order.orderId)

    first = talk(gateway, act)
    gateway.forget_orders()
    assert talk(gateway, act) <= first
    assert [fill.order_id for fill in gateway.book.fills.values()] == [first, first]


def test_more_is_filled_than_was_ordered(gateway: Gateway) -> None:
    gateway.faults.keep_orders = True

    async def act(client: Any) -> tuple[float, float]:
        trade = client.placeOrder(share(), library.MarketOrder("BUY", 2))
        await until(lambda: trade.orderStatus.status == "Submitted")
        gateway.fill_order(1, trade.order.orderId, 3, 10)
        await until(lambda: trade.orderStatus.status == "Filled")
        return trade.orderStatus.filled, trade.orderStatus.remaining

    assert talk(gateway, act) == (3, -1)


def test_an_id_that_was_used_is_refused(gateway: Gateway) -> None:
    async def act(client: Any) -> int:
        trade = client.placeOrder(share(), library.MarketOrder("BUY", 1))
        await until(lambda: trade.orderStatus.status == "Filled")
        return int(trade.order.orderId)

    used = talk(gateway, act)

    async def again(client: Any) -> None:
        codes: list[int] = []
        client.errorEvent += lambda request, code, text, contract: codes.append(code)
        client.client.placeOrder(used, share(), library.MarketOrder("BUY", 1))
        await until(lambda: 104 in codes)
        client.client.placeOrder(used - 1, share(), library.MarketOrder("BUY", 1))
        await until(lambda: 103 in codes)
        assert client.client.getReqId() > used

    talk(gateway, again)
    assert len(gateway.book.fills) == 1


def test_an_order_is_filled_in_part_and_then_cancelled(gateway: Gateway) -> None:
    gateway.faults.largest_fill = Decimal(4)

    async def act(client: Any) -> Any:
        trade = client.placeOrder(share(), library.LimitOrder("BUY", 10, 10))
        await until(lambda: trade.orderStatus.filled == 4)
        client.cancelOrder(trade.order)
        await until(lambda: trade.orderStatus.status == "Cancelled")
        return trade

    trade = talk(gateway, act)
    assert (trade.orderStatus.filled, trade.orderStatus.remaining) == (4, 6)
    assert [fill.quantity for fill in gateway.book.fills.values()] == [4]
    assert gateway.book.positions[ACCOUNT, FIRST][0] == 14


def test_a_fill_comes_after_the_order_was_cancelled(gateway: Gateway) -> None:
    """It has happened: the position moved, whatever the order's state says."""

    async def act(client: Any) -> Any:
        trade = client.placeOrder(share(), library.LimitOrder("BUY", 10, 1))
        await until(lambda: trade.orderStatus.status == "Submitted")
        client.cancelOrder(trade.order)
        await until(lambda: trade.orderStatus.status == "Cancelled")
        gateway.fill_order(1, trade.order.orderId, 3, 1)
        await until(lambda: trade.fills)
        await until(lambda: client.positions(ACCOUNT)[0].position == 13)
        return trade

    trade = talk(gateway, act)
    assert trade.orderStatus.status == "Cancelled"
    assert [fill.quantity for fill in gateway.book.fills.values()] == [3]


def test_what_waits_in_the_clients_throttle_is_lost_with_the_connection(gateway: Gateway) -> None:
    """The library holds back what exceeds its rate: an order behind it was never sent, and nobody says so."""

    async def act(client: Any) -> Any:
        for _ in range(60):
            client.client.reqCurrentTime()
        trade = client.placeOrder(share(), library.MarketOrder("BUY", 1))
        gateway.drop()
        await until(lambda: not client.isConnected())
        return trade

    assert talk(gateway, act).orderStatus.status == "PendingSubmit"
    assert "placeOrder" not in {one.name for one in gateway.asked}
    assert not gateway.book.fills


def test_an_order_that_is_changed_during_an_outage_stays_as_it_was(gateway: Gateway) -> None:
    gateway.faults.keep_orders = True

    async def act(client: Any) -> None:
        order = library.LimitOrder("BUY", 10, 1)
        trade = client.placeOrder(share(), order)
        await until(lambda: trade.orderStatus.status == "Submitted")
        gateway.drop()
        await until(lambda: not client.isConnected())
        order.lmtPrice = 2
        with pytest.raises(ConnectionError):
            client.placeOrder(share(), order)
        assert order.lmtPrice == 2  # the client's own view is not the broker's

    async def look(client: Any) -> list[float]:
        return [trade.order.lmtPrice for trade in client.openTrades()]

    talk(gateway, act, client_id=4)
    assert talk(gateway, look, client_id=4, readonly=False) == [1]
