"""Origins of clean columns: every one is explained, by attributes that the registry knows in that section."""

import pytest

from transforms.clean import CLEAN_TABLES
from transforms.flex.registry import load_registry
from transforms.lineage.graph import Model, column_lineage
from transforms.lineage.model_sql import Kind, LineageError
from transforms.lineage.origins import STATEMENT, clean_columns, origins
from transforms.lineage.row import LineageRow
from transforms.tws.known_sections import KNOWN

EVERY = [(table, column) for table, columns in clean_columns().items() for column in columns]


@pytest.mark.parametrize(("table", "column"), EVERY)
def test_every_clean_column_says_where_it_comes_from(table: str, column: str) -> None:
    found = origins(table, column)
    assert found
    assert all(origin.attribute or origin.reason for origin in found)


def test_most_attributes_are_ones_that_the_registry_knows_in_that_section() -> None:
    registry = load_registry()
    named = {
        (origin.section, origin.attribute)
        for table, column in EVERY
        for origin in origins(table, column)
        if origin.section not in (None, STATEMENT, "FlexQueryResponse") and origin.attribute
    }
    named = {(section, attribute) for section, attribute in named if not section.startswith(("PA.", "TWS."))}
    assert {section for section, _ in named} <= registry.known_sections
    unknown = {(s, a) for s, a in named if s and a and a not in registry.attributes(s)}
    # Contracts also name what other kinds of query write in an attribute's place; they are few.
    assert len(unknown) < len(named) / 20, sorted(unknown)


def test_what_tables_read_of_tws_is_known_there() -> None:
    named = {
        (origin.section.removeprefix("TWS."), origin.attribute)
        for table, column in EVERY
        for origin in origins(table, column)
        if origin.section and origin.section.startswith("TWS.") and origin.attribute
    }
    assert len(named) > 40
    assert {(section, attribute) for section, attribute in named if attribute not in KNOWN[section]} == set()


def test_a_table_is_read_from_its_own_sections() -> None:
    for table, clean in CLEAN_TABLES.items():
        sections = {origin.section for column in clean_columns()[table] for origin in origins(table, column)}
        assert sections <= {*clean.inputs, STATEMENT, None}, table


def test_what_builders_derive_is_declared() -> None:
    (category,) = origins("cash_transactions", "category")
    assert (category.kind, category.section, category.attribute) == (Kind.DERIVED, "CashTransactions", "type")
    cancel = {(o.kind, o.attribute) for o in origins("trades", "is_cancel")}
    assert cancel == {(Kind.DERIVED, name) for name in ("buySell", "transactionType", "notes")}
    booked = [o.attribute for o in origins("trades", "report_date")]
    assert sorted(booked) == ["dateTime", "reportDate", "tradeDate"]


def test_a_column_that_nothing_explains_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(KeyError):
        origins("trades", "unheard_of")


def test_a_broken_model_is_named_and_nothing_is_written() -> None:
    models = [
        Model(
            "staging", "stg_clean__x", "select price from read_parquet('c/trades.parquet')", (), ("price",)
        ),
        Model("marts", "fine", "select price as p from w.staging.stg_clean__x", ("stg_clean__x",), ("p",)),
        Model(
            "marts", "broken", "select nothing as q from w.staging.stg_clean__x", ("stg_clean__x",), ("q",)
        ),
        Model("marts", "drifted", "select price as p from w.staging.stg_clean__x", ("stg_clean__x",), ("q",)),
    ]
    with pytest.raises(LineageError) as caught:
        column_lineage(models)
    assert "model broken: nothing" in str(caught.value)
    assert "model drifted: its SQL and its yml differ in the columns p, q" in str(caught.value)
    assert column_lineage(models[:2]) == [
        LineageRow("fine", "p", "value", "trades", "price", "Trades", "tradePrice", "", "stg_clean__x")
    ]
