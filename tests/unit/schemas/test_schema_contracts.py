"""What the contracts promise: dtypes, keys, words about each column, errors that name the row."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from transforms.schemas import CONTRACTS, EXACT, FEATURES, INSTANT, RAW_FACTS, ContractError, TableContract
from transforms.schemas.common_fields import snake_case

ALL = {**CONTRACTS, **RAW_FACTS, **FEATURES}


@pytest.mark.parametrize("contract", ALL.values(), ids=ALL)
def test_every_column_is_described_and_the_empty_table_is_valid(contract: TableContract) -> None:
    assert contract.validate(contract.empty()).schema == contract.polars_schema
    assert len(set(contract.columns)) == len(contract.columns)
    assert set(contract.key) <= set(contract.columns)
    for field in contract.fields:
        assert field.description.endswith("."), field.name
        column = contract.schema.columns[field.name]
        assert column.description == field.description
        assert column.metadata["unit"] == field.unit


@pytest.mark.parametrize("contract", ALL.values(), ids=ALL)
def test_names_say_the_kind_of_time_and_money_is_exact(contract: TableContract) -> None:
    for field in contract.fields:
        assert (field.dtype == INSTANT) == field.name.endswith("_at"), field.name
        assert (field.dtype == pl.Date) == field.name.endswith("_date"), field.name
        assert field.dtype not in (pl.Float64, pl.Float32), field.name
        assert field.kind != "exact" or field.dtype == EXACT


def test_rows_can_be_followed_to_their_document() -> None:
    for name, contract in CONTRACTS.items():
        lineage = ("document_id", "section", "row_ordinal")
        if not name.startswith("statement") or name == "statement_of_funds":
            assert contract.columns[-3:] == lineage, name


def rates(**columns: list[object]) -> pl.DataFrame:
    contract = CONTRACTS["fx_rates"]
    rows = {
        "rate_date": [date(2024, 1, 10), date(2024, 1, 11)],
        "from_currency": ["USD", "USD"],
        "to_currency": ["EUR", "EUR"],
        "rate": ["0.9", "0.91"],
        "document_id": ["d1", "d2"],
        "section": ["ConversionRates"] * 2,
        "row_ordinal": [0, 7],
        **columns,
    }
    return pl.DataFrame(rows, strict=False).cast(dict(contract.polars_schema))


def test_a_valid_table_is_given_back() -> None:
    frame = rates()
    assert CONTRACTS["fx_rates"].validate(frame) is frame
    assert frame["rate"].to_list() == [Decimal("0.9"), Decimal("0.91")]


def test_a_key_that_is_not_unique_names_the_rows() -> None:
    with pytest.raises(ContractError) as broken:
        CONTRACTS["fx_rates"].validate(rates(rate_date=[date(2024, 1, 10)] * 2))
    message = str(broken.value)
    assert "table fx_rates" in message
    assert "key (rate_date, from_currency, to_currency) is not unique" in message
    assert "document_id=d2, section=ConversionRates, row_ordinal=7" in message


def test_a_missing_value_names_the_row() -> None:
    with pytest.raises(ContractError, match=r"column rate: not_nullable.*document_id=d2.*row_ordinal=7"):
        CONTRACTS["fx_rates"].validate(rates(rate=["0.9", None]))


def test_a_word_outside_of_the_vocabulary_names_the_row() -> None:
    contract = CONTRACTS["trades"]
    values = {field.name: [None] for field in contract.fields}
    values |= {
        "account_id": ["U1"],
        "trade_key": ["1"],
        "level": ["EXECUTION"],
        "is_cancel": [False],
        "side": ["LEND"],
    }
    values |= {"document_id": ["d1"], "section": ["Trades"], "row_ordinal": [3]}
    frame = pl.DataFrame(values).cast(dict(contract.polars_schema))
    with pytest.raises(ContractError, match=r"column side: .*'LEND'.*row_ordinal=3"):
        contract.validate(frame)


def test_wrong_dtype_missing_and_foreign_columns_are_refused() -> None:
    contract = CONTRACTS["fx_rates"]
    for frame in (
        rates().with_columns(pl.col("rate").cast(pl.Float64)),
        rates().drop("rate"),
        rates().with_columns(extra=1),
        rates().select(sorted(contract.columns)),
    ):
        with pytest.raises(ContractError, match="table fx_rates"):
            contract.validate(frame)


@pytest.mark.parametrize(
    ("attribute", "column"),
    [
        ("cash", "cash"),
        ("fxTranslationGainLoss", "fx_translation_gain_loss"),
        ("realizedSTProfit", "realized_st_profit"),
        ("withholding871m", "withholding_871m"),
        ("netTradesSales", "net_trades_sales"),
        ("mtmAtPaxos", "mtm_at_paxos"),
        ("slbNetCash", "slb_net_cash"),
    ],
)
def test_attribute_names_become_column_names(attribute: str, column: str) -> None:
    assert snake_case(attribute) == column
