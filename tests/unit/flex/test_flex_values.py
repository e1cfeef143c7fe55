"""Typing Flex text: each format, what is refused, and that columns and single values agree."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from transforms.flex.registry import AttributeKind
from transforms.flex.values import (
    ISSUE_SCHEMA,
    boolean_expr,
    date_expr,
    datetime_expr,
    decimal_expr,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
    typed,
)

DATES = ["20231230", "2023-12-30", "12/30/2023", "12/30/23", "30/12/2023", "30/12/23", "30-Dec-23"]
TIMES = ["153001", "15:30:01"]
SEPARATORS = [";", ",", ", ", " ", ""]


@pytest.mark.parametrize("text", DATES)
def test_each_of_the_seven_date_formats(text: str) -> None:
    assert parse_date(text) == date(2023, 12, 30)


@pytest.mark.parametrize("day", DATES)
@pytest.mark.parametrize("clock", TIMES)
@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize(
    ("zone", "hour"), [("", 20), (" EST", 20), (" EDT", 19), ("-0500", 20), ("+01:00", 14), (" UTC", 15)]
)
def test_each_stamp_format(day: str, clock: str, separator: str, zone: str, hour: int) -> None:
    text = day + separator + clock + zone
    assert parse_datetime(text) == datetime(2023, 12, 30, hour, 30, 1, tzinfo=UTC)
    assert parse_date(text) == date(2023, 12, 30)


def test_a_lost_leading_zero_is_put_back() -> None:
    assert parse_datetime("20200421;10000", "UTC") == datetime(2020, 4, 21, 1, 0, 0, tzinfo=UTC)


def test_the_zone_is_a_setting_and_summer_time_counts() -> None:
    assert parse_datetime("20230701;120000") == datetime(2023, 7, 1, 16, tzinfo=UTC)
    assert parse_datetime("20230701;120000", "Europe/Zurich") == datetime(2023, 7, 1, 10, tzinfo=UTC)


def test_a_date_alone_is_its_midnight_in_the_zone() -> None:
    assert parse_datetime("2023-01-02") == datetime(2023, 1, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", " ", "MULTI", "--", "N/A"])
def test_no_value_is_none(text: str) -> None:
    assert parse_date(text) is None
    assert parse_datetime(text) is None


@pytest.mark.parametrize("text", ["05/06/2023", "05/06/23", "11/12/2023;101500"])
def test_day_and_month_either_way_round_are_refused_naming_the_setting(text: str) -> None:
    for parse in (parse_date, parse_datetime):
        with pytest.raises(ValueError, match="Date Format to yyyyMMdd or yyyy-MM-dd"):
            parse(text)


def test_day_equal_to_month_is_not_ambiguous() -> None:
    assert parse_date("05/05/2023") == date(2023, 5, 5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("20230230", "not a day of the calendar"),
        ("31/13/2023", "not a day of the calendar"),
        ("30-Dez-23", "not an English month"),
        ("2023", "known format"),
        ("2023-1230", "known format"),
        ("yesterday", "known format"),
        ("2023123010000", "known format"),
        ("٢٠٢٣١٢٣٠", "known format"),
    ],
)
def test_what_is_not_a_date(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("20231230;246000", "not a time of the day"),
        ("20231230;153060", "not a time of the day"),
        ("20231230;1530", "known format"),
        ("20231230;153001 CST", "several meanings"),
        ("20231230;153001 XYZ", "unknown"),
        ("20231105;013000", "happened twice in America/New_York"),
        ("20230312;023000", "happened never in America/New_York"),
    ],
)
def test_what_is_not_an_instant(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_datetime(text)


def test_a_named_zone_settles_the_hour_that_happened_twice() -> None:
    assert parse_datetime("20231105;013000 EDT") == datetime(2023, 11, 5, 5, 30, tzinfo=UTC)
    assert parse_datetime("20231105;013000 EST") == datetime(2023, 11, 5, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.5", "1234.5"),
        ("-1,234,567", "-1234567"),
        ("1E-7", "0.0000001"),
        ("1.5e3", "1500"),
        ("-0.00000012", "-0.00000012"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+3", "3"),
        ("0", "0"),
        (" 12.50 ", "12.5"),
        ("1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789"),
    ],
)
def test_numbers_are_exact(text: str, number: str) -> None:
    assert parse_decimal(text) == (Decimal(number), False)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.00000000005", "0"),
        ("0.00000000015", "0.0000000002"),
        ("-1.00000000025", "-1.0000000002"),
        ("1e-30", "0"),
    ],
)
def test_more_than_ten_places_round_half_to_even_and_say_so(text: str, number: str) -> None:
    assert parse_decimal(text) == (Decimal(number), True)


@pytest.mark.parametrize(
    "text",
    [
        "1,23",
        "1.234,5",
        "12,34,567",
        "NaN",
        "Infinity",
        "(5)",
        "5 USD",
        "0.0 ()",
        "1e",
        "e5",
        ".",
        "-",
        "١٢",
        "0x10",
        "1_000",
        "10000000000000000000000000000",
        "1e999",
        "9999999999999999999999999999.99999999999",
    ],
)
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|digits"):
        parse_decimal(text)


def test_integers() -> None:
    assert parse_integer("1,000") == 1000
    assert parse_integer("12.0") == 12
    assert parse_integer("") is None
    for text in ("1.5", "9223372036854775808", "x", "1.00000000000001"):
        with pytest.raises(ValueError, match="number"):
            parse_integer(text)


def test_booleans() -> None:
    assert [parse_boolean(t) for t in ("Y", "yes", "TRUE", "N", "No", "false", "", "--")] == [True] * 3 + [
        False
    ] * 3 + [None] * 2
    with pytest.raises(ValueError, match="neither"):
        parse_boolean("maybe")


def frame_of(**columns: list[str | None]) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    own = {"_document_id": ["d"] * rows, "_row": pl.Series(range(10, 10 + rows), dtype=pl.Int32)}
    return pl.DataFrame(own | {name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})


def test_typed_lists_every_cell_that_could_not_be_typed_and_guesses_none() -> None:
    frame = frame_of(
        amount=["1,000.25", "abc", None, "", "0.00000000005"],
        day=["20230102", "05/06/2023", "MULTI", None, "2023-01-03"],
        at=["20230102;093000", "20231105;013000", "", "2023-01-02;09:30:00 EST", "x"],
        flag=["Y", "?", None, "", "no"],
        count=["1", "2", "3", "x", ""],
        symbol=["A", "", None, "B", "C"],
        other=["", "kept", None, "x", "y"],
    )
    kinds = {
        "amount": AttributeKind.DECIMAL,
        "day": AttributeKind.DATE,
        "at": AttributeKind.DATETIME,
        "flag": AttributeKind.BOOLEAN,
        "count": AttributeKind.INTEGER,
        "symbol": AttributeKind.TEXT,
        "absent": AttributeKind.DATE,
    }
    result, issues = typed(frame, kinds)
    assert result.columns == frame.columns
    assert result["amount"].to_list() == [Decimal("1000.25"), None, None, None, Decimal(0)]
    assert result["day"].to_list() == [date(2023, 1, 2), None, None, None, date(2023, 1, 3)]
    instant = datetime(2023, 1, 2, 14, 30, tzinfo=UTC)
    assert result["at"].to_list() == [instant, None, None, instant, None]
    assert result["flag"].to_list() == [True, None, None, None, False]
    assert result["count"].to_list() == [1, 2, 3, None, None]
    assert result["symbol"].to_list() == ["A", None, None, "B", "C"]
    assert result["other"].to_list() == frame["other"].to_list()
    assert dict(issues.schema) == ISSUE_SCHEMA
    assert issues.select("_document_id", "_row", "column", "value").rows() == [
        ("d", 11, "amount", "abc"),
        ("d", 14, "amount", "0.00000000005"),
        ("d", 11, "day", "05/06/2023"),
        ("d", 11, "at", "20231105;013000"),
        ("d", 14, "at", "x"),
        ("d", 11, "flag", "?"),
        ("d", 13, "count", "x"),
    ]
    assert all(issues["problem"].to_list())


def test_types_are_the_canonical_ones() -> None:
    frame = frame_of(a=["1"]).with_columns(
        n=decimal_expr("a"), d=date_expr("a"), t=datetime_expr("a", "UTC"), b=boolean_expr(pl.col("a"))
    )
    assert frame.schema["n"] == pl.Decimal(38, 10)
    assert frame.schema["d"] == pl.Date
    assert frame.schema["t"] == pl.Datetime("us", "UTC")
    assert frame.schema["b"] == pl.Boolean


def test_empty_and_all_null_columns_are_typed() -> None:
    for frame in (frame_of(a=[]), frame_of(a=[None, None])):
        for kind in AttributeKind:
            result, issues = typed(frame, {"a": kind})
            assert result.height == frame.height
            assert result["a"].null_count() == frame.height
            assert issues.is_empty()


def test_expressions_work_lazily_and_over_groups() -> None:
    frame = pl.LazyFrame({"g": [1, 1, 2], "a": ["1.5", "2", "x"]})
    result = frame.group_by("g", maintain_order=True).agg(decimal_expr("a").sum()).collect()
    assert result["a"].to_list() == [Decimal("3.5"), Decimal(0)]
