"""What went wrong in other importers of the broker's documents, a test a case: each names the mistake that it refuses.

The joining of accounts is held in the tests of performance; the address that the Flex web service returns belongs to
its client.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.command import tieout
from tests.support.regression_documents import cash, nav, position, trade, two_accounts, week

D = Decimal
FLAT = {"d0102": "1000", "d0103": "1000", "d0104": "1000"}


def equity(account: str, **totals: str) -> dict[str, Any]:
    return {"EquitySummaryInBase": nav(account, **(totals or FLAT))}


def _documents() -> dict[str, bytes]:
    fx = {
        "assetCategory": "CASH",
        "symbol": "EUR.USD",
        "conid": "12087792",
        "currency": "USD",
        "netCash": "0",
    }
    option = {"assetCategory": "OPT", "symbol": "ABC 240119C00100000", "conid": "700", "multiplier": "100"}
    future = {"assetCategory": "FUT", "symbol": "ESH4", "conid": "800", "multiplier": "50", "netCash": "-1"}
    booked = {
        "transactionType": "BookTrade",
        "ibCommission": "0",
        "netCash": "0",
        "tradePrice": "0",
        "proceeds": "0",
    }
    anonymous = {"transactionID": "", "tradeID": "", "ibExecID": ""}
    return {
        "totals": week("TOTAL", equity("TOTAL", d0102="1000/9000", d0103="1000/9000", d0104="1000/9000") | {
            "CashReport": [
                ("CashReportCurrency", {"accountId": "TOTAL", "currency": currency, "fromDate": "20240102",
                                        "toDate": "20240104", "startingCash": amount, "endingCash": amount})
                for currency, amount in (("BASE_SUMMARY", "1000"), ("EUR", "550"), ("USD", "500"))
            ]}),
        "kinds": week("KINDS", equity("KINDS") | {"CashTransactions": [
            cash("KINDS", "1", "Dividends", "100"),
            cash("KINDS", "2", "Withholding Tax", "-15"),
            cash("KINDS", "3", "Broker Interest Paid", "-7"),
            cash("KINDS", "4", "Other Fees", "-3"),
            cash("KINDS", "5", "Payment In Lieu Of Dividends", "11"),
        ]}),
        "reversal": week("REVERSAL", equity("REVERSAL") | {"CashTransactions": [
            cash("REVERSAL", "1", "Dividends", "100", symbol="ABC", conid="265598"),
            cash("REVERSAL", "2", "Dividends", "-100", symbol="ABC", conid="265598", reportDate="20240104"),
        ]}),
        "crossed": two_accounts(
            week("LEFT", equity("LEFT") | {"Trades": [trade("LEFT", "1", "100", "1.10", **fx)]}),
            week("RIGHT", equity("RIGHT") | {"Trades": [trade("RIGHT", "1", "-250", "1.20", **fx)]}),
        ),
        "dollars": week("DOLLARS", equity("DOLLARS") | {"Trades": [
            trade("DOLLARS", "1", "-10", "50", fifoPnlRealized="200"),
        ]}),
        "listing": week("LISTING", equity("LISTING") | {
            "CashTransactions": [
                cash("LISTING", "1", "Dividends", "40", conid="900", symbol="XYZ", assetCategory="STK"),
            ],
            "SecuritiesInfo": [
                ("SecurityInfo", {"assetCategory": "STK", "symbol": "XYZ", "conid": "900", "currency": "GBP",
                                  "multiplier": "1", "description": "XYZ PLC"})
            ],
            "OpenPositions": [position("LISTING", "5", "3", conid="900", symbol="XYZ", currency="GBP",
                                       fxRateToBase="1.15")],
        }),
        "fxprice": week("FXPRICE", equity("FXPRICE") | {"Trades": [
            trade("FXPRICE", "1", "1000", "1.10", **fx, fxRateToBase="0.95"),
        ]}),
        "twins": week("TWINS", equity("TWINS") | {"Trades": [
            trade("TWINS", "", "10", "50", **anonymous), trade("TWINS", "", "10", "50", **anonymous),
        ]}),
        "twins again": week("TWINS", equity("TWINS") | {"Trades": [
            trade("TWINS", "", "10", "50", **anonymous), trade("TWINS", "", "10", "50", **anonymous),
        ]}, generated="20240106;030000"),
        "future": week("FUTURE", equity("FUTURE") | {
            "Trades": [trade("FUTURE", "1", "2", "4800", **future)],
            "OpenPositions": [position("FUTURE", "2", "4810", **future)],
        }),
        "midnight": week("MIDNIGHT", equity("MIDNIGHT") | {
            "Trades": [trade("MIDNIGHT", "1", "10", "50", dateTime="20240103;235959")],
            "CashTransactions": [cash("MIDNIGHT", "2", "Dividends", "5", dateTime="20240102;202000")],
        }),
        "moved in": week("MOVED", equity("MOVED") | {
            "OpenPositions": [],
            "Transfers": [("Transfer", {
                "accountId": "MOVED", "currency": "USD", "fxRateToBase": "0.9", "assetCategory": "STK",
                "symbol": "ABC", "conid": "265598", "type": "ACATS", "direction": "IN", "date": "20240103",
                "reportDate": "20240103", "quantity": "100", "positionAmount": "5000",
                "positionAmountInBase": "4500", "cashTransfer": "0", "transactionID": "77",
                "levelOfDetail": "TRANSFER"})],
            "Trades": [trade("MOVED", "1", "-100", "51", dateTime="20240104;100000", tradeDate="20240104",
                             reportDate="20240104")],
        }),
        "expired": week("EXPIRED", equity("EXPIRED") | {
            "OpenPositions": [position("EXPIRED", "-2", "1.5", reportDate="20240102", **option)],
            "Trades": [trade("EXPIRED", "1", "2", "0", notes="Ep", fifoPnlRealized="298", **booked, **option)],
            "OptionEAE": [("OptionEAE", {"accountId": "EXPIRED", "transactionType": "Expiration", "quantity": "2",
                                         "date": "20240103", "realizedPnl": "298", "currency": "USD", **option})],
        }, end="20240103"),
        "assigned": week("ASSIGNED", equity("ASSIGNED") | {
            "Trades": [
                trade("ASSIGNED", "1", "1", "0", notes="A", fifoPnlRealized="0", **booked, **option),
                trade("ASSIGNED", "2", "-100", "100", notes="A", fifoPnlRealized="345",
                      transactionType="BookTrade"),
            ],
            "OptionEAE": [
                ("OptionEAE", {"accountId": "ASSIGNED", "transactionType": "Assignment", "quantity": "1",
                               "date": "20240103", "realizedPnl": "0", "currency": "USD", **option}),
                ("OptionEAE", {"accountId": "ASSIGNED", "transactionType": "Sell", "quantity": "-100",
                               "date": "20240103", "realizedPnl": "345", "currency": "USD", "conid": "265598",
                               "symbol": "ABC", "assetCategory": "STK"}),
            ],
        }),
        "spun off": week("SPUN", equity("SPUN") | {
            "OpenPositions": [position("SPUN", "100", "10", reportDate="20240102")],
            "Trades": [],
            "CorporateActions": [_action("SPUN", "SO", "25", conid="1001", symbol="NEW")],
        }, end="20240103"),
        "split": week("SPLIT", equity("SPLIT") | {
            "OpenPositions": [position("SPLIT", "100", "30", reportDate="20240102")],
            "Trades": [],
            "CorporateActions": [_action("SPLIT", "FS", "200")],
            "PriorPeriodPositions": [
                ("PriorPeriodPosition", {"accountId": "SPLIT", "currency": "USD", "fxRateToBase": "0.9",
                                         "conid": "265598", "assetCategory": "STK", "symbol": "ABC", "multiplier": "1",
                                         "date": day, "price": price})
                for day, price in (("20240102", "30"), ("20240103", "10"))
            ],
        }, end="20240103"),
        "currency gain": week("CURRENCY", equity("CURRENCY", d0102="1000", d0103="1900", d0104="1900") | {
            "CashTransactions": [cash("CURRENCY", "1", "Deposits/Withdrawals", "1000")],
            "Transfers": [],
        }),
        "withdrawal": week("WITHDRAW", equity("WITHDRAW", d0102="1000", d0103="105", d0104="105") | {
            "CashTransactions": [cash("WITHDRAW", "1", "Deposits/Withdrawals", "-900", currency="EUR",
                                      fxRateToBase="1")],
            "Transfers": [],
        }),
        "borrowed": week("BORROWED", equity("BORROWED") | {
            "CashReport": [
                ("CashReportCurrency", {"accountId": "BORROWED", "currency": currency, "fromDate": "20240102",
                                        "toDate": "20240104", "startingCash": amount, "endingCash": amount})
                for currency, amount in (("BASE_SUMMARY", "1000"), ("EUR", "1450"), ("USD", "-500"))
            ]}),
        **{
            f"year {year}": week("YEARS", {"EquitySummaryInBase": [
                ("EquitySummaryByReportDateInBase", {"accountId": "YEARS", "reportDate": f"{year}{day}",
                                                     "cash": total, "total": total})
                for day, total in (("0102", f"{year - 1000}"), ("1231", f"{year - 1000 + 1}"))
            ]}, start=f"{year}0101", end=f"{year}1231", generated=f"{year + 1}0105;030000")
            for year in (2021, 2022, 2023)
        },
        "cut off": week("CUT", equity("CUT"))[:-60],
    }  # fmt: skip


def _action(account: str, kind: str, quantity: str, **more: str) -> tuple[str, dict[str, str]]:
    values = {
        "accountId": account, "currency": "USD", "fxRateToBase": "0.9", "assetCategory": "STK", "symbol": "ABC",
        "conid": "265598", "type": kind, "actionID": "55", "transactionID": "55", "reportDate": "20240103",
        "dateTime": "20240102;202500", "quantity": quantity, "proceeds": "0", "value": "0", "fifoPnlRealized": "0",
        "levelOfDetail": "DETAIL",
    }  # fmt: skip
    return "CorporateAction", values | more


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases taken in together and published; one document is cut off."""
    data = tmp_path_factory.mktemp("cases")
    inbox = data / "inbox"
    inbox.mkdir()
    for name, document in _documents().items():
        (inbox / f"{name}.xml").write_bytes(document)
    tieout(data, "run", expect=2)
    return data


def rows(books: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(books / "published" / "current.duckdb"), read_only=True) as connection:
        return connection.execute("set schema = 'marts'; " + sql).fetchall()


def test_first_base_summary_row_is_not_the_total(books: Path) -> None:
    sql = "select nav_base, cash_base from account_summary where account_id = 'TOTAL'"
    assert rows(books, sql) == [(D(10000), D(1000))]


def test_withholding_interest_and_fees_are_not_dropped(books: Path) -> None:
    sql = "select category, sum(amount) from fct_cash_transaction where account_id = 'KINDS' group by all order by 1"
    assert rows(books, sql) == [
        ("broker_interest", D(-7)), ("dividend", D(100)), ("fee", D(-3)), ("payment_in_lieu", D(11)),
        ("withholding_tax", D(-15)),
    ]  # fmt: skip


def test_dividend_reversal_is_not_income(books: Path) -> None:
    sql = (
        "select category, amount from fct_cash_transaction where account_id = 'REVERSAL' order by report_date"
    )
    assert rows(books, sql) == [("dividend", D(100)), ("dividend", D(-100))]


def test_fx_legs_are_not_crossed_between_accounts_of_one_document(books: Path) -> None:
    sql = "select account_id, quantity, proceeds from fct_trade where account_id in ('LEFT', 'RIGHT') order by 1"
    assert rows(books, sql) == [("LEFT", D(100), D(-110)), ("RIGHT", D(-250), D(300))]


def test_dollar_trade_is_not_booked_in_euro(books: Path) -> None:
    sql = "select currency, realized_pnl, realized_pnl_base from fct_trade where account_id = 'DOLLARS'"
    assert rows(books, sql) == [("USD", D(200), D(180))]


def test_dividend_keeps_its_own_currency_not_the_securitys(books: Path) -> None:
    sql = """
        select cash.currency, cash.amount_base, held.currency
        from fct_cash_transaction as cash join position_current as held using (account_id, conid)
        where account_id = 'LISTING'
    """
    assert rows(books, sql) == [("USD", D(36), "GBP")]


def test_fx_trade_keeps_its_own_price_not_the_days_rate(books: Path) -> None:
    sql = "select price, quantity, proceeds, net_cash from fct_trade where account_id = 'FXPRICE'"
    assert rows(books, sql) == [(D("1.1"), D(1000), D(-1100), D(0))]


def test_identical_fills_are_not_dropped_as_duplicates(books: Path) -> None:
    sql = (
        "select count(*), count(distinct trade_key), sum(quantity) from fct_trade where account_id = 'TWINS'"
    )
    assert rows(books, sql) == [(2, 2, D(20))]


def test_futures_are_not_skipped(books: Path) -> None:
    sql = "select quantity, proceeds, net_cash from fct_trade where account_id = 'FUTURE'"
    assert rows(books, sql) == [(D(2), D(-480000), D(-1))]
    sql = "select quantity, market_value from position_current where account_id = 'FUTURE' and asset_class = 'FUT'"
    assert rows(books, sql) == [(D(2), None)]


def test_dates_are_not_one_day_early(books: Path) -> None:
    sql = "select trade_date::varchar, trade_at::date::varchar from fct_trade where account_id = 'MIDNIGHT'"
    (trade_date, instant_date) = rows(books, sql)[0]
    assert trade_date == "2024-01-03"
    assert instant_date == "2024-01-04"
    sql = "select report_date::varchar from fct_cash_transaction where account_id = 'MIDNIGHT'"
    assert rows(books, sql) == [("2024-01-03",)]


def test_sale_after_a_transfer_in_is_not_a_phantom_short(books: Path) -> None:
    sql = """
        select position_date::varchar, quantity from fct_position_daily
        where account_id = 'MOVED' and asset_class = 'STK'
    """
    assert rows(books, sql) == [("2024-01-03", D(100))]
    sql = "select kind, amount_base from fct_external_flow where account_id = 'MOVED'"
    assert rows(books, sql) == [("transfer", D(4500))]


def test_expired_option_is_not_left_open(books: Path) -> None:
    sql = """
        select position_date::varchar, quantity from fct_position_daily
        where account_id = 'EXPIRED' and asset_class = 'OPT'
    """
    assert rows(books, sql) == [("2024-01-02", D(-2))]


def test_assignment_is_not_counted_twice(books: Path) -> None:
    sql = "select count(*), sum(realized_pnl), sum(realized_pnl_base) from fct_trade where account_id = 'ASSIGNED'"
    assert rows(books, sql) == [(2, D(345), D("310.5"))]


def test_spin_off_arrives(books: Path) -> None:
    sql = """
        select symbol, quantity from fct_position_daily
        where account_id = 'SPUN' and position_date = '2024-01-03' and asset_class = 'STK' order by 1
    """
    assert rows(books, sql) == [("ABC", D(100)), ("NEW", D(25))]


def test_split_price_meets_split_quantity(books: Path) -> None:
    sql = """
        select position_date::varchar, quantity, mark_price, market_value from fct_position_daily
        where account_id = 'SPLIT' and asset_class = 'STK' order by 1
    """
    assert rows(books, sql) == [
        ("2024-01-02", D(100), D(30), D(3000)), ("2024-01-03", D(300), D(10), D(3000)),
    ]  # fmt: skip


def test_currency_of_a_deposit_does_not_inflate_the_percentage(books: Path) -> None:
    sql = "select pnl_base, twr from fct_return_daily where account_id = 'CURRENCY' order by return_date"
    assert rows(books, sql) == [(D(0), 0.0), (D(0), 0.0)]


def test_large_withdrawal_does_not_distort_the_return(books: Path) -> None:
    sql = "select pnl_base, twr from fct_return_daily where account_id = 'WITHDRAW' order by return_date"
    (gain, twr), flat = rows(books, sql)
    assert gain == D(5)
    assert twr == pytest.approx(0.005, abs=1e-15)
    assert flat == (D(0), 0.0)


def test_negative_currency_balance_is_not_lost(books: Path) -> None:
    sql = """
        select currency, quantity from position_current
        where account_id = 'BORROWED' and asset_class = 'CASH' order by 1
    """
    assert rows(books, sql) == [("EUR", D(1450)), ("USD", D(-500))]


def test_history_is_not_limited_to_365_days(books: Path) -> None:
    sql = """
        select count(*), min(nav_date)::varchar, max(nav_date)::varchar from fct_nav_daily
        where account_id = 'YEARS'
    """
    assert rows(books, sql) == [(6, "2021-01-02", "2023-12-31")]


def test_one_bad_document_does_not_discard_the_good_ones(books: Path) -> None:
    sql = "select status, count(*) from document group by all order by 1"
    assert rows(books, sql) == [("loaded", len(_documents()) - 1), ("quarantined", 1)]


def test_nothing_new_is_said_not_silent(books: Path) -> None:
    assert "Nothing new" in tieout(books, "run").stdout
