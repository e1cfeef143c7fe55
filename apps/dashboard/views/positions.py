"""The positions card of the Overview: what is held now, heaviest first. Lots and trades are not here."""

from html import escape
from typing import Any

import streamlit as st

from apps.dashboard import data
from apps.dashboard.components import cards, tables
from apps.dashboard.components.formatting import arrow, count, day
from apps.dashboard.page import Page

_SHOWN = (
    "symbol", "description", "asset_class", "quantity", "currency", "mark_price", "marks",
    "market_value_base", "weight", "unrealized", "unrealized_pnl_base",
)  # fmt: skip
_AMOUNTS = ("quantity", "market_value_base", "unrealized_pnl_base")
_FILE = (
    "symbol", "description", "asset_class", "currency", "quantity", "mark_price", "market_value_base",
    "weight", "cost_basis_money", "unrealized_pnl_base", "quantity_basis", "as_of_date", "conid",
)  # fmt: skip
_ROWS_SHOWN = 14


def render(page: Page, rows: list[data.Row]) -> None:
    """The card with its table and downloads."""
    with st.container(key="card-positions"):
        as_of = max((row["as_of_date"] for row in rows if row["as_of_date"]), default=None)
        cards.head(
            "Positions", f"{count(len(rows), 'line')}, cash included · as of close {escape(day(as_of))}"
        )
        if not rows:
            cards.note(
                "Nothing is held, or no document holds the Flex section Open Positions (OpenPositions)."
            )
            return
        lines = [_line(row) for row in rows]
        masked = _AMOUNTS if page.formats.private else ()
        st.dataframe(
            tables.frame(lines, _SHOWN, masked=masked),
            column_config=_columns(page, rows),
            hide_index=True,
            height="content" if len(rows) <= _ROWS_SHOWN else 520,
            key="positions",
            placeholder="—",
        )
        _notes(rows)
        tables.downloads("positions", rows, _FILE, private=page.formats.private)


def _line(row: data.Row) -> data.Row:
    """A row for the screen: the sign beside the result, cash to the cent (the downloads keep every digit)."""
    quantity = row["quantity"]
    if row["asset_class"] == "CASH" and quantity is not None:
        quantity = round(quantity, 2)
    return row | {"quantity": quantity, "unrealized": arrow(row["unrealized_pnl_base"]) or None}


def _columns(page: Page, rows: list[data.Row]) -> dict[str, Any]:
    column = st.column_config
    private = page.formats.private
    heaviest = max((row["weight"] for row in rows if row["weight"] is not None), default=1.0)

    def amount(label: str, format_: str, help_: str | None = None) -> Any:
        if private:
            return column.TextColumn(label, help=help_, alignment="right")
        return column.NumberColumn(label, format=format_, help=help_)

    return {
        "symbol": column.TextColumn("Symbol", pinned=True, width=110),
        "description": column.TextColumn("Name", width="medium"),
        "asset_class": column.TextColumn("Class", width="small"),
        "quantity": amount("Quantity", "localized"),
        "currency": column.TextColumn("Currency", width="small"),
        "mark_price": column.NumberColumn(
            "Mark", format="%,.2f", help="The broker's closing mark, in its currency"
        ),
        "marks": column.LineChartColumn(
            "30 days", width="small", color="gray", help="Marks of the last 30 NAV days"
        ),
        "market_value_base": amount(f"Value, {page.currency}", "%,.2f"),
        "weight": column.ProgressColumn(
            "Weight", format="percent", min_value=0.0, max_value=max(heaviest, 0.0001), help="Share of NAV"
        ),
        "unrealized": column.TextColumn(" ", width=28, alignment="center", help="Gain or loss"),
        "unrealized_pnl_base": amount(f"Unrealised, {page.currency}", "%+,.2f"),
    }


def _notes(rows: list[data.Row]) -> None:
    unpriced = [str(row["symbol"]) for row in rows if row["market_value_base"] is None]
    rolled = [row for row in rows if row["quantity_basis"] not in (None, "reported")]
    if unpriced:
        cards.note(f"No value for {', '.join(unpriced[:8])}: no document marks them on this day.", warn=True)
    if rolled:
        cards.note(
            f"{count(len(rolled), 'quantity', 'quantities')} carried from the last reported "
            f"snapshot by trades, "
            "transfers and corporate actions."
        )
