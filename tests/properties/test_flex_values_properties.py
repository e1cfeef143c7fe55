"""Properties of typing: columns agree with single values, and exact numbers come back exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.flex.registry import AttributeKind
from transforms.flex.values import (
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
    typed,
)

LIKE_STAMPS = st.from_regex(
    r"[0-9]{4}-?[0-9]{2}-?[0-3][0-9]([;, ]{0,2}[0-2][0-9]:?[0-5][0-9]:?[0-6][0-9]?( E[SD]T)?)?",
    fullmatch=True,
)
SLASHED = st.from_regex(
    r"[0-3][0-9]/[0-3][0-9]/(20)?[0-9]{2}(;[0-2][0-9][0-5][0-9][0-5][0-9])?", fullmatch=True
)
NUMBERS = st.from_regex(r"-?[0-9]{0,30}(,[0-9]{3})?(\.[0-9]{0,14})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
ANYTHING = st.text("0123456789.,;:/-+eEYNyno MULTI", max_size=18)
CELLS = st.one_of(
    st.none(),
    LIKE_STAMPS,
    SLASHED,
    NUMBERS,
    ANYTHING,
    st.sampled_from(["", "MULTI", "Y", "false", "\n", "é"]),
)

SCALARS: dict[AttributeKind, Callable[[str], Any]] = {
    AttributeKind.DATE: parse_date,
    AttributeKind.DATETIME: parse_datetime,
    AttributeKind.DECIMAL: lambda text: parse_decimal(text)[0],
    AttributeKind.INTEGER: parse_integer,
    AttributeKind.BOOLEAN: parse_boolean,
}


@pytest.mark.parametrize("kind", SCALARS)
@given(cells=st.lists(CELLS, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_column_is_typed_as_its_cells_are(kind: AttributeKind, cells: list[str | None]) -> None:
    expected, refused = [], []
    for cell in cells:
        try:
            expected.append(None if cell is None else SCALARS[kind](cell))
        except ValueError:
            expected.append(None)
            refused.append(cell)
    frame = pl.DataFrame(
        {
            "_document_id": ["d"] * len(cells),
            "_row": pl.Series(range(len(cells)), dtype=pl.Int32),
            "a": pl.Series(cells, dtype=pl.String),
        }
    )
    result, issues = typed(frame, {"a": kind})
    assert result["a"].to_list() == expected
    listed = issues.filter(~pl.col("problem").str.contains("rounded"))
    assert listed["value"].to_list() == refused


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**27), max_value=10**27))
@settings(max_examples=200, deadline=None)
def test_a_number_comes_back_to_the_tenth_place(number: Decimal) -> None:
    wide = Context(prec=400, rounding=ROUND_HALF_EVEN)
    exact = number.quantize(Decimal("1e-10"), context=wide)
    for text in (str(number), format(number, "f"), format(number, ",f")):
        assert parse_decimal(text) == (exact, exact != number)


@given(instant=st.datetimes(datetime(1990, 1, 1), datetime(2069, 12, 31)))
@settings(max_examples=200, deadline=None)
def test_an_instant_written_in_local_time_comes_back(instant: datetime) -> None:
    moment = instant.replace(microsecond=0, tzinfo=UTC)
    zone = ZoneInfo("America/New_York")
    local = moment.astimezone(zone)
    text = f"{local:%Y%m%d;%H%M%S}"
    happened_twice = any(
        (moment + shift).astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
        for shift in (timedelta(hours=1), timedelta(hours=-1))
    )
    if happened_twice:
        with pytest.raises(ValueError, match="twice"):
            parse_datetime(text)
    else:
        assert parse_datetime(text) == moment
    assert parse_datetime(f"{text} {local.tzname()}") == moment
