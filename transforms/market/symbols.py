"""What an instrument is called by whom and when: canonical symbols, and the table `symbol_map`. No vendor is asked.

How a vendor spells a canonical symbol is said by its module (`Vendor.provider_symbol`); here is the way back, for
names that come without having been asked for: the books', bulk files'. A name that means two instruments on one day
is left out and told, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from transforms.market.series import Series
from transforms.schemas.market import SYMBOL_MAP

BROKER: Final = "ibkr"
"""The provider under which the books' own symbols stand in `symbol_map`."""
EARLIEST: Final = date(1900, 1, 1)
"""`valid_from` where no first day is known."""

AMERICAN: Final = frozenset({"XNYS", "XNAS", "ARCX", "XASE", "BATS", "IEXG"})
"""American shares are told as one tape: the places of their listing are one market."""
_STOOQ_MARKET: Final = re.compile(r"(?P<name>.+)\.us", re.IGNORECASE)
_YAHOO_PAIR: Final = re.compile(r"(?P<pair>[A-Z]{6})=X")
_YAHOO_PREFERRED: Final = re.compile(r"(?P<name>[A-Z]+)-P(?P<series>[A-Z])")


def canonical(provider: str, provider_symbol: str) -> str | None:
    """The canonical symbol of what a provider calls so; None where it says too little to tell.

    `BRK.B` is `BRK B` at IBKR, `BRK-B` at Yahoo, `brk-b.us` at Stooq; `BAC.PRL` is `BAC PRL` and `BAC-PL`. Stooq's
    names of other markets than the American one, and Yahoo's with a market's ending, are not told apart here: None.
    """
    name = provider_symbol.strip()
    if provider == BROKER:
        return re.sub(r" +", ".", name) or None
    if provider == "yahoo":
        return _from_yahoo(name)
    if provider == "stooq":
        return _from_stooq(name)
    return name or None


@dataclass(frozen=True)
class Mapped:
    """`table`: rows of `symbol_map`, sorted by its key. `left_out`: those that mean too much, with the `reason`."""

    table: pl.DataFrame
    left_out: pl.DataFrame


def map_symbols(
    series: Iterable[Series],
    instruments: pl.DataFrame | None = None,
    *,
    markets: Mapping[str, str] | None = None,
    known: pl.DataFrame | None = None,
    seen: pl.DataFrame | None = None,
) -> Mapped:
    """The map of series that are kept, and of the books' instruments that are the same.

    `instruments`: the clean table. A share or fund of the books is the instrument whose canonical symbol and currency
    it has, and whose venue is the market of its listing: `markets` names it (`{"NASDAQ": "XNYS", "IBIS": "XETR"}`); a
    listing or venue that is not told is no difference. `seen`: conid, first_date, last_date, the days on which
    the books name it; a symbol that several conids bore one after the other (a reverse split, a change of
    identifiers) belongs to each in its turn. `known`: rows of `symbol_map` that a person wrote, such as changes of
    ticker; of the same instrument and provider they take the place of the others. They also say which instrument the
    books mean by a name that was another's before: the one that was called so on the last day on which they name it.
    """
    kept = _of_series(series)
    rows = _as_map(kept.with_columns(valid_from=pl.lit(EARLIEST)))
    written = SYMBOL_MAP.empty() if known is None else known.select(SYMBOL_MAP.columns)
    called = _called(kept, written)
    broker = _nothing() if instruments is None else _of_broker(called, instruments, markets or {}, seen)
    found = pl.concat([rows, broker.table]).join(written, on=["instrument_id", "provider"], how="anti")
    checked = _unambiguous(pl.concat([written, found]))
    return Mapped(checked.table, pl.concat([broker.left_out, checked.left_out]).sort(_SORTED))


def find(table: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """`asked` (provider, provider_symbol, day, and whatever else) with the `instrument_id` of that day, else NULL."""
    numbered = asked.with_row_index("n")
    valid = (pl.col("valid_from") <= pl.col("day")) & (
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("day"))
    )
    meant = (
        numbered.select("n", "provider", "provider_symbol", "day")
        .join(table.select("provider", "provider_symbol", "valid_from", "valid_to", "instrument_id"),
              on=["provider", "provider_symbol"])
        .filter(valid)
        .group_by("n")
        .agg(pl.when(pl.col("instrument_id").n_unique() == 1).then(pl.col("instrument_id").first()))
    )  # fmt: skip
    return numbered.join(meant, on="n", how="left", maintain_order="left").drop("n")


_SORTED: Final = ["instrument_id", "provider", "provider_symbol", "valid_from", "conid"]
_LEFT_OUT: Final = pl.Schema({**SYMBOL_MAP.polars_schema, "reason": pl.String()})
_SHARES: Final = ("STK", "FUND")


def _nothing() -> Mapped:
    return Mapped(SYMBOL_MAP.empty(), _LEFT_OUT.to_frame())


def _of_series(series: Iterable[Series]) -> pl.DataFrame:
    names = ("instrument_id", "symbol", "venue", "provider", "provider_symbol", "currency")
    rows = [
        (s.instrument_id, s.symbol, s.venue, s.dataset.provider, s.provider_symbol, s.currency)
        for s in series
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.unique(["instrument_id", "provider", "provider_symbol"], keep="first", maintain_order=True)


def _called(kept: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """By which canonical names the instruments go, from when to when: instrument_id, symbol, venue, currency, the days.

    A kept instrument goes by its own always, unless somebody wrote from when on it does.
    """
    always = kept.select(
        "instrument_id", "symbol", "venue", "currency", valid_from=pl.lit(EARLIEST)
    ).with_columns(valid_to=pl.lit(None, pl.Date))
    by_vendors = written.filter(pl.col("provider") != BROKER)
    names = [canonical(*row) for row in by_vendors.select("provider", "provider_symbol").iter_rows()]
    told = by_vendors.with_columns(pl.Series("symbol", names, pl.String)).drop_nulls("symbol")
    of_instrument = kept.select("instrument_id", "currency").unique("instrument_id")
    dated = told.join(of_instrument, on="instrument_id", how="left").select(always.columns)
    undated = always.join(dated, on=["instrument_id", "symbol"], how="anti")
    return pl.concat([undated, dated]).unique(maintain_order=True)


def _of_broker(
    called: pl.DataFrame, instruments: pl.DataFrame, markets: Mapping[str, str], seen: pl.DataFrame | None
) -> Mapped:
    """The rows of the books' conids, each the one instrument that it can be at a time."""
    could_be = _candidates(called, instruments, markets, _spans(seen))
    of_conid = pl.col("instrument_id").unique().sort().str.join(", ").over("conid")
    turns = pl.struct("first_date", "conid").rank("ordinal").over("instrument_id")
    ordered = could_be.sort("instrument_id", "first_date", "conid").with_columns(
        several=pl.col("conid").n_unique().over("instrument_id") > 1,
        meant=of_conid,
        next_date=pl.col("first_date").shift(-1).over("instrument_id"),
        turn=turns,
    )
    in_turn = pl.col("first_date").is_not_null() & (
        pl.col("next_date").is_null() | (pl.col("last_date") < pl.col("next_date"))
    )
    conids = pl.col("conid").cast(pl.String).sort().str.join(", ").over("instrument_id")
    judged = ordered.with_columns(
        pl.when(pl.col("meant").str.contains(", "))
        .then(pl.format("conid {} of the books could be {}", "conid", "meant"))
        .when(pl.col("several") & ~in_turn.all().over("instrument_id"))
        .then(pl.format("conids {} of the books have this symbol, and not one after the other", conids))
        .alias("reason"),
        provider=pl.lit(BROKER),
        valid_from=pl.coalesce(
            pl.when(pl.col("several") & (pl.col("turn") > 1)).then("first_date"), pl.lit(EARLIEST)
        ),
        valid_to=pl.when("several").then(pl.col("next_date").dt.offset_by("-1d")),
    )
    good = judged.filter(pl.col("reason").is_null())
    bad = judged.filter(pl.col("reason").is_not_null())
    return Mapped(_as_map(good), _as_map(bad).with_columns(bad["reason"]))


def _candidates(
    called: pl.DataFrame, instruments: pl.DataFrame, markets: Mapping[str, str], spans: pl.DataFrame
) -> pl.DataFrame:
    """Pairs of an instrument of the books and one of ours that are the same as far as both say."""
    shares = instruments.filter(
        pl.col("asset_class").is_in(_SHARES) & pl.col("conid").is_not_null() & pl.col("symbol").is_not_null()
    )
    names = {name: canonical(BROKER, name) for name in shares["symbol"].unique()}
    named = shares.select(
        "conid",
        "figi",
        provider_symbol="symbol",
        symbol=pl.col("symbol").replace_strict(names, default=None, return_dtype=pl.String),
        broker_currency="currency",
        market=_market(
            pl.col("listing_exchange").replace_strict(markets, default=None, return_dtype=pl.String)
        ),
    )
    last = pl.col("last_date")
    called_so = (last >= pl.col("valid_from")) & (pl.col("valid_to").is_null() | (last <= pl.col("valid_to")))
    same_currency = (pl.col("currency") == pl.col("broker_currency")).fill_null(True)
    same_market = (_market(pl.col("venue")) == pl.col("market")).fill_null(True)
    return (
        named.join(spans, on="conid", how="left")
        .join(called, on="symbol")
        .filter(same_currency & same_market & called_so.fill_null(True))
        .drop("valid_from", "valid_to")
        .unique(["conid", "instrument_id"], keep="first", maintain_order=True)
    )


def _market(venue: pl.Expr) -> pl.Expr:
    return pl.when(venue.is_in(list(AMERICAN))).then(pl.lit("XNYS")).otherwise(venue)


def _spans(seen: pl.DataFrame | None) -> pl.DataFrame:
    if seen is None:
        return pl.DataFrame(schema={"conid": pl.Int64, "first_date": pl.Date, "last_date": pl.Date})
    return seen.group_by("conid").agg(pl.min("first_date"), pl.max("last_date"))


def _unambiguous(rows: pl.DataFrame) -> Mapped:
    """Without names that mean two instruments on one day. The broker's names are told apart by their conids."""
    rows = rows.with_row_index("n")
    end = pl.col("valid_to").fill_null(date.max)
    spans = rows.filter(pl.col("provider") != BROKER).select(
        "n", "provider", "provider_symbol", "instrument_id", "valid_from", end.alias("end")
    )
    crossing = (
        spans.join(spans, on=["provider", "provider_symbol"], suffix="_other")
        .filter(
            (pl.col("instrument_id") != pl.col("instrument_id_other"))
            & (pl.col("valid_from") <= pl.col("end_other"))
            & (pl.col("valid_from_other") <= pl.col("end"))
        )
        .group_by("n")
        .agg(others=pl.col("instrument_id_other").unique().sort().str.join(", "))
    )
    judged = rows.join(crossing, on="n", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("valid_to") < pl.col("valid_from"))
        .then(pl.format("valid_to {} is before valid_from {}", "valid_to", "valid_from"))
        .when(pl.col("others").is_not_null())
        .then(pl.format("{} of {} means {} on the same days too", "provider_symbol", "provider", "others"))
        .alias("reason")
    )
    good = judged.filter(pl.col("reason").is_null()).select(SYMBOL_MAP.columns)
    bad = judged.filter(pl.col("reason").is_not_null()).select(_LEFT_OUT.names())
    return Mapped(good.sort(_SORTED), bad)


def _from_yahoo(name: str) -> str | None:
    pair, preferred = _YAHOO_PAIR.fullmatch(name), _YAHOO_PREFERRED.fullmatch(name)
    if pair:
        return pair["pair"]
    if preferred:
        return f"{preferred['name']}.PR{preferred['series']}"
    if name.startswith("^"):
        return name
    return None if not name or "." in name or "=" in name else name.replace("-", ".")


def _from_stooq(name: str) -> str | None:
    american = _STOOQ_MARKET.fullmatch(name)
    if american:
        return american["name"].upper().replace("-", ".")
    return None if not name or "." in name else name.upper()


def _as_map(frame: pl.DataFrame) -> pl.DataFrame:
    given = [
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in SYMBOL_MAP.polars_schema.items()
    ]
    return frame.select(given)
