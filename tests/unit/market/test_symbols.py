"""Names and what they mean: spelling there and back, changes of ticker, the books' conids, and what is left out."""

from datetime import date

import polars as pl
import pytest

from transforms.market.series import DatasetId, Series
from transforms.market.symbols import BROKER, EARLIEST, canonical, find, map_symbols
from transforms.market.vendors import VENDORS
from transforms.schemas import CONTRACTS
from transforms.schemas.market import SYMBOL_MAP

MARKETS = {"NASDAQ": "XNYS", "NYSE": "XNYS", "LSE": "XLON", "IBIS": "XETR"}


@pytest.mark.parametrize(
    ("provider", "spelled", "symbol"),
    [
        ("ibkr", "BRK B", "BRK.B"), ("ibkr", "AAPL", "AAPL"), ("ibkr", "BAC PRL", "BAC.PRL"), ("ibkr", " ", None),
        ("yahoo", "BRK-B", "BRK.B"), ("yahoo", "BAC-PL", "BAC.PRL"), ("yahoo", "EURUSD=X", "EURUSD"),
        ("yahoo", "^GSPC", "^GSPC"), ("yahoo", "VOD.L", None), ("yahoo", "CL=F", None),
        ("stooq", "brk-b.us", "BRK.B"), ("stooq", "AAPL.US", "AAPL"), ("stooq", "^spx", "^SPX"),
        ("stooq", "eurusd", "EURUSD"), ("stooq", "vod.uk", None),
        ("massive", "BRK.B", "BRK.B"), ("binance", "BTCUSDT", "BTCUSDT"),
    ],
)  # fmt: skip
def test_canonical(provider: str, spelled: str, symbol: str | None) -> None:
    assert canonical(provider, spelled) == symbol


@pytest.mark.parametrize("symbol", ["AAPL", "BRK.B", "EURUSD", "^SPX", "BF.A"])
def test_stooqs_spelling_there_and_back(symbol: str) -> None:
    assert canonical("stooq", VENDORS["stooq"].provider_symbol(symbol)) == symbol


def series(
    symbol: str, provider: str = "massive", venue: str | None = "XNAS", currency: str | None = "USD"
) -> Series:
    dataset = DatasetId(provider, "bars", "main", "1d")
    return Series(
        dataset,
        symbol,
        VENDORS[provider].provider_symbol(symbol),
        f"{venue or provider}:{symbol}",
        venue,
        currency,
    )


def instruments(*rows: tuple[int, str, str, str | None], asset_class: str = "STK") -> pl.DataFrame:
    columns = ("conid", "symbol", "currency", "listing_exchange")
    empty = CONTRACTS["instruments"].empty()
    named = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        asset_class=pl.lit(asset_class), figi=pl.lit("BBG000B9XRY4")
    )
    return pl.concat([empty, named], how="diagonal_relaxed").select(empty.columns)


def conids(table: pl.DataFrame) -> list[tuple[int, str, str]]:
    return (
        table.filter(pl.col("provider") == BROKER).select("conid", "instrument_id", "provider_symbol").rows()
    )


def test_the_map_of_what_is_kept() -> None:
    mapped = map_symbols([series("BRK.B"), series("BRK.B", "stooq"), series("BTCUSDT", "binance", None)])
    assert SYMBOL_MAP.validate(mapped.table).select(
        "instrument_id", "provider", "provider_symbol", "valid_from"
    ).rows() == [
        ("XNAS:BRK.B", "massive", "BRK.B", EARLIEST),
        ("XNAS:BRK.B", "stooq", "brk-b.us", EARLIEST),
        ("binance:BTCUSDT", "binance", "BTCUSDT", EARLIEST),
    ]
    assert mapped.left_out.is_empty()
    assert mapped.left_out.columns == [*SYMBOL_MAP.columns, "reason"]


def test_the_books_conid_of_an_instrument() -> None:
    books = instruments((72063691, "BRK B", "USD", "NYSE"), (265598, "AAPL", "USD", "NASDAQ"))
    mapped = map_symbols([series("BRK.B"), series("MSFT")], books, markets=MARKETS)
    SYMBOL_MAP.validate(mapped.table)
    assert conids(mapped.table) == [(72063691, "XNAS:BRK.B", "BRK B")]
    assert mapped.table.filter(pl.col("provider") == BROKER)["figi"].to_list() == ["BBG000B9XRY4"]


@pytest.mark.parametrize(
    ("currency", "listing", "same"),
    [("USD", "NASDAQ", True), ("USD", None, True), ("USD", "ELSEWHERE", True), ("EUR", "NASDAQ", False),
     ("USD", "LSE", False)],
)  # fmt: skip
def test_a_symbol_alone_is_not_the_same_instrument(currency: str, listing: str | None, same: bool) -> None:
    mapped = map_symbols([series("VOD")], instruments((1, "VOD", currency, listing)), markets=MARKETS)
    assert conids(mapped.table) == ([(1, "XNAS:VOD", "VOD")] if same else [])
    assert mapped.left_out.is_empty()


def test_each_listing_of_a_symbol_has_its_own_conid() -> None:
    two = [series("VOD"), series("VOD", venue="XLON", currency="GBP")]
    books = instruments((1, "VOD", "USD", "NASDAQ"), (2, "VOD", "GBP", "LSE"))
    mapped = map_symbols(two, books, markets=MARKETS)
    assert conids(mapped.table) == [(2, "XLON:VOD", "VOD"), (1, "XNAS:VOD", "VOD")]
    # The vendor calls both the same, though.
    assert set(mapped.left_out["provider"]) == {"massive"}


def test_options_and_futures_are_no_shares() -> None:
    books = instruments((1, "AAPL", "USD", "NASDAQ"), asset_class="OPT")
    assert conids(map_symbols([series("AAPL")], books, markets=MARKETS).table) == []


def test_a_conid_that_could_be_two_instruments_is_left_out_and_told() -> None:
    two = [series("AAA"), series("AAA", "stooq", venue="XNYS")]
    mapped = map_symbols(two, instruments((1, "AAA", "USD", "NASDAQ")), markets=MARKETS)
    assert conids(mapped.table) == []
    assert mapped.left_out["reason"].unique().to_list() == [
        "conid 1 of the books could be XNAS:AAA, XNYS:AAA"
    ]


def test_conids_that_bore_a_symbol_one_after_the_other_have_it_in_turn() -> None:
    """A reverse split gives a share another conid."""
    books = instruments((2, "ORBT", "USD", "NASDAQ"), (1, "ORBT", "USD", "NASDAQ"))
    seen = pl.DataFrame(
        {"conid": [1, 2], "first_date": [date(2023, 1, 5), date(2024, 6, 3)],
         "last_date": [date(2024, 5, 31), date(2025, 1, 2)]}
    )  # fmt: skip
    table = map_symbols([series("ORBT")], books, markets=MARKETS, seen=seen).table
    SYMBOL_MAP.validate(table)
    assert table.filter(pl.col("provider") == BROKER).select("conid", "valid_from", "valid_to").rows() == [
        (1, EARLIEST, date(2024, 6, 2)),
        (2, date(2024, 6, 3), None),
    ]
    for known in (None, seen[:1], seen.with_columns(last_date=pl.lit(date(2025, 1, 2)))):
        mapped = map_symbols([series("ORBT")], books, markets=MARKETS, seen=known)
        assert conids(mapped.table) == []
        assert (
            mapped.left_out["reason"].to_list()
            == ["conids 1, 2 of the books have this symbol, and not one after the other"] * 2
        )


def known(*rows: tuple[str, str, str, str, date, date | None]) -> pl.DataFrame:
    names = ("instrument_id", "symbol", "provider", "provider_symbol", "valid_from", "valid_to")
    given = pl.DataFrame(rows, schema={n: SYMBOL_MAP.polars_schema[n] for n in names}, orient="row")
    return pl.concat([SYMBOL_MAP.empty(), given], how="diagonal")


CHANGE = date(2022, 6, 9)


def test_a_ticker_that_changed_hands_means_what_it_meant_on_the_day() -> None:
    """META was a fund's until it became a company's, which was FB before."""
    written = known(
        ("XNAS:META", "META", "massive", "FB", EARLIEST, date(2022, 6, 8)),
        ("XNAS:META", "META", "massive", "META", CHANGE, None),
        ("ARCX:METV", "METV", "massive", "META", date(2021, 6, 30), date(2022, 1, 28)),
        ("ARCX:METV", "METV", "massive", "METV", date(2022, 1, 31), None),
    )
    mapped = map_symbols([series("META")], known=written)
    assert mapped.left_out.is_empty()
    asked = pl.DataFrame(
        {"provider": "massive", "provider_symbol": ["META", "META", "FB", "META", "FB", "AAPL"],
         "day": [date(2021, 12, 1), date(2022, 3, 1), date(2022, 6, 8), CHANGE, CHANGE, CHANGE]}
    )  # fmt: skip
    found = find(mapped.table, asked)
    assert found["instrument_id"].to_list() == ["ARCX:METV", None, "XNAS:META", "XNAS:META", None, None]
    assert found.drop("instrument_id").equals(asked)


def test_the_books_mean_by_a_ticker_who_bore_it_when_they_named_it() -> None:
    """Conid 1 is the fund, sold while it was META; 2 the company, sold as FB; 3 the company, held as META."""
    written = known(
        ("XNAS:META", "META", "massive", "FB", EARLIEST, date(2022, 6, 8)),
        ("XNAS:META", "META", "massive", "META", CHANGE, None),
        ("ARCX:METV", "METV", "massive", "META", date(2021, 6, 30), date(2022, 1, 28)),
        ("ARCX:METV", "METV", "massive", "METV", date(2022, 1, 31), None),
    )
    books = instruments((1, "META", "USD", "ARCA"), (2, "FB", "USD", "NASDAQ"), (3, "META", "USD", "NASDAQ"))
    seen = pl.DataFrame(
        {"conid": [1, 2, 3], "first_date": [date(2021, 7, 1), date(2020, 1, 2), date(2023, 1, 3)],
         "last_date": [date(2021, 12, 1), date(2022, 1, 5), date(2023, 9, 1)]}
    )  # fmt: skip
    mapped = map_symbols([series("META")], books, markets=MARKETS, known=written, seen=seen)
    assert conids(mapped.table) == [
        (1, "ARCX:METV", "META"),
        (2, "XNAS:META", "FB"),
        (3, "XNAS:META", "META"),
    ]
    assert mapped.left_out.is_empty()
    unseen = map_symbols([series("META")], books[:1], markets=MARKETS, known=written)
    assert conids(unseen.table) == []
    assert unseen.left_out["reason"].unique().to_list() == [
        "conid 1 of the books could be ARCX:METV, XNAS:META"
    ]


def test_a_name_that_means_two_instruments_on_one_day_is_left_out_and_told() -> None:
    written = known(
        ("XNAS:AAA", "AAA", "massive", "AAA", EARLIEST, date(2022, 6, 9)),
        ("XNAS:BBB", "BBB", "massive", "AAA", CHANGE, None),
        ("XNAS:CCC", "CCC", "massive", "CCC", CHANGE, date(2022, 1, 1)),
    )
    mapped = map_symbols([], known=written)
    assert mapped.table.is_empty()
    assert dict(mapped.left_out.select("instrument_id", "reason").iter_rows()) == {
        "XNAS:AAA": "AAA of massive means XNAS:BBB on the same days too",
        "XNAS:BBB": "AAA of massive means XNAS:AAA on the same days too",
        "XNAS:CCC": "valid_to 2022-01-01 is before valid_from 2022-06-09",
    }


def test_what_the_broker_calls_two_listings_is_neither_by_its_name() -> None:
    two = [series("VOD"), series("VOD", "stooq", venue="XLON", currency="GBP")]
    books = instruments((1, "VOD", "USD", "NASDAQ"), (2, "VOD", "GBP", "LSE"))
    mapped = map_symbols(two, books, markets=MARKETS)
    asked = pl.DataFrame({"provider": [BROKER], "provider_symbol": ["VOD"], "day": [CHANGE]})
    assert find(mapped.table, asked)["instrument_id"].to_list() == [None]
