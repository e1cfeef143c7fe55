"""Orders at the simulated TWS, placed by the real client library: each is read to its last field, and lives on."""

from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.tws_gateway import Book, Gateway
from tests.support.ib_client import library, talk, until
from tests.support.tws_wire import wire_client

pytest_plugins = ["tests.support.simulated_tws"]

ACCOUNT = "DU1000001"
FIRST, SECOND = 700_000_001, 700_000_002


def share(conid: int = FIRST, **more: Any) -> Any:
    return library.Contract(conId=conid, exchange=more.pop("exchange", "SMART"), **more)


async def answered(trade: Any) -> Any:
    """Wait until the gateway took the order up."""
    return await until(lambda: trade.order.permId and trade.orderStatus.status != "PendingSubmit")


def test_a_market_order_is_filled_whole(gateway: Gateway) -> None:
    async def act(client: Any) -> Any:
        trade = client.placeOrder(share(), library.MarketOrder("SELL", 3, orderRef="key-1"))
        await until(lambda: trade.orderStatus.status == "Filled" and trade.fills)
        await until(lambda: trade.fills[0].commissionReport.commission == 1)
        await until(lambda: client.positions(ACCOUNT)[0].position == 7)
        return trade

    trade = talk(gateway, act)
    (fill,) = gateway.book.fills.values()
    assert (fill.quantity, fill.price, fill.client_id, fill.order_ref) == (-3, 10, 1, "key-1")
    assert (fill.order_id, fill.perm_id) == (trade.order.orderId, trade.order.permId)
    assert trade.fills[0].execution.execId == fill.execution_id
    assert gateway.book.positions[ACCOUNT, FIRST] == (7, 9)


def test_a_limit_order_waits_for_its_price_and_is_filled_in_parts(gateway: Gateway) -> None:
    async def act(client: Any) -> tuple[Any, list[tuple[float, float]]]:
        gateway.faults.largest_fill = Decimal(4)
        trade = client.placeOrder(share(), library.LimitOrder("BUY", 10, 9.5))
        steps = []
        await until(lambda: trade.orderStatus.status == "Submitted")
        for price in ("9.6", "9.5", "9.4", "9.3"):
            gateway.set_price(FIRST, price)
            await client.reqCurrentTimeAsync()
            steps.append((trade.orderStatus.filled, trade.orderStatus.remaining))
        return trade, steps

    trade, steps = talk(gateway, act)
    assert steps == [(0, 10), (4, 6), (8, 2), (10, 0)]
    assert trade.orderStatus.status == "Filled"
    assert trade.orderStatus.avgFillPrice == pytest.approx((4 * 9.5 + 4 * 9.4 + 2 * 9.3) / 10)
    assert [fill.execution.cumQty for fill in trade.fills] == [4, 8, 10]
    assert gateway.book.positions[ACCOUNT, FIRST][0] == 20


def test_a_live_order_is_changed_and_cancelled(gateway: Gateway) -> None:
    async def act(client: Any) -> Any:
        codes: list[int] = []
        client.errorEvent += lambda request, code, text, contract: codes.append(code)
        order = library.LimitOrder("BUY", 10, 1)
        trade = client.placeOrder(share(), order)
        await until(lambda: trade.orderStatus.status == "Submitted")
        order.lmtPrice = 2
        client.placeOrder(share(), order)
        await until(lambda: gateway.hub.orders.orders[1, order.orderId].asked.limit == 2)
        client.cancelOrder(order)
        await until(lambda: 202 in codes)
        return trade

    assert talk(gateway, act).orderStatus.status == "Cancelled"
    assert not gateway.book.fills


def test_an_order_can_be_rejected(gateway: Gateway) -> None:
    gateway.faults.reject_orders = "no money"

    async def act(client: Any) -> Any:
        codes: list[tuple[int, str]] = []
        client.errorEvent += lambda request, code, text, contract: codes.append((code, text))
        trade = client.placeOrder(share(), library.MarketOrder("BUY", 1))
        await until(lambda: (201, "Order rejected - reason:no money") in codes)
        return trade

    assert talk(gateway, act).orderStatus.status in ("Inactive", "Cancelled")
    assert not gateway.book.fills


@pytest.mark.parametrize(
    ("contract", "order", "code"),
    [
        (share(5), library.MarketOrder("BUY", 1), 200),
        (share(), library.MarketOrder("BUY", 0), 434),
        (share(), library.MarketOrder("BUY", 1, account="U7"), 321),
        (share(), library.StopOrder("BUY", 1, 5), 387),
    ],
)
def test_what_the_broker_cannot_take_is_refused_with_its_code(
    gateway: Gateway, contract: Any, order: Any, code: int
) -> None:
    async def act(client: Any) -> None:
        codes: list[int] = []
        client.errorEvent += lambda request, found, text, contract: codes.append(found)
        client.placeOrder(contract, order)
        await until(lambda: code in codes)

    talk(gateway, act)
    assert not gateway.hub.orders.orders


def test_an_unknown_and_a_filled_order_cannot_be_cancelled(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        codes: list[int] = []
        client.errorEvent += lambda request, code, text, contract: codes.append(code)
        client.client.cancelOrder(77)
        await until(lambda: 10147 in codes)
        trade = client.placeOrder(share(), library.MarketOrder("BUY", 1))
        await until(lambda: trade.orderStatus.status == "Filled")
        client.client.cancelOrder(trade.order.orderId)
        await until(lambda: 10148 in codes)

    talk(gateway, act)


def test_orders_outlive_the_connection_and_are_told_again(gateway: Gateway) -> None:
    gateway.faults.keep_orders = True

    async def place(client: Any) -> int:
        trade = client.placeOrder(share(), library.LimitOrder("BUY", 10, 50, orderRef="kept"))
        await answered(trade)
        return int(trade.order.orderId)

    async def look(client: Any) -> list[tuple[str, str]]:
        return [(trade.order.orderRef, trade.orderStatus.status) for trade in client.openTrades()]

    async def ended(client: Any) -> list[tuple[str, str, float]]:
        return [
            (trade.order.orderRef, trade.orderStatus.status, trade.order.filledQuantity)
            for trade in await client.reqCompletedOrdersAsync(False)
        ]

    order_id = talk(gateway, place, client_id=4, readonly=False)
    assert talk(gateway, look, client_id=4, readonly=False) == [("kept", "Submitted")]
    gateway.fill_order(4, order_id, 10, "9.99")
    assert talk(gateway, look, client_id=4, readonly=False) == []
    assert talk(gateway, ended, client_id=5) == [("kept", "Filled", 10)]


def test_each_client_has_its_own_orders_and_a_global_cancel_takes_all(gateway: Gateway) -> None:
    async def place(client: Any) -> None:
        trade = client.placeOrder(share(), library.LimitOrder("BUY", 1, 2))
        await until(lambda: trade.orderStatus.status == "Submitted")

    async def all_of_them(client: Any) -> int:
        assert not await client.reqOpenOrdersAsync()
        told = await client.reqAllOpenOrdersAsync()
        client.reqGlobalCancel()
        await until(lambda: not gateway.hub.orders.live())
        return len(told)

    talk(gateway, place, client_id=4)
    talk(gateway, place, client_id=5)
    assert talk(gateway, all_of_them, client_id=6) == 2


def test_a_question_about_margin_is_answered_and_no_order(gateway: Gateway) -> None:
    async def act(client: Any) -> Any:
        return await client.whatIfOrderAsync(share(), library.MarketOrder("BUY", 100))

    # half of a hundred shares at 10
    assert float(talk(gateway, act).initMarginChange) == 500
    assert not gateway.hub.orders.orders


def legs() -> list[Any]:
    return [library.ComboLeg(conId=one, ratio=1, action="BUY", exchange="SMART") for one in (FIRST, SECOND)]


@pytest.mark.parametrize(
    ("contract", "order"),
    [
        (share(secType="BAG", comboLegs=legs()), library.MarketOrder("BUY", 1)),
        (
            share(secType="BAG", comboLegs=legs()),
            library.LimitOrder(
                "BUY",
                1,
                2,
                orderComboLegs=[library.OrderComboLeg(price=1), library.OrderComboLeg(price=2)],
                smartComboRoutingParams=[library.TagValue("NonGuaranteed", "1")],
            ),
        ),
        (
            share(),
            library.LimitOrder(
                *("BUY", 1, 2),
                algoStrategy="Twap",
                algoParams=[library.TagValue("strategyType", "Marketable"), library.TagValue("a", "b")],
                hedgeType="D",
                hedgeParam="0.5",
            ),
        ),
        (
            share(deltaNeutralContract=library.DeltaNeutralContract(FIRST, 0.5, 10)),
            library.LimitOrder(
                *("BUY", 1, 2),
                deltaNeutralOrderType="MKT",
                scalePriceIncrement=0.5,
                scaleInitLevelSize=1,
            ),
        ),
        (
            share(),
            library.LimitOrder(
                *("BUY", 1, 2),
                conditions=[
                    library.PriceCondition(price=1, conId=FIRST, exch="SMART"),
                    library.TimeCondition(time="20261124 10:00:00"),
                    library.MarginCondition(percent=30),
                    library.ExecutionCondition(secType="STK", exch="SMART", symbol="LOAD0000"),
                    library.VolumeCondition(volume=100, conId=FIRST, exch="SMART"),
                    library.PercentChangeCondition(changePercent=2, conId=FIRST, exch="SMART"),
                ],
            ),
        ),
        (
            share(),
            library.Order(action="BUY", totalQuantity=1, orderType="PEG BENCH", referenceContractId=SECOND),
        ),
        (share(), library.Order(action="BUY", totalQuantity=1, orderType="PEG MID", midOffsetAtHalf=0.1)),
        (share(), library.Order(action="BUY", totalQuantity=1, orderType="PEG BEST", minCompeteSize=100)),
        (
            share(),
            library.Order(
                action="BUY", totalQuantity=1, orderType="PEG BEST", competeAgainstBestOffset=float("inf")
            ),
        ),
        (share(exchange="IBKRATS"), library.LimitOrder("BUY", 1, 2, minTradeQty=1)),
        (share(), library.LimitOrder("BUY", 1, 2, transmit=False, tif="GTC", outsideRth=True)),
    ],
)
def test_every_field_of_an_order_is_read(gateway: Gateway, contract: Any, order: Any) -> None:
    """The fields of a kind of order differ in number; one that was left over or missing is a violation."""

    async def act(client: Any) -> None:
        client.placeOrder(contract, order)
        await client.reqCurrentTimeAsync()
        assert gateway.asked[-2].name == "placeOrder"

    talk(gateway, act)
    assert not gateway.violations


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda fields: [*fields, "more"], "leaves fields unread: ['more']"),
        (lambda fields: fields[:-1], "ends where another field should be"),
    ],
)
def test_an_order_with_a_field_too_many_or_too_few_is_a_violation(change: Any, complaint: str) -> None:
    async def act(client: Any) -> str:
        client.placeOrder(share(), library.MarketOrder("BUY", 1))
        await client.reqCurrentTimeAsync()
        return f"v157..{client.client.serverVersion()}"

    gateway = Gateway(Book.of(1))
    gateway.start()
    try:
        versions = talk(gateway, act)
        (sent,) = [one.fields for one in gateway.asked if one.name == "placeOrder"]
        assert not gateway.violations
        with wire_client(gateway) as client:
            client.greet(versions.encode())
            client.send(71, 2, 9, "")
            client.send(3, *change(sent))
            with pytest.raises(EOFError):
                client.until("openOrder")
        assert complaint in gateway.violations[0]
    finally:
        gateway.stop()


def test_in_read_only_mode_every_request_about_orders_is_refused(gateway: Gateway) -> None:
    gateway.faults.read_only = True

    async def act(client: Any) -> None:
        codes: list[int] = []
        client.errorEvent += lambda request, code, text, contract: codes.append(code)
        client.client.reqOpenOrders()
        client.client.reqCompletedOrders(False)
        client.client.reqAllOpenOrders()
        client.reqGlobalCancel()
        client.client.cancelOrder(3)
        client.placeOrder(share(), library.MarketOrder("BUY", 1))
        await until(lambda: codes.count(321) == 6)
        assert client.positions(ACCOUNT)

    talk(gateway, act)
    assert not gateway.book.fills


def test_the_long_messages_have_as_many_fields_as_the_real_ones(gateway: Gateway) -> None:
    """At server version 176, number included: 128 and 97, each with its delta neutral block, and 42."""

    async def act(client: Any) -> None:
        gone = client.placeOrder(share(), library.MarketOrder("BUY", 1))
        await until(lambda: gone.orderStatus.status == "Filled")
        gateway.faults.keep_orders = True
        await answered(client.placeOrder(share(), library.LimitOrder("BUY", 1, 2)))

    talk(gateway, act)
    with wire_client(gateway) as client:
        client.start(client_id=2)
        client.send(16, 1)
        client.send(99, 0)
        client.send(9, 8, 5, FIRST, *[""] * 15)
        told = {name: len(fields) + 1 for name, fields in client.until("contractDetailsEnd")}
    assert (told["openOrder"], told["completedOrder"], told["contractDetails"]) == (128 + 8, 97 + 4, 42)
