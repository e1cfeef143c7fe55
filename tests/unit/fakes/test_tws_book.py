"""The book behind the simulated TWS holds by identities that do not know how it is computed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.tws.accounts import account_values, net_liquidation
from tests.fakes.tws.book import Book
from tests.fakes.tws.holdings import Account
from tests.fakes.tws.instruments import Instrument
from transforms.broker_simulator import simulate

ACCOUNT = "DU1000001"
FIRST = 700_000_001
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TOLERANCE = Decimal("0.001")
"""Average costs are kept to six places; so many of them, times a quantity, may be off."""

hundredths = st.integers(1, 50_000).map(lambda cents: Decimal(cents) / 100)
quantities = st.integers(-300, 300).filter(bool).map(Decimal)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.integers(0, 2), hundredths),
        st.tuples(st.just("fill"), st.integers(0, 2), quantities, hundredths),
    ),
    max_size=12,
)


def play(book: Book, acts: list[tuple]) -> None:
    for what, place, *rest in acts:
        if what == "price":
            book.set_price(FIRST + place, rest[0])
        else:
            book.book_fill(ACCOUNT, FIRST + place, rest[0], rest[1], Decimal("0.35"), NOW)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_the_day_result_is_what_the_account_is_worth_more(acts: list[tuple]) -> None:
    book = Book.of(3)
    before = net_liquidation(book, ACCOUNT)
    play(book, acts)
    assert abs(net_liquidation(book, ACCOUNT) - before - book.account_pnl(ACCOUNT).daily) < TOLERANCE


@settings(max_examples=200, deadline=None)
@given(steps)
def test_realized_and_unrealized_are_the_day_and_what_was_open(acts: list[tuple]) -> None:
    book = Book.of(3)
    open_before = book.account_pnl(ACCOUNT).unrealized
    play(book, acts)
    result = book.account_pnl(ACCOUNT)
    assert abs(result.realized + result.unrealized - result.daily - open_before) < TOLERANCE


@settings(max_examples=100, deadline=None)
@given(steps, st.data())
def test_a_corrected_day_is_the_day_that_was_right_at_once(acts: list[tuple], data: st.DataObject) -> None:
    fills = [n for n, act in enumerate(acts) if act[0] == "fill"]
    if not fills:
        return
    wrong = data.draw(st.sampled_from(fills))
    quantity, price = data.draw(quantities), data.draw(hundredths)
    book, right = Book.of(3), Book.of(3)
    play(book, acts)
    book.correct(list(book.fills)[fills.index(wrong)], quantity, price)
    play(right, [("fill", act[1], quantity, price) if n == wrong else act for n, act in enumerate(acts)])
    assert book.positions == right.positions
    assert book.accounts[ACCOUNT].cash == right.accounts[ACCOUNT].cash
    assert book.account_pnl(ACCOUNT) == right.account_pnl(ACCOUNT)
    assert [fill.realized for fill in book.fills.values()] == [fill.realized for fill in right.fills.values()]


@pytest.mark.parametrize(
    ("trades", "position", "realized"),
    [
        # ten held at 9; every trade costs a dollar
        ([("10", "11")], ("20", "10.05"), "0"),
        ([("-4", "11")], ("6", "9"), "7"),
        ([("-10", "8")], None, "-11"),
        ([("-15", "11")], ("-5", "10.933333"), "19.333333"),
        ([("-10", "11"), ("-10", "12"), ("10", "11")], None, "27"),
    ],
)
def test_average_costs_and_results_worked_out_by_hand(
    trades: list[tuple[str, str]], position: tuple[str, str] | None, realized: str
) -> None:
    book = Book.of(1)
    for quantity, price in trades:
        book.book_fill(ACCOUNT, FIRST, Decimal(quantity), Decimal(price), Decimal(1), NOW)
    held = book.positions.get((ACCOUNT, FIRST))
    assert held == (position and (Decimal(position[0]), Decimal(position[1])))
    assert book.pnl(ACCOUNT, FIRST).realized == Decimal(realized)


def test_a_bond_is_in_percent_and_a_future_costs_no_cash() -> None:
    bond = Instrument(1, "GOV", "BOND")
    future = Instrument(2, "MEQ", "FUT", multiplier=Decimal(5))
    money = {"USD": Decimal(100_000)}
    book = Book([Account(ACCOUNT, "USD", money)], [bond, future], {1: Decimal(98), 2: Decimal(4000)})
    book.book_fill(ACCOUNT, 1, Decimal(10_000), Decimal(98), Decimal(0), NOW)
    assert (money["USD"], book.pnl(ACCOUNT, 1).value) == (90_200, 9_800)
    book.book_fill(ACCOUNT, 2, Decimal(2), Decimal(4000), Decimal(0), NOW)
    book.set_price(2, Decimal(4010))
    assert (money["USD"], book.pnl(ACCOUNT, 2).daily) == (90_200, 100)
    assert net_liquidation(book, ACCOUNT) == 100_100


def test_several_fills_of_an_order_add_up() -> None:
    book = Book.of(1)
    for quantity, price in ((2, 10), (6, 12)):
        last = book.book_fill(ACCOUNT, FIRST, Decimal(quantity), Decimal(price), Decimal(1), NOW, perm_id=5)
    assert (last.cumulative_quantity, last.average_price) == (8, Decimal("11.5"))
    corrected = book.correct(last.execution_id, None, Decimal(14))
    assert (corrected.cumulative_quantity, corrected.average_price) == (8, 13)
    other = book.book_fill(ACCOUNT, FIRST, Decimal(1), Decimal(10), Decimal(1), NOW)
    assert other.cumulative_quantity == 1


def test_the_synthetic_brokers_accounts_are_worth_what_it_says() -> None:
    """Cash and what is held; its accruals are not in the book."""
    simulation = simulate(seed=7, years=1)
    book, last = Book.from_broker(simulation), simulation.days[-1]
    for account in simulation.accounts:
        parts = simulation.books.nav_parts(account, last)
        held = sum(parts[part] for part in ("cash", "stock", "options", "bonds"))
        # rates have five and six places, values two
        assert abs(net_liquidation(book, account) - held) < held * Decimal("0.00002")
        values = {(tag, currency): value for tag, value, currency in account_values(book, account)}
        for currency, amount in simulation.books.cash(account, last).items():
            assert Decimal(values["CashBalance", currency]) == round(amount, 4)
        marks = simulation.books.marks(account, last)
        for conid, (price, _) in marks.items():
            assert book.prices[conid] == price
