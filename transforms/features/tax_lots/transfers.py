"""Securities that move between two of the loaded accounts: the receiver takes over the sender's lots. One account's
replay is engine.py's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from transforms.features.tax_lots.engine import replay
from transforms.features.tax_lots.events import transfer_events
from transforms.features.tax_lots.model import TRADE, TRANSFER_IN, TRANSFER_OUT, Moved, Outcome
from transforms.features.tax_lots.stream import AccountStream

WITHIN_DAYS: Final = 7
"""Days that may lie between the bookings of the two sides, where one of them names the other's account."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """The two rows of one transfer: accounts and event keys."""

    sender: str
    leaves: str
    receiver: str
    arrives: str


def pairs(transfers: pl.DataFrame) -> list[Pair]:
    """The transfers that two accounts' rows report, each row in one pair at most, the nearest days first.

    Instrument and quantity are the same. One side names the other's account, or both are INTERNAL, of one day, and
    neither names any account.
    """
    rows = transfer_events(transfers).join(
        transfers.select(
            "account_id",
            event_key=pl.concat_str(pl.lit("transfer:"), "transfer_key"),
            named=pl.col("counter_account").str.strip_chars("- ").replace("", None),
            internal=pl.col("type").str.to_uppercase().eq_missing("INTERNAL"),
        ),
        on=["account_id", "event_key"],
        how="inner",
    )
    coming: dict[tuple[str, Any], list[Row]] = defaultdict(list)
    for row in rows.filter(pl.col("kind") == TRADE).iter_rows(named=True):
        coming[row["instrument_key"], row["quantity"]].append(row)
    likely = [
        (abs((leaves["report_date"] - arrives["report_date"]).days), leaves, arrives)
        for leaves in rows.filter(pl.col("kind") == TRANSFER_OUT).iter_rows(named=True)
        for arrives in coming[leaves["instrument_key"], -leaves["quantity"]]
        if _may_be_one(leaves, arrives)
    ]
    found: list[Pair] = []
    used: set[tuple[str, str]] = set()
    for _, leaves, arrives in sorted(likely, key=_place):
        ends = {(row["account_id"], row["event_key"]) for row in (leaves, arrives)}
        if not ends & used:
            used |= ends
            found.append(
                Pair(leaves["account_id"], leaves["event_key"], arrives["account_id"], arrives["event_key"])
            )
    return found


def _may_be_one(leaves: Row, arrives: Row) -> bool:
    if leaves["account_id"] == arrives["account_id"]:
        return False
    named = {(leaves["account_id"], leaves["named"]), (arrives["account_id"], arrives["named"])}
    others = {(leaves["account_id"], arrives["account_id"]), (arrives["account_id"], leaves["account_id"])}
    said = {pair for pair in named if pair[1] is not None}
    if said:
        near = abs((leaves["report_date"] - arrives["report_date"]).days) <= WITHIN_DAYS
        return said <= others and near
    same_day = leaves["report_date"] == arrives["report_date"]
    return bool(same_day and leaves["internal"] and arrives["internal"])


def _place(likely: tuple[int, Row, Row]) -> tuple[Any, ...]:
    days, leaves, arrives = likely
    return (days, *((row["report_date"], row["account_id"], row["event_key"]) for row in (leaves, arrives)))


def replay_together(
    accounts: Sequence[AccountStream], found: Sequence[Pair], method: str, unit: int
) -> list[tuple[AccountStream, Outcome]]:
    """Replay accounts that moved securities between them until none is handed other lots than it was replayed with.

    The order of `accounts` does not matter. A transfer keeps the broker's cost where the sender's lots are not known,
    and all of them do where accounts hand each other the same securities on one day without end.
    """
    streams = {account.account_id: _prepared(account, found) for account in accounts}
    places = {
        owner: dict(zip(account.events["event_key"], range(account.events.height), strict=True))
        for owner, account in streams.items()
    }
    received: dict[str, dict[int, tuple[Moved, ...]]] = {owner: {} for owner in streams}
    done: dict[str, tuple[AccountStream, Outcome]] = {}
    pending, left = set(streams), len(streams) * (len(found) + 1)
    while pending:
        owner = min(pending)
        pending.remove(owner)
        left -= 1
        account = _with_received(streams[owner], received[owner])
        outcome = replay(account.stream, method, unit)
        done[owner] = (account, outcome)
        if left < 0:
            continue  # what was handed over last stays out: every account is replayed with the broker's costs
        for pair in found:
            if pair.sender == owner:
                event = places[pair.receiver][pair.arrives]
                handed = _handed(account, outcome, places[owner][pair.leaves])
                if received[pair.receiver].get(event, ()) != handed:
                    received[pair.receiver][event] = handed
                    pending.add(pair.receiver)
        if left == 0 and pending:
            received = {name: {} for name in streams}
            pending = set(streams)
    return [done[account.account_id] for account in accounts]


def _prepared(account: AccountStream, found: Sequence[Pair]) -> AccountStream:
    """Mark the events that hand lots over, and those that wait for some."""
    leaves = {pair.leaves for pair in found if pair.sender == account.account_id}
    arrives = {pair.arrives for pair in found if pair.receiver == account.account_id}
    kinds, handing = list(account.stream.kind), set()
    for event, key in enumerate(account.events["event_key"]):
        if key in leaves:
            handing.add(event)
        elif key in arrives:
            kinds[event] = TRANSFER_IN
    return replace(account, stream=replace(account.stream, kind=kinds, handing=handing))


def _with_received(account: AccountStream, received: Mapping[int, tuple[Moved, ...]]) -> AccountStream:
    """The account with the lots it is handed: what dates them are events behind its own, which nothing replays."""
    rows: list[Row] = []
    placed: dict[int, tuple[tuple[Moved, int], ...]] = {}
    for event, lots in sorted(received.items()):
        first = account.events.height + len(rows)
        placed[event] = tuple((lot, first + number) for number, lot in enumerate(lots))
        rows += [
            {"account_id": account.account_id, "at": lot.opened_at, "date": lot.opened_on} for lot in lots
        ]
    stream = replace(account.stream, received=placed)
    events = (
        pl.concat([account.events, pl.DataFrame(rows, schema=account.events.schema)])
        if rows
        else account.events
    )
    return replace(account, events=events, stream=stream)


def _handed(account: AccountStream, outcome: Outcome, event: int) -> tuple[Moved, ...]:
    """The lots that left by the event; none where one of them is not known."""
    parts = outcome.handed.get(event, [])
    if any(cost is None or missing for _, cost, _, _, missing in parts):
        return ()
    return tuple(
        Moved(quantity, cost or 0, at, account.events[dated, "at"], account.events[dated, "date"])
        for quantity, cost, at, dated, _ in parts
    )
