"""Bars that came against the same bars as they are stored: which differ, and by what. Nothing is merged here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

KEY: Final = ("instrument_id", "timestamp")
"""What tells two bars of one dataset apart: all have its provider and frequency."""
PRICES: Final = ("open", "high", "low", "close")
VALUES: Final = (*PRICES, "volume", "vwap", "trades")
ARRIVAL: Final = ("ingested_at", "document_id")

_NOISE: Final = 1e-9
"""Relative rounding of doubles."""
_DECIMALS: Final = (2, 8)
"""The fewest and the most that prices are taken to have: a few round prices do not say that all are."""
_HISTORIES: Final = pl.Schema(
    {
        "instrument_id": pl.String(),
        "symbol": pl.String(),
        "bars": pl.UInt32(),
        "differing": pl.UInt32(),
        "ratio": pl.Float64(),
        "of": pl.String(),
    }
)
_FEWEST_VOLUMES: Final = 3
_ANOTHER_UNIT: Final = 0.01
"""Relative: volumes that differ by less are corrected, not counted otherwise."""


def overlap(stored: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The new bars that are stored too, with what is stored beside them (suffix `_old`)."""
    beside = stored.select(*KEY, *VALUES, "is_final", *ARRIVAL)
    return new.join(beside, on=list(KEY), how="inner", suffix="_old")


def restated_histories(pairs: pl.DataFrame) -> pl.DataFrame:
    """The series of an overlap whose stored history is in doubt: instrument_id, symbol, bars, differing, ratio, of.

    An adjustment reaches from its day back to the beginning. So the oldest bar of the overlap has other prices, and
    either the differing bars are the oldest ones, each scaled as a whole as far as the vendor's decimals can say, or
    at least half of the bars differ. `ratio` (new by old) is told where it is one for all of them. Where the prices
    are the same and all volumes are scaled by one ratio, volumes are counted in another unit: `of` says `volumes`, else
    `prices`.
    """
    finals = pairs.filter(pl.col("is_final") & pl.col("is_final_old"))
    judged = finals.with_columns(differs(PRICES).alias("differs")).sort(*KEY)
    return pl.concat([_other_prices(judged), _other_volumes(judged)])


def _other_volumes(judged: pl.DataFrame) -> pl.DataFrame:
    """Series with the stored prices, whose volumes are all the stored ones times one ratio."""
    ratio = (pl.col("volume").sum() / pl.col("volume_old").sum()).over("instrument_id")
    told = judged.filter(
        (~pl.col("differs")).all().over("instrument_id")
        & (pl.len().over("instrument_id") >= _FEWEST_VOLUMES)
        & pl.all_horizontal(pl.col("volume", "volume_old") > 0).fill_null(False).all().over("instrument_id")
    ).with_columns(ratio.alias("ratio"))
    by_one = (pl.col("volume") - pl.col("ratio") * pl.col("volume_old")).abs() <= 1.0 + pl.col("ratio")
    return (
        told.filter((pl.col("ratio") - 1.0).abs() > _ANOTHER_UNIT)
        .group_by("instrument_id", "symbol", maintain_order=True)
        .agg(bars=pl.len(), differing=pl.len(), ratio=pl.first("ratio"), by_one=by_one.all())
        .filter("by_one")
        .with_columns(of=pl.lit("volumes"))
        .select(pl.col(name).cast(dtype) for name, dtype in _HISTORIES.items())
    )


def _other_prices(judged: pl.DataFrame) -> pl.DataFrame:
    """Series whose oldest bars have other prices."""
    suspects = judged.filter(pl.col("differs").first().over("instrument_id"))
    if suspects.is_empty():
        return _HISTORIES.to_frame()
    of_series = pl.col("close").filter("differs").sum() / pl.col("close_old").filter("differs").sum()
    measured = suspects.with_columns(
        pl.max_horizontal(_decimals(name) for name in PRICES).max().over("instrument_id").alias("digits"),
        pl.max_horizontal(_decimals(f"{name}_old") for name in PRICES)
        .max()
        .over("instrument_id")
        .alias("digits_old"),
        of_series.over("instrument_id").alias("ratio"),
    ).with_columns(
        _scaled_by(pl.col("ratio")).alias("by_one"),
        _scaled_by(pl.col("close") / pl.col("close_old")).alias("by_its_own"),
    )
    oldest_only = pl.col("differs").cast(pl.Int8).diff().max().fill_null(0) <= 0
    of_differing = {
        name: pl.col(name).filter("differs").all() & oldest_only for name in ("by_one", "by_its_own")
    }
    histories = measured.group_by("instrument_id", "symbol", maintain_order=True).agg(
        bars=pl.len(),
        differing=pl.col("differs").sum(),
        ratio=pl.when(of_differing["by_one"]).then(pl.col("ratio").first()),
        scaled=of_differing["by_its_own"],
    )
    in_doubt = pl.col("scaled") | pl.col("ratio").is_not_null() | (2 * pl.col("differing") >= pl.col("bars"))
    return histories.filter(in_doubt).drop("scaled").with_columns(of=pl.lit("prices"))


def _scaled_by(ratio: pl.Expr) -> pl.Expr:
    """Whether all prices of a bar are the old ones times a ratio that was found from rounded prices."""
    digit = 10.0 ** -pl.col("digits") + 10.0 ** -pl.col("digits_old") * ratio.abs()
    return ratio.is_finite() & pl.all_horizontal(
        (pl.col(name) - ratio * pl.col(f"{name}_old")).abs() <= digit + _NOISE * pl.col(name).abs()
        for name in PRICES
    )


def differs(columns: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in columns)


def _decimals(name: str) -> pl.Expr:
    """How many decimals it takes to write the price."""
    price, (fewest, most) = pl.col(name), _DECIMALS
    return pl.coalesce(
        pl.when((price - price.round(digits)).abs() <= _NOISE * price.abs()).then(pl.lit(digits))
        for digits in range(fewest, most)
    ).fill_null(most)
