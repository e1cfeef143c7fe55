"""Stooq's bulk zip of daily bars, which is downloaded by hand: its text files as rows. Where they go is not known here.

Many files are read as one table at once. Only where that table is not right in every cell is each file looked at alone,
and of those only the wrong ones line by line: so a whole market is read at millions of bars a second, and a bad line
is still named.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import BinaryIO, Final

import polars as pl

from transforms.market.vendors.body import clipped, day, number
from transforms.schemas.contract import INSTANT
from transforms.schemas.market import READ_BARS

HEADER: Final = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
BATCH_BYTES: Final = 1 << 26
"""How much text of a zip is read at once; a table of it takes about twice as much memory."""
LONGEST_FILE: Final = 1 << 26
"""The longest text file that is read: a day for each of the last 3,000 years would be shorter."""
MOST_NAMED: Final = 10
"""How many lines of one file are named: a file of other data has a hundred thousand that are wrong."""

_CELLS: Final = pl.Schema(
    {
        "ticker": pl.String(),
        "per": pl.String(),
        "day": pl.Int32(),
        "time": pl.String(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume": pl.Float64(),
        "open_interest": pl.Float64(),
    }
)
TABLE: Final = pl.Schema(
    {
        "ticker": pl.String(),
        "session_date": pl.Date(),
        **{name: pl.Float64() for name in ("open", "high", "low", "close", "volume")},
    }
)
"""Lines that were read, before they are bars."""
_PRICES: Final = ("open", "high", "low", "close")
_NO_TIME: Final = 1980
"""The year of a file in a zip that nobody gave a time."""
_MICROSECONDS: Final = 86_400_000_000
"""Of a day."""
_FIRST_DAY, _LAST_DAY = 17_000_101, 22_000_101

File = tuple[str, bytes]
"""The name of a text file, and what it holds."""


class BulkError(ValueError):
    """The file is no zip of Stooq's; the message says what to do."""


@dataclass(frozen=True)
class Problem:
    """What was left out: a line of a file (from 1), or all of it where there is no line."""

    file: str
    line: int | None
    what: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.what}"
            if self.line is None
            else f"{self.file}, line {self.line}: {self.what}"
        )


@dataclass(frozen=True)
class Bulk:
    """Bars (the columns of `READ_BARS`, sorted by provider symbol and time), and what could not be read."""

    rows: pl.DataFrame
    problems: tuple[Problem, ...] = ()


def made_at(stream: BinaryIO) -> datetime | None:
    """When a zip was made, as its youngest file says, by the clock of who made it. None where it says nothing.

    Raises BulkError for what is no zip.
    """
    with _opened(stream) as archive:
        told = [each.date_time for each in archive.infolist() if each.date_time[0] > _NO_TIME]
    try:
        return datetime(*max(told)) if told else None
    except ValueError:  # a zip can hold the 0th of a month
        return None


def read_zip(stream: BinaryIO, as_of: date, wanted: Collection[str] | None = None) -> Iterator[Bulk]:
    """The bars of a zip, some hundred thousand at a time. A symbol's files are never parted.

    `as_of`: the day on which the zip was made: bars of that day and later are not final. `wanted`: the provider symbols
    (`aapl.us`) to read, all without it. Raises BulkError for what is no zip, or one without text files.
    """
    with _opened(stream) as archive:
        members = [each for each in archive.infolist() if each.filename.endswith(".txt")]
        if not members:
            raise BulkError(
                "There are no text files in this zip. Download one of the files of daily data, as text."
            )
        members.sort(key=lambda each: _symbol(each.filename))
        files: list[File] = []
        problems: list[Problem] = []
        size = 0
        for member in members:
            if wanted is not None and _symbol(member.filename) not in wanted:
                continue
            is_new = not files or _symbol(files[-1][0]) != _symbol(member.filename)
            if is_new and size and size + member.file_size > BATCH_BYTES:
                yield _with(problems, read_files(files, as_of))
                files, problems, size = [], [], 0
            found = _unpacked(archive, member)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                files.append((member.filename, found))
                size += len(found)
        yield _with(problems, read_files(files, as_of))


def read_files(files: Sequence[File], as_of: date) -> Bulk:
    """The bars of some text files; a line that cannot be read is a problem, and the others are taken.

    A day that is told twice is taken once; where it is told differently, none of them is taken.
    """
    problems: list[Problem] = []
    known: list[File] = []
    for file in sorted(files, key=lambda each: _symbol(each[0])):
        wrong = _wrong_header(file)
        if wrong is None:
            known.append(file)
        elif wrong.what:
            problems.append(wrong)
    return Bulk(as_bars(pl.concat(_tables(known, problems)), as_of, problems), tuple(problems))


def _tables(files: Sequence[File], problems: list[Problem]) -> list[pl.DataFrame]:
    """The lines of files that are right. Where one file is wrong, the halves are tried, and so on down to that file."""
    table = _table(files)
    if table is not None:
        return [table]
    if len(files) == 1:
        return [_line_by_line(files[0], problems)]
    half = len(files) // 2
    return _tables(files[:half], problems) + _tables(files[half:], problems)


def _table(files: Sequence[File]) -> pl.DataFrame | None:
    """All files as one table, or None where not every cell of it is right."""
    text = b"".join(part for _, content in files for part in _without_header(content))
    if not text:
        return pl.DataFrame(schema=TABLE)
    try:
        cells = pl.read_csv(text, has_header=False, schema=_CELLS, ignore_errors=True, quote_char=None)
        table = cells.with_columns(_date().alias("session_date"))
    except pl.exceptions.PolarsError:  # a line with more cells, bytes that are no text, the 30th of February
        return None
    tickers = table["ticker"].rle().struct.field("value")
    right = table.select(
        pl.all_horizontal(pl.col(*_PRICES, "volume", "open_interest").is_finite().all()),
        (pl.col("per") == "D").all() & pl.col("day").is_between(_FIRST_DAY, _LAST_DAY).all(),
        pl.sum_horizontal(pl.all().null_count()) == 0,
    )
    bare = (tickers.str.strip_chars() == tickers) & (tickers != "")
    return table.select(TABLE.names()) if all((*right.row(0), bare.all())) else None


def _line_by_line(file: File, problems: list[Problem]) -> pl.DataFrame:
    """The lines of a file that are right; the others are added to the problems."""
    name, content = file
    rows, wrong = [], []
    for line, told in enumerate(content.split(b"\n")[1:], 2):
        if not told.strip():
            continue
        found = _row(told)
        if isinstance(found, str):
            wrong.append(Problem(name, line, found))
        else:
            rows.append(found)
    problems.extend(wrong[:MOST_NAMED])
    if len(wrong) > MOST_NAMED:
        problems.append(Problem(name, None, f"{len(wrong) - MOST_NAMED:,} more lines could not be read"))
    return pl.DataFrame(rows, schema=TABLE, orient="row")


def _row(told: bytes) -> tuple[object, ...] | str:
    """The values of a line, or what is wrong with it."""
    try:
        cells = [cell.strip() for cell in told.decode().split(",")]
    except UnicodeDecodeError:
        return "this is no text"
    if len(cells) != len(_CELLS):
        return f"there are {len(cells)} cells, and not {len(_CELLS)}"
    ticker, period, written, _, *figures = cells
    if not ticker:
        return "there is no ticker"
    if period != "D":
        return f"the period is {clipped(period)!r}; only daily bars (D) are read"
    session = day(f"{written[:4]}-{written[4:6]}-{written[6:]}")
    if session is None or not _FIRST_DAY <= int(written) <= _LAST_DAY:
        return f"{clipped(written)!r} is no day"
    values = [number(cell) for cell in figures]
    for column, cell, value in zip((*_PRICES, "volume", "open interest"), figures, values, strict=True):
        if value is None and (cell or column in _PRICES):
            return f"{column} is {clipped(cell)!r}, which is no number"
    return (ticker, session, *values[:-1])


def as_bars(table: pl.DataFrame, as_of: date, problems: list[Problem]) -> pl.DataFrame:
    """The table's lines as bars, one a day and symbol, in their order."""
    rows = table.select(
        pl.col("ticker").str.to_lowercase().alias("provider_symbol"),
        pl.col("session_date").cast(pl.Int64).mul(_MICROSECONDS).cast(INSTANT).alias("timestamp"),
        "session_date",
        *_PRICES,
        "volume",
        pl.lit(None, pl.Float64).alias("vwap"),
        pl.lit(None, pl.Int64).alias("trades"),
        (pl.col("session_date") < as_of).alias("is_final"),
    )
    return rows if _in_order(rows) else _once(rows, problems)


def _in_order(rows: pl.DataFrame) -> bool:
    """Whether each key stands there once, and all are sorted; much faster than to sort them."""
    symbols = rows["provider_symbol"].rle().struct.field("value")
    later = (pl.col("timestamp") > pl.col("timestamp").shift()) | (
        pl.col("provider_symbol") != pl.col("provider_symbol").shift()
    )
    return symbols.is_sorted() and bool(rows.select(later.fill_null(True).all()).item())


def _once(rows: pl.DataFrame, problems: list[Problem]) -> pl.DataFrame:
    distinct = rows.unique()
    twice = distinct.filter(pl.struct(READ_BARS.key).is_duplicated())
    told = twice.select("provider_symbol", "session_date").unique().sort(pl.all())
    problems.extend(
        Problem(symbol, None, f"{session} is told twice, and differently") for symbol, session in told.rows()
    )
    return distinct.join(told, on=["provider_symbol", "session_date"], how="anti").sort(READ_BARS.key)


def _date() -> pl.Expr:
    """The day of `20261120`; an error of polars for a day that there is not."""
    written = pl.col("day")
    return pl.date(written // 10_000, written // 100 % 100, written % 100)


def _wrong_header(file: File) -> Problem | None:
    """What is wrong with the first line; nothing to say of an empty file."""
    name, content = file
    if not content.strip():
        return Problem(name, None, "")
    told = content.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf").strip()
    if told.upper() == HEADER.encode():
        return None
    return Problem(name, 1, f"the first line is {clipped(told.decode(errors='replace'))!r}, and not {HEADER}")


def _without_header(content: bytes) -> tuple[memoryview, bytes]:
    """The lines below the first, not copied, and what ends the last of them."""
    below = content.find(b"\n") + 1 or len(content)
    lines = memoryview(content)[below:]
    return lines, b"\n" if lines and not content.endswith(b"\n") else b""


def _opened(stream: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except zipfile.BadZipFile:
        raise BulkError("This is no zip file, or only a part of one. Download it again.") from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | Problem:
    if member.file_size > LONGEST_FILE:
        return Problem(member.filename, None, f"the file is longer than {LONGEST_FILE:,} bytes")
    try:
        return archive.read(member)
    # zipfile's own: NotImplementedError for a way of packing that it does not know, RuntimeError for a password
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        return Problem(member.filename, None, f"the file cannot be unpacked ({clipped(error, 60)})")


def _with(problems: list[Problem], bulk: Bulk) -> Bulk:
    return Bulk(bulk.rows, (*problems, *bulk.problems))


def _symbol(filename: str) -> str:
    """The provider symbol that a file is named after: `data/daily/us/nasdaq stocks/1/aapl.us.txt` is `aapl.us`."""
    return PurePosixPath(filename).name.removesuffix(".txt").lower()
