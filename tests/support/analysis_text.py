"""PortfolioAnalyst CSV for tests: a small file, and reading one into raw frames. Nothing of the product's own."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import polars as pl

SAMPLE = (
    Path(__file__).resolve().parents[3]
    / "shared/samples/csv/portfolio-analyst/pa_fixture_trimmed_redacted.csv"
)
INTRODUCTION = [
    ["Introduction", "Header", "Name", "Account", "Alias", "BaseCurrency", "AccountType", "AnalysisPeriod",
     "PerformanceMeasure"],
    ["Introduction", "Data", "A. Person", "U1", "", "EUR", "Individual",
     "January 2, 2024 to March 28, 2024 (Daily)", "TWR"],
]  # fmt: skip


def csv_bytes(lines: Iterable[Sequence[str]]) -> bytes:
    """The lines as CSV, quoted where needed."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def analysis(*lines: Sequence[str]) -> bytes:
    """An analysis of U1 in EUR with these lines after its introduction."""
    return csv_bytes([*INTRODUCTION, *lines])


def raw_frames(*documents: bytes, batch_rows: int = 50_000) -> dict[str, pl.DataFrame]:
    """Section -> raw text frame over the documents."""
    from transforms.portfolio_analyst.reader import read_portfolio_analyst

    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for document in documents:
        read_portfolio_analyst(
            io.BytesIO(document),
            sha256(document).hexdigest(),
            lambda batch: frames[batch.section].append(batch.frame),
            batch_rows,
        )
    return {section: pl.concat(parts, how="diagonal") for section, parts in frames.items()}
