"""Which rows belong together: cancels and what they cancel, options and the shares they deliver, legs of an action."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any, Final

import polars as pl

from transforms.features.tax_lots.events import has_code, is_option

_PARENT: Final = r"^\s*([^\s(]+)\s*\(\s*([A-Z0-9]{9,12})\s*\)"
_STEM: Final = r"^(.*?)\s*\([^()]*\)?\s*$"

Row = dict[str, Any]


def cancelled_trades(trades: pl.DataFrame) -> pl.DataFrame:
    """Cancels and the trade each undoes: account_id, cancel, original (event keys), apart (days lie between).

    The original is named by its transaction id, else it shares the trade id, else all but the sign.
    """
    schema = {"account_id": pl.String, "cancel": pl.String, "original": pl.String, "at_once": pl.Boolean}
    cancels = trades.filter("is_cancel")
    if cancels.is_empty():
        return pl.DataFrame(schema=schema)
    opposite = cancels.select("account_id", "instrument_key", quantity=-pl.col("quantity")).unique()
    named = cancels.select("account_id", transaction_id="orig_transaction_id").drop_nulls().unique()
    first = trades.filter(~pl.col("is_cancel"))
    near = pl.concat(
        [
            first.join(opposite, on=["account_id", "instrument_key", "quantity"], how="semi"),
            first.join(named, on=["account_id", "transaction_id"], how="semi"),
        ]
    ).unique(["account_id", "trade_key"], maintain_order=True)
    candidates: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in near.sort("account_id", "report_date", "trade_key").iter_rows(named=True):
        candidates[row["account_id"], row["instrument_key"]].append(row)
    used: set[tuple[str, str]] = set()
    links = []
    for cancel in cancels.sort("account_id", "report_date", "trade_key").iter_rows(named=True):
        original = _original(cancel, candidates[cancel["account_id"], cancel["instrument_key"]], used)
        if original is not None:
            account = cancel["account_id"]
            used.add((account, original["trade_key"]))
            closes = "C" in (original["open_close"] or "") or bool(original["realized_pnl"])
            at_once = closes or cancel["report_date"] <= original["report_date"]
            links.append((account, f"trade:{cancel['trade_key']}", f"trade:{original['trade_key']}", at_once))
    return pl.DataFrame(links, schema=schema, orient="row")


def _original(cancel: Row, candidates: list[Row], used: set[tuple[str, str]]) -> Row | None:
    account, named = cancel["account_id"], cancel["orig_transaction_id"]
    free = [row for row in candidates if (account, row["trade_key"]) not in used]
    if named and str(named).strip("0"):
        return next((row for row in free if row["transaction_id"] == named), None)
    opposite = [row for row in free if row["quantity"] == -cancel["quantity"]]
    same_id = [row for row in opposite if row["trade_id"] and row["trade_id"] == cancel["trade_id"]]
    alike = [
        row
        for row in opposite
        if row["price"] == cancel["price"] and row["trade_date"] == cancel["trade_date"]
    ]
    return next(iter(same_id or alike), None)


def deliveries(trades: pl.DataFrame, instruments: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Groups of option rows and the shares they delivered: (account, event key) -> group.

    Shares belong to an option by account, booking day, underlying and strike. A group without both sides is none.
    """
    rows = trades.filter(has_code("Ex", "A")).with_columns(_option=is_option())
    if rows.is_empty():
        return {}
    options = instruments.select("instrument_key", "underlying_symbol", "strike")
    rows = rows.join(options, on="instrument_key", how="left")
    groups: dict[tuple[str, str], str] = {}
    sides: dict[str, set[bool]] = defaultdict(set)
    for row in rows.iter_rows(named=True):
        group = _delivery_group(row)
        if group is not None:
            groups[row["account_id"], f"trade:{row['trade_key']}"] = group
            sides[group].add(row["_option"])
    complete = {group for group, both in sides.items() if len(both) == 2}
    return {key: group for key, group in groups.items() if group in complete}


def _delivery_group(row: Row) -> str | None:
    if row["_option"]:
        if row["proceeds"]:
            return None
        underlying, price = row["underlying_symbol"], row["strike"]
    else:
        underlying, price = row["symbol"], row["price"]
    if underlying is None or price is None:
        return None
    return f"{row['account_id']}|{row['report_date']}|{underlying}|{Decimal(price).normalize():f}"


def action_groups(actions: pl.DataFrame) -> dict[str, list[list[Row]]]:
    """Rows of each corporate action by account, in order, without those that a later row takes back.

    Rows belong together by the broker's id, else by what the description begins with, and by booking day.
    """
    stem = pl.coalesce(
        pl.col("action_description").str.extract(_STEM, 1), "action_description", "description"
    )
    named = pl.coalesce("action_id", pl.concat_str(pl.lit("d:"), stem.fill_null("")))
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in actions.with_columns(_group=named).sort("report_date", "row_ordinal").iter_rows(named=True):
        if row["instrument_key"] and row["quantity"]:
            groups[row["account_id"], row["_group"]].append(row)
    found: dict[str, list[list[Row]]] = defaultdict(list)
    for (account, _), rows in groups.items():
        by_day: dict[Any, list[Row]] = defaultdict(list)
        for row in _without_reissued(rows):
            by_day[row["report_date"]].append(row)
        found[account].extend(by_day.values())
    return found


def _without_reissued(rows: list[Row]) -> list[Row]:
    """Drop each row with the code Ca together with the row that it takes back."""
    kept: list[Row] = []
    for row in rows:
        if "Ca" in (row["code"] or "").replace(" ", "").split(";"):
            back = [k for k in kept if _same_leg(k, row)]
            if back:
                kept.remove(back[-1])
                continue
        kept.append(row)
    return kept


def _same_leg(row: Row, cancel: Row) -> bool:
    return bool(row["instrument_key"] == cancel["instrument_key"] and row["quantity"] == -cancel["quantity"])


def parents(actions: pl.DataFrame, instruments: pl.DataFrame) -> dict[str, list[str]]:
    """Descriptions of spin-offs -> instrument keys that the name before the word could mean, by ISIN, then symbol."""
    texts = actions.filter(pl.col("action_description").is_not_null())["action_description"].unique()
    found: dict[str, list[str]] = {}
    by_isin: dict[str, list[str]] = defaultdict(list)
    by_symbol: dict[str, list[str]] = defaultdict(list)
    for key, isin, symbol in instruments.select("instrument_key", "isin", "symbol").iter_rows():
        by_isin[isin].append(key)
        by_symbol[symbol].append(key)
    names = pl.DataFrame({"text": texts}).with_columns(
        symbol=pl.col("text").str.extract(_PARENT, 1), isin=pl.col("text").str.extract(_PARENT, 2)
    )
    for text, symbol, isin in names.iter_rows():
        if isin is not None:
            found[text] = [*by_isin.get(isin, []), *by_symbol.get(symbol, [])]
    return found
