"""What the page computes itself: linking days, invested capital, texts, thinning of curves, downloads."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.dashboard import data
from apps.dashboard.components import cards, charts, tables
from apps.dashboard.components.formatting import MASK, Formats, arrow, built, count, zone_named
from apps.dashboard.components.theme import SCHEMES, palette, scheme_style, style_sheet

START = date(2026, 1, 1)


def day(number: int, twr: float | None, **more: object) -> data.Row:
    """A row of fct_return_daily."""
    row: data.Row = {
        "return_date": START + timedelta(days=number),
        "previous_nav_date": START + timedelta(days=number - 1),
        "nav_start_base": Decimal(100),
        "nav_end_base": Decimal(100),
        "external_flow_base": Decimal(0),
        "pnl_base": Decimal(0),
        "twr": twr,
        "return_status": "computed" if twr is not None else "gap",
        "withheld_reason": None if twr is not None else "a gap",
    }
    return row | more


def test_a_withheld_day_breaks_the_curve_and_withholds_the_return() -> None:
    days = [day(1, 0.5), day(2, None), day(3, 0.1), day(4, -0.5)]
    first, second = data.segments(days)
    assert (first.dates, first.index) == ([START, START + timedelta(days=1)], [1.0, 1.5])
    assert second.index == [1.0, pytest.approx(1.1), pytest.approx(0.55)]
    assert second.drawdowns() == [0.0, 0.0, pytest.approx(-0.5)]
    assert data.linked_twr(days) == (None, "a gap")


def test_an_idle_day_neither_breaks_nor_withholds() -> None:
    idle = day(2, None, return_status="no_capital", withheld_reason="The account held nothing.")
    days = [day(1, 0.5), idle, day(3, 0.1)]
    assert len(data.segments(days)) == 1
    assert data.linked_twr(days) == (pytest.approx(0.65), None)


def test_a_first_day_loss_is_a_drawdown() -> None:
    (segment,) = data.segments([day(1, -0.25)])
    assert min(segment.drawdowns()) == -0.25


def test_no_days_are_withheld_not_zero() -> None:
    assert data.linked_twr([])[0] is None
    assert data.period_pnl([]) is None
    assert data.growth([]).dates == []


def test_invested_is_the_opening_nav_plus_flows_and_the_rest_is_the_pnl() -> None:
    days = [
        day(1, 0.1, nav_end_base=Decimal(110), pnl_base=Decimal(10)),
        day(2, 0.0, nav_end_base=Decimal(160), external_flow_base=Decimal(50)),
        day(3, -0.1, nav_end_base=Decimal(140), pnl_base=Decimal("-20")),
    ]
    lines = data.growth(days)
    assert lines.invested == [Decimal(100), Decimal(100), Decimal(150), Decimal(150)]
    assert lines.nav[-1] - lines.invested[-1] == data.period_pnl(days) == Decimal(-10)
    assert lines.indexed()[0] == [100.0, 110.0, 160.0, 140.0]


def test_an_opening_day_starts_from_its_own_deposit() -> None:
    opening = day(1, 0.02, previous_nav_date=None, nav_start_base=Decimal(0), nav_end_base=Decimal(1020),
                  external_flow_base=Decimal(1000))  # fmt: skip
    lines = data.growth([opening])
    assert (lines.dates, lines.nav, lines.invested) == (
        [START + timedelta(days=1)],
        [Decimal(1020)],
        [Decimal(1000)],
    )


def test_an_unknown_flow_ends_the_invested_line_and_withholds_the_pnl() -> None:
    days = [day(1, None, external_flow_base=None, pnl_base=None), day(2, 0.0)]
    assert data.growth(days).invested == [Decimal(100), None, None]
    assert data.period_pnl(days) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234567.891"), "+1,234,567.89 EUR"),
        (Decimal("-0.004"), "0.00 EUR"),
        (Decimal("-5"), "−5.00 EUR"),
        (Decimal(0), "0.00 EUR"),
        (None, "—"),
        (float("nan"), "—"),
    ],
)
def test_money(value: Decimal | float | None, text: str) -> None:
    assert Formats().money(value, "EUR", sign=True) == text


def test_privacy_masks_amounts_and_keeps_ratios_and_dashes() -> None:
    private = Formats(private=True)
    assert private.money(Decimal("194846.35"), "EUR") == f"{MASK} EUR"
    assert private.money(None) == "—"
    assert private.ratio(0.0426) == "+4.26 %"


@pytest.mark.parametrize(
    ("value", "text"), [(0.04256, "+4.26 %"), (-0.5, "−50.00 %"), (0.0, "0.00 %"), (None, "—")]
)
def test_ratios(value: float | None, text: str) -> None:
    assert Formats().ratio(value) == text


def test_arrows_and_counts() -> None:
    assert [arrow(value) for value in (1, -1, 0, None)] == ["▲", "▼", "", ""]
    assert [count(number, "quantity", "quantities") for number in (1, 2)] == ["1 quantity", "2 quantities"]


def test_build_time_in_the_browsers_zone() -> None:
    moment = datetime(2026, 3, 13, 6, 14, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert built(moment, berlin, date(2026, 3, 13)) == "07:14"
    assert built("2026-03-13T06:14:00+00:00", UTC, date(2026, 3, 14)) == "13 Mar 06:14 UTC"
    assert built(moment, berlin, date(2027, 1, 1)) == "13 Mar 2026 07:14"
    assert built(None, UTC, date(2026, 1, 1)) == "—"
    assert zone_named("Not/AZone") is UTC
    assert zone_named(None) is UTC


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=300), st.integers(6, 60))
def test_thinning_keeps_ends_and_extremes(values: list[float | None], limit: int) -> None:
    kept = charts.downsample(values, limit)
    assert kept == sorted(set(kept))
    assert len(kept) <= max(limit, 0) or len(kept) == len(values) <= limit
    known = [value for value in values if value is not None]
    if values:
        assert {kept[0], kept[-1]} == {0, len(values) - 1}
    if known:
        drawn = [values[index] for index in kept if values[index] is not None]
        assert (min(drawn), max(drawn)) == (min(known), max(known))


def test_ten_years_of_days_stay_below_the_limit_of_points() -> None:
    dates = [START + timedelta(days=n) for n in range(3650)]
    index = [1 + n / 1000 for n in range(3650)]
    colours = palette("standard", dark=False)
    figure = charts.return_and_drawdown([(dates, index, [0.0] * 3650)], colours)
    assert all(2 <= len(trace.x) < 2000 for trace in figure.data)
    figure = charts.nav_and_invested(dates, index, index, colours, unit="EUR", amounts=True)
    assert all(2 <= len(trace.x) < 2000 for trace in figure.data)


def test_texts_of_documents_are_escaped() -> None:
    evil = '<img src=x onerror="alert(1)">'
    html = cards.card_html(cards.Card("k", evil, evil, evil, unit=evil, reason=evil))
    assert "<img" not in html
    assert "&lt;img" in html


def test_schemes_differ_and_keep_the_promised_colours() -> None:
    assert palette("blue-orange", dark=False).gain == "#0066CC"
    assert palette("blue-orange", dark=False).loss == "#B36E3A"
    assert palette("red-up", dark=False).gain == palette("standard", dark=False).loss
    assert palette("nonsense", dark=True) == palette("standard", dark=True)
    assert "--gain" in scheme_style("standard")
    assert "light-dark" in style_sheet()
    assert len({scheme.gain for scheme in SCHEMES.values()}) == 3


ROWS = [
    {"symbol": "=1+1", "amount": Decimal("-1.1000000001"), "on": date(2026, 3, 12), "none": None},
    {"symbol": "BRK B", "amount": None, "on": None, "none": None},
]


def test_csv_download_is_exact() -> None:
    assert tables.csv_bytes(ROWS, ("symbol", "amount", "on")).decode() == (
        "symbol,amount,on\n=1+1,-1.1000000001,2026-03-12\nBRK B,,\n"
    )


def test_excel_download_has_numbers_as_numbers_and_no_formulas() -> None:
    with zipfile.ZipFile(io.BytesIO(tables.excel_bytes(ROWS, tuple(ROWS[0]), "positions"))) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        strings = book.read("xl/sharedStrings.xml").decode()
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    cells = {cell.get("r"): cell for cell in sheet.iter(f"{space}c")}
    assert cells["B2"].findtext(f"{space}v") == "-1.1000000001"
    assert not list(sheet.iter(f"{space}f"))
    assert "=1+1" in strings
    assert "B3" not in cells, "a missing amount is an empty cell, never a zero"


def test_screen_frames_mask_and_keep_missing_missing() -> None:
    frame = tables.frame(ROWS, ("symbol", "amount", "none"), masked=("amount",))
    assert frame["amount"].to_list() == [MASK, None]
    assert frame["none"].to_list() == [None, None]
    assert tables.frame(ROWS, ("amount",))["amount"].to_list() == [pytest.approx(-1.1), None]
