"""What the demo's broker corrected, found in the marts: exactly that, against the simulator's two books.

The simulator lives each account twice, with the figures that the first documents told and with the true ones.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from lxml import etree

from transforms.broker_simulator import Simulation, simulate
from transforms.broker_simulator.books import TrueBooks
from transforms.broker_simulator.life import CORRECTED_COMMISSION, CORRECTED_DIVIDEND, FIRST_REPORTED

# entity: the tag of its rows, the level that is kept, what names a row, the business day, values by column
READ = {
    "trades": (
        "Trade",
        "EXECUTION",
        "transactionID",
        "reportDate",
        {
            "quantity": "quantity",
            "price": "tradePrice",
            "proceeds": "proceeds",
            "commission": "ibCommission",
            "taxes": "taxes",
            "net_cash": "netCash",
            "cost": "cost",
            "realized_pnl": "fifoPnlRealized",
            "mtm_pnl": "mtmPnl",
            "fx_rate_to_base": "fxRateToBase",
        },
    ),
    "cash_transactions": (
        "CashTransaction",
        "DETAIL",
        "transactionID",
        "reportDate",
        {"amount": "amount", "fx_rate_to_base": "fxRateToBase"},
    ),
    "nav_daily": (
        "EquitySummaryByReportDateInBase",
        None,
        "reportDate",
        "reportDate",
        {
            "total": "total",
            "cash": "cash",
            "stock": "stock",
            "dividend_accruals": "dividendAccruals",
            "interest_accruals": "interestAccruals",
        },
    ),
}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(seed=7)


def rows(demo: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(demo / "published" / "current.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'; set timezone = 'UTC'")
        return connection.execute(sql).fetchall()


def statements(simulation: Simulation) -> Iterator[tuple[datetime, str, etree._Element]]:
    """Every statement of the demo as the broker wrote it: instant, account, element."""
    zone = ZoneInfo("America/New_York")
    for document in simulation.documents():
        for _, element in etree.iterparse(BytesIO(document.content()), tag="FlexStatement"):
            clock = datetime.strptime(element.get("whenGenerated"), "%Y%m%d;%H%M%S").replace(tzinfo=zone)
            yield clock.astimezone(UTC), element.get("accountId"), element


def told_by_documents(simulation: Simulation) -> set[tuple[Any, ...]]:
    """Every value that a later document tells otherwise, read from the XML alone."""
    said: dict[tuple[str, str, str, str], list[tuple[datetime, date, Decimal]]] = defaultdict(list)
    for generated, account, statement in statements(simulation):
        for entity, (tag, level, name, day, values) in READ.items():
            for row in statement.iter(tag):
                if level is None or row.get("levelOfDetail") == level:
                    booked = datetime.strptime(row.get(day), "%Y%m%d").date()
                    for column, attribute in values.items():
                        if row.get(attribute):
                            fact = (entity, account, row.get(name), column)
                            said[fact].append((generated, booked, Decimal(row.get(attribute))))
    changes = set()
    for (entity, account, key, column), tellings in said.items():
        tellings.sort()
        first = tellings[0]
        for telling in tellings[1:]:
            if telling[2] != first[2]:
                name = telling[1].isoformat() if entity == "nav_daily" else key
                changes.add((entity, account, name, column, first[2], telling[2], first[0], telling[0]))
                first = telling
    return changes


def test_exactly_what_the_documents_tell_otherwise_is_restated(demo: Path, simulation: Simulation) -> None:
    found = rows(
        demo,
        "select entity, account_id, key, field, cast(was as decimal(38, 10)), cast(became as decimal(38, 10)),"
        " known_from_at, changed_at, change from restatement",
    )
    assert {row[-1] for row in found} == {"changed"}
    read = {column for *_, values in READ.values() for column in values}
    ours = {row[:-1] for row in found if row[0] in READ and row[3] in read}
    assert ours == told_by_documents(simulation)
    assert len(ours) > 40
    others = {row[3] for row in found if row[3] not in read}
    assert others == {"broker_cash_component", "broker_interest_accruals_component"}
    assert {row[0] for row in found} == set(READ)


def test_the_figures_are_those_that_the_broker_corrected(demo: Path, simulation: Simulation) -> None:
    first, dividend = FIRST_REPORTED[CORRECTED_COMMISSION], FIRST_REPORTED[CORRECTED_DIVIDEND]
    told = rows(demo, "select cast(was as decimal(38, 10)) from restatement where field = 'commission'")
    assert told == [(first,)]
    told = rows(
        demo, "select cast(was as decimal(38, 10)), difference from restatement where field = 'amount'"
    )
    assert dividend in {was for was, _ in told}
    ((became, booked),) = rows(
        demo,
        "select cast(became as decimal(38, 10)), t.commission from restatement as r"
        " join fct_trade as t on r.account_id = t.account_id and r.key = t.trade_key where field = 'commission'",
    )
    assert became == booked


def test_each_restated_day_of_the_nav_is_both_books_apart(demo: Path, simulation: Simulation) -> None:
    books = {"was": TrueBooks(simulation._first_told), "became": simulation.books}
    found = rows(
        demo,
        "select account_id, report_date, cast(was as decimal(38, 10)), cast(became as decimal(38, 10))"
        " from restatement where entity = 'nav_daily' and field = 'total'",
    )
    assert found
    for account, day, was, became in found:
        assert abs(books["was"].nav(account, day) - was) < Decimal("0.000001")
        assert abs(books["became"].nav(account, day) - became) < Decimal("0.000001")
        assert books["was"].nav(account, day) != books["became"].nav(account, day)
    corrected = simulation.corrected_at.date()
    assert max(day for _, day, *_ in found) < corrected


def test_each_side_is_a_row_of_its_document(demo: Path) -> None:
    off = rows(
        demo,
        "select * from restatement as r anti join document_section as s"
        " on r.document_became = s.document_id and r.section = s.section and r.row_ordinal_became < s.rows_read",
    )
    assert off == []
    assert rows(demo, "select * from restatement where known_from_at >= changed_at") == []
