"""Column lineage as it is packaged and published: up to date, complete, right where checked by hand; the command."""

import json
from functools import cache
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration import lineage
from orchestration.packaged_lineage import PACKAGED
from tests.support.command import tieout
from transforms.lineage.row import COLUMNS, as_texts
from transforms.schemas import FEATURES

MARTS = Path(PACKAGED).parent / "models" / "marts"
packaged = cache(lineage.packaged_rows)

RATES = {
    "positions.fx_rate_to_base", "fx_rates.rate", "position_marks.fx_rate_to_base",
    "cash_transactions.fx_rate_to_base", "statement_of_funds.fx_rate_to_base", "dividend_accruals.fx_rate_to_base",
}  # fmt: skip


@cache
def of(figure: str, kind: str) -> dict[str, set[str]]:
    """Clean columns of a figure, each with the sections and attributes (or reasons) it is read from."""
    found: dict[str, set[str]] = {}
    for row in packaged():
        if (f"{row.mart}.{row.column_name}", row.kind) == (figure, kind):
            place = f"{row.section}.{row.attribute}" if row.attribute else row.reason
            found.setdefault(f"{row.clean_table}.{row.clean_column}".strip("."), set()).add(place)
    return found


@pytest.mark.slow
def test_the_packaged_lineage_is_that_of_the_models() -> None:
    assert lineage.differences() == [], "run `make lineage`"


def test_every_column_of_every_mart_is_there() -> None:
    described = {
        (model["name"], column["name"])
        for path in MARTS.glob("*.yml")
        for model in yaml.safe_load(path.read_text())["models"]
        for column in model["columns"]
    }
    explained = {(row.mart, row.column_name) for row in packaged() if row.kind != "filter"}
    assert explained == described


def test_no_source_stands_twice() -> None:
    keys = [
        (r.mart, r.column_name, r.clean_table, r.clean_column, r.section, r.attribute, r.reason)
        for r in packaged()
    ]
    assert len(keys) == len(set(keys))


def test_the_published_mart_joins_the_packaged_files_to_the_same_rows(demo: Path) -> None:
    texts = ", ".join(f"coalesce({name}, '')" for name in COLUMNS)
    with duckdb.connect(str(demo / "published" / "current.duckdb"), read_only=True) as connection:
        published = connection.execute(f"select {texts} from marts.column_lineage").fetchall()
    assert sorted(published) == as_texts(packaged())


def test_realised_pnl_in_base_is_the_trades_own_times_a_rate() -> None:
    values = of("fct_trade.realized_pnl_base", "value")
    assert values.keys() == {"trades.realized_pnl", "trades.fx_rate_to_base", *RATES}
    assert values["trades.realized_pnl"] == {"Trades.fifoPnlRealized"}
    assert values["trades.fx_rate_to_base"] == {"Trades.fxRateToBase"}
    assert values["fx_rates.rate"] == {"ConversionRates.rate"}
    decided = of("fct_trade.realized_pnl_base", "derived")
    assert decided.keys() == {"trades.currency", "accounts.base_currency"}
    assert {"trades.report_date", "positions.report_date"} <= of(
        "fct_trade.realized_pnl_base", "filter"
    ).keys()


def test_the_net_asset_value_is_the_brokers_total() -> None:
    daily = {"nav_daily.total": {"EquitySummaryInBase.total"}}
    for figure in ("fct_nav_daily.nav_base", "fct_return_daily.nav_end_base"):
        assert of(figure, "value") == daily, figure
    # an account without daily values has the end of its last period
    stated = {"change_in_nav.ending_value": {"ChangeInNAV.endingValue"}}
    assert of("account_summary.nav_base", "value") == daily | stated
    assert of("fct_nav_daily.stock_base", "value") == {"nav_daily.stock": {"EquitySummaryInBase.stock"}}
    via = {
        row.clean_table: row.via
        for row in packaged()
        if (row.mart, row.column_name, row.kind) == ("account_summary", "nav_base", "value")
    }
    assert via["change_in_nav"] == "int_performance__stated, int_returns__bridge, stg_clean__change_in_nav"
    assert "int_returns__link" in via["nav_daily"]
    assert via["nav_daily"].endswith("int_calendar__day, stg_clean__nav_daily")


def test_a_day_s_return_is_made_of_values_and_flows() -> None:
    values = of("fct_return_daily.twr", "value")
    assert {"nav_daily.total", "cash_transactions.amount", "transfers.position_amount_base"} <= values.keys()
    assert "trades.realized_pnl" not in values
    assert "change_in_nav.starting_value" in of("fct_return_daily.twr", "derived")


def test_plain_columns_come_from_one_attribute() -> None:
    assert of("fct_trade.commission", "value") == {
        "trades.commission": {"Trades.ibCommission"},
        "trade_confirmations.commission": {"TradeConfirms.commission", "TradeConfirms.ibCommission"},
        "execution_intraday.commission": {"TWS.commissions.commission"},
    }
    assert of("fct_closed_lot.open_at", "value") == {"closed_lots.open_at": {"Trades.openDateTime"}}
    assert of("fct_cash_transaction.category", "derived") == {
        "cash_transactions.category": {"CashTransactions.type"}
    }
    assert of("fct_cash_transaction.is_external_flow", "value") == {}
    assert of("dim_account.customer_type", "value") == {
        "accounts.customer_type": {"AccountInformation.customerType"}
    }
    assert "SecuritiesInfo.isin" in of("dim_instrument.isin", "value")["instruments.isin"]
    assert (
        "CashTransactions.multiplier"
        not in of("dim_instrument.multiplier", "value")["instruments.multiplier"]
    )


def test_tax_lots_reach_the_documents() -> None:
    proceeds = of("fct_tax_lot.proceeds", "value")
    assert proceeds["trades.commission"] == {"Trades.ibCommission"}
    assert proceeds["corporate_actions.proceeds"] == {"CorporateActions.proceeds"}
    assert of("fct_tax_lot.open_at", "value")["position_lots.open_at"] == {"OpenPositions.openDateTime"}
    assert "instruments.isin" in of("fct_tax_lot.realized_pnl", "filter")
    assert FEATURES.keys().isdisjoint(row.clean_table for row in packaged())


def test_columns_without_a_source_say_why() -> None:
    assert of("build_info.version_id", "value") == {"": {"fact of the build: version_id"}}
    assert of("build_info.accounts", "value") == {"": {"count of rows"}}
    assert of("column_lineage.via", "value") == {"": {"packaged with the code"}}
    assert of("fct_closed_lot.row_ordinal", "value") == {
        "closed_lots.row_ordinal": {"place of the row in its document"}
    }


def test_the_command_prints_the_tree_and_the_row(demo: Path) -> None:
    tree = tieout(demo, "lineage", "fct_trade.realized_pnl_base").stdout
    assert "trades.realized_pnl via int_trades__convert, stg_clean__trade" in tree
    assert (
        tree.index("its value comes from")
        < tree.index("Trades.fifoPnlRealized")
        < tree.index("it is decided by")
    )
    rows = json.loads(tieout(demo, "lineage", "fct_trade.realized_pnl_base", "--json").stdout)
    assert {"kind", "clean_table", "clean_column", "section", "attribute", "reason", "via"} == rows[0].keys()
    with duckdb.connect(str(demo / "published" / "current.duckdb"), read_only=True) as connection:
        account, day, document, section, ordinal = connection.execute(
            "select account_id, report_date, document_id, section, row_ordinal from marts.fct_trade"
            " order by all limit 1"
        ).fetchall()[0]
    found = tieout(
        demo, "lineage", "fct_trade.price", "--account", account, "--date", str(day), "--json"
    ).stdout
    assert any(
        (row["document_id"], row["section"], row["row_ordinal"]) == (document, section, ordinal)
        for row in json.loads(found)
    )
    table = tieout(demo, "lineage", "fct_trade.price", "--account", account, "--date", str(day)).stdout
    assert document in table
    assert ".xml" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fct_nothing.price"], "is no published table"),
        (["fct_trade.nothing"], "has no column 'nothing'"),
        (["fct_trade.price", "--account", "U1000001"], "go together"),
        (
            ["account_summary.nav_base", "--account", "U1000001", "--date", "2025-12-31"],
            "many rows of documents",
        ),
    ],
)
def test_the_command_says_what_is_wrong(demo: Path, arguments: list[str], said: str) -> None:
    done = tieout(demo, "lineage", *arguments, expect=2)
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
