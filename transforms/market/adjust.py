"""Bars adjusted for splits and dividends when they are read. What is stored stays as the vendor told it.

The factors of a series change on its effective days: its first session on or after an action's ex-date. With S(t) the
product of 1/ratio of the splits that take effect after t, C the close and D the dividend of one share as paid:

* the price as traded is `raw`; raw × S(t) is the split-adjusted price, and volume / S(t) its volume;
* split-adjusted close × F(t) is the total-return close, where each later effective day e contributes
  C(e) / (C(e) + D(e)): the dividend buys shares at the close of the ex-date. So the series earns from one session to
  the next exactly (close + dividend) × split ratio / previous close − 1. (Vendors that divide by the close before the
  ex-date minus the dividend assume that it could be reinvested at a price nobody traded at.)

An action after a series' last bar has no effect on it. All actions of one kind of an instrument come from one
provider: the bars' own, else the first by name, as two would tell the same split twice. A dividend in another
currency than the bars', a split without a ratio: what they would change is withheld (NULL), as are the adjusted
prices of bars whose vendor does not say what it adjusted (`unknown`), unless the caller assumes it.
`adjust_sql` says the same for DuckDB.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.market.vendors.contract import Adjustment

SERIES_KEY: Final = ("provider", "instrument_id", "frequency")
"""What a series of bars is told apart by."""

FACTORS: Final = pl.Schema(
    {
        **dict.fromkeys(SERIES_KEY, pl.String()),
        "from_date": pl.Date(),
        "to_date": pl.Date(),
        "split_factor": pl.Float64(),
        "dividend_factor": pl.Float64(),
    }
)
"""The factors of each series by sessions, both days included: the first row begins with the series, the last row's
`to_date` is NULL. `split_factor`: split-adjusted price for one of the price as traded; `dividend_factor`: total-return
price for one of the split-adjusted price. Both are 1 in the last row, and NULL where they cannot be known."""

ADJUSTED: Final = (
    "split_factor", "dividend_factor", "raw_close", "split_open", "split_high", "split_low", "split_close",
    "split_volume", "total_return_close",
)  # fmt: skip
"""The columns that `adjusted` adds to those of the bars."""


def factors(bars: pl.DataFrame, actions: pl.DataFrame, assume: Adjustment = "unknown") -> pl.DataFrame:
    """The factors of all series in `bars` (columns of BARS) by `actions` (columns of CORPORATE_ACTION): FACTORS.

    `assume`: what bars of `unknown` adjustment are taken to be.
    """
    series = bars.group_by(SERIES_KEY).agg(from_date=pl.min("session_date"))
    days = _effective_days(bars, _by_series(series, actions), assume)
    later = days.sort(
        *SERIES_KEY, "effective_date", descending=[False] * len(SERIES_KEY) + [True]
    ).with_columns(
        _product_so_far("split").alias("split_factor"),
        _product_so_far("reinvested").alias("dividend_factor"),
        to_date=pl.col("effective_date").dt.offset_by("-1d"),
    )
    begin = later.with_columns(from_date=pl.col("effective_date").shift(-1).over(SERIES_KEY))
    before = begin.join(series, on=list(SERIES_KEY), suffix="_first").with_columns(
        pl.coalesce("from_date", "from_date_first").alias("from_date")
    )
    last = series.join(
        days.group_by(SERIES_KEY).agg(pl.max("effective_date")), on=list(SERIES_KEY), how="left"
    ).with_columns(
        pl.coalesce("effective_date", "from_date").alias("from_date"),
        to_date=pl.lit(None, pl.Date),
        split_factor=pl.lit(1.0),
        dividend_factor=pl.lit(1.0),
    )
    rows = [part.select(FACTORS.names()) for part in (before, last)]
    return (
        pl.concat(rows)
        .filter(pl.col("to_date").is_null() | (pl.col("to_date") >= pl.col("from_date")))
        .sort(*SERIES_KEY, "from_date")
    )


def adjusted(bars: pl.DataFrame, factor_rows: pl.DataFrame, assume: Adjustment = "unknown") -> pl.DataFrame:
    """The bars with the columns ADJUSTED beside theirs, in the order of `bars`.

    `factor_rows`: what `factors` gave for these series. Bars before a series' first row of factors get NULL.
    """
    placed = bars.with_row_index("place").sort("session_date")
    beside = placed.join_asof(
        factor_rows.select(*SERIES_KEY, "from_date", "split_factor", "dividend_factor").sort("from_date"),
        left_on="session_date",
        right_on="from_date",
        by=list(SERIES_KEY),
        check_sortedness=False,
    )
    split, told = pl.col("split_factor"), _told(assume)
    to_split = pl.when(told == "raw").then(split).when(told == "splits").then(1.0)
    to_raw = pl.when(told == "raw").then(1.0).when(told == "splits").then(1.0 / split)
    whole = pl.when(told == "splits_dividends").then(1.0).otherwise(to_split * pl.col("dividend_factor"))
    return beside.sort("place").select(
        *bars.columns,
        "split_factor",
        "dividend_factor",
        (pl.col("close") * to_raw).alias("raw_close"),
        *((pl.col(name) * to_split).alias(f"split_{name}") for name in ("open", "high", "low", "close")),
        (pl.col("volume") / to_split).alias("split_volume"),
        (pl.col("close") * whole).alias("total_return_close"),
    )


def _by_series(series: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """The actions of each series, all of one kind from one provider."""
    told = series.select(SERIES_KEY).join(
        actions.select(
            "instrument_id", "ex_date", "action", "ratio", "amount", "currency", teller="provider"
        ),
        on="instrument_id",
    )
    nearest = pl.col("teller").sort_by(pl.col("teller") != pl.col("provider"), "teller").first()
    return told.filter(pl.col("teller") == nearest.over(*SERIES_KEY, "action"))


def _effective_days(bars: pl.DataFrame, told: pl.DataFrame, assume: Adjustment) -> pl.DataFrame:
    """SERIES_KEY, effective_date, split, reinvested: what each effective day multiplies the factors before it by."""
    key = list(SERIES_KEY)
    sessions = bars.select(*key, "session_date").sort("session_date")
    told = (
        told.sort("ex_date")
        .join_asof(
            sessions.with_columns(effective_date="session_date"),
            left_on="ex_date",
            right_on="session_date",
            by=key,
            strategy="forward",
            check_sortedness=False,
        )
        .filter(pl.col("effective_date").is_not_null())
        .drop("session_date")
    )
    closes = _closes(bars, told)
    splits = told.filter(pl.col("action") == "split").select(
        *key, "effective_date", split_date="ex_date", split=_valid(1.0 / pl.col("ratio"), pl.col("ratio") > 0)
    )
    paid = told.filter(pl.col("action") == "dividend").with_row_index("n")
    in_shares_now = _splits_after(paid, splits, "split_date", "ex_date")
    in_currency = pl.col("currency").eq(pl.col("currency_bars")).fill_null(True)
    amounts = (
        paid.join(in_shares_now, on="n")
        .join(closes, on=[*key, "effective_date"], suffix="_bars")
        .with_columns(
            amount=_valid(pl.col("amount") * pl.col("splits_after"), (pl.col("amount") >= 0) & in_currency)
        )
        .group_by(*key, "effective_date")
        .agg(paid=pl.when(pl.col("amount").is_null().any()).then(None).otherwise(pl.col("amount").sum()))
    )
    days = (
        told.select(*key, "effective_date")
        .unique()
        .join(closes, on=[*key, "effective_date"])
        .join(amounts.with_columns(pays=pl.lit(True)), on=[*key, "effective_date"], how="left")
        .with_row_index("n")
    )
    days = days.join(_splits_after(days, splits, "effective_date", "effective_date"), on="n")
    on_day = splits.group_by(*key, "effective_date").agg(split=_product("split"))
    told_as = _told(assume)
    close = pl.col("close") * pl.when(told_as == "raw").then("splits_after").when(told_as == "splits").then(
        1.0
    )
    reinvested = _valid(close / (close + pl.col("paid")), (close > 0) & (close + pl.col("paid") > 0))
    return days.join(
        on_day.with_columns(splits_here=pl.lit(True)), on=[*key, "effective_date"], how="left"
    ).select(
        *key,
        "effective_date",
        pl.when(pl.col("splits_here").is_null()).then(1.0).otherwise("split").alias("split"),
        pl.when(pl.col("pays").is_null()).then(1.0).otherwise(reinvested).alias("reinvested"),
    )


def _closes(bars: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The last close of each effective day: SERIES_KEY, effective_date, close, currency, adjustment."""
    days = told.select(*SERIES_KEY, session_date="effective_date").unique()
    return (
        bars.join(days, on=[*SERIES_KEY, "session_date"], how="semi")
        .sort("timestamp")
        .group_by(*SERIES_KEY, effective_date="session_date")
        .agg(pl.col("close", "currency", "adjustment").last())
    )


def _splits_after(rows: pl.DataFrame, splits: pl.DataFrame, split_day: str, day: str) -> pl.DataFrame:
    """n, splits_after: the product of the splits of the series whose `split_day` is after the row's `day`."""
    mine = rows.select("n", *SERIES_KEY, at=day)
    after = (
        mine.join(splits.select(*SERIES_KEY, "split", on=split_day), on=list(SERIES_KEY))
        .filter(pl.col("on") > pl.col("at"))
        .group_by("n")
        .agg(splits_after=_product("split"), some=pl.lit(True))
    )
    return mine.join(after, on="n", how="left").select(
        "n", pl.when(pl.col("some").is_null()).then(1.0).otherwise("splits_after").alias("splits_after")
    )


def _told(assume: Adjustment) -> pl.Expr:
    return pl.col("adjustment").replace("unknown", assume)


def _valid(value: pl.Expr, holds: pl.Expr) -> pl.Expr:
    return pl.when(holds & value.is_finite()).then(value)


def _product(name: str) -> pl.Expr:
    """The product; NULL where a factor is."""
    return pl.when(pl.col(name).is_null().any()).then(None).otherwise(pl.col(name).product())


def _product_so_far(name: str) -> pl.Expr:
    """The product of this and all rows before it of the series; NULL from the first NULL on."""
    known = pl.col(name).is_null().cum_sum().over(SERIES_KEY) == 0
    return pl.when(known).then(pl.col(name).fill_null(1.0).cum_prod().over(SERIES_KEY))
