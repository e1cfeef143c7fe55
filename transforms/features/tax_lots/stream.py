"""The engine's input, one stream an account: the ordered events with what links them. No lots here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import polars as pl

from transforms.features.tax_lots.events import (
    EVENT_COLUMNS,
    action_events,
    anchor_events,
    as_cancels,
    in_order,
    trade_events,
    transfer_events,
    usable_trades,
)
from transforms.features.tax_lots.exact import to_units, units
from transforms.features.tax_lots.links import action_groups, cancelled_trades, deliveries, parents
from transforms.features.tax_lots.model import (
    ACTION,
    ANCHOR,
    FROM_TRANSFER,
    OPTION_OUT,
    TRADE,
    Action,
    Anchor,
    Leg,
    Opening,
    Stream,
)
from transforms.features.tax_lots.openings import Held, Run, held_before, known_days, runs

_WHERE: Final = ("document_id", "section", "row_ordinal")
_ROW: Final = ("account_id", "instrument_key", "report_date", "asset_class", "currency", "quantity", *_WHERE)
_BOOKED: Final = (*_ROW, "fx_rate_to_base", "transaction_id")
INPUTS: Final[dict[str, tuple[str, ...]]] = {
    "trades": (
        *_BOOKED,
        *("trade_key", "trade_id", "symbol", "trade_at", "trade_date", "is_cancel", "open_close", "notes"),
        *("price", "proceeds", "trade_money", "commission", "commission_currency", "taxes", "cost"),
        *("realized_pnl", "orig_transaction_id"),
    ),
    "corporate_actions": (
        *_BOOKED,
        *("action_key", "action_id", "type", "description", "action_description", "effective_at", "proceeds"),
        *("value", "cost_basis", "realized_pnl", "code"),
    ),
    "transfers": (
        *_BOOKED,
        *(
            "transfer_key",
            "type",
            "direction",
            "counter_account",
            "transfer_date",
            "position_amount",
            "pnl_amount",
        ),
    ),
    "positions": (*_ROW, "cost_basis_money"),
    "position_lots": (*_ROW, "lot_ordinal", "open_at", "cost_basis_money"),
    "closed_lots": (*_ROW, "lot_key", "open_at", "cost"),
    "instruments": ("instrument_key", "isin", "symbol", "underlying_symbol", "strike"),
    "statement_sections": ("account_id", "section", "rows", "period_start_date", "period_end_date"),
}
"""The clean tables that the lots are made from, and the columns that are read of each."""

Row = dict[str, Any]


@dataclass(frozen=True)
class AccountStream:
    """One account: its ordered events as a table and as a stream, the instruments by number, its runs."""

    account_id: str
    events: pl.DataFrame
    instruments: list[str]
    stream: Stream
    runs: list[Run]


@dataclass(frozen=True)
class _Links:
    cancels: pl.DataFrame
    delivery: dict[tuple[str, str], str]
    actions: dict[str, list[list[Row]]]
    parents: dict[str, list[str]]
    held: dict[str, list[Held]]
    lone_cancels: list[tuple[str, str]]
    tables: Mapping[str, pl.DataFrame]


def account_streams(tables: Mapping[str, pl.DataFrame]) -> Iterator[AccountStream]:
    """The streams of all accounts, by account. `tables`: the clean tables named in INPUTS."""
    trades = usable_trades(tables["trades"])
    found = runs(tables["statement_sections"], tables["positions"])
    held = held_before(found, tables, trades)
    cancels = cancelled_trades(trades)
    delivery = deliveries(trades, tables["instruments"])
    by_account: dict[str, list[Held]] = defaultdict(list)
    for one in held:
        by_account[one.run.account_id].append(one)
    links = _Links(
        cancels=cancels,
        delivery=delivery,
        actions=action_groups(tables["corporate_actions"]),
        parents=parents(tables["corporate_actions"], tables["instruments"]),
        held=by_account,
        lone_cancels=_lone_cancels(trades, cancels),
        tables=tables,
    )
    anchors = [row for run in found if run.snapshot for row in _anchor_rows(run, by_account[run.account_id])]
    events = in_order(
        as_cancels(
            pl.concat(
                [
                    _with_delivered_money(trade_events(trades, known_days(found)), trades, delivery),
                    transfer_events(tables["transfers"]),
                    action_events(tables["corporate_actions"]),
                    anchor_events(pl.DataFrame(anchors, schema=_ANCHOR_SCHEMA)),
                ]
            ),
            cancels.select("account_id", event_key="cancel"),
        )
    )
    for (account,), part in events.partition_by("account_id", maintain_order=True, as_dict=True).items():
        mine = [run for run in found if run.account_id == account]
        yield _account_stream(str(account), part, links, mine)


_ANCHOR_SCHEMA: Final = {
    name: kind
    for name, kind in EVENT_COLUMNS.items()
    if name
    in {
        *("account_id", "event_key", "instrument_key", "quantity", "at", "date", "report_date", "currency"),
        *("document_id", "section", "row_ordinal"),
    }
}


def _with_delivered_money(
    events: pl.DataFrame, trades: pl.DataFrame, delivery: dict[tuple[str, str], str]
) -> pl.DataFrame:
    """Rows of an exercise without the other side: the broker's own cost and PnL say the money with the premium."""
    alone = trades.filter(
        pl.col("notes").fill_null("").str.contains(r"(^|;)\s*(Ex|A)\s*(;|$)"),
        ~pl.concat_str(pl.lit("trade:"), "trade_key").is_in([key for _, key in delivery]),
        pl.col("realized_pnl").is_not_null() & pl.col("cost").is_not_null(),
    ).select(
        "account_id",
        event_key=pl.concat_str(pl.lit("trade:"), "trade_key"),
        _stated=pl.col("realized_pnl") - pl.col("cost"),
    )
    if alone.is_empty():
        return events
    return (
        events.join(alone, on=["account_id", "event_key"], how="left")
        .with_columns(money=pl.coalesce("_stated", "money"))
        .drop("_stated")
    )


def _anchor_rows(run: Run, held: list[Held]) -> list[Row]:
    """Rows of the events of a run's beginning: the run's own, and one for each lot that was there."""
    day = {"account_id": run.account_id, "report_date": run.start}
    rows: list[Row] = [
        {**day, "event_key": f"opening:{run.start}", "date": run.start, "quantity": Decimal(0)}
    ]
    for one in held:
        if one.run != run:
            continue
        for number, (quantity, _, lot) in enumerate(one.lots):
            row = lot or one.row or {}
            at = row.get("open_at")
            rows.append(
                {
                    **day,
                    "event_key": f"opening:{run.start}:{one.instrument_key}:{number:06d}",
                    "instrument_key": one.instrument_key,
                    "quantity": quantity,
                    "at": at,
                    "date": at.date() if at else None,
                    "currency": row.get("currency"),
                    **{name: row.get(name) for name in ("document_id", "section", "row_ordinal")},
                }
            )
    return rows


def _account_stream(account: str, events: pl.DataFrame, links: _Links, found: list[Run]) -> AccountStream:
    instruments = events["instrument_key"].drop_nulls().unique().sort().to_list()
    numbers = {key: number for number, key in enumerate(instruments)}
    index = _places(account, events, links)
    quantity = [value or 0 for value in to_units(events["quantity"])]
    stream = Stream(
        books=len(instruments),
        kind=events["kind"].to_list(),
        book=events["instrument_key"].replace_strict(numbers, default=0, return_dtype=pl.Int64).to_list(),
        quantity=quantity,
        money=to_units(events["money"]),
        at=events["age"].to_list(),
        day=events["report_date"].cast(pl.Int32).to_list(),
        opens=events["opens"].to_list(),
    )
    _link_cancels(stream, account, index, links)
    _link_deliveries(stream, account, index, links)
    for event in events.with_row_index("_event").filter(
        pl.col("opens_as") == "transfer", pl.col("kind") == TRADE
    )["_event"]:
        stream.reason[event] = FROM_TRANSFER
    for rows in links.actions.get(account, []):
        action = _action(account, rows, index, numbers, links)
        stream.actions[min(leg.event for leg in action.legs)] = action
    _link_anchors(stream, index, numbers, links.held.get(account, []), found)
    return AccountStream(account, events, instruments, stream, found)


def _places(account: str, events: pl.DataFrame, links: _Links) -> dict[str, int]:
    """Place in the stream of the events that something refers to, by their keys."""
    cancels = links.cancels.filter(pl.col("account_id") == account)
    alone = (key for _, key in links.lone_cancels)
    named = {*cancels["cancel"], *cancels["original"], *(key for _, key in links.delivery), *alone}
    rows = events.select("event_key", "kind").with_row_index("_event")
    found = rows.filter(pl.col("kind").is_in([ACTION, ANCHOR]) | pl.col("event_key").is_in(list(named)))
    return dict(zip(found["event_key"], found["_event"], strict=True))


def _lone_cancels(trades: pl.DataFrame, cancels: pl.DataFrame) -> list[tuple[str, str]]:
    """(account, event key) of the cancels whose original is in no document."""
    key = pl.concat_str(pl.lit("trade:"), "trade_key")
    rows = trades.filter("is_cancel").select("account_id", event_key=key)
    linked = cancels.select("account_id", event_key="cancel")
    return rows.join(linked, on=["account_id", "event_key"], how="anti").rows()


def _link_cancels(stream: Stream, account: str, index: dict[str, int], links: _Links) -> None:
    mine = links.cancels.filter(pl.col("account_id") == account)
    stream.lone_cancels = sorted(index[key] for owner, key in links.lone_cancels if owner == account)
    for _, cancel, original, at_once in mine.iter_rows():
        if at_once or index[cancel] < index[original]:
            stream.excluded.update((index[cancel], index[original]))
        else:
            stream.cancels[index[cancel]] = index[original]


def _link_deliveries(stream: Stream, account: str, index: dict[str, int], links: _Links) -> None:
    groups: dict[str, int] = {}
    for (owner, key), group in links.delivery.items():
        if owner != account:
            continue
        event, number = index[key], groups.setdefault(group, len(groups))
        if event in stream.excluded or stream.kind[event] not in (TRADE, OPTION_OUT):
            continue
        stream.delivery[event] = number
        if stream.kind[event] == TRADE:
            due = stream.shares_due.get(number, 0)
            stream.shares_due[number] = due + abs(stream.quantity[event])
    for event, kind in enumerate(stream.kind):
        if kind == OPTION_OUT and event not in stream.delivery:
            stream.kind[event] = TRADE


def _action(
    account: str, rows: list[Row], index: dict[str, int], numbers: dict[str, int], links: _Links
) -> Action:
    legs = tuple(
        Leg(
            event=index[f"action:{row['action_key']}"],
            book=numbers[row["instrument_key"]],
            quantity=units(row["quantity"]) or 0,
            proceeds=units(row["proceeds"]) or 0,
            realized=units(row["realized_pnl"]),
            cost_basis=units(row["cost_basis"]),
            value=units(row["value"]) or 0,
            snapshot=_snapshot(account, row, links.tables),
        )
        for row in rows
    )
    kind = next((row["type"] for row in rows if row["type"]), None) or _kind_by_words(rows)
    named = links.parents.get(rows[0]["action_description"] or "", []) if kind in ("SO", "RI", "DI") else []
    own = {leg.book for leg in legs}
    parent = next((numbers[key] for key in named if key in numbers and numbers[key] not in own), None)
    return Action(kind, legs, parent if kind in ("SO", "RI") else None)


def _kind_by_words(rows: list[Row]) -> str:
    """The kind of an action whose rows bear no type (older documents)."""
    words = " ".join(str(row["action_description"] or row["description"] or "") for row in rows).upper()
    for kind, name in (("SO", "SPINOFF"), ("RI", " RIGHTS ISSUE"), ("SR", " SUBSCRIBES TO ")):
        if name in words:
            return kind
    return "FS" if " SPLIT " in words and len(rows) == 1 else ""


def _snapshot(account: str, row: Row, tables: Mapping[str, pl.DataFrame]) -> tuple[tuple[int, int], ...]:
    """(quantity, cost) of the lots of what came in, in the broker's first snapshot on or after the day."""
    if row["report_date"] is None:
        return ()
    mine = (pl.col("account_id") == account) & (pl.col("report_date") >= row["report_date"])
    day = tables["positions"].filter(mine)["report_date"].min()
    if day is None:
        return ()
    same = (
        (pl.col("account_id") == account)
        & (pl.col("report_date") == day)
        & (pl.col("instrument_key") == row["instrument_key"])
    )
    lots = tables["position_lots"].filter(same).sort("open_at", "lot_ordinal")
    if lots.is_empty():
        lots = tables["positions"].filter(same)
    found = [(units(q), units(cost)) for q, cost in lots.select("quantity", "cost_basis_money").iter_rows()]
    return tuple((q, cost) for q, cost in found if q is not None and cost is not None)


def _link_anchors(
    stream: Stream, index: dict[str, int], numbers: dict[str, int], held: list[Held], found: list[Run]
) -> None:
    """At the beginning of each run every book is brought to what was held; those not named held nothing."""
    for run in found:
        first = index.get(f"opening:{run.start}")
        if first is None:
            continue
        named = {one.instrument_key: one for one in held if one.run == run}
        anchors = []
        for key, number in numbers.items():
            one = named.get(key)
            openings = []
            for n, (quantity, cost, _) in enumerate(one.lots if one else ()):
                event = index[f"opening:{run.start}:{key}:{n:06d}"]
                reason = one.reason if one else 0
                openings.append(Opening(event, units(quantity) or 0, units(cost), reason))
            whole = sum(opening.quantity for opening in openings)
            anchors.append(Anchor(openings[0].event if openings else first, number, whole, tuple(openings)))
        stream.anchors[first] = tuple(anchors)
