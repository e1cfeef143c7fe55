"""Stooq's bulk files with any damage: the lines that a plain reading takes, and a problem for each of the others."""

from __future__ import annotations

import math
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.market.stooq_bulk import HEADER, read_files
from transforms.schemas.market import READ_BARS

AS_OF = date(2026, 10, 5)
GOOD = {
    "ticker": st.sampled_from(["AAPL.US", "KO.US"]),
    "per": st.just("D"),
    "day": st.dates(date(1990, 1, 1), date(2026, 12, 31)).map(lambda day: f"{day:%Y%m%d}"),
    "time": st.sampled_from(["000000", "0"]),
    **{
        name: st.sampled_from(["10", "10.25", "-1.5", "0", "1e3", ".5"])
        for name in ("open", "high", "low", "close")
    },
    "volume": st.sampled_from(["0", "1000", "2.5", ""]),
    "interest": st.just("0"),
}
BAD = st.sampled_from(
    ["", " ", "x", "nan", "-inf", "1_0", "0x1", "1e999", "20260230", "60", '"', "1,2", "1 2", "é"]
)


@st.composite
def files(draw: st.DrawFn) -> list[list[str]]:
    """Files of lines, few of which have a cell that may be wrong."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        lines = []
        for _ in range(draw(st.integers(0, 6))):
            cells = {name: draw(values) for name, values in GOOD.items()}
            if draw(st.integers(0, 4)) == 0:
                cells[draw(st.sampled_from(sorted(cells)))] = draw(BAD)
            lines.append(",".join(cells.values()))
        found.append(lines)
    return found


def plain(line: str) -> tuple[str, date, float, float | None] | None:
    """Ticker, day, close and volume of a line, or nothing where a cell is wrong. Slow, and written apart from ours."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != 10 or not cells[0] or cells[1] != "D":
        return None
    try:
        year, month, day = int(cells[2][:4]), int(cells[2][4:6]), int(cells[2][6:])
        told = date(year, month, day)
        values = [float(cell) for cell in cells[4:8]]
        volume = float(cells[8]) if cells[8] else None
        interest = float(cells[9]) if cells[9] else 0.0
    except ValueError:
        return None
    odd = (
        any("_" in cell for cell in (cells[2], *cells[4:]))
        or len(cells[2]) != 8
        or not all(map(math.isfinite, [*values, volume or 0.0, interest]))
    )
    return None if odd else (cells[0].lower(), told, values[3], volume)


@settings(deadline=None, max_examples=120)
@given(files())
def test_the_lines_that_are_right_are_taken_and_each_other_is_named(found: list[list[str]]) -> None:
    made = [
        (f"f{place}.txt", "\r\n".join([HEADER, *lines, ""]).encode()) for place, lines in enumerate(found)
    ]
    bulk = read_files(made, AS_OF)
    READ_BARS.validate(bulk.rows)
    read = {line: plain(line) for lines in found for line in lines}
    named = [(each.file, each.line) for each in bulk.problems if each.line is not None]
    assert sorted(named) == sorted(
        (f"f{place}.txt", number)
        for place, lines in enumerate(found)
        for number, line in enumerate(lines, 2)
        if read[line] is None
    )
    right = {line: bar for line, bar in read.items() if bar is not None}
    keys = [bar[:2] for bar in right.values()]
    told_differently = {key for key in keys if keys.count(key) > 1}
    taken = {bar for bar in right.values() if bar[:2] not in told_differently}
    ours = {
        tuple(row) for row in bulk.rows.select("provider_symbol", "session_date", "close", "volume").rows()
    }
    assert {bar for bar in ours if bar[:2] not in told_differently} == taken
