"""Files as a person downloads them from Stooq: the zip of a market's text files, and the CSV of one symbol."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from transforms.market.stooq_bulk import HEADER

FOLDER = "data/daily/us/nasdaq stocks/1/"
MADE = datetime(2026, 10, 5, 4, 30)
Closes = Mapping[date, float]


def days(first_year: int, last_year: int) -> list[date]:
    """Three sessions in each of these years."""
    return [date(year, month, 2) for year in range(first_year, last_year + 1) for month in (1, 6, 9)]


def closes(some: Iterable[date], start: float = 10.0) -> dict[date, float]:
    """A close for each day, none like the one before."""
    return {day: round(start + 0.25 * place, 2) for place, day in enumerate(some)}


def member(ticker: str, told: Closes, more: Sequence[str] = ()) -> tuple[str, str]:
    """A text file of the zip; `more`: lines as they are to stand at its end."""
    lines = [
        f"{ticker.upper()},D,{day:%Y%m%d},000000,{close},{close + 1},{close - 1},{close},1000,0"
        for day, close in told.items()
    ]
    return f"{FOLDER}{ticker.lower()}.txt", "".join(f"{line}\r\n" for line in (HEADER, *lines, *more))


def zipped(path: Path, *members: tuple[str, str], made: datetime = MADE) -> Path:
    """A zip of these files, in this order, made at that time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(zipfile.ZipInfo(name, made.timetuple()[:6]), text)
    return path


def saved(path: Path, told: Closes, more: Sequence[str] = ()) -> Path:
    """The CSV of one symbol."""
    lines = [f"{day},{close},{close + 1},{close - 1},{close},1000" for day, close in told.items()]
    path.write_text("\n".join(["Date,Open,High,Low,Close,Volume", *lines, *more]) + "\n")
    os.utime(path, (MADE.replace(tzinfo=UTC).timestamp(),) * 2)
    return path
