"""Tax lots through corporate actions: what scales, what moves, what realises, what stands at zero. Computed by hand."""

from decimal import Decimal

import pytest

from tests.support.lot_tables import Facts, at, balances, day, parts
from transforms.features.tax_lots import TaxLots

D = Decimal
HELD = ("instrument_key", "quantity", "cost", "open_date")


def two_lots(of: str = "A") -> Facts:
    """100 for 1 000 on the first day, 50 for 800 on the second."""
    facts = Facts()
    facts.trade(1, 100, -1000, of=of)
    facts.trade(2, 50, -800, of=of)
    return facts


def held(made: TaxLots) -> list[object]:
    return sorted(parts(made, HELD, is_open=True))


def problems(made: TaxLots) -> list[str]:
    return made.lot_issues["problem"].to_list()


def test_a_split_multiplies_the_lots_and_leaves_cost_and_dates() -> None:
    facts = two_lots()
    facts.action(5, "FS", "A", 450)
    assert held(facts.build()) == [("A", 200, 800, day(2)), ("A", 400, 1000, day(1))]


def test_a_split_of_the_evening_before_leaves_what_comes_in_without_a_time_as_it_is() -> None:
    """20:25 in New York is 01:25 UTC of the next day, on which a transfer bears a date alone."""
    facts = two_lots()
    facts.transfer(3, 30, 600)
    facts.action(3, "FS", "A", 150, effective_at=at(3, 1))
    assert parts(facts.build(), ["quantity", "cost"]) == [(200, 1000), (100, 800), (30, 600)]


def test_a_split_of_a_short_and_with_a_rest_that_does_not_divide() -> None:
    facts = Facts()
    for number in (1, 2, 3):
        facts.trade(number, -1, 100)
    facts.action(5, "FS", "A", -7)
    made = facts.build()
    quantities = [quantity for _, quantity, _, _ in held(made)]
    assert sum(quantities) == -10
    assert {quantity.quantize(D("1.000")) for quantity in quantities} == {D("-3.333")}


@pytest.mark.parametrize("kind", ["RS", "IC", "TC", "TO"])
def test_an_exchange_moves_lots_with_their_dates_and_cost(kind: str) -> None:
    facts = two_lots("OLD")
    facts.action(5, kind, "NEW", 15)
    facts.action(5, kind, "OLD", -150)
    facts.trade(9, -12, 1500, of="NEW")
    made = facts.build()
    assert held(made) == [("NEW", 3, 480, day(2))]
    assert parts(made, ("quantity", "cost", "realized_pnl", "open_date"), is_open=False) == [
        (10, 1000, 250, day(1)),
        (2, 320, -70, day(2)),
    ]
    assert balances(made, "OLD")[-1] == (day(5), 0, 0)


def test_an_exchange_of_a_short() -> None:
    facts = Facts()
    facts.trade(1, -100, 1000, of="OLD")
    facts.action(5, "RS", "OLD", 100)
    facts.action(5, "RS", "NEW", -10)
    assert held(facts.build()) == [("NEW", -10, -1000, day(1))]


def test_the_same_instrument_out_and_in_again() -> None:
    facts = two_lots()
    facts.action(5, "IC", "A", 150)
    facts.action(5, "IC", "A", -150)
    assert held(facts.build()) == [("A", 50, 800, day(2)), ("A", 100, 1000, day(1))]


def test_a_merger_for_cash_realises() -> None:
    facts = two_lots()
    facts.action(5, "TC", "A", -150, proceeds="3000")
    made = facts.build()
    assert parts(made, ("closed_as", "quantity", "cost", "proceeds", "realized_pnl")) == [
        ("corporate_action", 100, 1000, 2000, 1000),
        ("corporate_action", 50, 800, 1000, 200),
    ]


def test_a_merger_for_cash_and_shares_divides_the_cost_as_the_broker_realised() -> None:
    facts = two_lots()
    facts.action(5, "TC", "A", -150, proceeds="600", realized_pnl="150")
    facts.action(5, "TC", "B", 75, value="2400")
    made = facts.build()
    cash = parts(made, ("quantity", "cost", "proceeds"), is_open=False)
    assert cash == [(0, 250, 400), (0, 200, 200)]
    assert held(made) == [("B", 25, 600, day(2)), ("B", 50, 750, day(1))]


def test_a_merger_whose_rows_realise_nothing_is_divided_by_value_and_flagged() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000)
    facts.action(5, "TC", "A", -100, proceeds="500", realized_pnl="0")
    facts.action(5, "TC", "B", 10, value="1500")
    made = facts.build()
    assert parts(made, ("cost", "proceeds"), is_open=False) == [(250, 500)]
    assert "market values" in parts(made, ("reason",), is_open=True)[0]


def test_a_merger_into_two_kinds_of_shares_is_divided_by_value() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000)
    facts.action(5, "TC", "A", -100)
    facts.action(5, "TC", "B", 10, value="300")
    facts.action(5, "TC", "C", 20, value="100")
    assert held(facts.build()) == [("B", 10, 750, day(1)), ("C", 20, 250, day(1))]


def spun_off() -> Facts:
    facts = two_lots()
    facts.instrument("A", isin="US0000000001")
    facts.action(
        5, "SO", "B", 30, action_description="A(US0000000001) SPINOFF  1 FOR 5 (B, BEE INC, US0000000002)"
    )
    return facts


def test_a_spin_off_takes_the_cost_that_its_row_states() -> None:
    facts = spun_off()
    facts.rows["corporate_actions"][0]["cost_basis"] = D(180)
    made = facts.build()
    assert held(made) == [
        ("A", 50, 720, day(2)), ("A", 100, 900, day(1)), ("B", 10, 80, day(2)), ("B", 20, 100, day(1)),
    ]  # fmt: skip


def test_a_spin_off_takes_the_cost_of_the_brokers_next_snapshot() -> None:
    facts = spun_off()
    facts.held(6, 30, 270, of="B")
    facts.lot(6, 20, 150, at(1), of="B")
    facts.lot(6, 10, 120, at(2), of="B")
    made = facts.build()
    assert held(made) == [
        ("A", 50, 680, day(2)), ("A", 100, 850, day(1)), ("B", 10, 120, day(2)), ("B", 20, 150, day(1)),
    ]  # fmt: skip
    assert made.lot_balances["cost_basis"].sum() == 1000 + 1800 + 1530 + 270, (
        "nothing is lost between the two"
    )


def test_a_spin_off_without_a_word_about_cost_stands_at_zero_with_a_reason() -> None:
    made = spun_off().build()
    assert held(made)[2:] == [("B", 10, 0, day(2)), ("B", 20, 0, day(1))]
    assert held(made)[:2] == [("A", 50, 800, day(2)), ("A", 100, 1000, day(1))]
    assert {r for r in parts(made, ("reason",), is_open=True) if r} == {
        "The rows of the corporate action give no basis: zero cost."
    }
    assert len(problems(made)) == 1


@pytest.mark.parametrize("kind", ["HI", "SO"])
def test_what_comes_from_nowhere_stands_at_zero_and_is_flagged(kind: str) -> None:
    facts = Facts()
    facts.action(5, kind, "R", 30)
    made = facts.build()
    assert held(made) == [("R", 30, 0, day(5))]
    assert ["basis" in problem for problem in problems(made)] == [True]


def rights() -> Facts:
    """Two lots of A; 150 rights, 140 of which buy 14 subscriptions for 500 each way that the broker books it."""
    facts = two_lots()
    facts.instrument("A", isin="CH0000000001")
    facts.action(
        5, "RI", "R", 150,
        action_description="A(CH0000000001) SUBSCRIBABLE RIGHTS ISSUE  1 FOR 1 (R, A - RIGHTS, CH0000000002)",
    )  # fmt: skip
    return facts


def subscribed(facts: Facts) -> Facts:
    """Rights and money leave in one row, the subscription comes; later it becomes shares, and 10 rights end."""
    facts.action(9, "SR", "S", 14, value="700")
    facts.action(9, "SR", "R", -140, proceeds="-500", value="-200", realized_pnl="0")
    facts.action(12, "TC", "A", 14, value="710")
    facts.action(12, "TC", "S", -14, value="-700")
    facts.action(20, "DW", "R", -10, proceeds="0")
    return facts


def test_rights_cost_nothing_and_the_new_shares_cost_what_was_paid() -> None:
    made = subscribed(rights()).build()
    assert held(made) == [("A", 14, 500, day(9)), ("A", 50, 800, day(2)), ("A", 100, 1000, day(1))]
    assert set(parts(made, ("realized_pnl",), is_open=False)) == {0}
    ends = made.tax_lots.filter(made.tax_lots["instrument_key"] == "R")
    assert sorted(ends["quantity"]) == [10, 140]
    assert set(ends["reason"]) == {"Rights cost nothing, as the broker states no basis for them."}
    assert problems(made) == []


@pytest.mark.parametrize("method", ["lifo", "hifo", "average"])
def test_a_subscription_is_the_same_by_every_method(method: str) -> None:
    made = subscribed(rights()).build(method)
    mine = made.tax_lots.filter((made.tax_lots["method"] == method) & made.tax_lots["is_open"])
    assert (mine["quantity"].sum(), mine["cost"].sum()) == (164, 2300)


def test_a_basis_that_the_broker_states_for_rights_comes_from_the_shares_and_goes_into_the_new_ones() -> None:
    facts = rights()
    facts.rows["corporate_actions"][0]["cost_basis"] = D(180)
    assert held(facts.build()) == [
        ("A", 50, 720, day(2)), ("A", 100, 900, day(1)), ("R", 50, 80, day(2)), ("R", 100, 100, day(1)),
    ]  # fmt: skip
    made = subscribed(facts).build()
    assert held(made) == [("A", 14, 664, day(9)), ("A", 50, 720, day(2)), ("A", 100, 900, day(1))]
    assert [gain for gain in parts(made, ("realized_pnl",), is_open=False) if gain] == [-16], (
        "10 rights ended"
    )


def test_rights_are_known_by_their_words_where_the_rows_have_no_type() -> None:
    facts = two_lots()
    for number, kind, text, legs in (
        (5, "RI", "A(CH1) SUBSCRIBABLE RIGHTS ISSUE  1 FOR 1", [("R", 150, {})]),
        (9, "SR", "R(CH2) SUBSCRIBES TO (CH3) 1 FOR 10", [("S", 15, {}), ("R", -150, {"proceeds": "-500"})]),
    ):
        for of, quantity, more in legs:
            facts.action(
                number,
                kind,
                of,
                quantity,
                action_id=None,
                action_description=f"{text} ({of}, NAME, CH4)",
                **more,
            )
            facts.rows["corporate_actions"][-1]["type"] = None
    assert ("S", 15, 500, day(9)) in held(facts.build())


def test_rights_that_were_never_seen_leave_the_cost_of_the_shares_unknown() -> None:
    facts = Facts()
    facts.action(9, "SR", "S", 14, value="700")
    facts.action(9, "SR", "R", -140, proceeds="-500")
    made = facts.build()
    assert held(made) == [("S", 14, None, day(9))]
    assert "rights whose cost is not known" in parts(made, ("reason",), is_open=True)[0]
    assert len(problems(made)) == 1


def test_a_stock_dividend_in_the_same_share_spreads_the_cost() -> None:
    facts = two_lots()
    facts.action(5, "SD", "A", 15)
    assert held(facts.build()) == [("A", 55, 800, day(2)), ("A", 110, 1000, day(1))]


@pytest.mark.parametrize(
    ("kind", "proceeds", "realized"), [("BM", "1900", 100), ("TM", "1800", 0), ("DW", "0", -1800)]
)
def test_redemptions_and_worthless_ends_realise(kind: str, proceeds: str, realized: int) -> None:
    facts = two_lots()
    facts.action(5, kind, "A", -150, proceeds=proceeds)
    made = facts.build()
    assert sum(parts(made, ("realized_pnl",))) == realized
    assert held(made) == []


def test_a_partial_redemption_takes_the_oldest() -> None:
    facts = two_lots()
    facts.action(5, "BM", "A", -120, proceeds="1200")
    made = facts.build()
    assert held(made) == [("A", 30, 480, day(2))]
    assert parts(made, ("quantity", "cost", "proceeds"), is_open=False) == [(100, 1000, 1000), (20, 320, 200)]


def test_an_action_that_is_taken_back_and_booked_again_counts_once() -> None:
    facts = two_lots()
    facts.action(5, "FS", "A", 300, action_id="1")
    facts.action(6, "FS", "A", -300, action_id="1", code="Ca")
    facts.action(6, "FS", "A", 150, action_id="1")
    assert [quantity for _, quantity, _, _ in held(facts.build())] == [100, 200]


def test_what_leaves_without_ever_having_been_seen_has_no_basis() -> None:
    facts = Facts()
    facts.action(5, "TC", "A", -100, proceeds="900")
    made = facts.build()
    assert parts(made, ("origin", "cost", "proceeds", "realized_pnl")) == [("missing", None, 900, None)]
    assert len(problems(made)) == 1


def test_legs_belong_together_by_their_words_where_the_broker_gives_no_id() -> None:
    facts = Facts()
    facts.trade(1, 100, -1000, of="OLD")
    text = "OLD(US0000000001) SPLIT 1 FOR 10 ({}, OLD INC, US0000000001)"
    facts.action(5, "RS", "NEW", 10, action_id=None, action_description=text.format("NEW"))
    facts.action(5, "RS", "OLD", -100, action_id=None, action_description=text.format("OLD"))
    assert held(facts.build()) == [("NEW", 10, 1000, day(1))]


def test_an_exchange_of_a_long_and_a_short_at_once_has_no_basis() -> None:
    facts = Facts()
    facts.trade(1, 300, -1000, of="OLD")
    facts.trade(2, -300, 1500, of="OTHER")
    facts.action(5, "IC", "OLD", -300)
    facts.action(5, "IC", "OTHER", 300)
    facts.action(5, "IC", "NEW", 300)
    made = facts.build()
    assert held(made) == [("NEW", 300, None, None)]
    assert problems(made)
