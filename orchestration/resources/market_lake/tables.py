"""What a partition holds: its columns, its order, the day that names its year; and the check of it. No files here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from transforms.market.series import DatasetId, Kind, Layer
from transforms.schemas.bar_features import BAR_FEATURES
from transforms.schemas.contract import ContractError, Field, TableContract
from transforms.schemas.market import BARS, CORPORATE_ACTION, OBSERVATIONS, QUOTES, TRADES

_ROWS_NAMED: Final = 5


@dataclass(frozen=True)
class LakeTable:
    """What every partition of a layer and kind keeps.

    `fields`: its columns. `order`: those that it is sorted by; no two rows are equal in all of them. `day`: the date
    whose year is the partition's. `doubles_repeat`: whether its figures are few that stand often, as prices are.
    """

    name: str
    fields: tuple[Field, ...]
    order: tuple[str, ...]
    day: str
    doubles_repeat: bool = True

    @property
    def schema(self) -> pl.Schema:
        """Its columns, with their dtypes."""
        return pl.Schema({field.name: field.dtype for field in self.fields})

    @property
    def time(self) -> str:
        """The column that tells a symbol's rows apart: what first and last are said of."""
        return "timestamp" if "timestamp" in self.order else self.day


def _of(contract: TableContract, order: tuple[str, ...], day: str, doubles_repeat: bool = True) -> LakeTable:
    return LakeTable(contract.name, contract.fields, order, day, doubles_repeat)


TABLES: Final[dict[tuple[Layer, Kind], LakeTable]] = {
    ("clean", "bars"): _of(BARS, ("symbol", "instrument_id", "timestamp"), "session_date"),
    ("clean", "trades"): _of(TRADES, ("symbol", "instrument_id", "timestamp", "trade_id"), "session_date"),
    ("clean", "quotes"): _of(QUOTES, ("symbol", "instrument_id", "timestamp", "sequence"), "session_date"),
    ("clean", "observations"): _of(
        OBSERVATIONS, ("symbol", "instrument_id", "observation_date", "known_from"), "observation_date"
    ),
    ("clean", "actions"): _of(CORPORATE_ACTION, ("symbol", "instrument_id", "ex_date", "action"), "ex_date"),
    ("features", "bars"): _of(
        BAR_FEATURES, ("symbol", "instrument_id", "session_date"), "session_date", doubles_repeat=False
    ),
}


def table_of(layer: Layer, kind: Kind) -> LakeTable:
    """The table of a layer and kind. Raises ValueError where the lake keeps none, such as in the raw layer."""
    table = TABLES.get((layer, kind))
    if table is None:
        kept = ", ".join(f"{a}/{b}" for a, b in TABLES)
        raise ValueError(f"the lake keeps no table of {layer}/{kind}; it keeps {kept}")
    return table


def by_year(kind: Kind, frame: pl.DataFrame, layer: Layer = "clean") -> dict[int, pl.DataFrame]:
    """The rows of a frame by the year of the partition that they belong to."""
    years = frame.get_column(table_of(layer, kind).day).dt.year()
    return {year: frame.filter(years == year) for year in sorted(years.unique().drop_nulls().to_list())}


def arranged(table: LakeTable, dataset: DatasetId, year: int, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in the partition's order, when they keep what a partition promises; else ContractError names rows."""
    place = f"{dataset}, year {year}"
    _columns(table, place, frame)
    ordered = frame.select(table.schema.names()).sort(table.order, maintain_order=True)
    broken = [
        *_nulls(table, ordered),
        *_strangers(table, dataset, year, ordered),
        *_not_numbers(ordered),
        *_twins(table, ordered),
    ]
    if broken:
        raise ContractError(f"table {table.name} of {place} breaks its contract:\n" + "\n".join(broken))
    return ordered


def _columns(table: LakeTable, place: str, frame: pl.DataFrame) -> None:
    wrong = [
        f"  column {name}: {dtype} is needed, found {frame.schema.get(name, 'none')}"
        for name, dtype in table.schema.items()
        if frame.schema.get(name) != dtype
    ]
    wrong += [f"  column {c}: it is not of this table" for c in frame.columns if c not in table.schema]
    if wrong:
        raise ContractError(f"table {table.name} of {place} breaks its contract:\n" + "\n".join(wrong))


def _nulls(table: LakeTable, frame: pl.DataFrame) -> Iterable[str]:
    for field in table.fields:
        column = frame.get_column(field.name)
        if not field.nullable and column.null_count():
            yield _finding(table, frame, column.is_null(), f"column {field.name} is empty")
        if field.allowed and not set(column.unique().drop_nulls()) <= set(field.allowed):
            outside = ~column.is_in(list(field.allowed)) & column.is_not_null()
            yield _finding(
                table, frame, outside, f"column {field.name} is none of {', '.join(field.allowed)}"
            )


def _strangers(table: LakeTable, dataset: DatasetId, year: int, frame: pl.DataFrame) -> Iterable[str]:
    """Rows of another provider, frequency or year."""
    for name, here in (("provider", dataset.provider), ("frequency", dataset.frequency)):
        if name in table.schema:
            other = frame.get_column(name) != here
            if other.any():
                yield _finding(table, frame, other, f"column {name} is not {here}")
    other = frame.get_column(table.day).dt.year() != year
    if other.any():
        yield _finding(table, frame, other, f"{table.day} is of another year")


def _not_numbers(frame: pl.DataFrame) -> Iterable[str]:
    """Missing is NULL: a NaN or an infinity in a column of doubles is a computation that went wrong."""
    for column in frame.iter_columns():
        if column.dtype == pl.Float64 and not column.is_finite().all():
            yield f"  column {column.name}: {(~column.is_finite()).sum()} values are not finite; missing is NULL"


def _twins(table: LakeTable, frame: pl.DataFrame) -> Iterable[str]:
    """Rows that are equal in all columns of the order; the frame is sorted, so that they are neighbours."""
    if frame.height < 2:
        return
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in table.order).fill_null(False)
    twins = frame.select(same.alias("twin")).get_column("twin")
    if twins.any():
        yield _finding(table, frame, twins, f"two rows have the same {', '.join(table.order)}")


def _finding(table: LakeTable, frame: pl.DataFrame, rows: pl.Series, problem: str) -> str:
    """One line: how many rows, and the first of them."""
    found = frame.filter(rows)
    first = "; ".join(
        ", ".join(f"{name}={value}" for name, value in row.items())
        for row in found.select(table.order).head(_ROWS_NAMED).iter_rows(named=True)
    )
    return f"  {problem} in {found.height} rows: {first}"
