"""Activity Statement CSV: what each table becomes, what counts once, what is refused."""

from io import BytesIO

import polars as pl
import pytest

from tests.support.csv_documents import clean_documents, read
from transforms.documents import DocumentError
from transforms.statements.activity_reader import read_activity_statement

HEAD = """Statement,Header,Field Name,Field Value
Statement,Data,BrokerName,Interactive Brokers
Statement,Data,Title,Activity Statement
Statement,Data,Period,"January 1, 2024 - March 31, 2024"
Statement,Data,WhenGenerated,"2024-04-02, 10:15:00 EDT"
Account Information,Header,Field Name,Field Value
Account Information,Data,Account,U1
Account Information,Data,Account Type,Individual
Account Information,Data,Base Currency,EUR
"""
TRADES = (
    "Trades,Header,DataDiscriminator,Asset Category,Currency,Account,Symbol,Date/Time,Exchange,Quantity,T. Price,"
    "C. Price,Proceeds,Comm/Fee,Basis,Realized P/L,MTM P/L,Code\n"
)
INSTRUMENTS = """Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Security ID,Type
Financial Instrument Information,Data,Stocks,"ABC, ABC.OLD",ABC INC,1001,US0000000002,COMMON
Financial Instrument Information,Data,Stocks,TWO,TWO INC,1002,,COMMON
Financial Instrument Information,Data,Stocks,TWO,TWO PLC,1003,,COMMON
Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Underlying,Multiplier,Expiry,Type,Strike
Financial Instrument Information,Data,Equity and Index Options,ABC 15MAR24 10 C,A CALL,2001,ABC,100,2024-03-15,C,10
"""


def frames(text: str) -> dict[str, pl.DataFrame]:
    return read(text.encode())[1]


def notes(text: str) -> str:
    return read(text.encode())[0][0].note or ""


def refused(text: str | bytes) -> DocumentError:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(DocumentError) as caught:
        read_activity_statement(BytesIO(content), "d", lambda batch: None)
    return caught.value


def clean(text: str, table: str) -> pl.DataFrame:
    return clean_documents(text.encode(), tables=[table])[table].table


def test_the_statement_says_whose_and_which_days_it_is() -> None:
    (facts,), found = read(HEAD.encode())
    assert facts.kind == "activity_statement_csv"
    assert facts.accounts == ("U1",)
    assert (facts.period_start_date, facts.period_end_date) == ("2024-01-01", "2024-03-31")
    assert facts.when_generated_at == "2024-04-02T14:15:00+00:00"
    assert found["AccountInformation"].select("accountId", "accountType", "currency").rows() == [
        ("U1", "Individual", "EUR")
    ]
    day = HEAD.replace("January 1, 2024 - March 31, 2024", "February 29, 2024")
    assert frames(day)["_statements"].select("fromDate", "toDate").rows() == [("2024-02-29", "2024-02-29")]


def test_orders_trades_and_lots_count_once() -> None:
    text = (
        HEAD
        + TRADES
        + 'Trades,Data,Order,Stocks,USD,U1,ABC,"2024-01-10, 10:30:00",-,"1,000",2.5,2.6,"-2,500",-1,2501,0,100,O\n'
        + 'Trades,Data,Trade,Stocks,USD,U1,ABC,"2024-01-10, 10:30:00",NYSE,600,2.5,2.6,-1500,-0.6,1500.6,0,60,O;P\n'
        + 'Trades,Data,Trade,Stocks,USD,U1,ABC,"2024-01-10, 10:30:01",ARCA,400,2.5,2.6,-1000,-0.4,1000.4,0,40,O;P\n'
        + 'Trades,Data,Order,Stocks,USD,U1,ABC,"2024-02-10, 10:30:00",-,-600,3,3,1800,-1,-1500.6,298.4,0,C\n'
        + 'Trades,Data,Trade,Stocks,USD,U1,ABC,"2024-02-10, 10:30:00",NYSE,-600,3,3,1800,-1,-1500.6,298.4,0,C\n'
        + "Trades,Data,ClosedLot,Stocks,USD,,ABC,2024-01-10,,600,2.501,,,,1500.6,298.4,,ST\n"
        + "Trades,SubTotal,,Stocks,USD,,ABC,,,400,,,-700,-2,0,298.4,100,\n"
        + "Trades,Total,,Stocks,USD,,,,,,,,-700,-2,0,298.4,100,\n"
        + INSTRUMENTS
    )
    rows = frames(text)["Trades"]
    assert rows["_element"].to_list() == [
        "Order",
        "Trade",
        "Trade",
        "Order",
        "Trade",
        "Lot",
        "Total",
        "Total",
    ]
    trades = clean(text, "trades").sort("trade_at")
    assert trades.select("level", "quantity", "side", "conid", "asset_class").rows() == [
        ("EXECUTION", 600, "BUY", 1001, "STK"),
        ("EXECUTION", 400, "BUY", 1001, "STK"),
        ("EXECUTION", -600, "SELL", 1001, "STK"),
    ]
    assert trades["trade_at"].dt.to_string().to_list()[0].startswith("2024-01-10 15:30:00")
    assert trades["commission_currency"].unique().to_list() == ["USD"]
    (lot,) = clean(text, "closed_lots").iter_rows(named=True)
    assert (lot["account_id"], lot["quantity"], lot["conid"]) == ("U1", 600, 1001)
    assert str(lot["open_at"]) == "None"
    assert str(lot["report_date"]) == "2024-02-10"
    assert str(lot["close_at"]).startswith("2024-02-10 15:30:00")


def test_orders_alone_stand() -> None:
    text = (
        HEAD + TRADES + 'Trades,Data,Order,Stocks,USD,U1,ABC,"2024-01-10, 10:30:00",-,"1,000",2.5,,,,,,,O\n'
    )
    assert clean(text, "trades").select("level", "quantity").rows() == [("ORDER", 1000)]


def test_a_currency_pair_s_commission_is_in_the_currency_that_the_header_names() -> None:
    text = (
        HEAD
        + "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Exchange,Quantity,T. Price,,"
        "Proceeds,Comm in EUR,,,MTM in EUR,Code\n"
        'Trades,Data,Trade,Forex,USD,EUR.USD,"2024-01-10, 10:30:00",IDEALFX,"-1,500",1.1,,1650,-1.8,,,-0.7,\n'
    )
    (trade,) = clean(text, "trades").iter_rows(named=True)
    assert (trade["quantity"], trade["proceeds"]) == (-1500, 1650)
    assert (str(trade["commission"]), trade["commission_currency"]) == ("-1.8000000000", "EUR")
    assert frames(text)["_document_sections"].filter(pl.col("section") == "Trades")[
        "unknown_column_names"
    ].to_list() == ["MTM in EUR"]


def test_a_symbol_that_stands_for_two_instruments_names_none() -> None:
    text = (
        HEAD
        + TRADES
        + 'Trades,Data,Order,Stocks,USD,U1,TWO,"2024-01-10, 10:30:00",-,1,2,,,,,,,O\n'
        + INSTRUMENTS
    )
    assert clean(text, "trades")["instrument_key"].to_list() == ["STK:TWO:USD"]


def test_instruments_keep_what_the_statement_lists() -> None:
    table = clean(HEAD + INSTRUMENTS, "instruments")
    columns = ("conid", "symbol", "isin", "put_call", "sub_category", "strike", "underlying_symbol")
    assert table.select(columns).sort("conid").rows()[0] == (
        1001,
        "ABC",
        "US0000000002",
        None,
        "COMMON",
        None,
        None,
    )
    assert table.select(columns).sort("conid").rows()[3] == (
        2001,
        "ABC 15MAR24 10 C",
        None,
        "C",
        None,
        10,
        "ABC",
    )


NAV = """Net Asset Value,Header,Asset Class,Prior Total,Current Long,Current Short,Current Total,Change
Net Asset Value,Data,Cash ,100,150,0,150,50
Net Asset Value,Data,Stock,900,"1,000",0,"1,000",100
Net Asset Value,Data,Total,"1,000","1,150",0,"1,150",150
Net Asset Value,Header,Time Weighted Rate of Return
Net Asset Value,Data,12.5%
"""
CHANGE = """Change in NAV,Header,Field Name,Field Value
Change in NAV,Data,Starting Value,"1,000"
Change in NAV,Data,Mark-to-Market,90
Change in NAV,Data,Deposits & Withdrawals,50
Change in NAV,Data,Other FX Translations,10
Change in NAV,Data,Ending Value,"1,150"
"""
ZEROED = """Change in NAV,Header,Field Name,Field Value
Change in NAV,Data,Starting Value,0
Change in NAV,Data,Ending Value,0
"""


@pytest.mark.parametrize(
    "change", [CHANGE, CHANGE + ZEROED, ZEROED + CHANGE], ids=["one", "then zero", "zero first"]
)
def test_a_second_zeroed_change_in_nav_does_not_count(change: str) -> None:
    text = HEAD + NAV + change
    (row,) = clean(text, "change_in_nav").iter_rows(named=True)
    assert (row["starting_value"], row["mtm"], row["deposits_withdrawals"], row["fx_translation"]) == (
        1000,
        90,
        50,
        10,
    )
    assert row["ending_value"] == 1150
    assert str(row["period_end_date"]) == "2024-03-31"
    sections = frames(text)["_document_sections"].filter(pl.col("section") == "ChangeInNAV")
    assert sections["rows_read"].to_list() == [2 if ZEROED in change else 1]
    nav = clean(text, "nav_daily")
    assert nav.select("cash", "stock", "total").rows() == [(150, 1000, 1150)]
    assert str(nav["report_date"][0]) == "2024-03-29", "the last weekday of the period"
    zero = clean(HEAD + ZEROED, "change_in_nav")
    assert zero["ending_value"].to_list() == [0], "a block of zeros alone is what the statement says"


def test_the_rate_of_return_joins_the_change() -> None:
    (row,) = clean(HEAD + NAV + CHANGE, "change_in_nav").iter_rows(named=True)
    assert str(row["twr_percent"]) == "12.5000000000"


def test_the_cash_report_is_turned() -> None:
    text = HEAD + (
        "Cash Report,Header,Currency Summary,Currency,Total,Securities,Futures,Month to Date,Year to Date,\n"
        "Cash Report,Data,Starting Cash,Base Currency Summary,10,10,0,,,\n"
        'Cash Report,Data,Trades (Sales),Base Currency Summary,"1,000.5",1000.5,0,,,\n'
        "Cash Report,Data,Some New Line,Base Currency Summary,1,1,0,,,\n"
        'Cash Report,Data,Ending Cash,Base Currency Summary,"1,011.5",1011.5,0,,,\n'
        "Cash Report,Data,Ending Cash,USD,7,7,0,,,\n"
    )
    rows = clean(text, "cash_balances").sort("currency")
    assert rows["currency"].to_list() == ["BASE_SUMMARY", "USD"]
    assert [str(x) for x in rows["net_trades_sales"].to_list()] == ["1000.5000000000", "None"]
    assert rows["ending_cash"].to_list()[1] == 7
    sections = frames(text)["_document_sections"].filter(pl.col("section") == "CashReport")
    assert sections.select("rows_read", "unknown_columns").rows() == [(2, 3)]
    assert frames(text)["CashReport"]["Some New Line"].to_list() == ["1", None]


def test_money_in_and_out_has_its_type_and_instrument() -> None:
    text = HEAD + (
        "Dividends,Header,Currency,Date,Description,Amount\n"
        "Dividends,Data,USD,2024-02-01,ABC(US0000000002) Cash Dividend USD 0.5 per Share (Ordinary Dividend),5\n"
        "Dividends,Data,USD,2024-02-02,ABC(US0000000002) Payment in Lieu of Dividend (Ordinary Dividend),2\n"
        "Dividends,Data,Total,,,7\nDividends,Data,Total in EUR,,,6.5\n"
        "Withholding Tax,Header,Currency,Date,Description,Amount,Code\n"
        "Withholding Tax,Data,USD,2023-12-05,ABC(US0000000002) Cash Dividend - US Tax,-0.75,\n"
        "Withholding Tax,Data,Total,,,-0.75\n"
        "Interest,Header,Currency,Date,Description,Amount\n"
        "Interest,Data,EUR,2024-02-05,EUR Debit Interest for Jan-2024,-3\n"
        "Interest,Data,EUR,2024-02-06,Bond Coupon Payment (X 3.5%),4\n"
        "Fees,Header,Subtitle,Currency,Date,Description,Amount\n"
        "Fees,Data,Other Fees,USD,2024-02-07,Market data,-10\n"
        "Deposits & Withdrawals,Header,Currency,Settle Date,Description,Amount\n"
        'Deposits & Withdrawals,Data,EUR,2024-02-08,Electronic Fund Transfer,"1,000"\n'
    ) + INSTRUMENTS  # fmt: skip
    rows = clean(text, "cash_transactions").sort("paid_at", "report_date", "amount")
    found = {row["type"]: row for row in rows.iter_rows(named=True)}
    assert {name: int(row["amount"] * 100) for name, row in found.items()} == {
        "Dividends": 500,
        "Payment In Lieu Of Dividends": 200,
        "Withholding Tax": -75,
        "Broker Interest Paid": -300,
        "Bond Interest Received": 400,
        "Other Fees": -1000,
        "Deposits/Withdrawals": 100_000,
    }
    assert rows.height == 7
    assert (found["Dividends"]["conid"], found["Dividends"]["symbol"]) == (1001, "ABC")
    assert str(found["Deposits/Withdrawals"]["report_date"]) == "2024-02-08"
    raw = frames(text)["CashTransactions"]
    late = raw.filter(pl.col("type") == "Withholding Tax")
    assert late.select("dateTime", "reportDate").rows() == [("2023-12-05", "")], (
        "booked on a day that is not told"
    )
    assert raw.filter(pl.col("_element") == "Total").height == 3


def test_corporate_actions_transfers_positions_and_rates() -> None:
    text = HEAD + (
        "Corporate Actions,Header,Asset Category,Currency,Report Date,Date/Time,Description,Quantity,Proceeds,Value,"
        "Realized P/L,Code\n"
        'Corporate Actions,Data,Stocks,USD,2024-02-12,"2024-02-09, 20:25:00","ABC(US0000000002) Split 3 for 1 '
        '(ABC, ABC INC, US0000000002)",20,0,0,0,\n'
        'Corporate Actions,Data,Stocks,USD,2024-02-13,"2024-02-12, 20:25:00","ABC(US0000000002) Split 1 for 10 '
        '(ABC, ABC INC, US0000000002)",-27,0,0,0,\n'
        "Transfers,Header,Asset Category,Currency,Symbol,Date,Type,Direction,Xfer Company,Xfer Account,Qty,Xfer Price,"
        "Market Value,Realized P/L,Cash Amount,Code\n"
        'Transfers,Data,Stocks,USD,ABC,2024-02-20,Internal,Out,--,U2,-15,--,"-3,000",0.00,0.00,\n'
        "Transfers,Data,Total,,,,,,,,,,-3000,0,0,\n"
        "Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Open,Quantity,Mult,Cost Price,"
        "Cost Basis,Close Price,Value,Unrealized P/L,Code\n"
        'Open Positions,Data,Summary,Stocks,USD,ABC,-,"1,200",1,1.5,1800,2,2400,600,\n'
        'Open Positions,Data,Lot,Stocks,USD,ABC,"2024-01-10, 10:30:00","1,200",1,1.5,1800,2,2400,600,LT\n'
        "Open Positions,Total,,Stocks,USD,,,,,,1800,,2400,600,\n"
        "Base Currency Exchange Rate,Header,Currency,Rate\nBase Currency Exchange Rate,Data,USD,0.9\n"
    ) + INSTRUMENTS  # fmt: skip
    actions = clean(text, "corporate_actions").sort("report_date")
    assert actions.select("type", "conid", "quantity").rows() == [("FS", 1001, 20), ("RS", 1001, -27)]
    (transfer,) = clean(text, "transfers").iter_rows(named=True)
    assert (transfer["direction"], transfer["type"], transfer["quantity"]) == ("OUT", "INTERNAL", -15)
    assert (transfer["counter_account"], transfer["position_amount"]) == ("U2", -3000)
    (position,) = clean(text, "positions").iter_rows(named=True)
    assert (position["quantity"], position["mark_price"], position["conid"]) == (1200, 2, 1001)
    assert (position["level"], str(position["report_date"])) == ("SUMMARY", "2024-03-29")
    (rate,) = clean(text, "fx_rates").iter_rows(named=True)
    assert (rate["from_currency"], rate["to_currency"], str(rate["rate"])) == ("USD", "EUR", "0.9000000000")


def test_several_accounts_are_several_statements() -> None:
    rows = (
        'Trades,Data,Order,Stocks,USD,U1,ABC,"2024-01-10, 10:30:00",-,1,2,,,,,,,O\n'
        'Trades,Data,Order,Stocks,USD,U7,ABC,"2024-01-10, 10:30:00",-,5,2,,,,,,,O\n'
        "Trades,Data,ClosedLot,Stocks,USD,,ABC,2024-01-05,,5,2,,,,,,,ST\n"
        "Trades,SubTotal,,Stocks,USD,ABC,,,,6,,,,,,,,\n"
    )
    found = frames(HEAD + TRADES + rows)
    assert found["_statements"].select("_account_id", "fromDate").rows() == [
        ("U1", "2024-01-01"),
        ("U7", "2024-01-01"),
    ]
    assert found["Trades"]["_account_id"].to_list() == ["U1", "U7", "U7", "U1"]
    second = HEAD.replace("Account,U1", "Account,U2").replace(
        "January 1, 2024 - March 31, 2024", "April 1, 2024"
    )
    found = frames(HEAD + TRADES + rows[: rows.index("\n") + 1] + second + NAV)
    assert found["_statements"].select("_account_id", "toDate").rows() == [
        ("U1", "2024-03-31"),
        ("U2", "2024-04-01"),
    ]
    assert found["EquitySummaryInBase"]["_account_id"].to_list() == ["U2"]


def test_a_statement_without_its_head_has_the_days_of_its_rows() -> None:
    text = TRADES + 'Trades,Data,Order,Stocks,USD,U1,ABC,"2024-01-10, 10:30:00",-,1,2,,,,,,,O\n'
    assert "taken from the dates of the rows, 2024-01-10 to 2024-01-10" in notes(text)
    assert frames(text)["_statements"]["_account_id"].to_list() == ["U1"]
    nameless = text.replace("Account,Symbol", "Symbol").replace(",U1,", ",")
    assert "Nothing names the account" in notes(nameless)
    table = clean_documents(nameless.encode(), tables=["trades"])["trades"]
    assert table.table.is_empty()
    assert "it is left out" in table.issues["problem"][0]


def test_unknown_tables_are_kept_and_counted() -> None:
    text = HEAD + "Brand New,Header,What,How Much\nBrand New,Data,this,7\nBrand New,Data,Total,7\n"
    found = frames(text)
    assert found["Brand New"].select("What", "How Much").rows() == [("this", "7"), ("Total", "7")]
    counted = found["_document_sections"].filter(pl.col("section") == "Brand New")
    assert counted.select("rows_read", "unknown_columns", "known_section").rows() == [(2, 2, False)]


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("Statement,Header,Feldname,Feldwert\nStatement,Data,Title,Kontoauszug\n", "in German", "line 1"),
        ("Statement,Header,Nom du champ,Valeur\n", "in French", "line 1"),
        ("Statement,Header,Xyz,Abc\n", "not in English: its first header is 'Xyz'", "line 1"),
        (HEAD + "Transacciones,Encabezado,Moneda\n", "'Encabezado'", "line 10"),
        ("Umsätze,Header,Währung,Datum\nUmsätze,Data,EUR,2024-01-01\n", "None of the statement's tables", "line 2"),
        (HEAD.replace("January 1, 2024 - March 31, 2024", "1. Januar 2024"), "period '1. Januar 2024'", "line 4"),
        (HEAD + "Trades,Data,Order,Stocks\n", "before its headers", "line 10"),
        (HEAD + NAV + "Net Asset Value,Data,1%,2,3\n", "3 cells under 1 headers", "line 16"),
        (HEAD + TRADES + 'Trades,Data,Order,Stocks,USD,U1,ABC,"2024-01-10, 10:30:00",-,1', "truncated", "line 11"),
        (HEAD + 'Trades,Header,"Data', "truncated", "line 10"),
        (HEAD.replace("Individual", "Indi\0vidual"), "NUL", "line 8"),
        ("", "empty", "line 0"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, words: str, place: str) -> None:
    error = refused(text)
    assert words in error.reason
    assert error.place == place
    assert "download the" in error.reason


def test_another_encoding_is_refused_by_name() -> None:
    assert "not valid UTF-8" in refused((HEAD + "Codes,Header,Ü").encode("latin-1")).reason
