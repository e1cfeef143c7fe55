"""What holds for the tax lots of any history: nothing is lost, cancels never happened, order is the broker's."""

from __future__ import annotations

import random
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.lot_tables import Facts, at
from transforms.features.tax_lots import TaxLots, build_tax_lots
from transforms.schemas.features import LOT_METHODS

Fill = tuple[int, str, int, int]

FILLS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from("AB"),
        st.integers(-50, 50).filter(bool),
        st.integers(1, 100_000),
    ),
    min_size=1,
    max_size=40,
)


def history(fills: list[Fill]) -> Facts:
    """Trades of any side and size; a position may turn through zero."""
    facts = Facts()
    for when, of, quantity, cents in fills:
        money = Decimal(-1 if quantity > 0 else 1) * Decimal(cents) / 100
        facts.trade(when, quantity, money, of=of, open_close="C;O")
    return facts


def by_method(made: TaxLots, method: str) -> pl.DataFrame:
    return made.tax_lots.filter(pl.col("method") == method)


def content(table: pl.DataFrame) -> list[tuple[object, ...]]:
    """What a table says, without where the rows come from."""
    return sorted(table.drop("row_ordinal", strict=False).rows(), key=str)


@settings(max_examples=60, deadline=None)
@given(FILLS)
def test_quantity_and_money_are_conserved_by_every_method(fills: list[Fill]) -> None:
    made = history(fills).build(*LOT_METHODS)
    money_in = sum(Decimal(-1 if q > 0 else 1) * Decimal(c) / 100 for _, _, q, c in fills)
    for method in LOT_METHODS:
        lots = by_method(made, method)
        for of in "AB":
            mine = lots.filter((pl.col("instrument_key") == of) & pl.col("is_open"))
            assert mine["quantity"].sum() == sum(q for _, name, q, _ in fills if name == of)
        realized = lots["realized_pnl"].sum()
        still = lots.filter("is_open")["cost"].sum()
        assert realized - still == money_in, "all money is in realised PnL or in the cost of what is open"
        assert (lots["realized_pnl"].fill_null(0) == (lots["proceeds"] - lots["cost"]).fill_null(0)).all()


@settings(max_examples=60, deadline=None)
@given(FILLS)
def test_all_methods_realise_the_same_when_everything_is_closed(fills: list[Fill]) -> None:
    facts = history(fills)
    for of in "AB":
        left = sum(quantity for _, name, quantity, _ in fills if name == of)
        if left:
            facts.trade(50, -left, Decimal(left) * 7, of=of)
    made = facts.build(*LOT_METHODS)
    assert not made.tax_lots["is_open"].any()
    assert len({by_method(made, method)["realized_pnl"].sum() for method in LOT_METHODS}) == 1


@settings(max_examples=60, deadline=None)
@given(FILLS, st.data())
def test_a_cancelled_trade_never_happened(fills: list[Fill], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(fills) - 1), max_size=4))
    with_cancels, without = history(fills), history(fills)
    for number in sorted(chosen):
        original = with_cancels.rows["trades"][number]["trade_key"]
        later = data.draw(st.integers(fills[number][0], 60))
        with_cancels.cancel(later, original)
    without.rows["trades"] = [row for n, row in enumerate(without.rows["trades"]) if n not in chosen]
    for method in LOT_METHODS:
        ours = by_method(with_cancels.build(*LOT_METHODS), method)
        assert content(ours) == content(by_method(without.build(*LOT_METHODS), method)), method


@settings(max_examples=40, deadline=None)
@given(FILLS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_in_the_documents_is_irrelevant(
    fills: list[Fill], chance: random.Random
) -> None:
    tables = history(fills).tables()
    order = list(range(len(fills)))
    chance.shuffle(order)
    shuffled = {**tables, "trades": tables["trades"][order]}
    ours, theirs = build_tax_lots(tables), build_tax_lots(shuffled)
    assert ours.tax_lots.equals(theirs.tax_lots)
    assert ours.lot_balances.equals(theirs.lot_balances)


@settings(max_examples=40, deadline=None)
@given(FILLS)
def test_instruments_do_not_touch_each_other(fills: list[Fill]) -> None:
    """Events of other instruments, at the same instants too, change nothing."""
    whole = history(fills).build(*LOT_METHODS).tax_lots
    for of in "AB":
        facts = history(fills)
        facts.rows["trades"] = [row for row in facts.rows["trades"] if row["instrument_key"] == of]
        alone = facts.build(*LOT_METHODS).tax_lots
        assert content(whole.filter(pl.col("instrument_key") == of)) == content(alone)


@settings(max_examples=60, deadline=None)
@given(FILLS.map(lambda fills: [f for f in fills if f[1] == "A"]), st.integers(2, 5), st.integers(1, 40))
def test_a_split_changes_no_money(fills: list[Fill], ratio: int, when: int) -> None:
    """Trades after a split in new shares realise what the same trades without a split do in old ones."""
    plain, split = history(fills), history(fills)
    held = sum(row["quantity"] for row in split.rows["trades"] if row["report_date"] < at(when).date())
    for row in split.rows["trades"]:
        if row["report_date"] >= at(when).date():
            row["quantity"] = row["quantity"] * ratio
    if held:
        split.action(when, "FS", "A", held * (ratio - 1))
    ours, theirs = split.build(*LOT_METHODS), plain.build(*LOT_METHODS)
    for method in LOT_METHODS:
        columns = ["cost", "proceeds", "realized_pnl", "open_date", "close_date", "is_open"]
        assert content(by_method(ours, method).select(columns)) == content(
            by_method(theirs, method).select(columns)
        )


@settings(max_examples=40, deadline=None)
@given(FILLS)
def test_the_balances_are_the_open_lots(fills: list[Fill]) -> None:
    made = history(fills).build("fifo")
    last = made.lot_balances.sort("change_date").group_by("instrument_key").last()
    opened = made.tax_lots.filter("is_open").group_by("instrument_key").agg(
        pl.col("quantity").sum(), pl.col("cost").sum(), pl.len()
    )  # fmt: skip
    expected = {key: (quantity, cost, lots) for key, quantity, cost, lots in opened.iter_rows()}
    ours = last.select("instrument_key", "quantity", "cost_basis", "open_lots").iter_rows()
    assert {key: tuple(rest) for key, *rest in ours if rest[2]} == expected
