"""Text of values: every digit, no exponents, NULL told apart from nothing."""

import io
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.exact_text import json_text, plain_decimal, scalar, write_csv


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12.5000000000", "12.5"),
        ("1E+2", "100"),
        ("100", "100"),
        ("0E-10", "0"),
        ("-0.00", "0"),
        ("-0.0000000001", "-0.0000000001"),
        ("9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999"),
    ],
)
def test_decimals_in_plain_digits(value: str, text: str) -> None:
    assert plain_decimal(Decimal(value)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**27), max_value=10**27))
def test_a_decimal_survives_json_exactly(value: Decimal) -> None:
    back = json.loads(json_text({"amount": value}), parse_float=Decimal, parse_int=Decimal)
    assert back["amount"] == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (0.1, "0.1"),
        (date(2026, 3, 12), "2026-03-12"),
        (time(9, 30), "09:30:00"),
        (datetime(2026, 3, 12, 8, tzinfo=timezone(timedelta(hours=2))), "2026-03-12T06:00:00Z"),
        (datetime(2026, 3, 12, 8), "2026-03-12T08:00:00"),
        ([1, None, Decimal("1.10")], "[1, null, 1.1]"),
        (b"\x00\xff", "00ff"),
        ("BRK B", "BRK B"),
    ],
)
def test_scalars(value: object, text: str) -> None:
    assert scalar(value) == text


def test_json_of_all_that_duckdb_gives() -> None:
    row = {
        "null": None,
        "nan": float("nan"),
        "infinite": float("inf"),
        "yes": True,
        "text": 'a "quoted" ü',
        "nested": {"list": [Decimal("2.50")]},
        "at": datetime(2026, 3, 12, tzinfo=UTC),
        "span": timedelta(days=1),
    }
    back = json.loads(json_text(row))
    assert back["null"] is None
    assert back["nan"] is None
    assert back["infinite"] is None
    assert back["yes"] is True
    assert back["text"] == 'a "quoted" ü'
    assert back["nested"] == {"list": [2.5]}
    assert back["at"] == "2026-03-12T00:00:00Z"
    assert back["span"] == "1 day, 0:00:00"


def test_csv_has_a_header_and_quotes_what_must_be_quoted() -> None:
    stream = io.StringIO()
    write_csv(("a", "b"), [(Decimal("1.50"), 'x, "y"'), (None, "")], stream)
    assert stream.getvalue() == 'a,b\n1.5,"x, ""y"""\n,\n'
