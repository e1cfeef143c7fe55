"""Typing columns of text: dates, instants, decimals, yes and no, as polars expressions. No facts here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from transforms.flex.registry import AttributeKind
from transforms.flex.scalars import (
    DECIMAL_PRECISION,
    DECIMAL_SCALE,
    DEFAULT_TIMEZONE,
    MISSING,
    MISSING_STAMPS,
    ROUNDED,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
)

__all__ = [
    "ISSUE_SCHEMA",
    "boolean_expr",
    "date_expr",
    "datetime_expr",
    "decimal_expr",
    "parse_boolean",
    "parse_date",
    "parse_datetime",
    "parse_decimal",
    "parse_integer",
    "typed",
]

DECIMAL_TYPE = pl.Decimal(DECIMAL_PRECISION, DECIMAL_SCALE)
INSTANT_TYPE = pl.Datetime("us", "UTC")

ISSUE_SCHEMA: dict[str, pl.DataType] = {
    "_document_id": pl.String(),
    "_row": pl.Int32(),
    "column": pl.String(),
    "value": pl.String(),
    "problem": pl.String(),
}
"""One cell that could not be typed (it is null then) or that was rounded."""

_PLAIN_DECIMAL = r"^-?[0-9]{1,28}(\.[0-9]{1,10})?$"
_PLAIN_INTEGER = r"^-?[0-9]{1,18}$"
_DAY = "[12][0-9]{3}{-}(0[1-9]|1[0-2]){-}([0-2][0-9]|3[01])"
_PLAIN_DATES = ((_DAY.replace("{-}", ""), "%Y%m%d"), (_DAY.replace("{-}", "-"), "%Y-%m-%d"))
_PLAIN_TIMES = (
    ("([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]", "%H%M%S"),
    ("([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]", "%H:%M:%S"),
)


@dataclass(frozen=True)
class _Typing:
    """How one kind is typed: the plain texts at once (`plain`), all the others one by one (`scalar`)."""

    dtype: pl.DataType
    plain: Callable[[pl.Series], pl.Series]
    scalar: Callable[[str], tuple[Any, str | None]]
    missing: frozenset[str]


def date_expr(column: str | pl.Expr) -> pl.Expr:
    """The column's text as Date (see `parse_date`); null where missing or not a date."""
    return _expr(column, _typing_of(AttributeKind.DATE, DEFAULT_TIMEZONE))


def datetime_expr(column: str | pl.Expr, timezone: str = DEFAULT_TIMEZONE) -> pl.Expr:
    """The column's text as an instant, Datetime in UTC microseconds (see `parse_datetime`); null where it is
    none.

    `timezone` is the zone of texts that name none.
    """
    return _expr(column, _typing_of(AttributeKind.DATETIME, timezone))


def decimal_expr(column: str | pl.Expr) -> pl.Expr:
    """The column's text as exact Decimal(38, 10) (see `parse_decimal`); null where missing or not a
    number."""
    return _expr(column, _typing_of(AttributeKind.DECIMAL, DEFAULT_TIMEZONE))


def integer_expr(column: str | pl.Expr) -> pl.Expr:
    """The column's text as Int64; null where missing or not a whole number."""
    return _expr(column, _typing_of(AttributeKind.INTEGER, DEFAULT_TIMEZONE))


def boolean_expr(column: str | pl.Expr) -> pl.Expr:
    """The column's text as Boolean (see `parse_boolean`); null where missing or neither."""
    return _expr(column, _typing_of(AttributeKind.BOOLEAN, DEFAULT_TIMEZONE))


def text_expr(column: str | pl.Expr) -> pl.Expr:
    """The column's text as it is; null where empty."""
    text = _as_expr(column)
    return pl.when(text != "").then(text)


def typed(
    frame: pl.DataFrame, kinds: Mapping[str, AttributeKind], timezone: str = DEFAULT_TIMEZONE
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Type columns of a batch's frame by their kinds; the frame, and the cells that could not be typed.

    `frame` has `_document_id` and `_row`; columns that are not in `kinds` stay as they are, and kinds of
    columns that the frame lacks are ignored. Text, id, currency and code_list stay text, "" becoming null. A
    cell that cannot be typed becomes null and stands in the issues (ISSUE_SCHEMA), and so does one that was
    rounded: never zero, never guessed.
    """
    columns: list[pl.Series] = []
    issues: list[pl.DataFrame] = []
    for series in frame.get_columns():
        kind = kinds.get(series.name)
        if kind is None:
            columns.append(series)
        elif kind in _TEXT_KINDS:
            columns.append(pl.select(text_expr(pl.lit(series))).to_series().alias(series.name))
        else:
            converted, problems = _convert(series, _typing_of(kind, timezone))
            columns.append(converted.alias(series.name))
            if problems:
                issues.append(_issues(frame, series, problems))
    return pl.DataFrame(columns), pl.concat(issues) if issues else pl.DataFrame(schema=ISSUE_SCHEMA)


_TEXT_KINDS = frozenset(
    {AttributeKind.TEXT, AttributeKind.ID, AttributeKind.CURRENCY, AttributeKind.CODE_LIST}
)


def _issues(frame: pl.DataFrame, series: pl.Series, problems: dict[str, str]) -> pl.DataFrame:
    """The cells of a column whose text has a problem."""
    cells = frame.select("_document_id", "_row", pl.lit(series.name).alias("column"), series.alias("value"))
    found = pl.DataFrame(
        {"value": list(problems), "problem": list(problems.values())},
        schema={"value": pl.String, "problem": pl.String},
    )
    listed = cells.join(found, on="value", how="inner", maintain_order="left")
    return listed.select(pl.col(name).cast(dtype) for name, dtype in ISSUE_SCHEMA.items())


def _convert(series: pl.Series, typing: _Typing) -> tuple[pl.Series, dict[str, str]]:
    """Type one column; also the problem of each text that has one."""
    result = typing.plain(series)
    rest = series.filter(
        result.is_null() & series.is_not_null() & ~series.is_in(list(typing.missing))
    ).unique()
    if not rest.len():
        return result, {}
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for text in rest:
        try:
            values[text], remark = typing.scalar(text)
        except ValueError as error:
            values[text], remark = None, str(error)
        if remark is not None:
            problems[text] = remark
    texts = pl.Series(list(values), dtype=pl.String)
    others = pl.Series(list(values.values()), dtype=typing.dtype)
    replaced = series.replace_strict(texts, others, default=None, return_dtype=typing.dtype)
    return result.zip_with(result.is_not_null(), replaced), problems


def _expr(column: str | pl.Expr, typing: _Typing) -> pl.Expr:
    return _as_expr(column).map_batches(
        lambda series: _convert(series, typing)[0], return_dtype=typing.dtype, is_elementwise=True
    )


def _as_expr(column: str | pl.Expr) -> pl.Expr:
    return pl.col(column) if isinstance(column, str) else column


def _typing_of(kind: AttributeKind, timezone: str) -> _Typing:
    if kind is AttributeKind.DATE:
        return _Typing(pl.Date(), _plain_dates, lambda t: (parse_date(t), None), MISSING_STAMPS)
    if kind is AttributeKind.DATETIME:
        return _Typing(
            INSTANT_TYPE,
            lambda series: _plain_instants(series, timezone),
            lambda t: (parse_datetime(t, timezone), None),
            MISSING_STAMPS,
        )
    if kind is AttributeKind.DECIMAL:
        return _Typing(DECIMAL_TYPE, _plain_decimals, _decimal_with_remark, MISSING)
    if kind is AttributeKind.INTEGER:
        return _Typing(pl.Int64(), _plain_integers, lambda t: (parse_integer(t), None), MISSING)
    if kind is AttributeKind.BOOLEAN:
        return _Typing(pl.Boolean(), _plain_booleans, lambda t: (parse_boolean(t), None), MISSING)
    raise ValueError(f"kind {kind} is kept as text")


def _decimal_with_remark(text: str) -> tuple[Any, str | None]:
    number, was_rounded = parse_decimal(text)
    return number, ROUNDED if was_rounded else None


def _plain_decimals(series: pl.Series) -> pl.Series:
    return _only(series, _PLAIN_DECIMAL).cast(DECIMAL_TYPE, strict=False)


def _plain_integers(series: pl.Series) -> pl.Series:
    return _only(series, _PLAIN_INTEGER).cast(pl.Int64, strict=False)


def _plain_booleans(series: pl.Series) -> pl.Series:
    return pl.repeat(None, series.len(), dtype=pl.Boolean, eager=True)


def _plain_dates(series: pl.Series) -> pl.Series:
    result = pl.repeat(None, series.len(), dtype=pl.Date, eager=True)
    for pattern, layout in _PLAIN_DATES:
        days = _only(series, f"^{pattern}$")
        if days.null_count() < series.len():
            result = result.zip_with(result.is_not_null(), days.str.to_date(layout, strict=False))
    return result


def _plain_instants(series: pl.Series, timezone: str) -> pl.Series:
    """Instants of the texts in the usual layouts, with `;` between; null where the clocks changed over
    them."""
    local = pl.repeat(None, series.len(), dtype=pl.Datetime("us"), eager=True)
    for day_pattern, day_layout in _PLAIN_DATES:
        for time_pattern, time_layout in _PLAIN_TIMES:
            stamps = _only(series, f"^{day_pattern};{time_pattern}$")
            if stamps.null_count() < series.len():
                parsed = stamps.str.to_datetime(f"{day_layout};{time_layout}", time_unit="us", strict=False)
                local = local.zip_with(local.is_not_null(), parsed)
    zoned = local.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")


def _only(series: pl.Series, pattern: str) -> pl.Series:
    """The texts that match, null elsewhere."""
    return series.set(~series.str.contains(pattern), None) if series.len() else series
