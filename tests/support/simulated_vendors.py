"""The synthetic market read by the pipeline's own vendor modules: answers become rows. No judgement."""

from collections.abc import Iterator
from datetime import date, datetime

import polars as pl

from transforms.market.series import Ask, DatasetId, Kind, Series
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Answer, Page
from transforms.market_simulator import answer
from transforms.market_simulator.listings import LISTINGS
from transforms.schemas.market import BARS, CORPORATE_ACTION, OBSERVATIONS

VENUES = {"XNYS": "XNYS", "XETR": "XETR", "XLON": "XLON"}
SUFFIXES = {"stooq": {"XETR": ".de", "XLON": ".uk"}, "yahoo": {"XETR": ".DE", "XLON": ".L"}}


def series_of(vendor: str, symbol: str, frequency: str = "1d") -> Series:
    """A series of bars of a listing, as a person would have it kept."""
    listing = LISTINGS[symbol]
    venue = VENUES.get(listing.calendar.name)
    provider_symbol = VENDORS[vendor].provider_symbol(symbol)
    if venue in SUFFIXES.get(vendor, {}):
        provider_symbol = provider_symbol.removesuffix(".us") + SUFFIXES[vendor][venue]
    return Series(
        DatasetId(vendor, "bars", "all", frequency),
        symbol,
        provider_symbol,
        f"{venue or vendor}:{symbol}",
        venue,
        listing.currency,
        None if listing.kind == "pair" else listing.calendar.name,
        "base" if listing.kind == "coin" else "shares" if listing.turnover else None,
    )


def observed_series(vendor: str, symbol: str) -> Series:
    """A series of observations."""
    dataset = DatasetId(vendor, "observations", "all", "1d")
    return Series(dataset, symbol, VENDORS[vendor].provider_symbol(symbol), f"{vendor}:{symbol}")


def pages(ask: Ask, *, defects: bool = True, seed: int = 7) -> Iterator[Page]:
    """All pages of an ask, asked at the ask's own time."""
    vendor = VENDORS[ask.dataset.provider]
    waiting = [*vendor.requests(ask), *vendor.apart(ask)]
    while waiting:
        request = waiting.pop(0)
        told = answer(
            vendor.name, request.path, dict(request.params), ask.asked_at, seed=seed, defects=defects
        )
        page = vendor.read(Answer(told[0], told[2], told[1]), request, ask)
        waiting += [page.next] if page.next else []
        yield page


def rows(
    asked: tuple[Series, ...], first: date, last: date, now: datetime, *, defects: bool = True, seed: int = 7
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The canonical rows of an ask, and the corporate actions told beside them."""
    kind: Kind = asked[0].dataset.kind
    contract = BARS if kind == "bars" else OBSERVATIONS
    read = list(pages(Ask(asked, first, last, now), defects=defects, seed=seed))
    by_symbol = {each.provider_symbol: each for each in asked}
    frames = [_canonical(page.rows, by_symbol, now) for page in read if page.rows.height]
    actions = [
        _canonical(p.actions, by_symbol, now) for p in read if p.actions is not None and p.actions.height
    ]
    return (
        pl.concat([contract.empty(), *(frame.select(contract.columns) for frame in frames)]),
        pl.concat([CORPORATE_ACTION.empty(), *(frame.select(CORPORATE_ACTION.columns) for frame in actions)]),
    )


def _canonical(told: pl.DataFrame, by_symbol: dict[str, Series], now: datetime) -> pl.DataFrame:
    """Rows as they were told, with what is known of their series."""
    parts = []
    for (provider_symbol,), part in told.group_by("provider_symbol", maintain_order=True):
        series = by_symbol[str(provider_symbol)]
        provider = series.dataset.provider
        constants = {
            "instrument_id": series.instrument_id,
            "symbol": series.symbol,
            "venue": series.venue,
            "frequency": series.dataset.frequency,
            "volume_unit": series.volume_unit,
            "adjustment": VENDORS[provider].adjustment,
            "unit": series.unit,
            "provider": provider,
            "document_id": f"{provider}/{series.symbol}/{now:%Y%m%d%H%M}",
        }
        if "currency" not in part.columns:
            constants["currency"] = series.currency
        literals = [pl.lit(value, dtype=pl.String).alias(name) for name, value in constants.items()]
        parts.append(
            part.with_columns(*literals, pl.lit(now).cast(pl.Datetime("us", "UTC")).alias("ingested_at"))
        )
    return pl.concat(parts)
