"""The real client library sees the simulated TWS's book over a socket."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.tws_gateway import Account, Book, Gateway, Instrument, tws_gateway
from tests.support.ib_client import UNSET, exact, library, talk, until
from tests.support.tws_wire import WireClient, wire_client
from transforms.broker_simulator import simulate

pytest_plugins = ["tests.support.simulated_tws"]

ACCOUNT = "DU1000001"
FIRST = 700_000_001


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


def test_several_accounts_and_what_an_advisor_sees() -> None:
    with tws_gateway(Book.of(2, ("DF1000000", "DU1000001", "DU1000002"))) as gateway:

        async def act(client: Any) -> None:
            told: list[int] = []
            client.errorEvent += lambda request, code, text, contract: told.append(code)
            assert client.managedAccounts() == ["DF1000000", "DU1000001", "DU1000002"]
            # without an account, nothing is told of any
            client.client.reqAccountUpdates(True, "")
            await until(lambda: 321 in told)
            assert client.portfolio() == []
            values = await client.accountSummaryAsync()
            assert {one.account for one in values} == set(client.managedAccounts())
            second = client.reqPnL("DU1000002")
            gateway.fill("DU1000002", FIRST, -10, 12, 2)
            await until(lambda: second.realizedPnL == 28)
            assert len(client.positions("DU1000002")) == 1
            assert len(client.positions("DU1000001")) == 2
            told.clear()
            client.client.reqPnL(9, "U7", "")
            await until(lambda: 321 in told)

        talk(gateway, act)


def test_an_account_in_another_currency_than_its_shares() -> None:
    with tws_gateway(Book.of(1, base="EUR")) as gateway:

        async def act(client: Any) -> Any:
            account, single = client.reqPnL(ACCOUNT), client.reqPnLSingle(ACCOUNT, "", FIRST)
            gateway.set_price(FIRST, 11)
            await until(lambda: account.dailyPnL > 0 and single.dailyPnL > 0)
            return exact(account.dailyPnL), exact(single.dailyPnL)

        # ten dollars at 1.08 dollars for a euro; the rate has six places
        in_euro, in_dollars = talk(gateway, act)
        assert in_dollars == 10
        assert in_euro == Decimal("9.25926")


def test_contract_details_of_a_share_an_option_and_a_bond() -> None:
    share = Instrument(
        11, "NWD", local_symbol="NWD", trading_class="NMS", isin="US9100001014", long_name="NORTHWIND"
    )
    option = Instrument(
        12,
        "NWD",
        "OPT",
        local_symbol="NWD   261218C00105000",
        multiplier=Decimal(100),
        expiry="20261218",
        strike=Decimal(105),
        right="C",
    )
    bond = Instrument(13, "GOV 2 3/4 05/15/27", "BOND", expiry="20270515", isin="US9100005015")
    with tws_gateway(Book([Account(ACCOUNT)], [share, option, bond])) as gateway:

        async def act(client: Any) -> None:
            (seen,) = await client.reqContractDetailsAsync(library.Contract(conId=11))
            assert (seen.contract.symbol, seen.contract.currency, seen.longName) == (
                "NWD",
                "USD",
                "NORTHWIND",
            )
            assert [(one.tag, one.value) for one in seen.secIdList] == [("ISIN", "US9100001014")]
            (seen,) = await client.reqContractDetailsAsync(library.Contract(symbol="NWD", secType="OPT"))
            told = seen.contract
            assert (told.conId, told.strike, told.right, told.multiplier) == (12, 105, "C", "100")
            assert told.lastTradeDateOrContractMonth == "20261218"
            (seen,) = await client.reqContractDetailsAsync(library.Contract(conId=13))
            assert (seen.contract.conId, seen.maturity, seen.cusip) == (13, "20270515", "910000501")
            assert await client.reqContractDetailsAsync(library.Contract(conId=14)) == []

        talk(gateway, act)


def test_which_executions_are_asked_for(gateway: Gateway) -> None:
    gateway.fill(ACCOUNT, FIRST, 1, 10, at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    gateway.fill(ACCOUNT, FIRST + 1, -1, 10, client_id=3, at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC))

    async def act(client: Any) -> list[int]:
        async def count(**wanted: Any) -> int:
            return len(await client.reqExecutionsAsync(library.ExecutionFilter(**wanted)))

        return [
            await count(),
            await count(side="SELL"),
            await count(symbol="LOAD0000"),
            await count(clientId=3),
            await count(time="20261123 12:00:00"),
            await count(acctCode="U7"),
        ]

    assert talk(gateway, act) == [2, 1, 1, 1, 1, 0]


def test_a_new_day_forgets_the_executions_and_what_was_realized(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        gateway.fill(ACCOUNT, FIRST, -10, 11, 0)
        single, other = client.reqPnLSingle(ACCOUNT, "", FIRST), client.reqPnLSingle(ACCOUNT, "", FIRST + 1)
        gateway.set_price(FIRST + 1, 12)
        await until(lambda: single.realizedPnL == 20 and other.dailyPnL)
        gateway.close_day()
        await until(lambda: other.dailyPnL == 0)
        assert await client.reqExecutionsAsync() == []
        # what was closed yesterday has no result any more
        await until(lambda: single.realizedPnL == UNSET)

    talk(gateway, act)


def test_what_is_cancelled_is_told_no_more(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        account, single = client.reqPnL(ACCOUNT), client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: single.value == 100 and account.dailyPnL == 0)
        client.cancelPnL(ACCOUNT)
        client.cancelPnLSingle(ACCOUNT, "", FIRST)
        client.client.cancelPositions()
        await client.reqCurrentTimeAsync()
        gateway.fill(ACCOUNT, FIRST, 1, 15)
        gateway.set_price(FIRST, 20)
        await client.reqCurrentTimeAsync()
        assert (single.value, account.dailyPnL, client.positions(ACCOUNT)[0].position) == (100, 0, 10)

    talk(gateway, act)


def test_at_most_two_summaries_and_no_request_id_twice(gateway: Gateway) -> None:
    with wire_client(gateway) as client:
        client.start()
        for request in (5, 6):
            client.send(62, 1, request, "All", "NetLiquidation")
            assert client.until("accountSummaryEnd")[0][1][2:] == [
                ACCOUNT,
                "NetLiquidation",
                "1000332.45",
                "USD",
            ]
        client.send(62, 1, 7, "All", "NetLiquidation")
        assert client.message()[1][1:3] == ["7", "322"]
        client.send(92, 5, ACCOUNT, "")
        assert client.message()[1][1:3] == ["5", "102"]
        client.send(63, 1, 5)
        client.send(62, 1, 7, "All", "$LEDGER")
        assert client.until("accountSummaryEnd")[0][1][3:5] == ["CashBalance", "1000000.0000"]


def test_the_accounts_of_the_synthetic_broker() -> None:
    simulation = simulate(seed=7, years=1)
    with tws_gateway(Book.from_broker(simulation)) as gateway:

        async def act(client: Any) -> dict[str, dict[int, Decimal]]:
            seen: dict[str, dict[int, Decimal]] = {name: {} for name in client.managedAccounts()}
            for told in await client.reqPositionsAsync():
                seen[told.account][told.contract.conId] = exact(told.position)
            return seen

        last = simulation.days[-1]
        truth = {name: simulation.books.positions(name, last) for name in simulation.accounts}
        assert talk(gateway, act) == truth
        assert all(truth.values())


def test_five_hundred_positions() -> None:
    with tws_gateway(Book.of(500)) as gateway:

        async def act(client: Any) -> Any:
            await client.reqAccountUpdatesAsync(ACCOUNT)
            return len(client.portfolio(ACCOUNT)), len(await client.reqPositionsAsync())

        assert talk(gateway, act) == (500, 500)


def test_prices_move_by_themselves(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        singles = [client.reqPnLSingle(ACCOUNT, "", FIRST + n) for n in range(3)]
        told: list[int] = []
        client.pnlSingleEvent += lambda single: told.append(single.conId)
        gateway.stream(300)
        await until(lambda: len(told) > 60)
        gateway.stream(0)
        await client.reqCurrentTimeAsync()
        assert {told.count(FIRST + n) > 15 for n in range(3)} == {True}
        for single in singles:
            assert exact(single.value) == gateway.book.pnl(ACCOUNT, single.conId).value

    talk(gateway, act)


def test_account_values_come_again_when_the_gateway_says_so(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        await client.reqAccountUpdatesAsync(ACCOUNT)
        await client.reqAccountUpdatesMultiAsync(ACCOUNT)
        summary = await client.accountSummaryAsync(ACCOUNT)
        assert "1000332.45" in {one.value for one in summary}
        gateway.set_price(FIRST, 20)
        gateway.tell_account_updates()
        # ten shares that cost ten more each
        await until(lambda: client.portfolio(ACCOUNT)[0].marketValue == 200)
        for told in (client.accountValues(ACCOUNT), await client.accountSummaryAsync(ACCOUNT)):
            assert {one.value for one in told if one.tag == "NetLiquidation"} == {"1000432.45"}

    talk(gateway, act)


def test_a_thousand_results_a_second_leave_most_of_a_core_to_others() -> None:
    with tws_gateway(Book.of(500)) as gateway:

        async def act(client: Any) -> tuple[float, int]:
            client.client.MaxRequests = 0
            told: list[int] = []
            client.pnlSingleEvent += lambda single: told.append(single.conId)
            for n in range(500):
                client.reqPnLSingle(ACCOUNT, "", FIRST + n)
            client.reqPnL(ACCOUNT)
            await until(lambda: len(told) == 500)
            used = gateway.cpu_seconds
            gateway.stream(1000)
            await asyncio.sleep(2)
            gateway.stream(0)
            await client.reqCurrentTimeAsync()
            return gateway.cpu_seconds - used, len(told) - 500

        used, results = talk(gateway, act)
        assert results > 1500
        assert used < 1


def test_a_client_that_does_not_read_does_not_hold_up_the_end() -> None:
    gateway = Gateway(Book.of(500))
    gateway.start()
    with wire_client(gateway, buffer=4096) as client:
        client.start()
        transport = gateway.hub.sessions[0].transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        ends = time.monotonic() + 10
        while not transport.get_write_buffer_size() and time.monotonic() < ends:
            client.send(61, 1)
            gateway.look(lambda book: book)
        assert transport.get_write_buffer_size()
        began = time.monotonic()
        gateway.stop()
        assert time.monotonic() - began < 5
        assert not any(thread.name == "tws-gateway" for thread in threading.enumerate())


def test_a_port_that_is_taken_is_said_at_once(gateway: Gateway) -> None:
    second = Gateway(Book.of(1), port=gateway.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    assert sum(thread.name == "tws-gateway" for thread in threading.enumerate()) == 1


def test_the_gateway_as_a_process() -> None:
    """Commands come as lines of JSON; the truth is told the same way, and SIGTERM ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.tws_gateway", "--positions", "2"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(*command: Any) -> Any:
            process.stdin.write(json.dumps(command) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        port = json.loads(process.stdout.readline())["port"]
        client = WireClient(port)
        client.start()
        fill = ask("fill", ACCOUNT, FIRST, "-3", "11.5")["done"]
        assert client.message()[1][13] == fill["execution_id"]
        assert ask("book")["done"]["positions"][0]["quantity"] == "7"
        assert ask("faults", "withheld", ["positionEnd"]) == {"done": None}
        assert "no command 'fly'" in ask("fly")["error"]
        assert "KeyError" in ask("set_price", 5, "1")["error"]
        client.socket.close()
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait(10)
