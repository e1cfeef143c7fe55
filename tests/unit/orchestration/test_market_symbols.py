"""The map of symbols of a data folder: from market.toml, the books and what a person wrote; bad lines are named."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from config.data_folder import DataFolder
from config.settings import Settings
from orchestration.market.errors import PlanError
from orchestration.market.plan import Plan
from orchestration.market.symbols import symbol_table, written
from orchestration.market.work import MarketData
from orchestration.resources.market_lake import MarketLake
from tests.support.lake_rows import RATES_OF, bars, observations
from transforms.market.series import DatasetId
from transforms.market.symbols import EARLIEST
from transforms.schemas import CONTRACTS
from transforms.schemas.market import SYMBOL_MAP

PLAN = """
[[dataset]]
provider = "stooq"
universe = "main"
symbols = ["ORBT", "META"]
"""


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path)
    folder.market_plan.write_text(PLAN)
    return folder


def table(data: DataFolder) -> pl.DataFrame:
    return symbol_table(data, Plan(data.market_plan).wanted(), MarketLake(str(data.lake)))


def write(data: DataFolder, name: str, rows: pl.DataFrame) -> None:
    data.clean.mkdir(exist_ok=True)
    empty = CONTRACTS[name].empty()
    frame = pl.concat([empty, rows.cast({c: empty.schema[c] for c in rows.columns})], how="diagonal")
    frame.write_parquet(data.clean / f"{name}.parquet")


def books(data: DataFolder) -> None:
    write(
        data,
        "instruments",
        pl.DataFrame(
            {"instrument_key": ["1", "2", "3"], "conid": [1, 2, 3], "symbol": ["ORBT", "ORBT", "RHN"],
             "asset_class": ["STK"] * 3, "currency": ["USD", "USD", "EUR"],
             "listing_exchange": ["NASDAQ", "NASDAQ", "IBIS"]}
        ),
    )  # fmt: skip
    days = [date(2023, 1, 5), date(2024, 6, 3)]
    write(data, "trades", pl.DataFrame({"conid": [1, 2], "trade_date": days}))
    write(
        data,
        "positions",
        pl.DataFrame({"conid": [1, 2], "report_date": [date(2024, 5, 31), date(2024, 6, 4)]}),
    )


def test_without_books_there_are_the_vendors_names(data: DataFolder) -> None:
    rows = table(data)
    assert rows.columns == [*SYMBOL_MAP.columns, "reason"]
    assert rows.select("instrument_id", "provider_symbol", "conid").rows() == [
        ("XNYS:META", "meta.us", None),
        ("XNYS:ORBT", "orbt.us", None),
    ]


def test_the_books_conids_by_the_days_on_which_they_were_held(data: DataFolder) -> None:
    books(data)
    rows = table(data).filter(pl.col("provider") == "ibkr")
    assert rows.select("instrument_id", "conid", "valid_from", "valid_to", "reason").rows() == [
        ("XNYS:ORBT", 1, EARLIEST, date(2024, 6, 2), None),
        ("XNYS:ORBT", 2, date(2024, 6, 3), None, None),
    ]


def test_conids_of_one_time_are_left_out_with_the_reason(data: DataFolder) -> None:
    books(data)
    (data.clean / "trades.parquet").unlink()
    (data.clean / "positions.parquet").unlink()
    rows = table(data).filter(pl.col("provider") == "ibkr")
    assert rows["conid"].to_list() == [1, 2]
    assert rows["reason"].str.starts_with("conids 1, 2 of the books have this symbol").all()


def test_what_is_stored_and_not_wanted_is_mapped_too(data: DataFolder) -> None:
    lake = MarketLake(str(data.lake))
    for year, symbols in ((2024, ("GONE", "META", "NVDA")), (2025, ("META", "NVDA"))):
        with lake.writing("clean", DatasetId("stooq", "bars", "main", "1d"), year) as partition:
            partition.replace(bars(symbols, [date(year, 3, 4)]))
    with lake.writing("clean", RATES_OF, 2024) as partition:
        partition.replace(observations("DGS10", [(date(2024, 3, 4), 4.1)]))
    rows = table(data)
    assert rows.select("instrument_id", "provider", "provider_symbol", "venue").rows() == [
        ("fred:DGS10", "fred", "DGS10", None),
        ("XNYS:GONE", "stooq", "gone.us", "XNYS"),
        ("XNYS:META", "stooq", "meta.us", "XNYS"),
        ("XNYS:NVDA", "stooq", "nvda.us", "XNYS"),
        ("XNYS:ORBT", "stooq", "orbt.us", "XNYS"),
    ]


def test_the_stored_map_is_a_view_and_a_bad_file_leaves_it(
    data: DataFolder, caplog: pytest.LogCaptureFixture
) -> None:
    books(data)
    market = MarketData(Settings.model_validate({"TIEOUT_DATA_DIR": data.root}))
    market.publish_catalog()
    kept = market.lake.symbols()
    SYMBOL_MAP.validate(kept)
    assert kept.height == table(data).filter(pl.col("reason").is_null()).height == 4
    data.market_symbols.write_text("no,such\ncolumns,here\n")
    market.publish_catalog()
    assert "the map of symbols stays as it was" in caplog.text
    with duckdb.connect() as connection:
        market.lake.views(connection)
        assert connection.sql(
            "select instrument_id, conid from symbol_map "
            "where provider = 'ibkr' and date '2024-06-04' between valid_from and coalesce(valid_to, '9999-12-31')"
        ).fetchall() == [("XNYS:ORBT", 2)]


def test_what_a_person_wrote_takes_the_place_of_what_is_made_up(data: DataFolder) -> None:
    data.market_symbols.write_text(
        "instrument_id,symbol,provider,provider_symbol,valid_from,valid_to\n"
        "XNYS:META,META,stooq,fb.us,,2022-06-08\n"
        "XNYS:META,META,stooq,meta.us,2022-06-09,\n"
    )
    rows = table(data).filter(pl.col("symbol") == "META")
    assert rows.select("provider_symbol", "valid_from", "valid_to").rows() == [
        ("fb.us", EARLIEST, date(2022, 6, 8)),
        ("meta.us", date(2022, 6, 9), None),
    ]


HEAD = "instrument_id,symbol,provider,provider_symbol,valid_from,conid\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("symbol,provider\nA,stooq\n", "instrument_id, symbol, provider, provider_symbol are needed"),
        (HEAD.replace("conid", "colour"), "its first line names the columns"),
        (HEAD + "X:A,A,stooq,a.us,,\nX:B,B,,b.us,,\n", "line 3: provider is empty"),
        (
            HEAD + "X:A,A,stooq,a.us,9.6.2022,\n",
            "line 2: valid_from is a day like 2022-06-09, not '9.6.2022'",
        ),
        (HEAD + "X:A,A,stooq,a.us,,many\n", "line 2: conid is a number, not 'many'"),
        (HEAD + "X:A,A,stooq,a.us,,1,2,3\n", "is no CSV"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "symbols.csv"
    path.write_text(text)
    with pytest.raises(PlanError) as refused:
        written(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
