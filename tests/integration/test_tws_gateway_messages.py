"""Answers of the simulated TWS that lack their end or their figures, refusals, and what it says of itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.fakes.tws_gateway import SYSTEM_TEXTS, Gateway
from tests.support.ib_client import UNSET, errors_of, library, never, talk, until
from tests.support.tws_wire import wire_client

pytest_plugins = ["tests.support.simulated_tws"]

ACCOUNT = "DU1000001"
FIRST = 700_000_001


@pytest.mark.parametrize(
    ("missing", "ask"),
    [
        ("positionEnd", lambda client: client.reqPositionsAsync()),
        ("accountDownloadEnd", lambda client: client.reqAccountUpdatesAsync(ACCOUNT)),
        ("accountSummaryEnd", lambda client: client.accountSummaryAsync()),
        ("accountUpdateMultiEnd", lambda client: client.reqAccountUpdatesMultiAsync(ACCOUNT)),
        ("execDetailsEnd", lambda client: client.reqExecutionsAsync()),
        ("openOrderEnd", lambda client: client.reqAllOpenOrdersAsync()),
        ("completedOrdersEnd", lambda client: client.reqCompletedOrdersAsync(False)),
        ("contractDetailsEnd", lambda client: client.reqContractDetailsAsync(library.Contract(conId=FIRST))),
        ("currentTime", lambda client: client.reqCurrentTimeAsync()),
    ],
)
def test_a_missing_end_leaves_the_request_open(
    gateway: Gateway, missing: str, ask: Callable[[Any], Awaitable[Any]]
) -> None:
    async def act(client: Any) -> None:
        gateway.faults.withheld.add(missing)
        await never(ask(client))
        gateway.faults.withheld.clear()
        await asyncio.wait_for(ask(client), 5)

    talk(gateway, act)


@pytest.mark.parametrize(
    ("request_name", "fields"),
    [
        ("reqPositions", (61, 1)),
        ("reqExecutions", (7, 3, 5, *[""] * 7)),
        ("reqPnL", (92, 5, ACCOUNT, "")),
        ("reqPnLSingle", (94, 5, ACCOUNT, "", FIRST)),
        ("reqAccountSummary", (62, 1, 5, "All", "NetLiquidation")),
        ("reqAccountUpdates", (6, 2, 1, ACCOUNT)),
        ("reqAccountUpdatesMulti", (76, 1, 5, ACCOUNT, "", 0)),
        ("reqContractDetails", (9, 8, 5, FIRST, *[""] * 15)),
        ("reqCurrentTime", (49, 1)),
        ("reqAllOpenOrders", (16, 1)),
        ("reqCompletedOrders", (99, 0)),
        ("cancelOrder", (4, 1, 5, "")),
        ("reqGlobalCancel", (58, 1)),
    ],
)
def test_a_request_is_refused_with_the_code_that_is_wanted(
    gateway: Gateway, request_name: str, fields: tuple[object, ...]
) -> None:
    gateway.faults.refused_requests[request_name] = 321
    with wire_client(gateway) as client:
        client.start()
        client.send(*fields)
        name, told = client.message()
        assert (name, told[2]) == ("error", "321")
        assert told[1] == ("5" if 5 in fields else "-1")


def test_results_that_are_not_set(gateway: Gateway) -> None:
    gateway.faults.unset_pnl = True

    async def act(client: Any) -> tuple[float, float]:
        account, single = client.reqPnL(ACCOUNT), client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: single.value == UNSET)
        return account.dailyPnL, single.dailyPnL

    assert talk(gateway, act) == (UNSET, UNSET)
    gateway.faults.unset_pnl = False
    gateway.set_price(FIRST, None)

    async def unpriced(client: Any) -> Any:
        single = client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: single.value == UNSET)
        return single.realizedPnL

    assert talk(gateway, unpriced) == 0


@pytest.mark.parametrize("code", [*SYSTEM_TEXTS, 54321])
def test_messages_about_the_system(gateway: Gateway, code: int) -> None:
    async def act(client: Any) -> tuple[int, str]:
        told = await errors_of(client)
        gateway.tell(code)
        await until(lambda: told)
        return told[0]

    assert talk(gateway, act) == (code, SYSTEM_TEXTS.get(code, "Message 54321"))


def test_1101_forgets_the_subscriptions_and_1102_keeps_them(gateway: Gateway) -> None:
    async def act(client: Any) -> tuple[float, float]:
        single = client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: single.value == 100)
        gateway.tell(1102)
        gateway.set_price(FIRST, 11)
        await until(lambda: single.value == 110)
        gateway.tell(1101)
        gateway.set_price(FIRST, 12)
        gateway.fill(ACCOUNT, FIRST, 1, 12)
        await client.reqCurrentTimeAsync()
        return single.value, client.positions(ACCOUNT)[0].position

    assert talk(gateway, act) == (110, 10)
