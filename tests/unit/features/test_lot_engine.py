"""Tax lots of trades: which lots a sale takes, what it realises, cancels, transfers, options. Computed by hand."""

from decimal import Decimal

import polars as pl
import pytest

from tests.support.lot_tables import Facts, at, balances, day, parts, total
from transforms.features.tax_lots import build_tax_lots
from transforms.features.tax_lots.exact import from_units, share, to_units

D = Decimal
CLOSED = ("quantity", "cost", "proceeds", "realized_pnl")


def three_buys() -> Facts:
    """100 for 1 000, 100 for 3 000, 100 for 2 000; then 150 are sold for 3 000."""
    facts = Facts()
    facts.trade(1, 100, -1000)
    facts.trade(2, 100, -3000)
    facts.trade(3, 100, -2000)
    facts.trade(4, -150, 3000)
    return facts


@pytest.mark.parametrize(
    ("method", "closed", "left"),
    [
        ("fifo", [(100, 1000, 2000), (50, 1500, 1000)], [(50, 1500), (100, 2000)]),
        ("lifo", [(50, 1500, 1000), (100, 2000, 2000)], [(100, 1000), (50, 1500)]),
        ("hifo", [(100, 3000, 2000), (50, 1000, 1000)], [(100, 1000), (50, 1000)]),
        ("average", [(100, 2000, 2000), (50, 1000, 1000)], [(50, 1000), (100, 2000)]),
    ],
)
def test_which_lots_a_sale_takes(method: str, closed: list[object], left: list[object]) -> None:
    made = three_buys().build(method)
    assert parts(made, ("quantity", "cost", "proceeds"), method=method, is_open=False) == closed
    assert parts(made, ("quantity", "cost"), method=method, is_open=True) == left


def test_commission_and_taxes_belong_to_the_basis_and_to_the_proceeds() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000, commission=D("-1.5"), commission_currency="USD", taxes=D("-5"))
    facts.trade(2, -100, 1100, commission=D("-2"), commission_currency="USD")
    facts.trade(3, 10, -100, commission=D("-7"), commission_currency="EUR")
    assert parts(facts.build(), CLOSED, is_open=False) == [(100, D("1006.5"), 1098, D("91.5"))]
    assert parts(facts.build(), ("cost",), is_open=True) == [100], "another currency cannot be added"


def test_a_part_of_a_lot_takes_its_share_of_the_cost_and_nothing_is_lost() -> None:
    facts = Facts()
    facts.trade(1, 3, -100)
    facts.trade(2, -1, 50)
    facts.trade(3, -1, 50)
    assert parts(facts.build(), ("cost",)) == [D("33.3333333333"), D("33.3333333334"), D("33.3333333333")]
    assert parts(facts.build(rounding_unit=10**8), ("cost",)) == [D("33.33"), D("33.34"), D("33.33")]


def test_a_short_is_opened_and_covered() -> None:
    facts = Facts()
    facts.trade(1, -100, 5000)
    facts.trade(2, 40, -1600)
    made = facts.build()
    assert parts(made, ("side", *CLOSED), is_open=False) == [("short", -40, -2000, -1600, 400)]
    assert parts(made, ("side", "quantity", "cost"), is_open=True) == [("short", -60, -3000)]
    assert balances(made) == [(day(1), -100, -5000), (day(2), -60, -3000)]


def test_one_trade_closes_and_opens() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000)
    sale = facts.trade(2, -150, 1800, open_close="C;O")
    made = facts.build()
    assert parts(made, CLOSED, is_open=False) == [(100, 1000, 1200, 200)]
    assert parts(made, ("quantity", "cost", "opened_by"), is_open=True) == [(-50, -600, f"trade:{sale}")]


def test_fractions_of_a_share() -> None:
    facts = Facts()
    facts.trade(1, "0.1234", "-12.34")
    facts.trade(2, "-0.0234", "3")
    assert parts(facts.build(), ("quantity", "cost")) == [(D("0.0234"), D("2.34")), (D("0.1"), D(10))]


def test_currencies_are_no_lots() -> None:
    facts = Facts()
    facts.trade(1, 100, -110, of="EUR.USD", asset_class="CASH")
    assert facts.build().tax_lots.is_empty()


def test_long_term_is_more_than_a_year_and_a_short_lot_is_always_short() -> None:
    facts = Facts()
    facts.trade(1, 10, -100)
    for offset, expected in ((366, "short"), (367, "long")):
        late = Facts(rows={**facts.rows, "trades": [*facts.rows["trades"]]})
        late.trade(1 + offset, -10, 100)
        assert parts(late.build(), ("term",)) == [expected], day(1 + offset)
    shorted = Facts()
    shorted.trade(1, -10, 100)
    shorted.trade(800, 10, -90)
    assert parts(shorted.build(), ("term",)) == ["short"]


def test_rows_can_be_followed_to_the_event_and_the_document() -> None:
    facts = Facts()
    bought, sold = facts.trade(1, 10, -100), facts.trade(2, -4, 60)
    made = facts.build()
    names = ("opened_by", "closed_by", "lot_id", "part", "document_id", "section", "row_ordinal")
    assert parts(made, names) == [
        (f"trade:{bought}", f"trade:{sold}", f"trade:{bought}", 0, "doc", "trades", 1),
        (f"trade:{bought}", None, f"trade:{bought}", 1, "doc", "trades", 0),
    ]


def test_a_trade_without_money_has_no_basis_and_says_which_field_is_missing() -> None:
    facts = Facts()
    facts.trade(1, 10, 0, proceeds=None)
    facts.trade(2, 10, 0, proceeds=None, trade_money=D(700))
    made = facts.build()
    assert parts(made, ("cost",)) == [None, 700]
    assert balances(made)[-1] == (day(2), 20, None)
    (problem,) = made.lot_issues["problem"]
    assert "Proceeds" in problem


# -- cancels -------------------------------------------------------------------------------------------------


def test_a_cancelled_purchase_was_never_there() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000)
    wrong = facts.trade(2, 100, -9000)
    facts.trade(3, 10, -200)
    facts.cancel(4, wrong)
    facts.trade(5, -105, 2000)
    made = facts.build("fifo", "average")
    assert parts(made, ("quantity", "cost"), is_open=False) == [(100, 1000), (5, 100)]
    assert balances(made)[1:4] == [(day(2), 200, 10000), (day(3), 210, 10200), (day(4), 110, 1200)]
    average = [total([cost]) for cost in parts(made, ("cost",), method="average", is_open=False)]
    assert sum(average) == total([D(1200 * 105) / 110]).quantize(D("1.0000000000"))


def test_a_cancelled_sale_and_what_it_consumed_come_back() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000)
    wrong = facts.trade(2, -60, 900, realized_pnl=D(300), open_close="C")
    facts.cancel(5, wrong)
    facts.trade(6, -100, 1500)
    assert parts(facts.build(), CLOSED) == [(100, 1000, 1500, 500)]


def test_a_cancelled_purchase_that_was_sold_from_is_replayed() -> None:
    facts = Facts()
    wrong = facts.trade(1, 100, -5000)
    facts.trade(2, 100, -1000)
    facts.trade(3, -50, 800)
    facts.cancel(4, wrong)
    made = facts.build()
    assert parts(made, ("quantity", "cost"), is_open=False) == [(50, 500)]
    assert parts(made, ("quantity", "cost"), is_open=True) == [(50, 500)]


def test_a_cancel_without_an_id_undoes_the_trade_that_is_its_opposite() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000, price=D(10), trade_id="7")
    wrong = facts.trade(1, 100, -1000, price=D(10), trade_id="8")
    facts.cancel(1, wrong, orig_transaction_id=None)
    assert parts(facts.build(), ("quantity", "cost")) == [(100, 1000)]


def test_a_cancel_of_a_trade_that_no_document_holds_is_a_trade_and_is_said() -> None:
    facts = Facts()
    facts.covered(1, 9)
    facts.held(9, 90, 900)
    lost = facts.trade(2, 10, -100)
    facts.cancel(3, lost, cost=D(-100))
    facts.rows["trades"].pop(0)
    made = facts.build()
    assert parts(made, ("origin", "quantity"), is_open=True) == [("opening", 90)]
    assert ["cancels a trade" in problem for problem in made.lot_issues["problem"]] == [True]


# -- what is built -------------------------------------------------------------------------------------------


def test_all_methods_are_built_for_a_small_account_and_fifo_alone_for_a_large_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = three_buys().tables()
    assert set(build_tax_lots(tables).tax_lots["method"]) == {"fifo", "lifo", "hifo", "average"}
    monkeypatch.setattr("transforms.features.tax_lots.ALL_METHODS_UP_TO", 3)
    made = build_tax_lots(tables)
    assert set(made.tax_lots["method"]) == {"fifo"}
    assert balances(made)[-1] == (day(4), 150, 3500)


def test_no_documents_give_empty_tables() -> None:
    made = Facts().build()
    assert made.tax_lots.is_empty()
    assert made.lot_balances.is_empty()
    assert made.lot_issues.is_empty()


# -- what came before ----------------------------------------------------------------------------------------


def test_a_sale_without_a_lot_is_no_short_and_names_the_missing_statement() -> None:
    facts = Facts()
    facts.covered(3, 9)
    facts.trade(5, -10, 500, open_close="C")
    made = facts.build()
    assert parts(made, ("origin", "side", *CLOSED)) == [("missing", "long", 10, None, 500, None)]
    assert balances(made) == [(day(5), 0, 0)]
    (problem, severity) = made.lot_issues.select("problem", "severity").row(0)
    assert (str(day(3)) in problem, severity) == (True, "error")


def test_a_sale_without_a_word_is_a_short_only_where_a_snapshot_says_that_nothing_was_held() -> None:
    facts = Facts()
    facts.trade(5, -10, 500, realized_pnl=D(77))
    assert parts(facts.build(), ("origin",)) == ["missing"]
    facts.covered(1, 9)
    facts.held(9, -10, -500)
    assert parts(facts.build(), ("origin", "quantity")) == [("trade", -10)]


def test_lots_that_were_held_before_come_from_the_first_snapshots_lots() -> None:
    facts = Facts()
    facts.covered(10, 20)
    facts.trade(12, 50, -700)
    facts.held(20, 150, 1700)
    facts.lot(20, 40, 300, at(1))
    facts.lot(20, 60, 700, at(5))
    facts.lot(20, 50, 700, at(12))
    facts.trade(21, -50, 1000)
    made = facts.build()
    assert parts(made, ("origin", "open_date", "quantity", "cost"), is_open=False) == [
        ("opening", day(1), 40, 300),
        ("opening", day(5), 10, D("116.6666666667")),
    ]
    assert balances(made)[0] == (day(10), 100, 1000)
    assert made.lot_issues.is_empty()


def test_without_lot_rows_the_opening_cost_is_what_the_snapshot_and_the_trades_leave() -> None:
    facts = Facts()
    facts.covered(10, 20)
    facts.trade(12, 50, -700, cost=D(700))
    facts.trade(13, -30, 600, cost=D(-270))
    facts.held(20, 120, 1330)
    made = facts.build()
    assert balances(made)[0] == (day(10), 100, 900)
    assert parts(made, ("origin", "open_date", "quantity", "cost"), is_open=False) == [
        ("opening", None, 30, 270)
    ]


def test_an_opening_that_no_row_prices_is_kept_without_a_cost_and_flagged() -> None:
    facts = Facts()
    facts.covered(10, 20)
    facts.held(20, 100, None)
    made = facts.build()
    assert parts(made, ("quantity", "cost", "origin")) == [(100, None, "opening")]
    assert balances(made) == [(day(10), 100, None)]
    assert made.lot_issues["severity"].to_list() == ["error"]


def test_a_hole_between_statements_is_bridged_by_the_next_snapshot() -> None:
    facts = Facts()
    facts.covered(1, 10)
    facts.trade(2, 100, -1000)
    facts.held(10, 100, 1000)
    facts.covered(40, 50)
    facts.held(50, 70, 700)
    made = facts.build()
    assert parts(made, ("closed_as", "quantity", "proceeds", "realized_pnl"), is_open=False) == [
        ("unseen", 30, None, None)
    ]
    assert balances(made) == [(day(2), 100, 1000), (day(40), 70, 700)]
    assert f"after {day(10)} and before {day(40)}" in made.lot_issues["problem"][0]


# -- transfers -----------------------------------------------------------------------------------------------


def test_a_transfer_in_brings_its_cost_and_one_out_takes_it_along() -> None:
    facts = Facts()
    facts.transfer(1, 100, 5000, pnl_amount=D(800))
    facts.trade(2, 100, -6000)
    facts.transfer(3, -150, -9000)
    made = facts.build()
    assert parts(made, ("origin", "closed_as", *CLOSED), is_open=False) == [
        ("transfer", "transfer", 100, 4200, 4200, 0),
        ("trade", "transfer", 50, 3000, 3000, 0),
    ]
    assert balances(made)[-1] == (day(3), 50, 3000)


# -- options -------------------------------------------------------------------------------------------------


def option(facts: Facts, number: int, quantity: int, money: str | int, note: str | None = None) -> None:
    facts.trade(number, quantity, money, of="O", asset_class="OPT", notes=note, multiplier=D(100))


def with_option() -> Facts:
    facts = Facts()
    facts.instrument("A")
    facts.instrument("O", underlying_symbol="A", strike=D(50))
    return facts


def test_an_exercised_call_puts_its_premium_into_the_shares() -> None:
    facts = with_option()
    option(facts, 1, 1, -250)
    facts.trade(9, 100, -5000, price=D(50), notes="Ex")
    option(facts, 9, -1, 0, "Ex")
    made = facts.build()
    assert parts(made, ("instrument_key", "closed_as", *CLOSED), is_open=False) == [
        ("O", "exercise", 1, 250, 250, 0)
    ]
    assert parts(made, ("origin", "cost"), is_open=True) == [("exercise", 5250)]


def test_an_assigned_call_adds_its_premium_to_the_proceeds_of_the_shares() -> None:
    facts = with_option()
    facts.trade(1, 100, -4000)
    option(facts, 2, -1, 300)
    option(facts, 9, 1, 0, "A")
    facts.trade(9, -100, 5000, price=D(50), notes="A")
    made = facts.build()
    assert parts(made, ("instrument_key", *CLOSED), is_open=False) == [
        ("A", 100, 4000, 5300, 1300),
        ("O", -1, -300, -300, 0),
    ]


def test_an_expired_option_realises_its_premium() -> None:
    facts = with_option()
    option(facts, 1, -2, 180)
    option(facts, 9, 2, 0, "Ep")
    assert parts(facts.build(), ("closed_as", "realized_pnl")) == [("expiry", 180)]


def test_delivered_shares_whose_option_is_in_no_row_take_the_brokers_own_basis() -> None:
    facts = with_option()
    facts.trade(9, 100, -5000, price=D(50), notes="Ex", cost=D(5250), realized_pnl=D(0), open_close="O")
    assert parts(facts.build(), ("cost",)) == [5250]


# -- exact numbers -------------------------------------------------------------------------------------------


def test_exact_columns_go_to_integers_and_back() -> None:
    values = [0, None, 1, -1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**37, -(10**37)]
    column = from_units("x", values)
    assert column.dtype == pl.Decimal(38, 10)
    assert column[2] == D("0.0000000001")
    assert to_units(column) == values
    assert to_units(column[3:6]) == values[3:6], "a slice does not start at the buffer's start"
    with pytest.raises(OverflowError, match="38 digits"):
        from_units("x", [10**38])


@pytest.mark.parametrize(
    ("amount", "part", "whole", "expected"),
    [(5, 1, 2, 3), (-5, 1, 2, -3), (5, -1, -2, 3), (4, 1, 3, 1), (7, 3, -3, -7)],
)
def test_a_share_is_rounded_half_away_from_zero(amount: int, part: int, whole: int, expected: int) -> None:
    assert share(amount, part, whole) == expected
