"""ECB: many currencies in one table, read by the names of its columns. No network."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.vendor_asks import ask_for, failure, read
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach
from transforms.schemas.market import READ_OBSERVATIONS

HEADER = (
    "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,OBS_CONF,OBS_PRE_BREAK,"
    "OBS_COM,TIME_FORMAT,BREAKS,COLLECTION,COMPILING_ORG,DISS_ORG,DOM_SER_IDS,PUBL_ECB,PUBL_MU,PUBL_PUBLIC,"
    "UNIT_INDEX_BASE,COMPILATION,COVERAGE,DECIMALS,NAT_TITLE,SOURCE_AGENCY,SOURCE_PUB,TITLE,TITLE_COMPL,UNIT,UNIT_MULT\n"
)
ROW = (
    "EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-09-03,1.1615,A,F,,,P1D,,A,,,,,,,99Q1=100,,,4,,4F0,,"
    'US dollar/Euro ECB reference exchange rate,"ECB reference exchange rate, US dollar/Euro, 2.15 pm (C.E.T.)",USD,0\n'
)
USD, GBP = "EXR.D.USD.EUR.SP00.A", "EXR.D.GBP.EUR.SP00.A"
BOTH = ask_for("ecb", USD, GBP, first="2026-09-01", last="2026-09-30")


def test_currencies_are_one_request_and_another_flow_is_its_own() -> None:
    ask = ask_for("ecb", USD, "FM.D.U2.EUR.4F.KR.DFR.LEV", GBP, first="2026-09-01", last="2026-09-30")
    rates, deposit = VENDORS["ecb"].requests(ask)
    assert rates.path == "/service/data/EXR/D.USD+GBP.EUR.SP00.A"
    assert dict(rates.params) == {"format": "csvdata", "startPeriod": "2026-09-01", "endPeriod": "2026-09-30"}
    assert deposit.path == "/service/data/FM/D.U2.EUR.4F.KR.DFR.LEV"


def test_a_rate_is_read_and_an_absent_currency_is_no_error() -> None:
    page = read(BOTH, HEADER + ROW)
    READ_OBSERVATIONS.validate(page.rows)
    assert page.rows.rows() == [(USD, date(2026, 9, 3), 1.1615, date(2026, 9, 3))]


def test_columns_are_known_by_name_wherever_they_stand() -> None:
    body = f"OBS_VALUE,NEW,TIME_PERIOD,KEY\n1.2,x,2026-09-04,{USD}\n"
    assert read(BOTH, body).rows["value"].to_list() == [1.2]


def test_the_unit_says_what_costs_what() -> None:
    assert read(BOTH, HEADER + ROW + ROW.replace("USD", "GBP")).units == {
        USD: "USD per EUR",
        GBP: "GBP per EUR",
    }
    assert read(BOTH, HEADER + ROW.replace("USD,0\n", "USD,2\n")).units == {USD: "10^2 USD per EUR"}
    assert read(BOTH, f"OBS_VALUE,TIME_PERIOD,KEY\n1.2,2026-09-04,{USD}\n").units == {}


def test_another_flow_is_in_the_unit_that_its_code_says() -> None:
    key = "FM.D.U2.EUR.4F.KR.DFR.LEV"
    body = f"KEY,CURRENCY,TIME_PERIOD,OBS_VALUE,UNIT,UNIT_MULT\n{key},EUR,2026-09-04,2.0,PC,0\n"
    assert read(ask_for("ecb", key, first="2026-09-01", last="2026-09-30"), body).units == {key: "PC"}


def test_a_series_in_two_units_is_an_error() -> None:
    other = ROW.replace("2026-09-03", "2026-09-04").replace("USD,0\n", "USD,3\n")
    error = failure(BOTH, HEADER + ROW + other)
    assert f"{USD} is told in USD per EUR and in 10^3 USD per EUR" in str(error)


@pytest.mark.parametrize("told", ["", "NaN"])
def test_a_missing_value_is_none(told: str) -> None:
    assert read(BOTH, HEADER + ROW.replace("1.1615", told)).rows["value"].to_list() == [None]


def test_series_are_told_apart_and_sorted() -> None:
    body = HEADER + ROW + ROW.replace("USD", "GBP").replace("1.1615", "0.8612")
    assert read(BOTH, body).rows.select("provider_symbol", "value").rows() == [(GBP, 0.8612), (USD, 1.1615)]


@pytest.mark.parametrize(
    ("status", "body"), [(404, "No results found."), (304, ""), (200, ""), (200, HEADER)]
)
def test_an_empty_selection_is_an_empty_page(status: int, body: str) -> None:
    page = read(BOTH, body, status)
    assert page.rows.is_empty()
    READ_OBSERVATIONS.validate(page.rows)


@pytest.mark.parametrize(
    ("status", "body", "reach"),
    [
        (400, "Invalid key", Reach.SERIES),
        (429, "", Reach.AGAIN),
        (503, "<html>down</html>", Reach.AGAIN),
        (500, "", Reach.AGAIN),
        (200, "<!DOCTYPE html><html></html>", Reach.SOURCE),
        (200, HEADER + ROW[:90], Reach.AGAIN),
    ],
)
def test_refusals(status: int, body: str, reach: Reach) -> None:
    assert failure(BOTH, body, status).reach is reach


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (HEADER.replace("OBS_VALUE", "VALUE") + ROW, "there is no column OBS_VALUE"),
        (HEADER + ROW.replace("1.1615", "1,1615"), "cells under"),
        (HEADER + ROW.replace("1.1615", "x"), "line 2, field OBS_VALUE: 'x' is no number"),
        (HEADER + ROW.replace("2026-09-03", "2026-09"), "line 2, field TIME_PERIOD: '2026-09' is no day"),
        (HEADER + ROW.replace("USD", "JPY"), "tells of EXR.D.JPY.EUR.SP00.A, which was not asked for"),
        (HEADER + ROW + ROW.replace("1.1615", "1.1616"), f"2026-09-03 of {USD} is told twice"),
    ],
)
def test_what_cannot_be_trusted_is_one_error_that_says_where(body: str, problem: str) -> None:
    error = failure(BOTH, body)
    assert error.problem.startswith(f"ECB, {USD}, {GBP}: ")
    assert problem in error.problem


@pytest.mark.parametrize(
    ("symbol", "spelled"), [("EURUSD", USD), ("FM.D.U2.EUR.4F.KR.DFR.LEV",) * 2, ("USDJPY",) * 2]
)
def test_symbols(symbol: str, spelled: str) -> None:
    assert VENDORS["ecb"].provider_symbol(symbol) == spelled
