"""The lineage in small tables: nothing repeats in them, and they give the same rows back. No files."""

from transforms.lineage.packed import HEADERS, pack, unpack
from transforms.lineage.row import LineageRow


def row(
    column: str, kind: str, source: str, read_from: str = "", reason: str = "", via: str = ""
) -> LineageRow:
    table, _, clean = source.partition(".")
    section, _, attribute = read_from.partition(".")
    return LineageRow("fct_trade", column, kind, table, clean, section, attribute, reason, via)


ROWS = sorted([
    row("price", "value", "trades.price", "Trades.tradePrice", via="a, b"),
    row("cost", "value", "trades.price", "Trades.tradePrice", via="a, b"),
    row("cost", "value", "trades.day", "Trades.tradeDate", via="a, b"),
    row("cost", "derived", "trades.day", "Trades.dateTime", via="a, b"),
    row("price", "derived", "trades.day", "Trades.tradeDate", via="b"),
    row("price", "derived", "trades.day", "Trades.dateTime", via="b"),
    row("size", "derived", "trades.kind", "Trades.notes"),
    row("size", "value", "trades.key", "", reason="hash of the row"),
    row("size", "value", "", reason="count of rows"),
    row("size", "value", "", reason="constant"),
    row("cost", "filter", "trades.price"),
    row("cost", "filter", "trades.day"),
    row("price", "filter", "trades.price"),
    row("price", "filter", "trades.day"),
])  # fmt: skip


def test_the_small_tables_give_the_same_rows_back() -> None:
    assert unpack(pack(ROWS)) == ROWS
    assert unpack(pack([])) == []


def test_what_is_the_same_stands_once() -> None:
    tables = pack(ROWS)
    assert tables["lineage_filter"] == [("fct_trade", "cost price", "trades.day trades.price", "", "")]
    assert ("fct_trade", "cost price", "trades.price", "", "a, b") in tables["lineage_value"]
    places = [place for place in tables["lineage_origin"] if place[:2] == ("trades", "day")]
    assert places == [
        ("trades", "day", "derived", "Trades", "dateTime", ""),
        ("trades", "day", "value", "Trades", "tradeDate", ""),
    ]


def test_a_weaker_way_weakens_every_place_that_is_read_from() -> None:
    (place,) = [r for r in unpack(pack(ROWS)) if (r.column_name, r.attribute) == ("price", "tradeDate")]
    assert place.kind == "derived"


def test_every_table_is_sorted_and_as_wide_as_its_header() -> None:
    tables = pack(ROWS)
    assert tables.keys() == HEADERS.keys()
    for name, rows in tables.items():
        assert rows == sorted(set(rows))
        assert {len(row) for row in rows} == {len(HEADERS[name])}
