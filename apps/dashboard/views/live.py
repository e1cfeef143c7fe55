"""The live strip of the Overview: PnL of now per account, positions and fills on demand, how old all is. Layout only.

It reads the state store, where the feed writes, every two seconds, and never talks to TWS.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

import streamlit as st

from apps.dashboard import joined, live_figures
from apps.dashboard.components import cards, tables
from apps.dashboard.components.formatting import MISSING, Number, arrow, count
from apps.dashboard.live_figures import Line, Standing
from apps.dashboard.page import Page, state_store
from apps.live.health import ago
from state_store.database import StateError, StateStore
from state_store.live import Fill, Held, fills, positions, read

REFRESH_SECONDS = 2.0

_COLUMNS = (
    ("Day", "Profit and loss since the broker's last daily reset"),
    ("Realised today", "Of what was closed since the reset"),
    ("Unrealised", "Of what is open, against its cost"),
    ("Realised + unrealised", "The two columns before it"),
)
_TOLD = "Told"
_SHOWN = (
    "account_id", "symbol", "asset_class", "quantity", "currency", "average_cost", "market_value", "sign",
    "daily", "unrealized", "realized", "told",
)  # fmt: skip
_OF_A_FILL = ("executed", "account_id", "symbol", "quantity", "price", "currency", "commission", "paid_in")
_AMOUNTS = (
    "quantity", "average_cost", "market_value", "daily", "unrealized", "realized", "price", "commission",
)  # fmt: skip
_ROWS_SHOWN = 14


def render(page: Page) -> bool:
    """The strip; False, and nothing, where no feed ever ran."""
    store = state_store(page)
    try:
        if read(store) is None:
            return False
    except StateError as error:
        cards.note(f"No live figures: {error}", warn=True)
        return True
    _strip(page, store)
    return True


def hint() -> None:
    """That there could be live figures: one line at the page's foot."""
    st.html(
        '<div class="footer" data-testid="live-hint">No live figures here: <code>tieout live</code> keeps them '
        "while TWS or IB Gateway runs</div>"
    )


@st.fragment(run_every=REFRESH_SECONDS)
def _strip(page: Page, store: StateStore) -> None:
    now = datetime.now(UTC)
    with st.container(key="live"):
        try:
            state = read(store)
            if state is None:
                return
            standing = live_figures.standing(state, now, page.zone)
            lines = live_figures.lines(state, page.account_id)
            st.html(_head(standing) + _table(page, lines, now, old=standing.old))
            several = page.account_id == joined.ALL
            accounts = None if several else [page.account_id]
            with _on_demand("Live positions", "live-positions") as held:
                if held.open:
                    _positions(page, positions(store, accounts), now, several)
            with _on_demand("Live fills", "live-fills") as filled:
                if filled.open:
                    _fills(page, fills(store, accounts), now, several)
        except StateError as error:
            cards.note(f"No live figures: {error}", warn=True)


def _on_demand(label: str, key: str) -> Any:
    return st.expander(label, key=key, on_change="rerun", type="compact")


def _head(standing: Standing) -> str:
    tone = "warn" if standing.warns else "good"
    return (
        '<div class="live-head" data-testid="live-head">'
        f'<span class="badge {tone}" data-testid="live-link"><span>{escape(standing.title)}</span></span>'
        f'<span class="live-detail" data-testid="live-detail">{_with_code(standing.detail)}</span></div>'
    )


def _with_code(text: str) -> str:
    """Text whose commands stand in backticks, as HTML."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _table(page: Page, lines: list[Line], now: datetime, *, old: bool) -> str:
    heads = "".join(f'<th title="{escape(title)}">{escape(label)}</th>' for label, title in _COLUMNS)
    rows = "".join(_row(page, line, now) for line in lines)
    return (
        f'<table class="live{" old" if old else ""}" data-testid="live-table">'
        f"<thead><tr><th>Account</th>{heads}<th title='When TWS last told one of them'>{_TOLD}</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(page: Page, line: Line, now: datetime) -> str:
    name = "All accounts" if line.name == joined.ALL else line.name
    label = f"<th>{escape(name)}<span>{escape(line.currency)}</span></th>"
    if line.pnl is None or line.told_at is None:
        return f'<tr>{label}<td class="live-why" colspan="5">{MISSING} {escape(line.reason or "")}</td></tr>'
    pnl = line.pnl
    figures = (pnl.daily, pnl.realized, pnl.unrealized, line.total)
    keys = ("daily", "realized", "unrealized", "total")
    cells = "".join(
        _cell(page, value, f"live-{key}-{line.name}", label)
        for value, key, (label, _) in zip(figures, keys, _COLUMNS, strict=True)
    )
    told = ago(max(0.0, (now - line.told_at).total_seconds()))
    age = f'<td class="live-age" data-label="{_TOLD}" data-testid="live-age-{escape(line.name)}">{told}</td>'
    return f"<tr>{label}{cells}{age}</tr>"


def _cell(page: Page, value: Number, key: str, label: str) -> str:
    sign = arrow(value)
    mark = f'<i aria-hidden="true">{sign}</i> ' if sign else ""
    text = escape(page.formats.money(value, sign=True))
    return (
        f'<td class="{cards.tone(value)}" data-label="{escape(label)}">{mark}'
        f'<span data-testid="{escape(key)}">{text}</span></td>'
    )


def _positions(page: Page, held: list[Held], now: datetime, several: bool) -> None:
    if not held:
        cards.note("TWS holds no position.")
        return
    rows = [_line(page, one, now) for one in held]
    _frame(page, rows, _SHOWN, several, "live-positions-table")
    unpriced = [row for row in rows if row["market_value"] is None]
    if unpriced:
        cards.note(f"No price for {count(len(unpriced), 'position')}: TWS tells none.", warn=True)


def _fills(page: Page, filled: list[Fill], now: datetime, several: bool) -> None:
    if not filled:
        cards.note("TWS told no fill today.")
        return
    rows = [_fill(page, one, now) for one in reversed(filled)]
    _frame(page, rows, _OF_A_FILL, several, "live-fills-table")


def _frame(page: Page, rows: list[dict[str, Any]], columns: Sequence[str], several: bool, key: str) -> None:
    shown = [name for name in columns if name != "account_id" or several]
    st.dataframe(
        tables.frame(rows, shown, masked=_AMOUNTS if page.formats.private else ()),
        column_config=_config(page.formats.private),
        hide_index=True,
        height="content" if len(rows) <= _ROWS_SHOWN else 520,
        key=key,
        placeholder=MISSING,
    )


def _fill(page: Page, fill: Fill, now: datetime) -> dict[str, Any]:
    execution, cost, contract = fill.execution, fill.commission, fill.execution.contract
    return {
        "executed": live_figures.clock(execution.executed_at, now, page.zone),
        "account_id": execution.account_id,
        "symbol": contract.local_symbol or contract.symbol,
        "quantity": execution.quantity,
        "price": execution.price,
        "currency": contract.currency,
        "commission": cost.commission if cost else None,
        "paid_in": cost.currency if cost else None,
    }


def _line(page: Page, held: Held, now: datetime) -> dict[str, Any]:
    position, pnl, contract = held.position, held.pnl, held.position.contract
    return {
        "account_id": position.account_id,
        "symbol": contract.local_symbol or contract.symbol,
        "asset_class": contract.asset_class,
        "quantity": position.quantity,
        "currency": contract.currency,
        "average_cost": position.average_cost,
        "market_value": pnl.market_value if pnl else None,
        "sign": (arrow(pnl.daily) if pnl else "") or None,
        "daily": pnl.daily if pnl else None,
        "unrealized": pnl.unrealized if pnl else None,
        "realized": pnl.realized if pnl else None,
        "told": live_figures.clock(held.pnl_at, now, page.zone) if held.pnl_at else None,
    }


def _config(private: bool) -> dict[str, Any]:
    column = st.column_config

    def amount(label: str, format_: str, help_: str) -> Any:
        if private:
            return column.TextColumn(label, help=help_, alignment="right")
        return column.NumberColumn(label, format=format_, help=help_)

    own = "in the position's currency"
    return {
        "account_id": column.TextColumn("Account", width="small"),
        "symbol": column.TextColumn("Symbol", pinned=True, width=110),
        "asset_class": column.TextColumn("Class", width="small"),
        "quantity": amount("Quantity", "localized", "What TWS says is held"),
        "currency": column.TextColumn("Currency", width="small"),
        "average_cost": amount("Average cost", "%,.2f", f"Per unit, times the multiplier, {own}"),
        "market_value": amount("Value", "%,.2f", own.capitalize()),
        "sign": column.TextColumn(" ", width=28, alignment="center", help="Gain or loss of the day"),
        "daily": amount("Day", "%+,.2f", f"Since the broker's last daily reset, {own}"),
        "unrealized": amount("Unrealised", "%+,.2f", f"Against its cost, {own}"),
        "realized": amount("Realised today", "%+,.2f", own.capitalize()),
        "told": column.TextColumn(
            _TOLD, width="small", help="When TWS last told its value and profit or loss"
        ),
        "executed": column.TextColumn("Time", width=110),
        "price": amount("Price", "%,.4f", own.capitalize()),
        "commission": amount("Commission", "%,.2f", "As a cost; empty until TWS tells it"),
        "paid_in": column.TextColumn("Paid in", width="small", help="The commission's currency"),
    }
