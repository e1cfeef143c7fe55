"""A table written in each framing of the Flex CSV reads back the same rows, whatever stands in its cells."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.csv_documents import FRAMINGS, Table, flex_csv, read

HEADERS = ("ClientAccountID", "Symbol", "Description", "Quantity", "TradePrice", "TradeMoney")
NAMES = ("accountId", "symbol", "description", "quantity", "tradePrice", "tradeMoney")
CASH_HEADERS = ("ClientAccountID", "Type", "Amount", "Description")
CASH_NAMES = ("accountId", "type", "amount", "description")

# What no broker's cell holds: NUL, half characters, and the other line ends that csv would not quote.
cells = st.text(
    st.one_of(
        st.sampled_from('",\r\n;|\t \'"'),
        st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\x1c\x1d\x1e\x85\u2028\u2029"),
    ),
    max_size=12,
)
numbers = st.decimals(min_value=-(10**9), max_value=10**9, places=4).map(lambda number: f"{number:f}")
trades = st.lists(st.tuples(st.just("U1"), cells, cells, numbers, numbers, numbers), max_size=6)
cash = st.lists(st.tuples(st.just("U1"), cells, numbers, cells), max_size=6)


@settings(max_examples=60, deadline=None)
@given(trades, cash, st.booleans())
def test_every_framing_reads_back_the_rows(
    trade_rows: list[tuple[str, ...]], cash_rows: list[tuple[str, ...]], cash_first: bool
) -> None:
    tables: list[Table] = [
        ("TRNT", "Trades; trade date basis", HEADERS, trade_rows),
        ("CTRN", "Cash Transactions", CASH_HEADERS, cash_rows),
    ]
    sums = {
        "TRNT": f"{sum((Decimal(row[5]) for row in trade_rows), Decimal(0)):f}",
        "CTRN": f"{sum((Decimal(row[2]) for row in cash_rows), Decimal(0)):f}",
    }
    for framing in FRAMINGS:
        document = flex_csv(framing, tables[::-1] if cash_first else tables, checksums=sums)
        (facts,), found = read(document)
        for section, names, rows in (
            ("Trades", NAMES, trade_rows),
            ("CashTransactions", CASH_NAMES, cash_rows),
        ):
            assert (section in found) == bool(rows)
            if rows:
                assert found[section].select(names).rows() == rows
        counted = found["_document_sections"].sort("section").select("section", "rows_read").rows()
        assert counted == [("CashTransactions", len(cash_rows)), ("Trades", len(trade_rows))]
        assert facts.note is None or "could not be verified" not in facts.note
