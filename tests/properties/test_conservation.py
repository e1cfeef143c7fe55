"""Conservation laws of any short life: what the documents tell is neither more nor less than what happened.

Pure: the simulator books a generated life, its documents become clean tables and tax lots; or the clean tables are
generated themselves, for what the simulator does not do. No dbt, no Dagster. Trades alone: test_tax_lots_properties.py.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.generated_life import ACCOUNT, DAYS, EVENTS, LAST, Event, GeneratedLife, live
from tests.support.lot_tables import Facts
from tests.support.lot_tables import day as day_of
from tests.support.raw_frames import clean
from transforms.features.tax_lots import INPUTS, TaxLots, build_tax_lots
from transforms.schemas.features import LOT_METHODS

FOUR_PLACES = 10**6
ZERO = Decimal(0)
CUTS = st.sets(st.integers(1, LAST), max_size=3)
Tables = dict[str, pl.DataFrame]
CASH = ("cash_balances", "cash_transactions", "statement_of_funds")


def told(life: GeneratedLife, cuts: set[int]) -> Tables:
    """The clean tables of the life's documents."""
    cleaned = clean(life.documents(cuts), {*INPUTS, *CASH})
    return {name: table.table for name, table in cleaned.items()}


def total(values: Any) -> Decimal:
    return sum(values, ZERO)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_the_true_pnl_of_each_day_is_the_change_in_nav_less_flows(events: list[Event]) -> None:
    books, before = live(events).books, ZERO
    for day in books.days(ACCOUNT):
        after = books.nav(ACCOUNT, day)
        flows = total(amount for _, amount in books.external_flows(ACCOUNT, day))
        assert total(books.pnl(ACCOUNT, day).values()) == after - before - flows
        before = after


@settings(max_examples=12, deadline=None)
@given(EVENTS, CUTS)
def test_documents_tell_the_cash_the_lots_and_the_result_of_a_life(
    events: list[Event], cuts: set[int]
) -> None:
    """One test of three laws: reading the documents is what costs time."""
    life = live(events)
    tables = told(life, cuts)
    cash_is_the_sum_of_what_the_rows_moved(life, tables)
    the_lots_of_each_day_are_the_true_ones(life, tables)
    realised_and_unrealised_are_value_and_money_by_every_method(life, tables)


def cash_is_the_sum_of_what_the_rows_moved(life: GeneratedLife, tables: Tables) -> None:
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for row in tables["trades"].filter(pl.col("level") == "EXECUTION").iter_rows(named=True):
        if row["asset_class"] == "CASH":
            moved[row["symbol"][:3]] += row["quantity"]
            moved[row["symbol"][4:]] += row["proceeds"]
            moved[row["commission_currency"]] += row["commission"]
        else:
            moved[row["currency"]] += row["proceeds"] + row["commission"] + row["taxes"]
            assert row["net_cash"] == row["proceeds"] + row["commission"] + row["taxes"]
    for currency, amount in tables["cash_transactions"].select("currency", "amount").iter_rows():
        moved[currency] += amount
    for currency, amount in tables["transfers"].select("currency", "cash_transfer").iter_rows():
        moved[currency] += amount or ZERO
    true = life.books.cash(ACCOUNT, DAYS[-1])
    assert {currency: amount for currency, amount in moved.items() if amount} == true

    lines = tables["statement_of_funds"].filter(pl.col("level") == "Currency")
    assert (
        dict(lines.group_by("currency").agg(pl.col("amount").sum()).filter(pl.col("amount") != 0).iter_rows())
        == true
    )
    ends = tables["cash_balances"].filter(
        (pl.col("period_end_date") == DAYS[-1])
        & (pl.col("currency") != "BASE_SUMMARY")
        & (pl.col("ending_cash") != 0)
    )
    assert dict(ends.select("currency", "ending_cash").iter_rows()) == true


def states(made: TaxLots, day: date) -> dict[str, tuple[Decimal, Decimal, int]]:
    """Quantity, cost and number of lots by instrument at the end of a day."""
    rows = made.lot_balances.filter(pl.col("change_date") <= day).sort("change_date")
    last = rows.group_by("instrument_key").last().filter(pl.col("quantity") != 0)
    return {
        key: tuple(rest)
        for key, *rest in last.select("instrument_key", "quantity", "cost_basis", "open_lots").rows()
    }


def the_lots_of_each_day_are_the_true_ones(life: GeneratedLife, tables: Tables) -> None:
    made = build_tax_lots(tables, ("fifo",), FOUR_PLACES)
    realized: dict[date, Decimal] = defaultdict(Decimal)
    for day, amount, rate in (
        made.tax_lots.filter(~pl.col("is_open"))
        .select("close_report_date", "realized_pnl", "fx_rate_to_base")
        .iter_rows()
    ):
        realized[day] += amount * rate
    for day in DAYS:
        assert states(made, day) == {
            str(conid): (total(lot.quantity for lot in lots), total(lot.cost for lot in lots), len(lots))
            for conid, lots in life.books.lots(ACCOUNT, day).items()
        }
        assert realized[day] == life.books.realized_base(ACCOUNT, day)
    assert made.lot_issues.is_empty()


def realised_and_unrealised_are_value_and_money_by_every_method(life: GeneratedLife, tables: Tables) -> None:
    """The methods differ in when they realise, never in what realised and unrealised come to."""
    made = build_tax_lots(tables, LOT_METHODS)
    trades = tables["trades"].filter((pl.col("level") == "EXECUTION") & (pl.col("asset_class") != "CASH"))
    money = total(trades["proceeds"] + trades["commission"] + trades["taxes"])
    brought = total(amount for amount in tables["transfers"]["position_amount"] if amount)
    held, marks = life.books.positions(ACCOUNT, DAYS[-1]), life.books.marks(ACCOUNT, DAYS[-1])
    for method in LOT_METHODS:
        lots = made.tax_lots.filter(pl.col("method") == method)
        still = lots.filter("is_open")
        quantity = still.group_by("instrument_key").agg(pl.col("quantity").sum())
        assert dict(quantity.iter_rows()) == {str(conid): amount for conid, amount in held.items()}
        unrealised = total(value for _, value in marks.values()) - total(still["cost"])
        realised = total(lots.filter(~pl.col("is_open"))["realized_pnl"])
        assert realised + unrealised == total(value for _, value in marks.values()) + money - brought


Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "trade", "trade", "split", "in", "out"]),
        st.sampled_from([-1, 1]),
        st.integers(1, 50),
        st.integers(1, 100_000),
    ),
    min_size=1,
    max_size=20,
)
"""(what, buy or sell, how many, cents): one a day, of one instrument."""


@dataclass
class Account:
    """What an account that lives the steps holds and has paid at the end of each day, counted one by one."""

    facts: Facts = field(default_factory=Facts)
    held: Decimal = ZERO
    money: Decimal = ZERO
    by_day: dict[date, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def step(self, number: int, step: Step) -> None:
        """Trades turn through zero as they like; securities come to and leave from a long position only."""
        what, side, quantity, cents = step
        amount, moved = Decimal(cents) / 100, Decimal(0)
        if what == "trade":
            moved, paid = Decimal(side * quantity), -side * amount
            self.facts.trade(number, moved, paid, open_close="C;O")
            self.money += paid
        elif what == "split" and self.held:
            moved = self.held * (quantity % 4 + 1)
            self.facts.action(number, "FS", "A", moved)
        elif what == "in" and self.held >= 0:
            moved = Decimal(quantity)
            self.facts.transfer(number, moved, amount)
            self.money -= amount
        elif what == "out" and self.held > 0:
            moved = -min(Decimal(quantity), self.held)
            self.facts.transfer(number, moved, -amount)
        self.held += moved
        self.by_day[day_of(number)] = (self.held, self.money)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_quantity_and_cost_are_conserved_on_each_day(steps: list[Step]) -> None:
    """Cost paid is cost removed and cost kept; securities that leave take their cost along and realise nothing."""
    account = Account()
    for number, step in enumerate(steps, start=1):
        account.step(number, step)
    made = account.facts.build(*LOT_METHODS)
    for method in LOT_METHODS:
        lots = made.tax_lots.filter(pl.col("method") == method)
        gone = lots.filter(pl.col("closed_as") == "transfer")
        assert total(gone["realized_pnl"]) == 0
        still = lots.filter("is_open")
        assert total(still["quantity"]) == account.held
        realised = total(lots.filter(~pl.col("is_open"))["realized_pnl"])
        assert realised - total(still["cost"]) - total(gone["cost"]) == account.money
    fifo = made.tax_lots.filter((pl.col("method") == "fifo") & ~pl.col("is_open"))
    kept = (ZERO, ZERO)
    balances = {
        row[0]: row[1:] for row in made.lot_balances.select("change_date", "quantity", "cost_basis").rows()
    }
    for day, (held, money) in account.by_day.items():
        kept = balances.get(day, kept)
        until = fifo.filter(pl.col("close_report_date") <= day)
        left = total(until.filter(pl.col("closed_as") == "transfer")["cost"])
        assert kept[0] == held
        assert total(until["realized_pnl"]) - kept[1] - left == money
