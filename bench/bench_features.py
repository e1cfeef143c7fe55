"""Features of 12.6 million daily bars: seconds, peak memory; beside all of them written by hand.

`python -m bench.bench_features 500 3` takes 500 symbols and 3 years instead of 5,000 and 10.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from bench.features_by_hand import in_pandas, in_polars
from bench.targets import Target, table
from tests.support.lake_rows import bars, weekdays
from transforms.features.bars import FEATURES, NEEDED, compute, compute_in_parts
from transforms.market.adjust import adjusted

SYMBOLS, YEARS, SESSIONS = 5_000, 10, 252
AT_ONCE = 250
BENCHMARK = "XNYS:S0000"
SECONDS_LIMIT, GIGABYTES_LIMIT = 60.0, 6.0
SUBSET = 200
REPEAT = 3
POLARS_LIMIT, PANDAS_LEAST = 2.0, 5.0
_NAMES = ("instrument_id", "symbol", "adjustment")


def main() -> list[Target]:
    """The whole in a process of its own, whose peak is its own; then a part of it beside what is written by hand."""
    symbols, years = (int(given) for given in sys.argv[1:3]) if len(sys.argv) == 3 else (SYMBOLS, YEARS)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        rows, spent, held, peak = pool.apply(_whole, (symbols, years))
    print(
        f"{rows:,} bars, {len(FEATURES)} features: {spent.clock:.1f} s, {spent.processors:.1f} s of processor time, "
        f"peak {peak / 1e9:.2f} GB, of which the bars are {held / 1e9:.2f}"
    )
    return [
        Target(
            f"{len(FEATURES)} features of {rows:,} bars", "s", spent.clock, spent.processors, SECONDS_LIMIT
        ),
        Target("their peak memory, with the bars", "GB", peak / 1e9, None, GIGABYTES_LIMIT),
        *_beside(_bars(min(symbols, SUBSET), years)),
    ]


def _beside(bars: pl.DataFrame) -> list[Target]:
    """The same features by hand: in polars how long ours take of its time, in pandas how long it takes of ours."""
    frame = pd.DataFrame({name: bars[name].to_numpy() for name in NEEDED if name not in _NAMES})
    frame["instrument_id"] = pd.Categorical(bars["instrument_id"].to_list())
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: compute(bars, None, BENCHMARK),
        "polars by hand": lambda: in_polars(bars, BENCHMARK),
        "pandas by hand": lambda: in_pandas(frame, BENCHMARK),
    }
    runs: dict[str, list[Spent]] = {name: [] for name in ways}
    found: dict[str, Any] = {}
    for _ in range(REPEAT):
        for name, way in ways.items():
            found[name], spent = _timed(way)
            runs[name].append(spent)
    _same("polars by hand", found["polars by hand"], found["ours"])
    _same("pandas by hand", pl.from_pandas(found["pandas by hand"]), found["ours"])
    best = {
        name: Spent(min(one.clock for one in all_), min(one.processors for one in all_))
        for name, all_ in runs.items()
    }
    for name, one in best.items():
        print(f"{bars.height:,} bars {name:16} {one.clock:6.2f} s, {one.processors:6.2f} s of processor time")
    ours, polars, pandas = (best[name] for name in ways)
    return [
        Target("as long as polars by hand", "×", ours.clock / polars.clock,
               ours.processors / polars.processors, POLARS_LIMIT),
        Target("pandas by hand takes as long", "×", pandas.clock / ours.clock,
               pandas.processors / ours.processors, PANDAS_LEAST, least=True),
    ]  # fmt: skip


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, and of all processors together."""

    clock: float
    processors: float


def _timed(work: Callable[[], Any]) -> tuple[Any, Spent]:
    clock, processors = time.perf_counter(), time.process_time()
    result = work()
    return result, Spent(time.perf_counter() - clock, time.process_time() - processors)


def _whole(symbols: int, years: int) -> tuple[int, Spent, int, int]:
    """Rows, what they took, bytes of the bars, the peak of the process; parts are not kept."""
    rows = _bars(symbols, years)
    found, spent = _timed(lambda: sum(part.height for part in compute_in_parts(rows, benchmark=BENCHMARK)))
    if found != rows.height:
        raise RuntimeError(f"{found} rows of features for {rows.height} bars")
    return found, spent, int(rows.estimated_size()), _peak()


def _peak() -> int:
    """The most memory that this process has held, in bytes, from the kernel."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _bars(symbols: int, years: int) -> pl.DataFrame:
    """Bars without actions; the columns that features need, in the order of the lake."""
    days = weekdays(date(2016, 1, 1), years * SESSIONS)
    whole = pl.lit(1.0)
    unadjusted = pl.DataFrame(
        schema={
            "provider": pl.String,
            "instrument_id": pl.String,
            "frequency": pl.String,
            "from_date": pl.Date,
            "split_factor": pl.Float64,
            "dividend_factor": pl.Float64,
        }
    )
    names = [f"S{n:04}" for n in range(symbols)]
    parts = []
    for place in range(0, symbols, AT_ONCE):
        part = bars(names[place : place + AT_ONCE], days, seed=place)
        factors = part.group_by("provider", "instrument_id", "frequency").agg(
            from_date=pl.min("session_date"), split_factor=whole, dividend_factor=whole
        )
        parts.append(adjusted(part, pl.concat([unadjusted, factors])).select(NEEDED))
    return pl.concat(parts, rechunk=True)


def _same(title: str, found: pl.DataFrame, expected: pl.DataFrame) -> None:
    for name in FEATURES:
        theirs, ours = found[name].fill_nan(None), expected[name]
        off = ((theirs - ours).abs() > 1e-7 * ours.abs().clip(1e-3)).sum()
        if off or not theirs.is_null().equals(ours.is_null()):
            raise RuntimeError(f"{title}: {name} differs in {off} rows, or is missing elsewhere")


if __name__ == "__main__":
    print(table(main()))
