"""The map of symbols of a data folder: what is kept, what the books call it, what a person wrote. Rules: transforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from config.data_folder import DataFolder
from orchestration.exchange_hours import CALENDAR_OF
from orchestration.market.errors import PlanError
from orchestration.market.plan import Wanted
from orchestration.resources.market_lake import MarketLake
from orchestration.resources.market_lake.tables import table_of
from transforms.market.series import Series
from transforms.market.symbols import EARLIEST, map_symbols
from transforms.schemas.market import SYMBOL_MAP

_DAYS: Final = (("trades", "trade_date"), ("positions", "report_date"))
"""The clean tables that say on which days the books name an instrument."""
_OF_SERIES: Final = ("symbol", "provider_symbol", "instrument_id", "venue", "currency")
_NEEDED: Final = ("instrument_id", "symbol", "provider", "provider_symbol")


def symbol_table(data: DataFolder, wanted: Sequence[Wanted], lake: MarketLake) -> pl.DataFrame:
    """The columns of `symbol_map` and `reason`: none for what is mapped, else why a row is left out.

    The series are those of `market.toml`, and those that are stored without standing there (imported ones).
    Raises `PlanError` for a `symbols.csv` that cannot be read. Without books there are only the vendors' names.
    """
    instruments = data.clean / "instruments.parquet"
    mapped = map_symbols(
        [*(series for one in wanted for series in one.series), *_stored(lake, wanted)],
        pl.read_parquet(instruments) if instruments.exists() else None,
        markets=CALENDAR_OF,
        known=written(data.market_symbols),
        seen=_seen(data.clean),
    )
    whole = mapped.table.with_columns(reason=pl.lit(None, pl.String))
    return pl.concat([whole, mapped.left_out]).sort(
        "symbol", "instrument_id", "provider", "valid_from", "conid"
    )


def _stored(lake: MarketLake, wanted: Sequence[Wanted]) -> Iterator[Series]:
    """The series that are stored and not wanted: what the newest of their years says of them."""
    for dataset in lake.datasets("clean"):
        if dataset.kind == "actions":
            continue
        known = {series.symbol for one in wanted if one.dataset == dataset for series in one.series}
        left = set(lake.facts("clean", dataset).symbols) - known
        columns = [name for name in _OF_SERIES if name in table_of("clean", dataset.kind).schema]
        for year in reversed(lake.years("clean", dataset)):
            if not left:
                break
            rows = lake.read("clean", dataset, years=[year], columns=columns, symbols=left).unique()
            left -= set(rows["symbol"])
            for row in rows.sort(columns).iter_rows(named=True):
                yield Series(dataset, **row)


def written(path: Path) -> pl.DataFrame:
    """The rows of `symbol_map` that a person wrote as CSV; none without a file. Raises `PlanError`, with the line."""
    if not path.exists():
        return SYMBOL_MAP.empty()
    try:
        told = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} is no CSV: {str(error).splitlines()[0]}") from None
    strange = [name for name in told.columns if name not in SYMBOL_MAP.columns]
    missing = [name for name in _NEEDED if name not in told.columns]
    if strange or missing:
        columns = ", ".join(SYMBOL_MAP.columns)
        raise PlanError(
            f"{path}: its first line names the columns, of {columns}; {', '.join(_NEEDED)} are needed"
        )
    rows = told.select(pl.col(name).str.strip_chars().replace("", None) for name in told.columns)
    _complete(path, rows)
    typed = [_typed(path, rows, name) for name in rows.columns]
    frame = pl.concat([SYMBOL_MAP.empty(), pl.DataFrame(typed)], how="diagonal").select(SYMBOL_MAP.columns)
    return frame.with_columns(pl.col("valid_from").fill_null(EARLIEST))


def _complete(path: Path, rows: pl.DataFrame) -> None:
    for name in _NEEDED:
        empty = rows[name].is_null().arg_true()
        if len(empty):
            raise PlanError(f"{path}, line {empty[0] + 2}: {name} is empty")


def _typed(path: Path, rows: pl.DataFrame, name: str) -> pl.Series:
    text, dtype = rows[name], SYMBOL_MAP.polars_schema[name]
    is_day = dtype == pl.Date
    typed = text.str.to_date("%Y-%m-%d", strict=False) if is_day else text.cast(dtype, strict=False)
    wrong = (typed.is_null() & text.is_not_null()).arg_true()
    if len(wrong):
        form = "a day like 2022-06-09" if is_day else "a number"
        raise PlanError(f"{path}, line {wrong[0] + 2}: {name} is {form}, not {text[wrong[0]]!r}")
    return typed


def _seen(clean: Path) -> pl.DataFrame | None:
    """conid, first_date, last_date: when the books name an instrument; none where there are no books."""
    days = [
        pl.scan_parquet(clean / f"{table}.parquet").select("conid", day=pl.col(column))
        for table, column in _DAYS
        if (clean / f"{table}.parquet").exists()
    ]
    if not days:
        return None
    return (
        pl.concat(days)
        .drop_nulls()
        .group_by("conid")
        .agg(first_date=pl.min("day"), last_date=pl.max("day"))
        .collect()
    )
