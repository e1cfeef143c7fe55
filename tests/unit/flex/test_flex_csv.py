"""Flex CSV: framings, sections, columns, the checks of EOS, and documents that are refused."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from tests.support.csv_documents import FRAMINGS, flex_csv, read, total
from transforms.documents import DocumentError
from transforms.flex.csv_columns import load_csv_columns
from transforms.flex.csv_reader import read_flex_csv
from transforms.flex.registry import load_registry

TRADE_HEADERS = ("ClientAccountID", "CurrencyPrimary", "Symbol", "Buy/Sell", "Quantity", "TradePrice", "TradeMoney",
                 "IBCommission", "Notes/Codes", "CostBasis", "LevelOfDetail", "ReportDate")  # fmt: skip
TRADES = (
    ("U1", "USD", "ABC", "BUY", "10", "2.5", "25", "-1", "O;P", "26", "EXECUTION", "20240105"),
    ("U1", "USD", "ABC", "SELL", "-10", "2.5", "-25.5", "-1", "C", "-26", "CLOSED_LOT", "20240108"),
)
CASH_HEADERS = ("ClientAccountID", "CurrencyPrimary", "EndingCash", "EndingCashSecurities")
CASH = (("U1", "BASE_SUMMARY", "10.10", "1"), ("U1", "USD", "0.2", "0"))
RATE_HEADERS = ("Date/Time", "FromCurrency", "ToCurrency", "Rate")
RATES = (("20240105", "USD", "EUR", "0.9"),)
TABLES = (
    ("TRNT", "Trades; trade date basis", TRADE_HEADERS, TRADES),
    ("CRTT", "Cash Report; trade date basis", CASH_HEADERS, CASH),
    ("RATE", "Currency Conversion Rates", RATE_HEADERS, RATES),
)
SUMS = {"TRNT": total(TRADES, 6), "CRTT": total(CASH, 2)}


def frames(document: bytes) -> dict[str, pl.DataFrame]:
    return read(document)[1]


def refused(document: bytes) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read_flex_csv(BytesIO(document), "d", lambda batch: None)
    return caught.value


@pytest.mark.parametrize("framing", FRAMINGS)
def test_rows_are_those_of_the_xml(framing: str) -> None:
    (facts,), found = read(flex_csv(framing, TABLES, checksums=SUMS))
    assert facts.kind == "flex_csv"
    assert facts.accounts == ("U1",)
    trades = found["Trades"]
    assert trades["_element"].to_list() == ["Trade", "Lot"]
    assert trades["_row"].to_list() == [0, 1]
    assert trades["_account_id"].unique().to_list() == ["U1"]
    names = ["accountId", "currency", "symbol", "buySell", "quantity", "tradePrice", "tradeMoney", "ibCommission",
             "notes", "cost", "levelOfDetail", "reportDate"]  # fmt: skip
    assert trades.select(names).rows() == [*TRADES]
    cash = found["CashReport"]
    assert cash.select("accountId", "currency", "endingCash", "endingCashSec").rows() == [*CASH]
    assert cash["_element"].unique().to_list() == ["CashReportCurrency"]
    assert found["ConversionRates"].select("reportDate", "fromCurrency", "toCurrency", "rate").rows() == [
        *RATES
    ]
    sections = found["_document_sections"].sort("section")
    assert sections.select("section", "rows_read", "unknown_columns", "known_section").rows() == [
        ("CashReport", 2, 0, True),
        ("ConversionRates", 1, 0, True),
        ("Trades", 2, 0, True),
    ]


@pytest.mark.parametrize("framing", ["sections", "marked_sections"])
def test_the_header_record_says_the_period_and_when(framing: str) -> None:
    (facts,), found = read(flex_csv(framing, TABLES, checksums=SUMS))
    assert (facts.period_start_date, facts.period_end_date) == ("2024-01-01", "2024-01-31")
    assert facts.when_generated_at == "2024-02-01T11:00:00+00:00"
    assert facts.query_name == "query"
    assert facts.note is None
    assert found["_statements"]["kind"].to_list() == ["flex_csv"]


@pytest.mark.parametrize(
    ("cells", "period", "generated"),
    [
        (("20251231", "20251231", "20260101"), ("2025-12-31", "2025-12-31"), "2026-01-01T05:00:00+00:00"),
        (
            ("1", "20250101", "20251231", "20260102", "041500"),
            ("2025-01-01", "2025-12-31"),
            "2026-01-02T09:15:00+00:00",
        ),
        (("20251231", "20250101", "20251231"), ("2025-01-01", "2025-12-31"), None),
        (("1",), ("2024-01-05", "2024-01-05"), None),
    ],
)  # fmt: skip
def test_the_header_record_in_all_its_forms(
    cells: tuple[str, ...], period: tuple[str, str], generated: str | None
) -> None:
    lines = [
        ",".join(("BOF", "U9", "query", *cells)),
        "BOS,RATE,Rates", ",".join(RATE_HEADERS), ",".join(RATES[0]), "EOS,RATE,1",
        "BOS,TRNT,Trades", ",".join(TRADE_HEADERS), ",".join(TRADES[0]), "EOS,TRNT,1,25", "EOF,U9",
    ]  # fmt: skip
    (facts,), _ = read("\n".join(lines).encode())
    assert (facts.period_start_date, facts.period_end_date) == period
    assert facts.when_generated_at == generated
    assert (facts.note is None) == (len(cells) > 1)


def test_without_a_header_record_the_rows_say_the_period_and_the_note_says_so() -> None:
    (facts,), _ = read(flex_csv("tables", TABLES))
    assert (facts.period_start_date, facts.period_end_date) == ("2024-01-05", "2024-01-08")
    assert facts.note is not None
    assert "No record says which days account U1 covers" in facts.note


def test_an_empty_section_is_reported_and_has_no_rows() -> None:
    tables = (TABLES[0], ("CTRN", "Cash Transactions", ("ClientAccountID", "Type", "Amount"), ()))
    for framing in FRAMINGS:
        found = frames(flex_csv(framing, tables, checksums=SUMS))
        sections = found["_statement_sections"].select("section", "rows").sort("section").rows()
        assert sections == [("CashTransactions", 0), ("Trades", 2)], framing
        assert "CashTransactions" not in found
    bare = b'"BOF","U1","q","20240101","20240101"\n"BOS","CTRN","Cash"\n"EOS","CTRN","0"\n"EOF","U1"\n'
    assert frames(bare)["_statement_sections"]["section"].to_list() == ["CashTransactions"]


def test_unknown_columns_and_sections_are_kept_and_counted() -> None:
    tables = (
        ("TRNT", "Trades", (*TRADE_HEADERS, "NewThing", "Symbol"), [(*row, "x", "y") for row in TRADES]),
        ("ZZZZ", "Brand New Section; basis", ("ClientAccountID", "Some Figure"), (("U1", "7"),)),
    )
    found = frames(flex_csv("sections", tables, checksums=SUMS))
    assert found["Trades"].select("NewThing", "Symbol").rows() == [("x", "y")] * 2
    assert found["Trades"]["symbol"].to_list() == ["ABC", "ABC"]
    assert found["Brand New Section"]["Some Figure"].to_list() == ["7"]
    counted = found["_document_sections"].sort("section")
    assert counted.select("section", "unknown_columns", "unknown_column_names", "known_section").rows() == [
        ("Brand New Section", 2, "ClientAccountID, Some Figure", False),
        ("Trades", 2, "NewThing, Symbol", True),
    ]


def test_a_symbol_that_reads_like_a_mark_is_a_row() -> None:
    rows = (
        ("EOS", "1", "2", "2"),
        ("BOA", "1", "2", "2"),
        ("DATA", "1", "2", "2"),
        ("HEADER", "1", "1", "1"),
    )
    headers = ("Symbol", "Quantity", "TradePrice", "TradeMoney")
    for framing in ("sections", "tables", "marked_sections"):
        tables = (("TRNT", "Trades", headers, rows),)
        found = frames(flex_csv(framing, tables, checksums={"TRNT": "7"}))
        assert found["Trades"]["symbol"].to_list() == ["EOS", "BOA", "DATA", "HEADER"], framing


def test_a_cash_report_in_the_base_currency_s_name_is_the_base_summary() -> None:
    headers = ("ClientAccountID", "CurrencyPrimary", "LevelOfDetail", "EndingCash")
    rows = (("U1", "USD", "BaseCurrency", "5"), ("U1", "USD", "Currency", "4"))
    found = frames(flex_csv("marked", (("CRTT", "", headers, rows),)))
    assert found["CashReport"]["currency"].to_list() == ["BASE_SUMMARY", "USD"]


def test_several_accounts_are_several_statements() -> None:
    def account(name: str) -> str:
        return flex_csv("tables", TABLES[:1]).decode().replace('"U1"', f'"{name}"')

    unframed = (account("U1") + account("U2")).encode()
    found = frames(unframed)
    assert found["_statements"]["_account_id"].to_list() == ["U1", "U2"]
    assert found["Trades"].select("_statement", "_account_id").rows() == [
        (0, "U1"), (0, "U1"), (1, "U2"), (1, "U2"),
    ]  # fmt: skip
    framed = flex_csv("sections", TABLES, checksums=SUMS).decode().splitlines()
    second = [line.replace('"U1"', '"U2"') for line in framed[1:-1]]
    found = frames("\n".join([*framed[:-1], *second, framed[-1]]).encode())
    assert found["_statements"].select("_account_id", "fromDate").rows() == [
        ("U1", "20240101"), ("U2", "20240101"),
    ]  # fmt: skip
    assert found["ConversionRates"]["_statement"].to_list() == [0, 1]


def test_rows_of_no_account_are_of_the_account_before_them_and_a_document_of_none_says_so() -> None:
    headers, rows = TRADE_HEADERS[1:], [row[1:] for row in TRADES]
    (facts,), found = read(flex_csv("tables", (("TRNT", "", headers, rows),)))
    assert found["Trades"]["_account_id"].to_list() == [None, None]
    assert facts.note is not None
    assert "select ClientAccountID" in facts.note
    found = frames(flex_csv("tables", (("TRNT", "", headers, rows), TABLES[1])))
    assert found["_statements"]["_account_id"].to_list() == ["U1"]
    consolidated = [("-", *TRADES[0][1:])]
    found = frames(flex_csv("tables", (TABLES[0], ("TRNT", "", TRADE_HEADERS, consolidated))))
    assert found["Trades"]["_statement"].to_list() == [0, 0, 0]


def test_the_broker_s_message_is_a_note() -> None:
    (facts,), _ = read(b'"MSG","Realized P/L is not ready."\n' + flex_csv("tables", TABLES))
    assert facts.note is not None
    assert "The broker says: Realized P/L is not ready." in facts.note


def changed(before: str, after: str, framing: str = "sections") -> bytes:
    text = flex_csv(framing, TABLES, checksums=SUMS).decode()
    assert text.count(before) == 1, before
    return text.replace(before, after).encode()


@pytest.mark.parametrize("framing", ["sections", "marked_sections"])
def test_a_wrong_count_or_amount_is_refused_with_both_numbers(framing: str) -> None:
    error = refused(changed('"EOS","CRTT","2"', '"EOS","CRTT","3"', framing))
    assert "Section CashReport" in error.reason
    assert "says rows 3, the rows have 2" in error.reason
    assert error.place == "line 12"
    error = refused(changed('"10.30"', '"10.31"', framing))
    assert "says amount 10.31, the rows have EndingCash 10.30" in error.reason
    error = refused(changed('"-25.5"', '"-25.4"', framing))
    assert "Section Trades" in error.reason
    assert "says amount -0.5" in error.reason


def test_an_amount_that_nothing_explains_is_noted_not_refused() -> None:
    headers = ("ClientAccountID", "Type", "Amount", "CurrencyPrimary")
    tables = (("CTRN", "Cash Transactions", headers, (("U1", "Dividends", "12", "USD"),)),)
    (facts,), _ = read(flex_csv("sections", tables, checksums={"CTRN": "99"}))
    assert facts.note is not None
    assert "amount 99" in facts.note
    (facts,), _ = read(flex_csv("sections", tables, checksums={"CTRN": "12"}))
    assert facts.note is None


@pytest.mark.parametrize("framing", ["sections", "marked_sections"])
def test_a_framed_document_cut_at_any_line_is_refused(framing: str) -> None:
    lines = flex_csv(framing, TABLES, checksums=SUMS).decode().splitlines()
    for end in range(1, len(lines)):
        error = refused("\n".join(lines[:end]).encode())
        assert error.place.startswith("line "), end
    text = "\n".join(lines)
    for end in range(text.index('"EOS","RATE"'), text.index('"EOF"') + 5):
        if not text[:end].endswith('"EOF"'):
            assert refused(text[:end].encode()).reason


def test_an_unframed_document_cut_within_a_row_is_refused() -> None:
    text = flex_csv("tables", TABLES).decode()
    assert "shorter than its headers" in refused(text[: text.rindex(',"EUR"')].encode()).reason
    assert "truncated" in refused(text[:-3].encode()).reason


DAMAGED: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("nul", lambda b: b.replace(b"ABC", b"A\0C", 1), "NUL"),
    ("latin-1", lambda b: b.replace(b"ABC", b"A\xe4C", 1), "not valid UTF-8"),
    ("huge cell", lambda b: b.replace(b"ABC", b"A" * 140_000, 1), "longer than 131,072"),
    ("huge line", lambda b: b.replace(b"ABC", b"A" * 1_100_000, 1), "longer than 1,048,576"),
    ("open quote", lambda b: b.replace(b'"ABC"', b'"ABC', 1), "quotes"),
    ("a cell too many", lambda b: b.replace(b'"ABC"', b'"ABC","D"', 1), "longer than its headers"),
    ("no headers", lambda b: b"\n".join(b.splitlines()[1:]), "no row of column headers"),
    ("empty", lambda b: b"", "empty"),
    ("data before its header", lambda b: b'"DATA","TRNT","U1"\n' + b, "before its column headers"),
    ("a section that is not open", lambda b: b + b'"EOS","TRNT","1"\n', "is not open"),
]


@pytest.mark.parametrize(("damage", "words"), [d[1:] for d in DAMAGED], ids=[d[0] for d in DAMAGED])
def test_damaged_documents_are_refused(damage: Callable[[bytes], bytes], words: str) -> None:
    error = refused(damage(flex_csv("tables", TABLES)))
    assert words in error.reason
    assert "again" in error.reason
    assert error.place.startswith("line ")


def test_a_section_that_never_ends_is_refused() -> None:
    text = flex_csv("sections", TABLES, checksums=SUMS).decode()
    missing = "".join(line for line in text.splitlines(keepends=True) if '"EOS","TRNT"' not in line)
    assert "Section 'TRNT' has no EOS before BOS" in refused(missing.encode()).reason


def test_utf_16_and_a_byte_order_mark_read_the_same() -> None:
    document = flex_csv("tables", TABLES)
    plain = frames(document)["Trades"].drop("_document_id")
    for other in (document.decode().encode("utf-16"), document.decode().encode("utf-8-sig")):
        assert frames(other)["Trades"].drop("_document_id").equals(plain)


def test_batches_are_bounded_and_in_order() -> None:
    rows = [
        ("U1", "USD", f"S{n}", "BUY", "1", "1", "1", "0", "", "1", "EXECUTION", "20240105")
        for n in range(2_500)
    ]
    batches: list[pl.DataFrame] = []
    document = flex_csv("tables", (("TRNT", "", TRADE_HEADERS, rows),))
    read_flex_csv(BytesIO(document), "d", lambda batch: batches.append(batch.frame), batch_rows=1_000)
    assert [batch.height for batch in batches] == [1_000, 1_000, 500]
    assert pl.concat(batches)["symbol"].to_list() == [f"S{n}" for n in range(2_500)]


def test_every_capitalised_attribute_finds_its_way_back() -> None:
    """Headers are mostly attributes with a capital; the exceptions name attributes that the registry lists."""
    columns, registry = load_csv_columns(), load_registry()
    elsewhere = {("OpenPositions", "quantity"), ("Trades", "TradePrice"), ("TradeConfirms", "TradePrice"),
                 ("CFDCharges", "transactionId")}  # fmt: skip
    for name, section in columns.sections.items():
        for attribute in registry.attributes(name):
            if (name, attribute) not in elsewhere:
                names, unknown = section.attributes([attribute[0].upper() + attribute[1:]])
                assert (names, unknown) == ((attribute,), ()), (name, attribute)
        for attribute in section.headers.values():
            assert registry.kind(name, attribute) is not None, (name, attribute)


SAMPLE = Path(__file__).resolve().parents[3].parent / "shared/samples/csv/flex/flex_bos_eos_crtt.csv"


@pytest.mark.skipif(not SAMPLE.exists(), reason="the samples are not on this machine")
def test_the_sample_is_held_against_its_own_end() -> None:
    (facts,), found = read(SAMPLE.read_bytes())
    assert facts.note is None
    assert found["CashReport"].height == 5
    for before, after in (
        (b'"5"', b'"4"'),
        (b"175698.194858514", b"175698.194858515"),
        (b"1722.8", b"1722.9"),
    ):
        with pytest.raises(DocumentError, match=r"Section CashReport \(CRTT, begun in line 3\)"):
            read(SAMPLE.read_bytes().replace(before, after, 1))
