"""Our tax lots against the lots that the simulator keeps for itself: every account, instrument and day, several seeds.

The pipeline has only seen the yearly documents. The simulator rounds shares of an amount to four decimals, so with that
step everything is equal to the last digit; with our own finer step only that rounding may lie between.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from tests.support.lives import Life, lives
from transforms.features.tax_lots import TaxLots, build_tax_lots

FOUR_PLACES = 10**6
State = dict[str, tuple[Decimal, Decimal, int]]
pytestmark = pytest.mark.parametrize("life", lives(7, 11, 23, demo=False), indirect=True, scope="session")


def lots(life: Life, unit: int) -> TaxLots:
    """The FIFO lots with this step of rounding, in 10⁻¹⁰."""
    return build_tax_lots(life.tables, ("fifo",), unit)


def states(made: TaxLots, account: str, days: list[date]) -> Iterator[tuple[date, State]]:
    """Quantity, cost and number of lots by instrument at the end of each day."""
    rows = made.lot_balances.filter(pl.col("account_id") == account).sort("change_date").rows(named=True)
    now: State = {}
    for day in days:
        while rows and rows[0]["change_date"] <= day:
            row = rows.pop(0)
            now[row["instrument_key"]] = (row["quantity"], row["cost_basis"], row["open_lots"])
        yield day, {key: state for key, state in now.items() if state[0]}


def true_state(life: Life, account: str, day: date) -> State:
    return {
        str(conid): (sum(lot.quantity for lot in held), sum(lot.cost for lot in held), len(held))
        for conid, held in life.simulation.books.lots(account, day).items()
    }


def test_the_lots_of_each_day_are_the_simulators(life: Life) -> None:
    books, made = life.simulation.books, lots(life, FOUR_PLACES)
    off, compared = [], 0
    for account in books.accounts:
        for day, ours in states(made, account, books.days(account)):
            true = true_state(life, account, day)
            compared += len(true)
            off += [
                (account, day, key) for key in ours.keys() | true.keys() if ours.get(key) != true.get(key)
            ]
    assert off == []
    assert compared > 10_000
    assert made.lot_issues.is_empty()


def test_each_open_lot_at_the_end_has_the_simulators_quantity_cost_and_date(life: Life) -> None:
    books, made = life.simulation.books, lots(life, FOUR_PLACES)
    for account in books.accounts:
        last = books.days(account)[-1]
        mine = made.tax_lots.filter((pl.col("account_id") == account) & pl.col("is_open"))
        ours = sorted(mine.select("instrument_key", "quantity", "cost", "open_date").rows())
        true = sorted(
            (str(conid), lot.quantity, lot.cost, lot.opened.date())
            for conid, held in books.lots(account, last).items()
            for lot in held
        )
        assert ours == true


def test_realised_pnl_of_each_day_is_the_simulators(life: Life) -> None:
    books = life.simulation.books
    ours: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    closed = lots(life, FOUR_PLACES).tax_lots.filter(~pl.col("is_open"))
    for account, day, pnl, rate in closed.select(
        "account_id", "close_report_date", "realized_pnl", "fx_rate_to_base"
    ).iter_rows():
        ours[account, day] += pnl * rate
    off = [
        (account, day)
        for account in books.accounts
        for day in books.days(account)
        if ours[account, day] != books.realized_base(account, day)
    ]
    assert off == []


def test_our_own_rounding_moves_no_position_by_a_cent(life: Life) -> None:
    books, made = life.simulation.books, lots(life, 1)
    for account in books.accounts:
        for day, ours in states(made, account, books.days(account)):
            true = true_state(life, account, day)
            assert {key: (q, n) for key, (q, _, n) in ours.items()} == {
                key: (q, n) for key, (q, _, n) in true.items()
            }
            assert all(abs(ours[key][1] - cost) < Decimal("0.005") for key, (_, cost, _) in true.items())
