"""ECB: reference rates (and other daily series of its data portal) as CSV, many series in one request."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.market.series import Ask
from transforms.market.vendors.body import (
    Origin,
    Table,
    day,
    number,
    origin,
    parsed,
    refuse_html,
    refused,
    table_of,
    text_of,
)
from transforms.market.vendors.contract import Answer, Limit, Page, Request, Vendor
from transforms.market.vendors.rows import empty_page, observations_page
from transforms.market.vendors.spelling import is_currency_pair

TITLE: Final = "ECB"
_MISSING: Final = ("", "NaN")
_UNIT: Final = ("CURRENCY", "CURRENCY_DENOM", "UNIT", "UNIT_MULT")
"""Columns: how much of the first one of the second costs; else a code, and the power of ten that it counts."""
_VARIES: Final = 2
"""The part of a key (dataflow, frequency, then this) in which the series of one request may differ."""


def provider_symbol(symbol: str) -> str:
    """`EURUSD` is `EXR.D.USD.EUR.SP00.A`, which is told as USD per 1 EUR; other series are called by their key."""
    if is_currency_pair(symbol) and symbol.startswith("EUR"):
        return f"EXR.D.{symbol[3:]}.EUR.SP00.A"
    return symbol


def requests(ask: Ask) -> tuple[Request, ...]:
    """One request for all series whose keys differ in the currency alone."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for series in ask.series:
        parts = series.provider_symbol.split(".")
        same = (*parts[:_VARIES], "", *parts[_VARIES + 1 :])
        groups.setdefault(same, []).append(".".join(parts[_VARIES : _VARIES + 1]))
    span = (("startPeriod", str(ask.first)), ("endPeriod", str(ask.last)))
    return tuple(
        Request(
            f"/service/data/{same[0]}/{'.'.join((*same[1:_VARIES], '+'.join(varying), *same[_VARIES + 1 :]))}",
            (("format", "csvdata"), *span),
        )
        for same, varying in groups.items()
    )


def read(answer: Answer, request: Request, ask: Ask) -> Page:
    """The observations of a body. A series that it does not tell of has none in this span, which is no error."""
    at = origin(TITLE, ask)
    if answer.status in (304, 404):  # nothing changed; nothing is selected
        return empty_page(ask)
    if answer.status != 200:
        refused(answer, at)
    refuse_html(answer, at)
    table = table_of(text_of(answer, at), at)
    if not table.names:
        return empty_page(ask, "the answer was empty")
    for name in ("KEY", "TIME_PERIOD", "OBS_VALUE"):
        if name not in table.names:
            raise at.untrusted(f"line 1: there is no column {name}")
    asked = [series.provider_symbol for series in ask.series]
    frame = pl.DataFrame(
        {
            "provider_symbol": pl.Series(table.column("KEY"), dtype=pl.String),
            "observation_date": pl.Series(parsed(table, "TIME_PERIOD", day, "day", at), dtype=pl.Date),
            "value": pl.Series(parsed(table, "OBS_VALUE", number, "number", at, _MISSING), dtype=pl.Float64),
        }
    ).with_columns(pl.col("observation_date").alias("known_from"))
    strange = set(frame["provider_symbol"]) - set(asked)
    if strange:
        raise at.untrusted(f"the answer tells of {min(strange)}, which was not asked for")
    return observations_page(frame, ask, at, units=_units(table, at))


def _units(table: Table, at: Origin) -> dict[str, str]:
    """The unit of each series: `USD per EUR` for an exchange rate, else the ECB's code of it (`PC`, `10^6 EUR`).

    A series whose unit is not told has none. Raises VendorError where one is told two.
    """
    told = [table.column(name) if name in table.names else [""] * len(table.rows) for name in _UNIT]
    found: dict[str, str] = {}
    for key, currency, per, unit, power in zip(table.column("KEY"), *told, strict=True):
        one = f"{currency} per {per}" if key.startswith("EXR.") and currency and per else unit
        named = f"10^{power} {one}" if one and power not in ("", "0") else one
        if named and found.setdefault(key, named) != named:
            raise at.untrusted(f"{key} is told in {found[key]} and in {named}")
    return found


ECB: Final = Vendor(
    name="ecb",
    title=TITLE,
    kinds=frozenset({"observations"}),
    frequencies=frozenset({"1d"}),
    base_url="https://data-api.ecb.europa.eu",
    base_url_setting="ECB_BASE_URL",
    adjustment="raw",
    limit=Limit(per_minute=60, burst=5),
    requests=requests,
    read=read,
    many_series=True,
    provider_symbol=provider_symbol,
)
