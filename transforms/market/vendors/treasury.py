"""US Treasury: the par yield curve, a CSV a year, whose columns change over the years."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import polars as pl

from transforms.market.series import Ask
from transforms.market.vendors.body import (
    american_day,
    number,
    origin,
    parsed,
    refuse_html,
    refuse_without_end,
    refused,
    table_of,
    text_of,
)
from transforms.market.vendors.contract import Answer, Limit, Page, Request, Vendor
from transforms.market.vendors.rows import empty_page, observations_page

TITLE: Final = "US Treasury"
FIRST_YEAR: Final = 1990
UNIT: Final = "percent"
"""Of all yields, as the page of the table says; the file has no word of it."""
_PATH: Final = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/{}/all"
_TENOR: Final = re.compile(r"(?P<count>[0-9]+(?:\.[0-9]+)?) *(?P<unit>M|Y)[a-z]*", re.IGNORECASE)
_CANONICAL: Final = re.compile(r"UST(?P<count>[0-9]+(?:\.[0-9]+)?)(?P<unit>MO?|Y)")
_MISSING: Final = ("", "N/A")
_NO_RATE_YET: Final = 5
"""Until this day of January a year may have none."""


def provider_symbol(symbol: str) -> str:
    """`UST10Y` is `10 Yr`, `UST1.5MO` (or `UST1.5M`) is `1.5 Mo`, whatever a year's file calls the column."""
    found = _CANONICAL.fullmatch(symbol)
    return f"{found['count']} {'Yr' if found['unit'] == 'Y' else 'Mo'}" if found else symbol


def requests(ask: Ask) -> tuple[Request, ...]:
    """One request a year; each has all tenors. There is nothing before 1990."""
    years = range(max(ask.first.year, FIRST_YEAR), ask.last.year + 1)
    return tuple(
        Request(
            _PATH.format(year),
            (
                ("type", "daily_treasury_yield_curve"),
                ("field_tdr_date_value", str(year)),
                ("page", ""),
                ("_format", "csv"),
            ),
        )
        for year in years
    )


def read(answer: Answer, request: Request, ask: Ask) -> Page:
    """The observations of a year's file. A tenor that it has no column for did not exist then, which is no error."""
    at = origin(TITLE, ask)
    if answer.status != 200:
        refused(answer, at)
    refuse_html(answer, at)
    year = int(dict(request.params)["field_tdr_date_value"])
    text = text_of(answer, at)
    refuse_without_end(answer, text, at)
    table = table_of(text, at)
    if not table.names:
        if ask.asked_at.date() < date(year, 1, _NO_RATE_YET):
            return empty_page(ask, f"there is no rate of {year} yet")
        raise at.damaged("the answer is empty")
    if table.names[0] != "Date":
        raise at.untrusted("line 1: the first column is not Date")
    columns = {_tenor(name): name for name in table.names[1:]}
    if len(columns) < len(table.names) - 1:
        raise at.untrusted("line 1: two columns are of one tenor")
    observed = pl.Series(parsed(table, "Date", american_day, "day", at), dtype=pl.Date)
    strange = observed.filter(observed.dt.year() != year)
    if strange.len():
        raise at.untrusted(f"{strange[0]} stands in the file of {year}")
    asked = {series.provider_symbol: columns.get(_tenor(series.provider_symbol)) for series in ask.series}
    told = [
        pl.DataFrame(
            {
                "observation_date": observed,
                "value": pl.Series(parsed(table, name, number, "number", at, _MISSING), dtype=pl.Float64),
                "known_from": observed,
            }
        ).with_columns(pl.lit(symbol).alias("provider_symbol"))
        for symbol, name in asked.items()
        if name is not None
    ]
    absent = ", ".join(symbol for symbol, name in asked.items() if name is None)
    notes = (f"the file of {year} has no {absent}",) if absent else ()
    if not told:
        return empty_page(ask, *notes)
    return observations_page(pl.concat(told), ask, at, notes=notes, units=dict.fromkeys(asked, UNIT))


def _tenor(name: str) -> tuple[float, str] | str:
    """`1.5 Month` and `1.5 Mo` are one tenor, as are `10 Yr` and `10 YR`; another column is what it is called."""
    found = _TENOR.fullmatch(name.strip())
    return (float(found["count"]), found["unit"].upper()) if found else name


TREASURY: Final = Vendor(
    name="treasury",
    title=TITLE,
    kinds=frozenset({"observations"}),
    frequencies=frozenset({"1d"}),
    base_url="https://home.treasury.gov",
    base_url_setting="TREASURY_BASE_URL",
    adjustment="raw",
    limit=Limit(per_minute=30, burst=5),
    requests=requests,
    read=read,
    many_series=True,
    provider_symbol=provider_symbol,
)
