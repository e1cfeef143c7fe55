"""Securities that move between two loaded accounts: the receiver has the sender's lots. Computed by hand."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import polars as pl
import pytest

from tests.support.lot_tables import Facts, at, day, parts, total
from transforms.features.tax_lots import TaxLots
from transforms.features.tax_lots.transfers import pairs
from transforms.schemas.features import LOT_METHODS

D = Decimal
LOTS = ("quantity", "cost", "open_date", "origin")


def of(made: TaxLots, account: str) -> TaxLots:
    """One account's lots."""
    mine = pl.col("account_id") == account
    return TaxLots(made.tax_lots.filter(mine), made.lot_balances.filter(mine), made.lot_issues.filter(mine))


def moved(facts: Facts, number: int, quantity: int, sender: str, receiver: str, **more: Any) -> None:
    """Both rows of a transfer at a market value of 50 each and no PnL: a cost that is nobody's."""
    given = {"of": "A", "type": "INTERNAL", **more}
    facts.transfer(number, -quantity, -50 * quantity, account_id=sender, counter_account=receiver, **given)
    facts.transfer(number, quantity, 50 * quantity, account_id=receiver, counter_account=sender, **given)


def two_buys_and_a_move(sender: str, receiver: str) -> Facts:
    """100 for 1 000 and 100 for 3 000; 150 of them move; the receiver has one of its own and sells 120 for 6 000."""
    facts = Facts()
    facts.trade(1, 100, -1000, account_id=sender)
    facts.trade(2, 100, -3000, account_id=sender)
    facts.trade(3, 10, -400, account_id=receiver)
    moved(facts, 4, 150, sender, receiver)
    facts.trade(5, -120, 6000, account_id=receiver)
    return facts


@pytest.mark.parametrize(("sender", "receiver"), [("U1", "U2"), ("U2", "U1")])
def test_the_receiver_has_the_senders_lots_whichever_account_comes_first(sender: str, receiver: str) -> None:
    made = two_buys_and_a_move(sender, receiver).build()
    gave, got = of(made, sender), of(made, receiver)
    assert parts(gave, ("closed_as", "quantity", "cost", "realized_pnl"), is_open=False) == [
        ("transfer", 100, 1000, 0),
        ("transfer", 50, 1500, 0),
    ]
    assert parts(got, (*LOTS, "proceeds"), is_open=False) == [
        (100, 1000, day(1), "transfer", 5000),
        (20, 600, day(2), "transfer", 1000),
    ]
    assert parts(got, LOTS, is_open=True) == [(30, 900, day(2), "transfer"), (10, 400, day(3), "trade")]
    assert parts(got, ("open_at",), is_open=True)[0] == at(2)
    assert set(parts(got, ("reason",))) == {
        None, "Came in by transfer from another account: lots, dates and costs are the sender's.",
    }  # fmt: skip
    assert got.lot_issues.is_empty()


@pytest.mark.parametrize(
    ("method", "costs"),
    [("fifo", [1000, 1500]), ("lifo", [500, 3000]), ("hifo", [500, 3000]), ("average", [2000, 1000])],
)
def test_each_method_hands_over_its_own_lots(method: str, costs: list[int]) -> None:
    facts = Facts()
    facts.trade(1, 100, -1000)
    facts.trade(2, 100, -3000)
    moved(facts, 4, 150, "U1", "U2")
    got = of(facts.build(method), "U2")
    assert total(parts(got, ("cost",), method=method)) == sum(costs)
    assert sorted(parts(got, ("cost",), method=method)) == sorted(costs)


def test_a_year_of_holding_counts_over_the_transfer() -> None:
    facts = Facts()
    facts.trade(1, 10, -1000)
    moved(facts, 300, 10, "U1", "U2")
    facts.trade(400, -10, 1500, account_id="U2")
    got = of(facts.build(), "U2")
    assert parts(got, ("term", "open_date", "realized_pnl"), is_open=False) == [("long", day(1), 500)]


def test_lots_go_on_to_a_third_account_on_the_same_day_and_come_back() -> None:
    facts = Facts()
    facts.trade(1, 10, -1000, account_id="U2")
    moved(facts, 2, 10, "U2", "U1")
    moved(facts, 2, 10, "U1", "U3")
    moved(facts, 5, 10, "U3", "U2")
    made = facts.build()
    assert parts(of(made, "U2"), LOTS, is_open=True) == [(10, 1000, day(1), "transfer")]
    for account in ("U1", "U3"):
        assert parts(of(made, account), ("quantity", "cost", "open_date", "closed_as")) == [
            (10, 1000, day(1), "transfer")
        ]


def test_a_sender_that_is_not_loaded_leaves_the_brokers_cost() -> None:
    facts = Facts()
    facts.transfer(1, 100, 5000, type="FOP", counter_account="U9", pnl_amount=D(800))
    facts.transfer(1, 100, 5000, type="FOP", account_id="U2", position_amount=None)
    made = facts.build()
    assert parts(of(made, "U1"), LOTS) == [(100, 4200, day(1), "transfer")]
    assert parts(of(made, "U2"), LOTS) == [(100, None, day(1), "transfer")]
    assert of(made, "U1").lot_issues.is_empty()
    assert "states no money" in of(made, "U2").lot_issues["problem"][0]


def test_a_sender_whose_lots_are_not_known_leaves_the_brokers_cost() -> None:
    facts = Facts()
    facts.trade(1, 60, -600)
    moved(facts, 2, 100, "U1", "U2")
    made = facts.build()
    assert parts(of(made, "U2"), LOTS) == [(100, 5000, day(2), "transfer")]
    assert "opened in no statement" in of(made, "U1").lot_issues["problem"][0]


def test_what_comes_in_covers_a_short_at_the_brokers_cost() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000)
    facts.trade(1, -40, 2400, account_id="U2")
    moved(facts, 2, 100, "U1", "U2")
    got = of(facts.build(), "U2")
    assert parts(got, ("side", "quantity", "realized_pnl"), is_open=False) == [("short", -40, 400)]
    assert parts(got, ("quantity", "cost"), is_open=True) == [(60, 3000)]


@pytest.mark.parametrize(
    ("out", "back", "linked"),
    [
        ({"counter_account": "U2"}, {"counter_account": "--"}, True),
        ({"counter_account": "U2"}, {"counter_account": "U1", "days": 3}, True),
        ({"counter_account": "U2"}, {"days": 8}, False),
        ({"counter_account": "U7"}, {"counter_account": "U1"}, False),
        ({"type": "INTERNAL"}, {"type": "INTERNAL"}, True),
        ({"type": "INTERNAL"}, {"type": "INTERNAL", "days": 1}, False),
        ({"type": "INTERNAL"}, {"type": "ACATS"}, False),
        ({"counter_account": "U2"}, {"units": 9}, False),
        ({"counter_account": "U2"}, {"instrument_key": "B"}, False),
        ({"counter_account": "U2"}, {"account_id": "U1"}, False),
    ],
)
def test_which_rows_are_one_transfer(out: dict[str, Any], back: dict[str, Any], linked: bool) -> None:
    facts = Facts()
    facts.transfer(1, -10, -500, **{"type": "FOP", **out})
    given = {"type": "FOP", "account_id": "U2", "days": 0, "units": 10, **back}
    booked = day(1) + timedelta(given.pop("days"))
    facts.transfer(1, given.pop("units"), 500, **{"report_date": booked, "transfer_date": booked, **given})
    found = pairs(facts.tables()["transfers"])
    assert [(pair.sender, pair.receiver) for pair in found] == ([("U1", "U2")] if linked else [])


def test_accounts_that_mix_each_others_lots_on_one_day_keep_the_brokers_costs() -> None:
    facts = Facts()
    facts.trade(1, 10, -1000)
    facts.trade(2, 10, -3000, account_id="U2")
    for account, other, sign in (("U1", "U2", 1), ("U2", "U1", 1), ("U1", "U2", -1), ("U2", "U1", -1)):
        facts.transfer(3, 5 * sign, 250 * sign, account_id=account, counter_account=other)
    made = facts.build("fifo", "average")
    pool = made.tax_lots.filter((pl.col("method") == "average") & (pl.col("account_id") == "U1"))
    assert pool["cost"].sum() == 1000 + 250, "each pool would wait for the other's"
    assert set(pool.filter(pl.col("origin") == "transfer")["reason"]) == {
        "Came in by transfer: cost is the amount of the transfer less the PnL that moved with it."
    }


def test_each_row_is_in_one_pair() -> None:
    facts = Facts()
    facts.transfer(1, -10, -500, counter_account="U2")
    facts.transfer(3, 10, 500, account_id="U2", counter_account="U1")
    facts.transfer(2, 10, 500, account_id="U2", counter_account="U1")
    (pair,) = pairs(facts.tables()["transfers"])
    assert pair.arrives == "transfer:7002", "the nearest day"


@pytest.mark.parametrize("method", LOT_METHODS)
@pytest.mark.parametrize("seed", range(8))
def test_lots_are_conserved_over_all_accounts(method: str, seed: int) -> None:
    """What was bought is held or was sold: over accounts, quantity and cost of the buys are those of all lots."""
    rng, facts = Random(seed), Facts()
    accounts, held = ("U1", "U2", "U3"), dict.fromkeys(("U1", "U2", "U3"), 0)
    bought, spent, sold = 0, 0, 0
    for number in range(1, 60):
        account, other = rng.sample(accounts, 2)
        size, choice = rng.randint(1, 40), rng.random()
        if choice < 0.4 or held[account] < size:
            cost = size * rng.randint(10, 90) + rng.randint(0, 9)
            facts.trade(number, size, -cost, account_id=account)
            held[account], bought, spent = held[account] + size, bought + size, spent + cost
        elif choice < 0.6:
            facts.trade(number, -size, size * 50, account_id=account)
            held[account], sold = held[account] - size, sold + size
        else:
            moved(facts, number, size, account, other)
            held[account], held[other] = held[account] - size, held[other] + size
    made = facts.build(*dict.fromkeys(("fifo", method)))
    lots = made.tax_lots.filter(
        (pl.col("method") == method) & (pl.col("closed_as").fill_null("") != "transfer")
    )
    assert lots["quantity"].sum() == bought
    assert lots["cost"].sum() == spent
    assert lots.filter(~pl.col("is_open"))["quantity"].sum() == sold
    for account, quantity in held.items():
        mine = lots.filter(pl.col("account_id") == account, pl.col("is_open"))
        assert mine["quantity"].sum() == quantity
    buys = {day(row["trade_date"].toordinal() - day(1).toordinal() + 1) for row in facts.rows["trades"]}
    assert set(lots["open_date"]) <= buys, "no lot is as young as its transfer"
    assert made.lot_issues.is_empty()
