"""The true profit and loss of each day: it adds up to the change in NAV, and a corporate action makes none."""

from decimal import Decimal
from itertools import pairwise

import pytest

from transforms.broker_simulator import Simulation, simulate
from transforms.broker_simulator.money import ZERO, total

CAUSES = {
    "price", "trading", "fx_translation", "dividends", "withholding", "interest", "commissions", "fees", "taxes",
}  # fmt: skip


@pytest.fixture(scope="module", params=[3, 7])
def life(request: pytest.FixtureRequest) -> Simulation:
    return simulate(seed=request.param)


def test_the_causes_of_each_day_are_the_change_in_nav_less_flows(life: Simulation) -> None:
    books, seen = life.books, set()
    for account in books.accounts:
        before = ZERO
        for day in books.days(account):
            pnl = books.pnl(account, day)
            seen |= {cause for _, cause in pnl}
            after = books.nav(account, day)
            assert total(pnl.values()) == after - before - books.inflow(account, day) + books.outflow(
                account, day
            )
            before = after
    assert seen == CAUSES


def test_components_are_those_of_change_in_nav(life: Simulation) -> None:
    """Two of the simulator's views of one day: by event here, by booking in the ledger."""
    books = life.books
    pairs = {"12087792", "12087807", "12087797"}
    for account in books.accounts:
        for day in books.days(account):
            pnl, change = books.pnl(account, day), books.change_in_nav(account, day, day)
            marked = total(v for (key, c), v in pnl.items() if c in ("price", "trading") and key not in pairs)
            assert marked == change.get("mtm", ZERO)
            for cause, names in (
                ("commissions", ("commissions", "forexCommissions")),
                ("fees", ("otherFees",)),
                ("taxes", ("transactionTax",)),
                ("interest", ("interest", "changeInInterestAccruals")),
            ):
                ours = total(v for (_, c), v in pnl.items() if c == cause)
                assert ours == total(change.get(name, ZERO) for name in names)


def test_no_instrument_gains_by_a_corporate_action(life: Simulation) -> None:
    books, acted = life.books, 0
    for account in books.accounts:
        days = books.days(account)
        for before, day in pairwise(days):
            for leg in books.corporate_actions(account, day):
                if leg.proceeds:
                    continue  # bought out for what the terms say, whatever it cost the day before
                key, was = (str(leg.instrument.conid), "price"), books.marks(account, before)
                is_ = books.marks(account, day)
                at_stake = max(
                    abs(marks[leg.instrument.conid][1]) if leg.instrument.conid in marks else ZERO
                    for marks in (was, is_)
                )
                result = abs(books.pnl(account, day).get(key, ZERO))
                # a day's move of prices, not the value of the position; the rates are within 0.8 and 1.3
                assert result < at_stake * Decimal("0.15"), (account, day, leg)
                acted += 1
    assert acted >= 10
