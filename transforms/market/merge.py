"""New rows of a dataset merged with what is stored of it. Vendors' formats, checks and files are elsewhere.

Bars, by series (the rule for observations is in `vintages`):

* An answer overlaps what is stored by some sessions. Where these say that all bars before them are in doubt (see
  `overlap.restated_histories`: a split, a re-adjustment, another instrument), nothing of the series is merged; it is
  to be asked for again as a whole (`refetch`), and `ratio` says by what the history was scaled, where one ratio does.
* Other differences are corrections of single bars: the bar that came later stands, and `restated` has both.
* A bar whose period was not over is replaced by what comes later, and never replaces one whose period was.
* A bar that is told again as it was stays as it is, with the document that told it first.
* A bar that the vendor no longer tells is kept.

With `whole=True` the new rows are the complete history of their series and replace it. A history that reaches
less far than the stored one, or lacks more than a tenth of its bars, is refused: the other bars would be left under
another adjustment, or lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from transforms.market.overlap import ARRIVAL, KEY, VALUES, differs, overlap, restated_histories
from transforms.market.vintages import merge_vintages
from transforms.schemas.contract import INSTANT
from transforms.schemas.market import BARS

_ORDER: Final = ["symbol", "instrument_id", "timestamp"]

_VINTAGE: Final = ["instrument_id", "observation_date", "known_from", "value"]

LARGEST_LOSS: Final = 0.1
"""The share of stored bars that a whole history may lack: a vendor withdraws single bars, not years."""

SERIES: Final = pl.Schema(
    {
        "instrument_id": pl.String(),
        "symbol": pl.String(),
        "added": pl.UInt32(),
        "completed": pl.UInt32(),
        "unchanged": pl.UInt32(),
        "restated": pl.UInt32(),
        "withdrawn": pl.UInt32(),
        "overlap": pl.UInt32(),
        "left_out": pl.UInt32(),
        "refetch": pl.Boolean(),
        "ratio": pl.Float64(),
        "refused": pl.String(),
    }
)
"""What became of each series that came: counts of rows, and why nothing of it was merged.

`completed`: bars that were partial before. `withdrawn`: stored bars between the first and the last new one that the
vendor no longer tells. `overlap`: bars that could be compared.
`left_out`: new rows that a check left out (see `judge`). `refused` is none where the rows were merged.
"""

RESTATED: Final = pl.Schema(
    {
        "instrument_id": pl.String(),
        "symbol": pl.String(),
        "session_date": pl.Date(),
        "timestamp": INSTANT,
        "column": pl.String(),
        "old": pl.Float64(),
        "new": pl.Float64(),
        "old_document_id": pl.String(),
        "new_document_id": pl.String(),
    }
)
"""A row for each value that a later answer tells differently."""


@dataclass(frozen=True)
class Merged:
    """What is to be stored, and what became of each series.

    `frame`: the contract's columns, sorted by symbol and time; `stored` itself where nothing changed.
    `series` has the columns of SERIES, `restated` those of RESTATED.
    """

    frame: pl.DataFrame
    series: pl.DataFrame
    restated: pl.DataFrame

    @property
    def added(self) -> int:
        """Rows that were not there before."""
        return int(self.series["added"].sum())

    @property
    def unchanged(self) -> int:
        """Rows that were told again as they are."""
        return int(self.series["unchanged"].sum())

    @property
    def refetch(self) -> dict[str, float | None]:
        """The series to ask for again as a whole, by instrument: the ratio of new to old, where there is one."""
        again = self.series.filter("refetch")
        return dict(zip(again["instrument_id"], again["ratio"], strict=True))

    @property
    def refused(self) -> dict[str, str]:
        """Why nothing of a series was merged, by instrument."""
        kept_out = self.series.filter(pl.col("refused").is_not_null())
        return dict(zip(kept_out["instrument_id"], kept_out["refused"], strict=True))


def merge(stored: pl.DataFrame, new: pl.DataFrame, *, whole: bool = False, judged: bool = False) -> Merged:
    """Merge new rows (columns of BARS or OBSERVATIONS) of one dataset with those stored of it.

    `stored` holds at least the years that `new` touches; with `whole`, every year of the series in `new`. With
    `judged` both may be some of these years alone: whoever asks has held the whole series against what is stored of
    it, so that nothing is doubted or refused here. Merging the
    same rows again changes nothing, and of two answers that need no refetch the order does not matter. Rows of more
    than one provider or frequency raise ValueError.
    """
    _one_dataset(stored, new)
    if "observation_date" in new.columns:
        return _of_observations(stored, new)
    return _of_bars(stored, new, whole, judged)


def _of_bars(stored: pl.DataFrame, new: pl.DataFrame, whole: bool, judged: bool) -> Merged:
    new = _one_per_key(new.select(BARS.columns))
    pairs = overlap(stored, new)
    refused = _shorter(stored, new) if whole else _in_doubt(pairs)
    refused = refused.clear() if judged else refused
    if refused.height:
        pairs = pairs.join(refused, on="instrument_id", how="anti")
    pairs = pairs.with_columns(_equal().alias("equal")).with_columns(_new_stands(whole).alias("new_stands"))
    coming = new.join(refused, on="instrument_id", how="anti") if refused.height else new
    untold = _untold(stored, coming, pairs, whole)
    entering = coming.join(pairs.filter(~pl.col("new_stands")), on=list(KEY), how="anti")
    leaving = pairs.filter("new_stands").select(KEY)
    if whole:
        leaving = pl.concat([leaving, untold.select(KEY)])
    return Merged(
        _frame(stored, entering, leaving),
        _outcome(new, pairs, entering, untold, refused),
        _restated(pairs),
    )


def _frame(stored: pl.DataFrame, entering: pl.DataFrame, leaving: pl.DataFrame) -> pl.DataFrame:
    if entering.is_empty() and leaving.is_empty():
        return stored
    kept = stored.join(leaving, on=list(KEY), how="anti") if leaving.height else stored
    return pl.concat([kept.select(BARS.columns), entering]).sort(_ORDER)


def _of_observations(stored: pl.DataFrame, new: pl.DataFrame) -> Merged:
    frame = merge_vintages(stored, new)
    vintages = frame.join(stored, on=_VINTAGE, how="anti", nulls_equal=True)
    of_day = ["instrument_id", "observation_date"]
    revised = vintages.join(stored.select(of_day).unique(), on=of_day, how="semi")
    counts = (
        new.group_by("instrument_id")
        .agg(pl.first("symbol"), came=pl.len())
        .join(vintages.group_by("instrument_id").agg(vintages=pl.len()), on="instrument_id", how="left")
        .join(revised.group_by("instrument_id").agg(restated=pl.len()), on="instrument_id", how="left")
        .with_columns(pl.col("vintages", "restated").fill_null(0))
    )
    nothing = {name: pl.lit(0) for name in ("completed", "withdrawn", "overlap", "left_out")}
    series = counts.with_columns(
        added=pl.col("vintages") - pl.col("restated"),
        unchanged=pl.max_horizontal(pl.col("came").cast(pl.Int64) - pl.col("vintages"), 0),
        refetch=pl.lit(False),
        ratio=pl.lit(None),
        refused=pl.lit(None),
        **nothing,
    )
    return Merged(frame, _as_series(series), _revised(frame, revised))


def _one_dataset(stored: pl.DataFrame, new: pl.DataFrame) -> None:
    for column in ("provider", "frequency"):
        found = pl.concat([stored[column].unique(), new[column].unique()]).unique()
        if len(found) > 1:
            raise ValueError(f"rows of one dataset have one {column}, these have {', '.join(found.sort())}")


def _one_per_key(new: pl.DataFrame) -> pl.DataFrame:
    """Each bar once: of equal ones the first that came, of different ones the last."""
    if new.select(pl.struct(KEY).n_unique()).item() == new.height:
        return new
    told = new.sort("is_final", *ARRIVAL).unique(
        [*KEY, *VALUES, "is_final"], keep="first", maintain_order=True
    )
    return told.unique(list(KEY), keep="last", maintain_order=True)


def _in_doubt(pairs: pl.DataFrame) -> pl.DataFrame:
    """Series whose history was restated: instrument_id, refetch, ratio, refused."""
    reason = (
        pl.when(pl.col("of") == "volumes")
        .then(pl.format("its volumes were restated by a ratio of {} (another unit)", "ratio"))
        .when(pl.col("ratio").is_not_null())
        .then(pl.format("its history was restated by a ratio of {} (a split or another adjustment)", "ratio"))
        .otherwise(
            pl.format(
                "{} of {} bars that are stored have other prices now, and not by one ratio",
                "differing",
                "bars",
            )
        )
    )
    return restated_histories(pairs).select(
        "instrument_id",
        "ratio",
        refetch=pl.lit(True),
        refused=pl.format("{}; ask for all of it again", reason),
    )


def _shorter(stored: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Series whose new history does not reach as far as the stored one or has holes: the columns of `_in_doubt`."""
    mine = stored.join(new, on="instrument_id", how="semi")
    lost = mine.join(new, on=list(KEY), how="anti").group_by("instrument_id").agg(lacking=pl.len())
    spans = [
        frame.group_by("instrument_id").agg(
            first=pl.min("session_date"), last=pl.max("session_date"), bars=pl.len()
        )
        for frame in (mine, new)
    ]
    both = (
        spans[0].join(spans[1], on="instrument_id", suffix="_new").join(lost, on="instrument_id", how="left")
    )
    shorter = (pl.col("first_new") > pl.col("first")) | (pl.col("last_new") < pl.col("last"))
    holes = pl.col("lacking").fill_null(0) > LARGEST_LOSS * pl.col("bars")
    reach = pl.format(
        "reaches from {} to {}, the stored one from {} to {}", "first_new", "last_new", "first", "last"
    )
    lacks = pl.format("lacks {} of {} bars that are stored", "lacking", "bars")
    return both.filter(shorter | holes).select(
        "instrument_id",
        ratio=pl.lit(None, pl.Float64),
        refetch=pl.lit(False),
        refused=pl.format(
            "the history that came {}; it is kept as it was", pl.when(shorter).then(reach).otherwise(lacks)
        ),
    )


def _equal() -> pl.Expr:
    return ~differs((*VALUES, "is_final"))


def _new_stands(whole: bool) -> pl.Expr:
    """Of a pair: whether the new bar takes the place of the stored one."""
    if whole:
        return ~pl.col("equal")
    at, document = (pl.col(name) for name in ARRIVAL)
    at_old, document_old = (pl.col(f"{name}_old") for name in ARRIVAL)
    later = (at > at_old) | ((at == at_old) & (document > document_old))
    earlier = (at < at_old) | ((at == at_old) & (document < document_old))
    return (
        pl.when(pl.col("is_final") != pl.col("is_final_old"))
        .then(pl.col("is_final"))
        .otherwise(pl.when("equal").then(earlier).otherwise(later))
    )


def _untold(stored: pl.DataFrame, coming: pl.DataFrame, pairs: pl.DataFrame, whole: bool) -> pl.DataFrame:
    """Stored bars of the series that came which the answer should hold and does not: KEY."""
    spans = coming.group_by("instrument_id").agg(first=pl.min("timestamp"), last=pl.max("timestamp"))
    within = stored.select(KEY).join(spans, on="instrument_id")
    if not whole:
        within = within.filter(pl.col("timestamp").is_between("first", "last"))
    return within.join(pairs, on=list(KEY), how="anti").select(KEY)


def _outcome(
    new: pl.DataFrame,
    pairs: pl.DataFrame,
    entering: pl.DataFrame,
    untold: pl.DataFrame,
    refused: pl.DataFrame,
) -> pl.DataFrame:
    replaced = pl.col("new_stands") & ~pl.col("equal")
    compared = pairs.group_by("instrument_id").agg(
        overlap=pl.len(),
        completed=(replaced & ~pl.col("is_final_old")).sum(),
        restated=(replaced & pl.col("is_final_old")).sum(),
        entered=pl.col("new_stands").sum(),
    )
    counts = (
        new.group_by("instrument_id")
        .agg(pl.first("symbol"))
        .join(compared, on="instrument_id", how="left")
        .join(entering.group_by("instrument_id").agg(entering=pl.len()), on="instrument_id", how="left")
        .join(untold.group_by("instrument_id").agg(withdrawn=pl.len()), on="instrument_id", how="left")
        .join(refused, on="instrument_id", how="left")
    )
    number = pl.col("overlap", "completed", "restated", "entered", "entering", "withdrawn").fill_null(0)
    return (
        counts.with_columns(number, pl.col("refetch").fill_null(False))
        .with_columns(
            added=pl.col("entering") - pl.col("entered"),
            unchanged=pl.col("overlap") - pl.col("completed") - pl.col("restated"),
            left_out=pl.lit(0),
        )
        .pipe(_as_series)
    )


def _as_series(counts: pl.DataFrame) -> pl.DataFrame:
    columns = (pl.col(name).cast(dtype) for name, dtype in SERIES.items())
    return counts.select(columns).sort("symbol", "instrument_id")


def _restated(pairs: pl.DataFrame) -> pl.DataFrame:
    told = pairs.filter(pl.col("new_stands") & ~pl.col("equal") & pl.col("is_final_old"))
    names = ("instrument_id", "symbol", "session_date", "timestamp")
    each = [
        told.filter(pl.col(name).ne_missing(pl.col(f"{name}_old"))).select(
            *names,
            column=pl.lit(name),
            old=pl.col(f"{name}_old").cast(pl.Float64),
            new=pl.col(name).cast(pl.Float64),
            old_document_id="document_id_old",
            new_document_id="document_id",
        )
        for name in VALUES
    ]
    return pl.concat(each).sort("symbol", "instrument_id", "timestamp", maintain_order=True)


def _revised(frame: pl.DataFrame, revised: pl.DataFrame) -> pl.DataFrame:
    """The values that later ones took the place of: a row for each vintage that is not the first of its day."""
    of_day = ["instrument_id", "observation_date"]
    vintages = frame.join(revised.select(of_day).unique(), on=of_day, how="semi").sort(*of_day, "known_from")
    before = vintages.with_columns(
        pl.col("value", "document_id").shift(1).over(of_day).name.suffix("_old"),
        second=pl.int_range(pl.len()).over(of_day) > 0,
    )
    return (
        before.filter("second")
        .join(revised, on=_VINTAGE, how="semi", nulls_equal=True)
        .select(
            "instrument_id",
            "symbol",
            session_date="observation_date",
            timestamp=pl.col("observation_date").cast(INSTANT),
            column=pl.lit("value"),
            old="value_old",
            new="value",
            old_document_id="document_id_old",
            new_document_id="document_id",
        )
    )
