"""The clean tables are a function of the set of documents, not of their order, batches or being re-sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.raw_frames import (
    cash,
    clean,
    element,
    flex_document,
    position,
    raw_frames,
    raw_sections,
    section,
    statement,
    trade,
)
from transforms.clean import CLEAN_TABLES, CleanContext
from transforms.schemas import CONTRACTS

FIRST = date(2024, 1, 1)
DAYS = 6
FACTS = (
    "trades",
    "closed_lots",
    "cash_transactions",
    "statement_of_funds",
    "nav_daily",
    "positions",
    "fx_rates",
)
LINEAGE = ("document_id", "section", "row_ordinal")


def compact(day: int) -> str:
    return f"{FIRST + timedelta(days=day):%Y%m%d}"


@dataclass(frozen=True)
class Booking:
    """One thing that happens on one day; alike bookings without an id are different facts."""

    day: int
    account: str
    kind: str
    amount: int
    identity: str


def xml_of(booking: Booking) -> str:
    facts = {
        "accountId": booking.account,
        "reportDate": compact(booking.day),
        "conid": str(100 + booking.amount % 2),
    }
    when = {"dateTime": f"{compact(booking.day)};120000"}
    if booking.kind == "Trade":
        return trade(**facts, **when, quantity=str(booking.amount), transactionID=booking.identity)
    if booking.kind == "Lot":
        row = trade(
            **facts, **when, quantity=str(booking.amount), transactionID="", levelOfDetail="CLOSED_LOT"
        )
        return row.replace("<Trade ", "<Lot ")
    return cash(**facts, **when, amount=str(booking.amount), transactionID=booking.identity)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Booking, ...]:
    """A history in which the ids, where there are any, are unique, and a day's rows have ids or have none."""
    bookings = []
    for number in range(draw(st.integers(1, 14))):
        day, account = draw(st.integers(0, DAYS - 1)), draw(st.sampled_from(["U1", "U2"]))
        kind = draw(st.sampled_from(["Trade", "Lot", "CashTransaction"]))
        identity = str(1000 + number) if kind != "Lot" and day % 2 else ""
        bookings.append(Booking(day, account, kind, draw(st.integers(1, 3)), identity))
    return tuple(bookings)


def part(history: Sequence[Booking], account: str, first: int, last: int, generated: int) -> str:
    """The statement of an account for some days of its history, with its own summary rows."""
    rows = [b for b in history if b.account == account and first <= b.day <= last]
    days = [str(compact(day)) for day in range(first, last + 1)]
    values = [
        sum(b.amount for b in history if b.account == account and b.day <= day) for day in range(-1, DAYS)
    ]
    funds = [
        element(
            "StatementOfFundsLine", accountId=account, currency="USD", levelOfDetail="Currency",
            reportDate=compact(b.day), amount=str(b.amount), balance=str(values[b.day + 1]),
        )
        for b in sorted(rows, key=lambda b: b.day)
    ]  # fmt: skip
    nav = [
        element(
            "EquitySummaryByReportDateInBase",
            accountId=account,
            reportDate=compact(day),
            total=str(values[day + 1]),
        )
        for day in range(first, last + 1)
    ]
    rates = [
        element("ConversionRate", reportDate=day, fromCurrency="USD", toCurrency="EUR", rate="0.9")
        for day in days
    ]
    held = [position(accountId=account, reportDate=compact(last), position=str(values[last + 1]))]
    return statement(
        section("Trades", *(xml_of(b) for b in rows if b.kind != "CashTransaction")),
        section("CashTransactions", *(xml_of(b) for b in rows if b.kind == "CashTransaction")),
        section("StmtFunds", *funds),
        section("EquitySummaryInBase", *nav),
        section("OpenPositions", *(held if values[last + 1] else [])),
        section("ConversionRates", *rates),
        account=account,
        start=compact(first),
        end=compact(last),
        generated=f"20240201;{generated:06d}",
    )


@st.composite
def sendings(draw: st.DrawFn) -> tuple[tuple[Booking, ...], list[bytes]]:
    """A history and documents that cover it, overlapping as they like, in any order."""
    history = draw(histories())
    periods = draw(
        st.lists(
            st.tuples(st.integers(0, DAYS - 1), st.integers(0, DAYS - 1)).map(sorted), min_size=1, max_size=4
        )
    )
    periods = [(first, last) for first, last in periods] + [(day, day) for day in range(DAYS)]
    documents = []
    for number, (first, last) in enumerate(periods):
        accounts = draw(st.sampled_from([["U1", "U2"], ["U2", "U1"]]))
        documents.append(
            flex_document(*(part(history, account, first, last, number) for account in accounts))
        )
    return history, draw(st.permutations(documents))


def tables(
    documents: Sequence[bytes], names: Sequence[str] = FACTS, batch_rows: int = 50_000
) -> dict[str, pl.DataFrame]:
    raw = raw_sections(raw_frames(documents, batch_rows))
    return {name: CLEAN_TABLES[name].build(raw, CleanContext()).table for name in names}


def same(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> None:
    for name, table in left.items():
        assert table.equals(right[name]), name


@settings(max_examples=10, deadline=None)
@given(sendings(), st.randoms(use_true_random=False))
def test_order_batches_and_sending_again_change_nothing(
    sent: tuple[tuple[Booking, ...], list[bytes]], random: object
) -> None:
    _, documents = sent
    expected = tables(documents, list(CLEAN_TABLES))
    shuffled = [*documents, *documents[:2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    same(expected, tables(shuffled, list(CLEAN_TABLES), batch_rows=2))


@settings(max_examples=25, deadline=None)
@given(sendings())
def test_any_split_into_overlapping_documents_gives_the_facts_of_one_document(
    sent: tuple[tuple[Booking, ...], list[bytes]],
) -> None:
    history, documents = sent
    whole = flex_document(*(part(history, account, 0, DAYS - 1, 0) for account in ("U1", "U2")))
    split, one = tables(documents), tables([whole])
    for name in ("trades", "closed_lots", "cash_transactions", "statement_of_funds", "fx_rates"):
        assert split[name].drop(LINEAGE).equals(one[name].drop(LINEAGE)), name
    nav = [table["nav_daily"].drop("previous_report_date", *LINEAGE) for table in (split, one)]
    assert nav[0].equals(nav[1])
    last = one["positions"].drop(LINEAGE)
    assert (
        split["positions"]
        .drop(LINEAGE)
        .filter(pl.col("report_date") == FIRST + timedelta(days=DAYS - 1))
        .equals(last)
    )
    amounts = {name: sum(b.amount for b in history if b.kind == kind) for name, kind in KINDS.items()}
    for name, column in (
        ("trades", "quantity"),
        ("closed_lots", "quantity"),
        ("cash_transactions", "amount"),
    ):
        assert int(split[name][column].sum()) == amounts[name], name


KINDS = {"trades": "Trade", "closed_lots": "Lot", "cash_transactions": "CashTransaction"}


@settings(max_examples=25, deadline=None)
@given(sendings(), st.integers(0, 13), st.integers(5, 9))
def test_a_correction_in_a_later_document_is_what_stands(
    sent: tuple[tuple[Booking, ...], list[bytes]], which: int, amount: int
) -> None:
    history, documents = sent
    wrong = history[which % len(history)]
    corrected = tuple(
        Booking(b.day, b.account, b.kind, b.amount + 2 * amount if b is wrong else b.amount, b.identity)
        for b in history
    )
    later = flex_document(part(corrected, wrong.account, wrong.day, wrong.day, 235959))
    after = tables([later, *documents], list(KINDS))
    for name, kind in KINDS.items():
        column = "amount" if name == "cash_transactions" else "quantity"
        assert int(after[name][column].sum()) == sum(b.amount for b in corrected if b.kind == kind), name


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_the_same_documents_give_the_same_bytes(name: str) -> None:
    history = tuple(
        Booking(n % DAYS, "U1", kind, n, "")
        for n in range(1, 9)
        for kind in ("Trade", "Lot", "CashTransaction")
    )
    documents = [flex_document(part(history, "U1", first, DAYS - 1, first)) for first in (0, 2, 3)]
    written = []
    for sent in (documents, documents[::-1]):
        table = clean(sent, [name])[name].table
        buffer = BytesIO()
        table.write_parquet(buffer)
        written.append(buffer.getvalue())
    assert written[0] == written[1]


def restated(documents: Sequence[bytes], batch_rows: int = 50_000) -> dict[str, pl.DataFrame]:
    raw = raw_sections(raw_frames(documents, batch_rows))
    return {name: CLEAN_TABLES[name].build(raw, CleanContext()).restatements for name in FACTS}


@settings(max_examples=15, deadline=None)
@given(sendings())
def test_sending_the_same_facts_again_restates_nothing(
    sent: tuple[tuple[Booking, ...], list[bytes]],
) -> None:
    for name, found in restated(sent[1]).items():
        assert found.to_dicts() == [], name


@settings(max_examples=15, deadline=None)
@given(sendings(), st.integers(0, 13), st.integers(5, 9), st.randoms(use_true_random=False))
def test_a_correction_is_restated_once_whatever_the_order_of_arrival(
    sent: tuple[tuple[Booking, ...], list[bytes]], which: int, more: int, random: object
) -> None:
    history, documents = sent
    named = [b for b in history if b.identity]
    if not named:
        return
    wrong = named[which % len(named)]
    right = Booking(wrong.day, wrong.account, wrong.kind, wrong.amount + 2 * more, wrong.identity)
    corrected = tuple(right if b is wrong else b for b in history)
    documents = [*documents, flex_document(part(corrected, wrong.account, wrong.day, wrong.day, 235959))]
    expected = restated(documents)
    shuffled = [*documents, *documents[:2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    same(expected, restated(shuffled, batch_rows=2))
    table, field = {"Trade": ("trades", "quantity"), "CashTransaction": ("cash_transactions", "amount")}[
        wrong.kind
    ]
    told = [(r["key"], r["change"], r["field"], r["was"], r["became"]) for r in expected[table].to_dicts()]
    assert told == [(wrong.identity, "changed", field, str(wrong.amount), str(right.amount))]
