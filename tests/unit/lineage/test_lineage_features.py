"""Sources of the features layer against its builder: take an input away, and only columns that name it may change."""

from datetime import date, datetime
from functools import cache

import polars as pl
import pytest

from tests.support.raw_frames import raw_frames, raw_sections
from transforms.broker_simulator import simulate
from transforms.clean import CLEAN_TABLES, CleanContext
from transforms.features.tax_lots import INPUTS, build_tax_lots
from transforms.lineage.feature_sources import feature_columns, feature_sources
from transforms.lineage.graph import Model, column_lineage
from transforms.lineage.model_sql import NO_TABLE, Kind, LineageError
from transforms.lineage.qualified_sql import CLEAN_SCHEMA
from transforms.schemas import FEATURES
from transforms.schemas.features import LOT_ISSUES

# What links events to each other: it decides which rows are matched, and so may change any figure of those.
LINKS = {
    "account_id",
    "instrument_key",
    "quantity",
    "transaction_id",
    "is_cancel",
    "notes",
    "action_description",
}
KEYS = {name: contract.key or LOT_ISSUES.columns for name, contract in FEATURES.items()}


@cache
def inputs() -> dict[str, pl.DataFrame]:
    document = simulate(seed=3, years=2).document(
        ["U1000001"], date(2023, 1, 2), date(2024, 12, 31), datetime(2025, 1, 1, 2)
    )
    frames = raw_frames([b"".join(document.chunks())])
    always = ("_statements", "_statement_sections")
    return {
        name: CLEAN_TABLES[name]
        .build(
            raw_sections({k: v for k, v in frames.items() if k in (*always, *CLEAN_TABLES[name].inputs)}),
            CleanContext(),
        )
        .table.select(columns)
        for name, columns in INPUTS.items()
    }


def made(changed: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    lots = build_tax_lots({**inputs(), **changed}, ("fifo",))
    return {name: getattr(lots, name) for name in FEATURES}


@pytest.mark.parametrize("table", ["trades", "corporate_actions", "transfers", "position_lots"])
def test_only_columns_that_name_an_input_change_without_it(table: str) -> None:
    before, compared = made({}), 0
    for column, kind in inputs()[table].schema.items():
        if column.endswith("_key") or inputs()[table][column].null_count() == inputs()[table].height:
            continue
        without = inputs()[table].with_columns(pl.lit(None, dtype=kind).alias(column))
        after = made({table: without})
        for name, rows in before.items():
            if not rows.select(KEYS[name]).equals(after[name].select(KEYS[name])):
                continue  # the input decides which rows stand; then no row can be compared
            for changed in rows.columns:
                if rows[changed].equals(after[name][changed]):
                    continue
                compared += 1
                weakest = Kind.FILTER if column in LINKS else Kind.DERIVED
                told = feature_sources(name, changed).get(((CLEAN_SCHEMA, table), column))
                assert told is not None and told <= weakest, (  # noqa: PT018
                    f"{name}.{changed} changes without {table}.{column}, and does not name it"
                )
    assert compared > 2


def test_every_column_names_inputs_that_are_read() -> None:
    assert {name for name, _ in feature_columns()} == set(FEATURES)
    for name, column in feature_columns():
        sources = feature_sources(name, column)
        assert any(kind < Kind.FILTER for kind in sources.values()), f"{name}.{column}"
        for (schema, table), source in sources:
            assert schema == NO_TABLE or source in INPUTS[table], f"{name}.{column}: {table}.{source}"


def test_a_column_that_is_not_declared_is_an_error_that_says_where_to() -> None:
    with pytest.raises(LineageError, match=r"tax_lots\.unheard_of.*feature_sources\.py"):
        feature_sources("tax_lots", "unheard_of")


def test_a_published_lot_reaches_the_attributes_of_the_documents() -> None:
    sql = "select proceeds, method from read_parquet('f/tax_lots.parquet')"
    staged = Model("staging", "stg_lot", sql, (), ("proceeds", "method"))
    mart = Model(
        "marts",
        "lots",
        "select proceeds, method from w.staging.stg_lot",
        ("stg_lot",),
        ("proceeds", "method"),
    )
    rows = column_lineage([staged, mart])
    values = {
        (r.clean_table, r.clean_column, r.section, r.attribute, r.via)
        for r in rows
        if (r.column_name, r.kind) == ("proceeds", "value")
    }
    assert ("trades", "proceeds", "Trades", "proceeds", "stg_lot, tax_lots") in values
    assert ("trades", "commission", "Trades", "ibCommission", "stg_lot, tax_lots") in values
    (method,) = [r for r in rows if (r.column_name, r.kind) == ("method", "value")]
    assert (method.clean_table, method.reason) == ("", "each method that is followed")
    assert all(row.clean_table not in FEATURES for row in rows)
    assert ("trades", "is_cancel") in {(r.clean_table, r.clean_column) for r in rows if r.kind == "filter"}
