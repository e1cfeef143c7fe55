"""Rights from their issue to the shares they buy, from clean rows to marts: each day's result by hand, and the lots.

The rows stand as the broker books them: rights come for nothing, rights and money leave in one row and a subscription
comes, the subscription becomes shares, what is left of the rights ends.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.support.clean_folder import DbtRun, Row, run_dbt, write_clean

D = Decimal
MON, TUE, WED, THU, FRI = (date(2024, 10, day) for day in range(7, 12))
SECTIONS = ("CashTransactions", "ChangeInNAV", "CorporateActions", "OpenPositions", "Trades")
CASH = {MON: D(1000), TUE: D(1000), WED: D(1000), THU: D(964), FRI: D(964)}
HELD = {
    MON: {"A": (100, "10")},
    TUE: {"A": (100, "9.5"), "R": (100, "0.54")},
    WED: {"A": (100, "9.4"), "R": (100, "0.54")},
    THU: {"A": (100, "9.6"), "R": (10, "0.54"), "S": (9, "9.6")},
    FRI: {"A": (109, "9.7")},
}
ACTIONS = (
    (TUE, "RI", "A(CH0000000001) SUBSCRIBABLE RIGHTS ISSUE  1 FOR 1", "R", 100, "0", "0"),
    (THU, "SR", "R(CH0000000002) SUBSCRIBES TO (CH0000000003) 1 FOR 10", "S", 9, "0", "86.4"),
    (THU, "SR", "R(CH0000000002) SUBSCRIBES TO (CH0000000003) 1 FOR 10", "R", -90, "-36", "-48.6"),
    (FRI, "TC", "S(CH0000000003) MERGED WITH CH0000000001 1 FOR 1", "A", 9, "0", "86.4"),
    (FRI, "TC", "S(CH0000000003) MERGED WITH CH0000000001 1 FOR 1", "S", -9, "0", "-86.4"),
    (FRI, "DW", "(CH0000000002) DELISTED", "R", -10, "0", "0"),
)


def tables() -> dict[str, list[Row]]:
    """One statement over the week of an account that holds 100 A, bought long ago for 800."""
    one: dict[str, Any] = {
        "account_id": "U1",
        "currency": "EUR",
        "fx_rate_to_base": D(1),
        "asset_class": "STK",
    }
    statement = {"document_id": "week", "statement": 0, "account_id": "U1", "period_start_date": MON,
                 "period_end_date": FRI}  # fmt: skip
    days = [MON, TUE, WED, THU, FRI]
    worth = {day: sum(D(quantity) * D(mark) for quantity, mark in HELD[day].values()) for day in days}
    return {
        "statements": [statement],
        "statement_sections": [{**statement, "section": name, "rows": 1} for name in SECTIONS],
        "accounts": [{"account_id": "U1", "base_currency": "EUR", "base_currency_source": "setting"}],
        "instruments": [
            {"instrument_key": key, "symbol": key, "isin": isin, "asset_class": "STK", "currency": "EUR"}
            for key, isin in (("A", "CH0000000001"), ("R", "CH0000000002"), ("S", "CH0000000003"))
        ],
        "nav_daily": [
            {"account_id": "U1", "report_date": day, "previous_report_date": before, "total": CASH[day] + worth[day],
             "cash": CASH[day], "stock": worth[day]}
            for before, day in zip([None, *days], days, strict=False)
        ],
        "change_in_nav": [
            {"account_id": "U1", "period_start_date": MON, "period_end_date": FRI, "deposits_withdrawals": D(0)}
        ],
        "positions": [
            {**one, "report_date": day, "instrument_key": key, "symbol": key, "level": "SUMMARY", "source_rows": 1,
             "quantity": D(quantity), "mark_price": D(mark), "position_value": D(quantity) * D(mark),
             "cost_basis_money": D(800) if key == "A" and day < FRI else None}
            for day in days
            for key, (quantity, mark) in HELD[day].items()
        ],
        "corporate_actions": [
            {**one, "action_key": str(n), "action_id": f"{kind}-{day}", "report_date": day, "type": kind,
             "instrument_key": key, "symbol": key, "action_description": f"{text} ({key}, NAME, CH9)",
             "quantity": D(quantity), "proceeds": D(proceeds), "value": D(value), "realized_pnl": D(0)}
            for n, (day, kind, text, key, quantity, proceeds, value) in enumerate(ACTIONS)
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    folder = tmp_path_factory.mktemp("rights")
    write_clean(folder / "clean", tables())
    run = run_dbt(
        folder / "dbt", folder / "clean", "--select", "+fct_pnl_daily", "+fct_tax_lot", "+fct_return_daily",
        "int_pnl__shift_value",
    )  # fmt: skip
    assert run.returncode == 0, run.output
    return run


def test_each_days_result_is_explained_by_instrument_without_a_residual(marts: DbtRun) -> None:
    sql = "select pnl_date, instrument_key, total_base from fct_pnl_daily order by all"
    found = {(day, key): total for day, key, total in marts.rows(sql) if total}
    assert found == {
        # A falls by 50 and hands rights of 54 over, which stand at what they were handed over for.
        (TUE, "A"): D(4),
        (WED, "A"): D(-10),
        # Rights of 48.6 and 36 in cash became 86.4.
        (THU, "A"): D(20),
        (THU, "R"): D("1.8"),
        # The new shares come at 86.4; ten rights end.
        (FRI, "A"): D("10.9"),
        (FRI, "R"): D("-5.4"),
    }
    days = dict(marts.rows("select return_date, pnl_base from fct_return_daily where pnl_base is not null"))
    assert days == {TUE: D(4), WED: D(-10), THU: D("21.8"), FRI: D("5.5")}
    assert (
        marts.rows("select * from fct_pnl_daily where other_base <> 0 or withheld_reason is not null") == []
    )


def test_the_lots_hold_what_was_paid(marts: DbtRun) -> None:
    lots = "select {} from fct_tax_lot where method = 'fifo' and {} order by all"
    assert marts.rows(lots.format("instrument_key, quantity, cost, origin", "is_open")) == [
        ("A", D(9), D(36), "corporate_action"),
        ("A", D(100), D(800), "opening"),
    ]
    assert marts.rows(lots.format("open_date", "is_open and quantity = 9")) == [(THU,)]
    assert marts.rows(lots.format("quantity, cost, proceeds", "instrument_key = 'R'")) == [
        (D(10), D(0), D(0)),
        (D(90), D(0), D(0)),
    ]
