"""What rows of an Activity Statement mean beyond their cells: types, days, instruments. No records here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from transforms.statements.activity_facts import ActivityFacts, ActivityTable
from transforms.statements.instruments import Instruments

Row = dict[str, str]

_IN_TEXT = re.compile(r"^\s*([A-Z0-9][A-Z0-9. ]{0,20}?)\s*\(([A-Z0-9]{6,12})\)")
_AT_END = re.compile(r"\(([^(),]+), ([^()]*), ([A-Z0-9]{6,12})\)\s*$")
_RATIO = re.compile(r"(\d+(?:\.\d+)?) for (\d+(?:\.\d+)?)", re.IGNORECASE)
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_FRIDAY = 4
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass
class Context:
    """What a row needs to know of its statement: its days, its base currency, and the trade before it."""

    facts: ActivityFacts
    instruments: Instruments
    start: date | None = None
    end: date | None = None
    base_currency: str = ""
    last_trade: Row | None = None


def shaped(table: ActivityTable, row: Row, context: Context) -> Row:
    """The row with all that its table says of it, in the words of the Flex XML."""
    category = row.get("assetCategory", "")
    if category:
        row["assetCategory"] = context.facts.asset_classes.get(category, category)
    if "symbol" in row and "conid" not in row:
        row["conid"] = context.instruments.conid(category, row["symbol"])
    return _SHAPES[table.shape](table, row, context) if table.shape in _SHAPES else row


def parse_period(text: str) -> tuple[date, date] | None:
    """The days of `January 1, 2023 - December 31, 2023` or `January 2, 2023`; None where it says neither."""
    days = [_long_day(part) for part in text.split(" - ")]
    if len(days) > 2 or days[0] is None or days[-1] is None:
        return None
    return days[0], days[-1]


def _long_day(text: str) -> date | None:
    found = re.fullmatch(r"([A-Z][a-z]+) (\d{1,2}), (\d{4})", text.strip())
    if found is None or found[1] not in _MONTHS:
        return None
    try:
        return date(int(found[3]), _MONTHS.index(found[1]) + 1, int(found[2]))
    except ValueError:
        return None


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)


def _trade(table: ActivityTable, row: Row, context: Context) -> Row:
    """An order, a fill, or a lot, which only says when it was opened: the rest is of the trade before it."""
    if row.get("levelOfDetail") in ("CLOSED_LOT", "WASH_SALE"):
        closing = context.last_trade or {}
        row["openDateTime"] = row.get("dateTime", "")
        for name in ("dateTime", "tradeDate", "reportDate", "accountId"):
            row[name] = row.get("accountId", "") if name == "accountId" else closing.get(name, "")
            row[name] = row[name] or closing.get(name, "")
        return row
    day = row.get("dateTime", "")[:10]
    row["tradeDate"] = day if _DAY.fullmatch(day) else ""
    row["reportDate"] = _booked(row["tradeDate"], context)
    row.setdefault("ibCommissionCurrency", row.get("currency", ""))
    context.last_trade = row
    return row


def _cash(table: ActivityTable, row: Row, context: Context) -> Row:
    """Money in or out: its type from the table and the description, its instrument from the description."""
    day = row.get("reportDate") or row.get("settleDate", "")
    row["dateTime"], row["reportDate"] = day, _booked(day, context)
    row["levelOfDetail"] = "DETAIL"
    text = row.get("description", "")
    said = f"{row.get('subtitle', '')} {text}".lower()
    for words in context.facts.types:
        if words.table == table.title and words.words in said:
            paid = row.get("amount", "").strip().startswith("-")
            row["type"] = words.type or (words.paid if paid else words.received)
            break
    _name_instrument(row, _IN_TEXT.match(text), 2, context)
    return row


def _corporate_action(table: ActivityTable, row: Row, context: Context) -> Row:
    """A leg of a corporate action: its type and instrument from the description."""
    text = row.get("actionDescription", "")
    row["description"], row["levelOfDetail"] = text, "DETAIL"
    for words in context.facts.actions:
        if words.words in text.lower():
            row["type"] = words.type
            break
    if row.get("type") == "FS RS":
        ratio = _RATIO.search(text)
        row["type"] = "" if ratio is None else "FS" if float(ratio[1]) > float(ratio[2]) else "RS"
    _name_instrument(row, _AT_END.search(text), 3, context)
    return row


def _transfer(table: ActivityTable, row: Row, context: Context) -> Row:
    """A transfer, at the level and in the letters of the XML."""
    row["date"] = row.get("reportDate", "")
    row["levelOfDetail"] = "TRANSFER"
    for name in ("direction", "type"):
        row[name] = row.get(name, "").upper()
    return row


def _security(table: ActivityTable, row: Row, context: Context) -> Row:
    """An instrument: the one column Type is an option's right or a share's kind; of several symbols the first."""
    kind = row.pop("type", "")
    row["putCall" if kind in ("C", "P") else "subCategory"] = kind
    row["symbol"] = row.get("symbol", "").split(", ")[0]
    if _ISIN.fullmatch(row.get("securityID", "")):
        row["isin"] = row["securityID"]
    return row


def _rate(table: ActivityTable, row: Row, context: Context) -> Row:
    """A rate to the base currency on the last day of the statement."""
    row["toCurrency"] = context.base_currency
    return _value_at_end(table, row, context)


def _value_at_end(table: ActivityTable, row: Row, context: Context) -> Row:
    """Figures at the end of the statement: of its last weekday, as no other day has a closing price."""
    end = context.end
    if end is not None:
        end -= timedelta(days=max(0, end.weekday() - _FRIDAY))
    row["reportDate"] = end.isoformat() if end else ""
    return row


def _booked(day: str, context: Context) -> str:
    """The day a row is booked on: the day it shows, where that is one of the statement's; else it is not told.

    A row stands in the statement of the days on which it is booked, but may show the day of its event.
    """
    try:
        shown = date.fromisoformat(day)
    except ValueError:
        return ""
    if context.start is None or context.end is None or context.start <= shown <= context.end:
        return day
    return ""


def _name_instrument(row: Row, found: re.Match[str] | None, security: int, context: Context) -> None:
    if found is None:
        return
    row["symbol"] = found[1].strip()
    if _ISIN.fullmatch(found[security]):
        row["isin"] = found[security]
    conid, category = context.instruments.security(found[security])
    row["conid"] = conid
    if not row.get("assetCategory"):
        row["assetCategory"] = context.facts.asset_classes.get(category, category)


_SHAPES = {
    "trade": _trade,
    "cash": _cash,
    "corporate_action": _corporate_action,
    "transfer": _transfer,
    "security": _security,
    "rate": _rate,
    "value_at_end": _value_at_end,
}
