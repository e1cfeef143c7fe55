"""Accounts joined in one currency: the SQL of the model on invented days, against what must hold of any joining."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.clean_folder import run_dbt, write_clean

D = Decimal
MONDAY = date(2024, 1, 1)
EXACT = pl.Decimal(38, 10)
LINKS = {
    "account_id": pl.String, "day_date": pl.Date, "previous_nav_date": pl.Date, "nav_end_base": EXACT,
    "is_opening": pl.Boolean, "return_status": pl.String, "withheld_reason": pl.String,
}  # fmt: skip
FLOWS = {
    "account_id": pl.String, "flow_date": pl.Date, "nav_date": pl.Date, "kind": pl.String,
    "counter_account": pl.String, "currency": pl.String, "amount": EXACT, "amount_base": EXACT,
}  # fmt: skip
ACCOUNTS = {"account_id": pl.String, "base_currency": pl.String, "closed_date": pl.Date}
RATES = {"base_currency": pl.String, "reporting_currency": pl.String, "rate_date": pl.Date, "rate": EXACT}

Row = dict[str, Any]


def day(n: int) -> date:
    return MONDAY + timedelta(n)


@dataclass
class Books:
    """Accounts by day number: values, and flows (day, amount, the other account or None)."""

    navs: dict[str, dict[int, Decimal]]
    flows: dict[str, list[tuple[int, Decimal, str | None]]] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    rates: dict[int, Decimal] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    statuses: dict[tuple[str, int], str] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)

    def links(self) -> list[Row]:
        rows = []
        for account, navs in self.navs.items():
            for before, n in zip([None, *sorted(navs)], sorted(navs), strict=False):
                first = before is None and account not in self.opened
                status = self.statuses.get((account, n), "base" if first else "computed")
                rows.append(
                    {
                        "account_id": account, "day_date": day(n), "nav_end_base": navs[n],
                        "previous_nav_date": None if before is None else day(before),
                        "is_opening": before is None and account in self.opened, "return_status": status,
                        "withheld_reason": None if status in ("base", "computed") else f"{status} of {account}",
                    }
                )  # fmt: skip
        return rows

    def bookings(self) -> list[Row]:
        counts_to = lambda account, n: day(min(d for d in self.navs[account] if d >= n))  # noqa: E731
        return [
            {
                "account_id": account, "flow_date": day(n), "nav_date": counts_to(account, n),
                "kind": "transfer" if other else "cash", "counter_account": other, "currency": "EUR",
                "amount": amount, "amount_base": amount,
            }
            for account, flows in self.flows.items()
            for n, amount, other in flows
        ]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The SQL of int_returns__reporting as dbt compiles it."""
    folder = tmp_path_factory.mktemp("joined")
    write_clean(folder / "clean", {})
    run = run_dbt(
        folder / "dbt", folder / "clean", "--select", "+int_returns__reporting"
    )  # fmt: skip
    assert run.returncode == 0, run.output
    (path,) = (folder / "dbt" / "target" / "compiled").rglob("int_returns__reporting.sql")
    assert isinstance(path, Path)
    return path.read_text()


def joined(model: str, books: Books) -> dict[tuple[str, date], Row]:
    """The rows of the model by series and day."""
    dates = sorted({n for navs in books.navs.values() for n in navs})
    currencies = sorted({books.currencies.get(account, "EUR") for account in books.navs})
    rates = [
        {"base_currency": currency, "reporting_currency": "EUR", "rate_date": day(n),
         "rate": D(1) if currency == "EUR" else books.rates.get(n)}
        for currency in currencies for n in dates
    ]  # fmt: skip
    accounts = [
        {"account_id": account, "base_currency": books.currencies.get(account, "EUR"),
         "closed_date": day(books.closed[account]) if account in books.closed else None}
        for account in books.navs
    ]  # fmt: skip
    tables = {
        "intermediate.int_returns__link": (books.links(), LINKS),
        "intermediate.int_flows__collect": (books.bookings(), FLOWS),
        "intermediate.int_fx__reporting": (rates, RATES),
        "staging.stg_clean__account": (accounts, ACCOUNTS),
    }
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; create schema warehouse.intermediate")
        connection.execute("create schema warehouse.staging")
        for name, (rows, schema) in tables.items():
            connection.register("incoming", pl.DataFrame(rows, schema=schema).to_arrow())
            connection.execute(f"create table warehouse.{name} as select * from incoming")
            connection.unregister("incoming")
        found = connection.execute(model)
        names = [column[0] for column in found.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {(row["account_id"], row["day_date"]): row for row in rows}


def linked(rows: dict[tuple[str, date], Row], series: str) -> float:
    index = 1.0
    for (account, _), row in sorted(rows.items()):
        if account == series and row["twr"] is not None:
            index *= 1 + row["twr"]
    return index - 1


def grown(start: Decimal, returns: Sequence[Decimal], first: int = 0) -> dict[int, Decimal]:
    """Values from a first day on."""
    values = {first: start}
    for n, r in enumerate(returns, first + 1):
        values[n] = (values[n - 1] * (1 + r)).quantize(D("1e-10"))
    return values


returns = st.lists(st.decimals(D("-0.2"), D("0.2"), places=4, allow_nan=False), min_size=2, max_size=8)
amounts = st.decimals(D(1000), D(100000), places=2)
quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip


@quick
@given(returns=returns, start=amounts)
def test_two_identical_accounts_return_what_each_returns(
    model: str, returns: list[Decimal], start: Decimal
) -> None:
    navs = grown(start, returns)
    rows = joined(model, Books({"A": navs, "B": dict(navs)}))
    for n in range(1, len(navs)):
        both, one = rows["ALL", day(n)], rows["A", day(n)]
        assert both["twr"] == pytest.approx(one["twr"], rel=1e-9, abs=1e-12)
        assert both["nav_end_reporting"] == 2 * one["nav_end_reporting"]


@quick
@given(returns=returns, start=amounts, other=amounts, data=st.data())
def test_an_account_that_appears_midway_does_not_move_the_return(
    model: str, returns: list[Decimal], start: Decimal, other: Decimal, data: st.DataObject
) -> None:
    """It earns the same from then on: joined at the close of its first day, it leaves the whole's return alone."""
    first = data.draw(st.integers(1, len(returns) - 1))
    rows = joined(model, Books({"A": grown(start, returns), "B": grown(other, returns[first:], first)}))
    assert linked(rows, "ALL") == pytest.approx(linked(rows, "A"), rel=1e-7, abs=1e-9)
    joining = rows["ALL", day(first)]
    assert (joining["joined_reporting"], joining["accounts"]) == (other, 2)
    assert joining["pnl_reporting"] == rows["A", day(first)]["pnl_reporting"]


@quick
@given(returns=returns, start=amounts, other=amounts, data=st.data())
def test_a_transfer_between_own_accounts_is_no_flow(
    model: str, returns: list[Decimal], start: Decimal, other: Decimal, data: st.DataObject
) -> None:
    """Named by the broker or only seen in equal amounts on one day: the return is that of the undivided money."""
    n = data.draw(st.integers(1, len(returns)))
    named = data.draw(st.booleans())
    moved = (start / 10).quantize(D("0.01"))
    a, b = {0: start}, {0: other}
    for i, r in enumerate(returns, 1):
        leaves = moved if i == n else D(0)
        a[i] = ((a[i - 1]) * (1 + r) - leaves).quantize(D("1e-10"))
        b[i] = ((b[i - 1]) * (1 + r) + leaves).quantize(D("1e-10"))
    flows = {"A": [(n, -moved, "B" if named else None)], "B": [(n, moved, "A" if named else None)]}
    rows = joined(model, Books({"A": a, "B": b}, flows))
    for i, r in enumerate(returns, 1):
        assert rows["ALL", day(i)]["twr"] == pytest.approx(float(r), abs=1e-9)
        assert rows["ALL", day(i)]["external_flow_reporting"] == 0
    assert rows["A", day(n)]["outflow_reporting"] == moved, "of one account it is a flow"


@quick
@given(returns=returns, start=amounts, rate=st.decimals(D("0.5"), D(2), places=4), into=amounts)
def test_a_constant_rate_changes_no_return(
    model: str, returns: list[Decimal], start: Decimal, rate: Decimal, into: Decimal
) -> None:
    navs = grown(start, returns)
    navs[1] += into
    books = Books({"A": navs, "B": dict(navs)}, {"A": [(1, into, None)], "B": [(1, into, None)]})
    books.currencies = {"B": "USD"}
    books.rates = dict.fromkeys(navs, rate)
    rows = joined(model, books)
    for n in range(1, len(navs)):
        assert rows["B", day(n)]["twr"] == pytest.approx(rows["A", day(n)]["twr"], abs=1e-9)
        assert rows["ALL", day(n)]["twr"] == pytest.approx(rows["A", day(n)]["twr"], abs=1e-9)
    assert rows["B", day(1)]["inflow_reporting"] == (into * rate).quantize(D("1e-10"))


def test_the_days_rate_makes_a_return(model: str) -> None:
    """100 USD that stay 100 USD while the dollar rises from 0.8 to 0.9 have earned 12.5 % in euros."""
    books = Books({"B": {0: D(100), 1: D(100)}}, currencies={"B": "USD"}, rates={0: D("0.8"), 1: D("0.9")})
    row = joined(model, books)["B", day(1)]
    assert (row["twr"], row["pnl_reporting"], row["fx_rate_to_reporting"]) == (
        pytest.approx(0.125),
        10,
        D("0.9"),
    )


def test_one_account_alone_is_no_whole(model: str) -> None:
    assert {series for series, _ in joined(model, Books({"A": {0: D(100), 1: D(110)}}))} == {"A"}


def test_a_holiday_of_one_account_keeps_its_last_value(model: str) -> None:
    books = Books({"A": {0: D(100), 1: D(110), 2: D(121)}, "B": {0: D(100), 2: D(120)}})
    rows = joined(model, books)
    assert (rows["ALL", day(1)]["twr"], rows["ALL", day(1)]["carried_accounts"]) == (pytest.approx(0.05), 1)
    assert rows["ALL", day(2)]["twr"] == pytest.approx(241 / 210 - 1)


def test_a_hole_of_one_account_withholds_the_whole(model: str) -> None:
    books = Books({"A": {n: D(100) for n in range(5)}, "B": {0: D(50), 1: D(50), 4: D(60)}})
    books.statuses = {("B", 4): "gap"}
    rows = joined(model, books)
    assert [rows["ALL", day(n)]["return_status"] for n in range(5)] == [
        "base",
        "computed",
        "gap",
        "gap",
        "gap",
    ]
    assert rows["ALL", day(2)]["withheld_reason"] == "B: No statement covers the days after 2024-01-02."
    assert rows["ALL", day(4)]["withheld_reason"] == "B: gap of B"
    assert rows["ALL", day(4)]["twr"] is None
    assert rows["A", day(4)]["twr"] == 0


def test_a_day_without_a_rate_is_withheld_and_the_day_after(model: str) -> None:
    books = Books({"A": {n: D(100) for n in range(5)}, "B": {n: D(100) for n in range(5)}})
    books.currencies, books.rates = {"B": "USD"}, {1: D(1), 2: D(1), 4: D(1)}
    rows = joined(model, books)
    assert ("ALL", day(0)) not in rows, "the series starts where everything has a value"
    assert [rows["ALL", day(n)]["return_status"] for n in (1, 2, 3, 4)] == [
        "base", "computed", "rate_missing", "rate_missing"
    ]  # fmt: skip
    assert "from USD to EUR on this day" in rows["ALL", day(3)]["withheld_reason"]
    assert "the value before this day" in rows["ALL", day(4)]["withheld_reason"]


def test_an_account_that_ends_leaves(model: str) -> None:
    """Closed with 40 in it: they leave before the next day, and are no loss."""
    books = Books({"A": {0: D(100), 1: D(100), 2: D(110)}, "B": {0: D(40), 1: D(40)}}, closed={"B": 1})
    row = joined(model, books)["ALL", day(2)]
    assert (row["twr"], row["departed_reporting"], row["accounts"]) == (pytest.approx(0.1), 40, 1)
    assert (row["external_flow_reporting"], row["pnl_reporting"]) == (-40, 10)


def test_the_whole_ends_where_an_open_account_is_not_known_any_further(model: str) -> None:
    books = Books({"A": {n: D(100) for n in range(5)}, "B": {0: D(40), 1: D(40)}})
    rows = joined(model, books)
    assert max(d for series, d in rows if series == "ALL") == day(1)
    assert max(d for series, d in rows if series == "A") == day(4)


def test_an_account_that_opens_from_nothing_brings_its_deposit(model: str) -> None:
    books = Books({"A": {0: D(100), 1: D(100)}, "B": {1: D(55)}}, {"B": [(1, D(50), None)]}, opened={"B"})
    row = joined(model, books)["ALL", day(1)]
    assert (row["inflow_reporting"], row["joined_reporting"], row["pnl_reporting"]) == (50, 0, 5)
    assert row["twr"] == pytest.approx(5 / 150)


def test_money_on_its_way_between_accounts_is_out_and_in_again(model: str) -> None:
    flows = {"A": [(1, D(-30), "B")], "B": [(2, D(30), "A")]}
    books = Books({"A": {0: D(100), 1: D(70), 2: D(70)}, "B": {0: D(100), 1: D(100), 2: D(130)}}, flows)
    rows = joined(model, books)
    assert [rows["ALL", day(n)]["twr"] for n in (1, 2)] == [0, 0]
    assert [rows["ALL", day(n)]["external_flow_reporting"] for n in (1, 2)] == [-30, 30]
