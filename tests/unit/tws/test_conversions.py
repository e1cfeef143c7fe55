"""Floats and texts of TWS as exact decimals and instants."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tws import conversions
from tws.values import Contract


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**10), max_value=10**10))
def test_a_decimal_comes_back_from_its_double(told: Decimal) -> None:
    assert conversions.exact(float(told)) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.1 + 0.2, "0.3"),
        (1234567.8900000001, "1234567.89"),
        (100.0, "100"),
        (-0.0, "0"),
        (1e15, "1000000000000000"),
        (1e-12, "0"),
        (0.12345678912, "0.1234567891"),
        (12e20, "1200000000000000000000"),
    ],
)
def test_the_noise_of_a_double_is_dropped(value: float, told: str) -> None:
    assert str(conversions.exact(value)) == told


@pytest.mark.parametrize("unset", [1.7976931348623157e308, -1.7976931348623157e308, math.nan, math.inf])
def test_what_is_not_set_is_none(unset: float) -> None:
    assert conversions.exact(unset) is None
    assert conversions.figure(repr(unset)) is None


def test_an_empty_text_is_no_figure() -> None:
    assert conversions.figure("") is None
    assert conversions.size("") is None
    assert conversions.figure("0") == conversions.size("0") == 0
    with pytest.raises(ValueError, match="the quantity"):
        conversions.required(None, "the quantity")


@pytest.mark.parametrize("text", ["2147483647", "9223372036854775807", "-9223372036854775808"])
def test_the_integers_that_the_broker_writes_for_no_size(text: str) -> None:
    assert conversions.size(text) is None
    assert conversions.size("2147483646") == 2147483646
    assert conversions.figure("2147483647") == 2147483647


@pytest.mark.parametrize(
    "text",
    [
        "20260701-13:30:05",
        "20260701 09:30:05 US/Eastern",
        "20260701 09:30:05 America/New_York",
        "20260701 13:30:05 UTC",
        "20260701 22:30:05 Asia/Tokyo",
    ],
)
def test_every_form_of_an_instant(text: str) -> None:
    assert conversions.instant_of(text) == datetime(2026, 7, 1, 13, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["20260701  09:30:05", "20260701 09:30:05", "20260701", "", "1782912605"])
def test_an_instant_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no zone"):
        conversions.instant_of(text)


def told_contract(**fields: object) -> SimpleNamespace:
    empty = dict.fromkeys(
        ("exchange", "primaryExchange", "localSymbol", "tradingClass", "multiplier", "right"), ""
    )
    return SimpleNamespace(
        conId=1,
        symbol="ABC",
        secType="STK",
        currency="USD",
        lastTradeDateOrContractMonth="",
        strike=0.0,
        **{**empty, **fields},
    )


def test_a_share_has_no_strike_and_no_right() -> None:
    assert conversions.contract_of(told_contract(right="0")) == Contract(1, "ABC", "STK", "USD")


def test_an_option() -> None:
    told = told_contract(right="P", multiplier="100", exchange="CBOE")
    told.strike, told.lastTradeDateOrContractMonth, told.secType = 412.5, "20261218", "OPT"
    contract = conversions.contract_of(told)
    assert (contract.right, contract.multiplier, contract.strike) == ("P", Decimal(100), Decimal("412.5"))
    assert (contract.expiry, contract.exchange) == ("20261218", "CBOE")


def test_a_manual_order_has_no_order_id() -> None:
    told = SimpleNamespace(
        execId="1.01", acctNumber="U1", side="SLD", exchange="NYSE", orderId=2147483647, permId=5, clientId=0,
        orderRef="",
    )  # fmt: skip
    figures: list[Decimal | None] = [Decimal(3), Decimal("10.1"), None, None]
    execution = conversions.execution_of(told_contract(), told, "20260701-13:30:05", *figures)
    assert (execution.order_id, execution.quantity, execution.order_ref) == (0, Decimal(-3), None)
    assert (execution.cumulative_quantity, execution.average_price) == (None, None)
    for missing, named in ((0, "the quantity"), (1, "the price")):
        without = [None if place == missing else figure for place, figure in enumerate(figures)]
        with pytest.raises(ValueError, match=named):
            conversions.execution_of(told_contract(), told, "20260701-13:30:05", *without)
    told.side = "?"
    with pytest.raises(ValueError, match="the side"):
        conversions.execution_of(told_contract(), told, "20260701-13:30:05", *figures)
