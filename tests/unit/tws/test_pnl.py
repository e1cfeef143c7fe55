"""The pace of subscriptions, and who is followed."""

import asyncio

from tws.newest import Newest
from tws.pnl import LOT, LOT_SECONDS, Pace, PnlSubscriptions


def test_no_second_has_more_messages_than_the_broker_takes() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    sent: list[float] = []
    for _ in range(500):
        now += pace.wait()
        pace.sent()
        sent.append(now)
    for at in sent:
        assert len([other for other in sent if at <= other < at + 1]) <= 32
    assert sent[-1] < 500 / 32 + 1


def test_requests_count_too() -> None:
    now = 10.0
    pace = Pace(lambda: now)
    for _ in range(LOT):
        assert pace.wait() == 0
        pace.sent()
    assert pace.wait() == LOT_SECONDS
    now += LOT_SECONDS / 2
    assert pace.wait() == LOT_SECONDS / 2


def test_each_is_followed_once_and_left_once() -> None:
    async def main() -> None:
        sent: list[tuple[object, ...]] = []
        numbers = iter(range(100))
        loop = asyncio.get_running_loop()
        pnl = PnlSubscriptions(
            Newest(), Pace(loop.time), lambda *told: sent.append(told), lambda: next(numbers)
        )
        for _ in range(2):
            pnl.follow_account("U1")
            pnl.follow_positions([("U1", 1), ("U1", 2), ("U1", 1)])
            await asyncio.sleep(0.01)
        assert sent == [
            ("reqPnL", 0, "U1", ""),
            ("reqPnLSingle", 1, "U1", "", 1),
            ("reqPnLSingle", 2, "U1", "", 2),
        ]
        pnl.leave_positions([("U1", 1)])
        pnl.leave_positions([("U1", 1)])
        assert sent[3:] == [("cancelPnLSingle", 1)]
        assert (pnl.key_of(1), pnl.key_of(2), pnl.positions) == (None, ("U1", 2), {("U1", 2)})

    asyncio.run(asyncio.wait_for(main(), 5))


def test_a_position_closed_before_its_turn_is_never_asked_for() -> None:
    async def main() -> None:
        sent: list[tuple[object, ...]] = []
        numbers = iter(range(100))
        loop = asyncio.get_running_loop()
        pnl = PnlSubscriptions(
            Newest(), Pace(loop.time), lambda *told: sent.append(told), lambda: next(numbers)
        )
        pnl.follow_positions([("U1", conid) for conid in range(20)])
        await asyncio.sleep(0)
        pnl.leave_positions([("U1", 19)])
        pnl.end()
        await asyncio.wait_for(pnl.first_answers([("U1", 1)], 60), 1)
        assert ("U1", 19) not in pnl.positions

    asyncio.run(asyncio.wait_for(main(), 5))
