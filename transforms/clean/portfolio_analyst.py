"""Builders of the portfolio_analyst tables: what each analysis says, row by row. Nothing here feeds the books."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import all_issues, attributes_of, blank_to_null, typed_rows
from transforms.clean.tables import finish, issues_of, nothing, split_incomplete
from transforms.portfolio_analyst import known_sections as sections
from transforms.portfolio_analyst.reader import TOTAL, analysis_period
from transforms.schemas.contract import TableContract
from transforms.schemas.portfolio_analyst import (
    PORTFOLIO_ANALYST_ALLOCATION,
    PORTFOLIO_ANALYST_DEPOSITS,
    PORTFOLIO_ANALYST_FEES,
    PORTFOLIO_ANALYST_KEY_STATISTICS,
    PORTFOLIO_ANALYST_PERFORMANCE,
    PORTFOLIO_ANALYST_SECTORS,
)

INTRODUCTION: Final = sections.raw_section(sections.INTRODUCTION)
KEY_STATISTICS: Final = sections.raw_section(sections.KEY_STATISTICS)
META: Final = sections.raw_section(sections.META)
ALLOCATION: Final = sections.raw_section(sections.ALLOCATION)
DEPOSITS: Final = sections.raw_section(sections.DEPOSITS)
FEES: Final = sections.raw_section(sections.FEES)
SECTORS: Final = tuple(sections.raw_section(name) for name in (sections.BY_SYMBOL, sections.OPEN_POSITIONS))
_HISTORICAL: Final = tuple(
    sections.raw_section(name) for name in (sections.HISTORICAL, sections.HISTORICAL_WITH_BENCHMARKS)
)
_DATED: Final = {
    sections.raw_section(sections.DAILY_RETURNS): "day",
    sections.raw_section(sections.CUMULATIVE_RETURNS): "cumulative",
}
PERFORMANCE: Final = (*_HISTORICAL, *_DATED)

_OWN: Final = ("_document_id", "_row", "_element")
_FACTS: Final = ("account_id", "period_start_date", "period_end_date", "base_currency", "performance_measure")
_PERIODS: Final = {"Month": "month", "Quarter": "quarter", "Year": "year"}


def build_key_statistics(raw: RawSections, context: CleanContext) -> Cleaned:
    """The key statistics, a row per document."""
    contract = PORTFOLIO_ANALYST_KEY_STATISTICS
    rows = _rows(raw, KEY_STATISTICS)
    if rows is None:
        return nothing(contract)
    return _cleaned(raw, rows, contract, KEY_STATISTICS, context)


def build_allocation(raw: RawSections, context: CleanContext) -> Cleaned:
    """Value by day and asset class: a row per cell of the file."""
    contract = PORTFOLIO_ANALYST_ALLOCATION
    rows = _rows(raw, ALLOCATION)
    if rows is None:
        return nothing(contract)
    rows = rows.filter(pl.col("_element") == "Date")
    cells = _unpivoted(rows, _named(rows, but=("Date",)), ("Date",), "asset_class", "Value")
    cells = cells.with_columns(is_total=pl.col("asset_class") == "NAV")
    return _cleaned(raw, cells, contract, ALLOCATION, context, ("asset_class", "is_total"))


def build_deposits(raw: RawSections, context: CleanContext) -> Cleaned:
    """Deposits, withdrawals and transfers."""
    return _listed(raw, context, PORTFOLIO_ANALYST_DEPOSITS, DEPOSITS)


def build_fees(raw: RawSections, context: CleanContext) -> Cleaned:
    """Fees."""
    return _listed(raw, context, PORTFOLIO_ANALYST_FEES, FEES)


def build_performance(raw: RawSections, context: CleanContext) -> Cleaned:
    """Returns of all kinds of periods, from the sections that print them."""
    contract = PORTFOLIO_ANALYST_PERFORMANCE
    parts = []
    for section in PERFORMANCE:
        rows = _rows(raw, section)
        if rows is not None:
            cells = _dated(rows, _DATED[section]) if section in _DATED else _historical(rows)
            derived = ("subject", "period_kind", "period_label", "month_date", "day_date")
            parts.append(_cleaned(raw, cells, contract, section, context, derived))
    if not parts:
        return nothing(contract)
    table = pl.concat([part.table for part in parts]).sort(contract.key).rechunk()
    return Cleaned(table, all_issues([part.issues for part in parts]))


def build_sectors(raw: RawSections, context: CleanContext) -> Cleaned:
    """The sector of each symbol, from the sections that name it. Sums have no symbol, or no sector."""
    contract = PORTFOLIO_ANALYST_SECTORS
    parts = []
    for section in SECTORS:
        rows = _rows(raw, section)
        if rows is not None:
            parts.append(_cleaned(raw, rows, contract, section, context))
    if not parts:
        return nothing(contract)
    table = pl.concat([part.table for part in parts]).sort(contract.key).rechunk()
    return Cleaned(table, all_issues([part.issues for part in parts]))


def _listed(raw: RawSections, context: CleanContext, contract: TableContract, section: str) -> Cleaned:
    """A section that lists one amount a row, between rows of sums."""
    rows = _rows(raw, section)
    if rows is None:
        return nothing(contract)
    total = pl.col("_element") == TOTAL
    date = pl.when(~total).then(pl.col("Date")) if "Date" in rows.columns else pl.lit(None, dtype=pl.String)
    rows = rows.with_columns(is_total=total, Date=date)
    return _cleaned(raw, rows, contract, section, context, ("is_total",))


def _historical(rows: pl.DataFrame) -> pl.DataFrame:
    """Cells of the tables by month, quarter and year, and of the table to date, which has a column a period."""
    parts = []
    for label, kind in _PERIODS.items():
        own = rows.filter(pl.col("_element") == label)
        pairs = [("Account", "AccountReturn")]
        pairs += [(name.removesuffix("Return"), name) for name in own.columns if name.endswith("Return")]
        for subject, column in dict.fromkeys(pairs):
            if own.height and {subject, column, label} <= set(own.columns):
                named = own.filter(pl.col(subject).pipe(blank_to_null).is_not_null())
                cells = named.select(
                    *_OWN, subject=pl.col(subject).str.strip_chars(), period_label=label, Return=column
                )
                parts.append(cells.with_columns(period_kind=pl.lit(kind)))
    to_date = rows.filter(pl.col("_element") == "Account")
    used = [name for name in _named(to_date, but=("Account",)) if not to_date[name].is_null().all()]
    if to_date.height and used:
        cells = _unpivoted(to_date, used, ("Account",), "period_label", "Return")
        parts.append(
            cells.select(*_OWN, "period_label", "Return", subject=pl.col("Account").str.strip_chars(),
                         period_kind=pl.lit("to_date"))
        )  # fmt: skip
    empty = rows.clear().select(
        *_OWN,
        *(
            pl.lit(None, dtype=pl.String).alias(n)
            for n in ("subject", "period_label", "Return", "period_kind")
        ),
    )
    # a benchmark that the file names twice in one row says the same twice
    together = pl.concat([empty, *parts], how="diagonal").unique(
        ["_document_id", "_row", "subject", "period_label"], keep="first", maintain_order=True
    )
    month = pl.when(pl.col("period_kind") == "month").then(pl.col("period_label").str.strip_chars() + "01")
    return together.with_columns(
        period_label=pl.col("period_label").str.strip_chars(),
        month_date=month.str.to_date("%Y%m%d", strict=False),
        day_date=pl.lit(None, dtype=pl.Date),
    )


def _dated(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Cells of a table with a return a day."""
    rows = _with_columns(rows, ("Date", "Account", "Return"))
    return rows.filter(pl.col("_element") == "Date").select(
        *_OWN,
        "Return",
        subject=pl.col("Account").str.strip_chars(),
        period_label=pl.col("Date").str.strip_chars(),
        period_kind=pl.lit(kind),
        month_date=pl.lit(None, dtype=pl.Date),
        day_date=_us_date(pl.col("Date")).str.to_date("%Y%m%d", strict=False),
    )


def _cleaned(
    raw: RawSections,
    rows: pl.DataFrame,
    contract: TableContract,
    section: str,
    context: CleanContext,
    derived: Iterable[str] = (),
) -> Cleaned:
    """Type the rows by the contract and add what the introduction says of their document."""
    facts = _facts(raw)
    read = attributes_of(contract)
    kept = (*_OWN, *derived)
    texts = _with_columns(rows, read).with_columns(
        pl.when(pl.col(name).str.strip_chars() != "-").then(_us_date(pl.col(name))).alias(name)
        for name in read
    )
    numbered = texts.select(*kept, *read).with_row_index("_cell")
    typed = typed_rows(numbered, contract, section, context)
    frame = (
        typed.rows.join(numbered.select("_cell", *derived), on="_cell", how="left", maintain_order="left")
        .join(facts, on="_document_id", how="left", maintain_order="left")
        .drop("_cell")
    )
    if "subject" in derived:
        frame = frame.with_columns(is_account=(pl.col("subject") == pl.col("account_id")).fill_null(False))
    complete, rejected, lacking = split_incomplete(frame, contract, section)
    named = pl.concat([part.select("_document_id", "_row") for part in (complete, rejected)])
    return finish(complete, contract, section, [issues_of(typed.issues, named), *lacking])


def _facts(raw: RawSections) -> pl.DataFrame:
    """What each analysis says of itself: account, period, currency, measure."""
    schema = {"_document_id": pl.String, **dict.fromkeys(_FACTS, pl.String)}
    rows = _rows(raw, INTRODUCTION)
    if rows is None:
        return pl.DataFrame(schema=schema | {"period_start_date": pl.Date, "period_end_date": pl.Date})
    columns = ("Account", "AnalysisPeriod", "BaseCurrency", "PerformanceMeasure")
    named = (
        _with_columns(rows, columns)
        .with_columns(pl.col(columns).pipe(blank_to_null))
        .filter(pl.col("Account").is_not_null())
        .sort("_document_id", "_row")
        .unique("_document_id", keep="first", maintain_order=True)
    )
    told = _meta_periods(raw)
    periods = [
        analysis_period(text or told.get(document) or "")
        for document, text in named.select("_document_id", "AnalysisPeriod").iter_rows()
    ]
    return named.select(
        "_document_id",
        account_id="Account",
        period_start_date=pl.Series([p[0] if p else None for p in periods], dtype=pl.Date),
        period_end_date=pl.Series([p[1] if p else None for p in periods], dtype=pl.Date),
        base_currency="BaseCurrency",
        performance_measure="PerformanceMeasure",
    )


def _meta_periods(raw: RawSections) -> dict[str, str]:
    """The period that the key statistics name, by document: for introductions that do not."""
    rows = _rows(raw, META)
    if rows is None:
        return {}
    named = rows.filter(
        (pl.col("Section") == sections.KEY_STATISTICS)
        & (pl.col("Name").str.strip_chars() == "Analysis Period")
    )
    return dict(named.select("_document_id", "Value").iter_rows())


def _rows(raw: RawSections, section: str) -> pl.DataFrame | None:
    """A section's rows of all documents, each once; None where no document has it."""
    scan = raw(section)
    if scan is None:
        return None
    rows = scan.drop("_statement", "_account_id", "_parent").collect()
    return rows.unique(["_document_id", "_row"], keep="first", maintain_order=True)


def _named(rows: pl.DataFrame, but: Iterable[str]) -> list[str]:
    """The columns that the file names, without some."""
    return [name for name in rows.columns if name not in (*_OWN, *but)]


def _unpivoted(
    rows: pl.DataFrame, columns: Iterable[str], keep: Iterable[str], name: str, value: str
) -> pl.DataFrame:
    """A row per cell of the columns; cells that a row's own header does not have make none."""
    plain = _with_columns(rows, keep)
    return (
        plain.unpivot(list(columns), index=[*_OWN, *keep], variable_name=name, value_name=value)
        .filter(pl.col(value).is_not_null())
        .sort("_document_id", "_row", name)
    )


def _us_date(text: pl.Expr) -> pl.Expr:
    """A date `MM/DD/YYYY` or `MM/DD/YY` as `YYYYMMDD`; any other text as it is. The file writes no other order."""
    bare = text.str.strip_chars()
    century = bare.str.replace(r"^(\d\d)/(\d\d)/(\d\d)$", "20$3$1$2")
    return century.str.replace(r"^(\d\d)/(\d\d)/(\d{4})$", "$3$1$2")


def _with_columns(rows: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    absent = [name for name in names if name not in rows.columns]
    return rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
