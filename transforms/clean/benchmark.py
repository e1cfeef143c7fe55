"""Builder of benchmark_prices from a file of closes. Nothing of the broker's documents is read here."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

import polars as pl

from transforms.clean.model import ISSUES, Cleaned
from transforms.clean.raw_rows import all_issues
from transforms.schemas.benchmark import BENCHMARK_PRICES

SECTION: Final = "benchmark"
HEADER: Final = ("date", "close")
_LARGEST: Final = Decimal(10) ** 20

Issue = tuple[str, str, int | None, str | None, str | None, str, str]


def build_benchmark_prices(name: str, content: bytes) -> Cleaned:
    """The closes of one CSV file with the columns date (YYYY-MM-DD) and close, in any order, others ignored.

    `close` is a price or, better, a total-return level. A row that cannot be read is reported and left out; of two
    rows of one day the later one in the file counts. A file without these columns gives no closes and one finding.
    """
    document_id = hashlib.sha256(content).hexdigest()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _nothing(
            document_id, f"{name}.csv is not UTF-8 text (byte {error.start}): no benchmark is read"
        )
    rows = csv.DictReader(text.splitlines())
    fields = [field.strip().lower() for field in rows.fieldnames or []]
    rows.fieldnames = fields
    if not set(HEADER) <= set(fields):
        found = ", ".join(fields) or "empty"
        return _nothing(
            document_id, f"the first line of {name}.csv must name the columns date and close; it is {found}"
        )
    kept: dict[date, tuple[date, Decimal, int]] = {}
    issues: list[Issue] = []
    for ordinal, row in enumerate(rows):
        try:
            day = _day(row["date"])
            kept[day] = (day, _close(row["close"]), ordinal)
        except ValueError as problem:
            shown = f"{row['date']},{row['close']}"
            issues.append((document_id, SECTION, ordinal, "close", shown, str(problem), "error"))
    lines = [
        (name, day, close, None, None, document_id, SECTION, ordinal) for day, close, ordinal in kept.values()
    ]
    table = pl.DataFrame(lines, schema=BENCHMARK_PRICES.polars_schema, orient="row").sort(
        BENCHMARK_PRICES.key
    )
    return Cleaned(BENCHMARK_PRICES.validate(table), _findings(issues))


def _nothing(document_id: str, problem: str) -> Cleaned:
    """No closes, and why."""
    issue = (document_id, SECTION, None, None, None, problem, "error")
    return Cleaned(BENCHMARK_PRICES.empty(), _findings([issue]))


def _findings(issues: list[Issue]) -> pl.DataFrame:
    return all_issues([pl.DataFrame(issues, schema=ISSUES.polars_schema, orient="row")])


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError as error:
        raise ValueError("the day is not written YYYY-MM-DD: the row is left out") from error


def _close(text: str | None) -> Decimal:
    try:
        value = Decimal((text or "").strip())
    except InvalidOperation:
        value = Decimal(0)
    if not (value.is_finite() and 0 < value < _LARGEST):
        raise ValueError("the close is no number above zero: the row is left out")
    return round(value, 10)
