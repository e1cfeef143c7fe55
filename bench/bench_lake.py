"""The market data lake at 12.6 million daily bars: one symbol, one day, one more day; beside a file for each symbol.

`python -m bench.bench_lake 500 3` takes 500 symbols and 3 years instead of 5,000 and 10.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from bench.targets import Target, table
from orchestration.resources.market_lake import MarketLake
from tests.support.lake_rows import BARS_OF, bars, weekdays

SYMBOLS, YEARS, SESSIONS = 5_000, 10, 252
LAST_YEAR = 2025
REPEAT, REPEAT_PEER = 15, 3
SYMBOL_LIMIT, DAY_LIMIT, ADD_LIMIT = 0.030, 0.040, 3.0
"""Seconds on an idle machine, warm. The processor's time beside them says what they would be on a busy one."""
COLUMNS = "timestamp, open, high, low, close, volume"


def main() -> list[Target]:
    """Both layouts with the same rows, the same questions; every answer of the one is compared with the other's."""
    symbols, years = (int(given) for given in sys.argv[1:3]) if len(sys.argv) == 3 else (SYMBOLS, YEARS)
    names = [f"S{n:04}" for n in range(symbols)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lake = MarketLake(str(folder / "lake"))
        _fill(lake, names, years)
        told = _once(lambda: lake.facts("clean", BARS_OF))
        facts = told.result
        print(
            f"{facts.rows:,} bars, {len(facts.symbols):,} symbols, {facts.bytes / 1e6:,.0f} MB, "
            f"{facts.bytes / facts.rows:.1f} bytes a bar; told from the footers in {told.seconds * 1e3:.0f} ms"
        )
        _fill_peer(lake, folder / "peer", names)
        with duckdb.connect() as connection:
            lake.views(connection)
            connection.execute(
                f"create view peer as from read_parquet('{folder}/peer/*.parquet', hive_partitioning = false)"
            )
            symbol, day = names[len(names) // 3], _days(LAST_YEAR - years // 2)[100]
            targets = [
                _ask(connection, "one symbol, all years", f"symbol = '{symbol}'", SYMBOL_LIMIT),
                _ask(connection, "one day, all symbols", f"session_date = date '{day}'", DAY_LIMIT),
            ]
        columns = COLUMNS.split(", ")
        read = _best(lambda: lake.read("clean", BARS_OF, columns=columns, symbols=[symbol]), REPEAT)
        print(f"{'one symbol by MarketLake.read':32} {read.seconds * 1e3:8.1f} ms")
        return [*targets, _add_a_day(lake, folder / "peer", names)]


def _days(year: int) -> list[date]:
    return weekdays(date(year, 1, 1), SESSIONS)


def _fill(lake: MarketLake, names: list[str], years: int) -> None:
    """All sessions, but for the last one of the last year."""
    spent = []
    for year in range(LAST_YEAR - years + 1, LAST_YEAR + 1):
        rows = bars(names, _days(year)[: SESSIONS - (year == LAST_YEAR)], seed=year)
        with lake.writing("clean", BARS_OF, year) as partition:
            spent.append(_once(lambda partition=partition, rows=rows: partition.replace(rows)).seconds)
    print(
        f"a year of {len(names):,} symbols is checked, sorted and written in {statistics.median(spent):.2f} s"
    )


def _fill_peer(lake: MarketLake, folder: Path, names: list[str]) -> None:
    """The same rows, a file for each symbol."""
    folder.mkdir()
    for start in range(0, len(names), 500):
        chunk = lake.read("clean", BARS_OF, symbols=names[start : start + 500])
        for (name,), rows in chunk.group_by("symbol", maintain_order=True):
            rows.write_parquet(folder / f"{name}.parquet")


def _ask(connection: duckdb.DuckDBPyConnection, title: str, where: str, limit: float) -> Target:
    """The same question to both, warm; prints the ratio."""
    ours, theirs = (
        _best(lambda view=view: connection.sql(_question(view, where)).pl(), repeat)
        for view, repeat in (("bars", REPEAT), ("peer", REPEAT_PEER))
    )
    if not ours.result.equals(theirs.result):
        raise RuntimeError(f"{title}: the two layouts answer differently")
    print(
        f"{title:32} {ours.seconds * 1e3:8.1f} ms (limit {limit * 1e3:.0f}; processors {ours.cpu * 1e3:.0f})   "
        f"a file for each symbol {theirs.seconds * 1e3:8.1f} ms   {theirs.seconds / ours.seconds:5.1f} times as long"
    )
    return Target(title, "ms", ours.seconds * 1e3, ours.cpu * 1e3, limit * 1e3)


def _question(view: str, where: str) -> str:
    return f"select symbol, {COLUMNS} from {view} where {where} order by symbol, timestamp"


def _add_a_day(lake: MarketLake, peer: Path, names: list[str]) -> Target:
    """One more session of every symbol: the year is read, joined, checked, sorted and written."""
    added = bars(names, _days(LAST_YEAR)[-1:], seed=1)

    def add() -> None:
        with lake.writing("clean", BARS_OF, LAST_YEAR) as partition:
            partition.replace(pl.concat([partition.stored, added]))

    def nothing_new() -> None:
        with lake.writing("clean", BARS_OF, LAST_YEAR) as partition:
            partition.replace(partition.stored.reverse())

    def add_to_peer() -> None:
        for (name,), rows in added.group_by("symbol", maintain_order=True):
            path = peer / f"{name}.parquet"
            temporary = path.with_suffix(".tmp")
            pl.concat([pl.read_parquet(path), rows]).write_parquet(temporary)
            temporary.replace(path)

    ours, theirs, same = _once(add), _once(add_to_peer), _once(nothing_new)
    ratio = theirs.seconds / ours.seconds
    print(
        f"{'one more day of all symbols':32} {ours.seconds:8.2f} s  (limit {ADD_LIMIT:.0f}; processors {ours.cpu:.2f})"
        f"   a file for each symbol {theirs.seconds:8.2f} s    {ratio:5.1f} times as long"
    )
    print(
        f"{'the same rows again':32} {same.seconds:8.2f} s  (nothing is written; processors {same.cpu:.2f})"
    )
    return Target("one more day of all symbols", "s", ours.seconds, ours.cpu, ADD_LIMIT)


@dataclass(frozen=True)
class Run:
    """What came out, the seconds on the clock and those of all processors."""

    result: Any
    seconds: float
    cpu: float


def _once(work: Callable[[], Any]) -> Run:
    clock, processors = time.perf_counter(), time.process_time()
    result = work()
    return Run(result, time.perf_counter() - clock, time.process_time() - processors)


def _best(work: Callable[[], Any], repeat: int) -> Run:
    """The quickest of several runs after one that warms up: what others do on the machine makes none quicker."""
    work()
    return min((_once(work) for _ in range(repeat)), key=lambda run: run.seconds)


if __name__ == "__main__":
    print(table(main()))
