"""The real client library sees the simulated TWS's book over a socket."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.ib_client import exact, talk, until

ACCOUNT = "DU1000001"
FIRST = 700_000_001


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with tws_gateway(Book.of(3)) as running:
        yield running


def test_a_client_connects_and_sees_the_positions(gateway: Gateway) -> None:
    async def act(client: Any) -> dict[tuple[str, int], tuple[Any, Any]]:
        assert client.managedAccounts() == [ACCOUNT]
        assert client.client.serverVersion() in (176, 178)
        return {
            (told.account, told.contract.conId): (exact(told.position), exact(told.avgCost))
            for told in await client.reqPositionsAsync()
        }

    seen = talk(gateway, act)
    assert len(seen) == 3
    assert seen == gateway.book.positions


def test_a_price_moves_the_result_of_position_and_account(gateway: Gateway) -> None:
    async def act(client: Any) -> tuple[Any, Any]:
        account, single = client.reqPnL(ACCOUNT), client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: account.dailyPnL == 0 and single.dailyPnL == 0)
        gateway.set_price(FIRST, "12.5")
        await until(lambda: account.dailyPnL == 25)
        return account, single

    account, single = talk(gateway, act)
    # ten shares that closed at 10 and cost 9
    assert (single.dailyPnL, single.unrealizedPnL, single.value) == (25, 35, 125)
    truth = gateway.book.account_pnl(ACCOUNT)
    assert (exact(account.dailyPnL), exact(account.unrealizedPnL)) == (truth.daily, truth.unrealized)


def test_a_fill_is_told_with_its_commission_and_the_position(gateway: Gateway) -> None:
    async def act(client: Any) -> Any:
        fill = gateway.fill(ACCOUNT, FIRST, -4, "11", "0.35")
        await until(lambda: client.positions(ACCOUNT)[0].position == 6)
        (seen,) = await until(client.fills)
        await until(lambda: seen.commissionReport.commission)
        return fill, seen

    fill, seen = talk(gateway, act)
    assert (seen.execution.execId, seen.execution.side, seen.execution.shares) == (
        fill.execution_id,
        "SLD",
        4,
    )
    assert seen.execution.time == fill.at
    assert exact(seen.commissionReport.commission) == fill.commission
    # four sold at 11 that cost 9 each, less the commission
    assert seen.commissionReport.realizedPNL == 7.65


def test_account_values_and_portfolio(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        await client.reqAccountUpdatesAsync(ACCOUNT)
        values = {(one.tag, one.currency): one.value for one in client.accountValues(ACCOUNT)}
        assert values["NetLiquidation", "USD"] == "1000332.45"
        assert values["CashBalance", "USD"] == "1000000.0000"
        assert [item.marketValue for item in client.portfolio(ACCOUNT)] == [100, 110.77, 121.68]
        summary = {one.tag: one.value for one in await client.accountSummaryAsync(ACCOUNT)}
        assert summary["NetLiquidation"] == "1000332.45"

    talk(gateway, act)


def test_the_clock(gateway: Gateway) -> None:
    async def act(client: Any) -> Any:
        return await asyncio.wait_for(client.reqCurrentTimeAsync(), 5)

    assert abs((talk(gateway, act) - gateway.hub.now()).total_seconds()) < 5


def test_orders_of_the_day_are_asked_for_too(gateway: Gateway) -> None:
    async def act(client: Any) -> Any:
        return client.openTrades()

    assert talk(gateway, act, readonly=False) == []
