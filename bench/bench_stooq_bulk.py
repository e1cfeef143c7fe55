"""Stooq's bulk files into bars: how many a second of one core, text that is right and text with a bad line. No disk."""

import random
import time
from datetime import date, timedelta

from bench.targets import Target, table
from transforms.market.stooq_bulk import HEADER, File, read_files

SYMBOLS = 600
BARS = 2_500
GOAL = 1_500_000


def text_files(symbols: int, bars: int, seed: int = 1) -> list[File]:
    """Files of as many symbols with as many weekdays, a random walk that all of them share."""
    chance, day, price, lines = random.Random(seed), date(2014, 1, 1), 100.0, []
    while len(lines) < bars:
        day += timedelta(days=1)
        if day.weekday() < 5:
            price *= 1 + chance.gauss(0, 0.01)
            figures = (
                f"{price:.4f},{price * 1.01:.4f},{price * 0.99:.4f},{price:.4f},{chance.randrange(10**8)},0"
            )
            lines.append(f"TICKER,D,{day:%Y%m%d},000000,{figures}\r\n")
    text = "".join([HEADER + "\r\n", *lines])
    return [
        (f"data/daily/us/x/1/s{n:04d}.us.txt", text.replace("TICKER,", f"S{n:04d}.US,").encode())
        for n in range(symbols)
    ]


def measure(what: str, files: list[File]) -> Target:
    """Read the files once, print the speed, and hold it to the goal."""
    began = time.process_time()
    bulk = read_files(files, date(2026, 1, 1))
    seconds = time.process_time() - began
    megabytes, speed = sum(len(content) for _, content in files) / 1e6, bulk.rows.height / seconds
    print(
        f"{what:<34}{bulk.rows.height:>12,} bars of {megabytes:,.0f} MB: {speed / 1e6:5.2f} M bars a second of "
        f"processor time (goal {GOAL / 1e6:.1f}), {len(bulk.problems)} problems"
    )
    return Target(
        f"Stooq bulk, {what}: bars a second of a core",
        "M",
        None,
        speed / 1e6,
        GOAL / 1e6,
        least=True,
        judged="processors",
    )


def main() -> list[Target]:
    """Read a market's files at once, one file, and a market with a bad line in one of them."""
    files = text_files(SYMBOLS, BARS)
    read_files(files[:1], date(2026, 1, 1))  # polars' own start is not the reader's
    target = measure("all files", files)
    measure("one file", files[:1])
    name, content = files[7]
    files[7] = (name, content.replace(b",000000,", b",000000,x", 1))
    measure("all files, one with a bad line", files)  # to find that line, halves are read again
    return [target]


if __name__ == "__main__":
    print(table(main()))
