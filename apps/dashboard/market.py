"""What the Data page reads of market data: catalogue, freshness, findings of the checks, series. No widgets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from apps.published import Reader
from config.data_folder import DataFolder
from transforms.market.checks.warnings import LATEST
from transforms.market.sessions import SESSION_TABLE, Sessions

Row = dict[str, Any]

MOST_ROWS: Final = 100_000
"""Rows of a series that the page reads at most: the newest."""
LATE_SESSIONS: Final = 1
"""How many sessions a vendor may be behind before its bars are called stale; the checks use the same."""

ADJUSTMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "As told": ("open", "high", "low", "close", "volume"),
    "As traded": ("raw_close",),
    "Split-adjusted": ("split_open", "split_high", "split_low", "split_close", "split_volume"),
    "Total return": ("total_return_close",),
}
"""The columns of `bars_adjusted` that each choice shows; its close is what the chart draws."""
CLOSES: Final = {
    name: next(column for column in columns if column.endswith("close"))
    for name, columns in ADJUSTMENTS.items()
}


class LakeElsewhereError(Exception):
    """The lake is in an object store, which this page does not read."""


@dataclass(frozen=True)
class Freshness:
    """Whether a dataset has what was due. `state` is fresh, stale, empty, or unknown where nothing says what is due."""

    state: str
    due: date | None = None


@dataclass(frozen=True)
class Series:
    """Rows of one series, oldest first; `truncated` where older ones were left out."""

    rows: list[Row]
    truncated: bool


def read_catalog(reader: Reader, data: DataFolder, now: datetime) -> list[Row]:
    """A row per dataset with its freshness (`freshness`, `due`). `now` knows its zone. Raises LakeElsewhereError."""
    if not reader.records("SELECT 1 AS f FROM duckdb_functions() WHERE function_name = 'lake_root' LIMIT 1"):
        if reader.records("SELECT 1 AS f FROM duckdb_views() WHERE view_name = 'dataset_catalog'"):
            raise LakeElsewhereError
        return []
    rows = reader.records("SELECT * FROM dataset_catalog ORDER BY dataset")
    for row in rows:
        fresh = freshness(row, _record(data, row["dataset"]), now)
        row |= {"freshness": fresh.state, "due": fresh.due}
    return rows


def freshness(row: Mapping[str, Any], record: Mapping[str, Any], now: datetime) -> Freshness:
    """Whether the last row of a dataset is the one that was due, as its checks would say it now."""
    last = row["last_date"]
    if last is None:
        return Freshness("empty")
    due: date | None = None
    if row["kind"] == "observations":
        allowed = LATEST.get(row["frequency"])
        due = now.astimezone(UTC).date() - allowed if allowed else None
    elif record.get("sessions"):
        due = _due(record["sessions"], now)
    if due is None:
        return Freshness("unknown")
    return Freshness("stale" if last < due else "fresh", due)


def _due(told: list[list[str]], now: datetime) -> date | None:
    """The session whose bar should be there: the last that is over, less what a vendor may be late."""
    days = [(date.fromisoformat(day), datetime.fromisoformat(closes)) for day, closes in told]
    sessions = Sessions("", pl.DataFrame(days, schema=SESSION_TABLE, orient="row"))
    over = sessions.last_over(now)
    return sessions.back(over, LATE_SESSIONS) if over else None


def read_findings(data: DataFolder, datasets: list[str]) -> list[Row]:
    """What the checks of the last updates found: the offending rows, errors first."""
    found = []
    for dataset in datasets:
        path = data.market_records / f"{dataset.replace('/', '.')}.parquet"
        if path.exists():
            found += [{"dataset": dataset, **row} for row in pl.read_parquet(path).iter_rows(named=True)]
    return sorted(found, key=lambda row: (row["severity"] != "error", row["dataset"], row["check_name"]))


def read_symbols(reader: Reader, row: Mapping[str, Any]) -> list[str]:
    """The symbols that a dataset holds."""
    told = reader.result(
        f"""
        SELECT DISTINCT symbol FROM {_table(row)}
        WHERE provider = $provider AND universe = $universe AND frequency = $frequency ORDER BY symbol
        """,
        _dataset(row),
    )
    return [symbol for (symbol,) in told.rows]


def read_features(reader: Reader) -> dict[str, str]:
    """The names of the features of bars, with what each is."""
    told = reader.result(
        """
        SELECT column_name, comment FROM duckdb_columns()
        WHERE table_name = 'features' AND data_type = 'DOUBLE' ORDER BY column_index
        """
    )
    return {name: comment or "" for name, comment in told.rows}


def read_bars(
    reader: Reader, row: Mapping[str, Any], symbol: str, features: list[str], since: date | None
) -> Series:
    """The bars of a symbol with what adjusts them, and some of its features. `features` are names of read_features."""
    columns = ", ".join(f"b.{name}" for names in ADJUSTMENTS.values() for name in names)
    chosen = "".join(f', f."{name}"' for name in features)
    joined = (
        """
        LEFT JOIN (FROM features WHERE symbol = $symbol AND provider = $provider AND universe = $universe) AS f
            ON f.instrument_id = b.instrument_id AND f.session_date = b.session_date
        """
        if features
        else ""
    )
    return _newest(
        reader,
        f"""
        SELECT b.session_date, b."timestamp", {columns}, b.currency, b.volume_unit, b.adjustment{chosen}
        FROM bars_adjusted_of($symbol) AS b {joined}
        WHERE b.provider = $provider AND b.universe = $universe AND b.frequency = $frequency
          AND ($since IS NULL OR b.session_date >= $since)
        ORDER BY b."timestamp" DESC
        """,
        {**_dataset(row), "symbol": symbol, "since": since},
    )


def read_observations(reader: Reader, row: Mapping[str, Any], symbol: str, since: date | None) -> Series:
    """The values of a series as they are known now: of several vintages of a day the newest."""
    return _newest(
        reader,
        """
        SELECT observation_date, value, unit, known_from FROM observations
        WHERE provider = $provider AND universe = $universe AND frequency = $frequency AND symbol = $symbol
          AND ($since IS NULL OR observation_date >= $since)
        QUALIFY row_number() OVER (PARTITION BY observation_date ORDER BY known_from DESC) = 1
        ORDER BY observation_date DESC
        """,
        {**_dataset(row), "symbol": symbol, "since": since},
    )


def _newest(reader: Reader, sql: str, parameters: Mapping[str, object]) -> Series:
    told = reader.result(sql, parameters, limit=MOST_ROWS)
    return Series(told.records()[::-1], told.truncated)


def _table(row: Mapping[str, Any]) -> str:
    return "bars" if row["kind"] == "bars" else "observations"


def _dataset(row: Mapping[str, Any]) -> dict[str, object]:
    return {name: row[name] for name in ("provider", "universe", "frequency")}


def _record(data: DataFolder, dataset: str) -> dict[str, Any]:
    try:
        record = json.loads((data.market_records / f"{dataset.replace('/', '.')}.json").read_bytes())
    except FileNotFoundError:
        return {}
    assert isinstance(record, dict)
    return record
