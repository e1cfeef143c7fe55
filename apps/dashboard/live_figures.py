"""What the live strip says: in words whether the feed can be believed, and PnL per account and in all. No widgets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal

from apps.dashboard import joined
from apps.dashboard.components.formatting import day
from apps.live.health import STALE_AFTER_SECONDS, ago
from state_store.live import AccountState, LiveState
from tws.values import AccountPnl, LinkState

_TITLES = {
    LinkState.UP: "Live",
    LinkState.DEGRADED: "Live, but TWS has lost the broker",
    LinkState.DOWN: "Not live: no connection",
    LinkState.STOPPED: "Not live: waits for a person",
}


@dataclass(frozen=True)
class Standing:
    """The light and its words; `old` when the figures are not those of now, `warns` when anything is amiss."""

    title: str
    detail: str
    old: bool
    warns: bool = True


@dataclass(frozen=True)
class Line:
    """PnL of one account or of all in one currency; `reason` where there is none. `name` is the account's id.

    `told_at` is when TWS last told it, of several accounts the one that it told longest ago.
    """

    name: str
    currency: str
    pnl: AccountPnl | None
    reason: str | None = None
    told_at: datetime | None = None

    @property
    def total(self) -> Decimal | None:
        """Realised today and unrealised together; None if either is missing."""
        if self.pnl is None or self.pnl.realized is None or self.pnl.unrealized is None:
            return None
        return self.pnl.realized + self.pnl.unrealized


def standing(state: LiveState, now: datetime, zone: tzinfo) -> Standing:
    """How the feed stands. It writes every two seconds: one that does not is dead, whatever it said last."""
    link, silent = state.link, (now - state.written_at).total_seconds()
    told = [account.updated_at for account in map(_as_told, state.accounts) if account.updated_at is not None]
    figures = f"figures of {clock(max(told), now, zone)}" if told else "no figures yet"
    if state.ended:
        at = clock(state.written_at, now, zone)
        detail = f"{_sentence(link.reason)} at {at} · {figures} · `tieout live` starts it"
        return Standing("Not live: the feed has ended", detail, old=True)
    if silent > STALE_AFTER_SECONDS:
        detail = f"the live feed last spoke {ago(silent)} · {figures} · `tieout live` starts it again"
        return Standing("Not live: the feed is silent", detail, old=True)
    if link.state != LinkState.UP:
        return Standing(_TITLES[link.state], f"{_sentence(link.reason)} · {figures}", old=True)
    changed = ago(max(0.0, (now - max(told)).total_seconds())) if told else "not yet"
    if state.problem is not None:
        detail = f"{_sentence(state.problem)} · last change {changed}"
        return Standing("Live, but not all of it is written", detail, old=False)
    since = f"connected since {clock(link.since, now, zone)}"
    return Standing("Live", f"{since} · last change {changed}", old=False, warns=False)


def lines(state: LiveState, account_id: str) -> list[Line]:
    """The chosen account, or each of them, and then all together where there are several."""
    every = [_as_told(account) for account in state.accounts]
    shown = [a for a in every if account_id in (joined.ALL, a.account_id)]
    found = [_line(account) for account in shown]
    if account_id != joined.ALL and not shown:
        found.append(Line(account_id, "", None, "not an account of the login that the feed uses"))
    if len(every) > 1:
        found.append(_all_together(every))
    return found


def _as_told(account: AccountState) -> AccountState:
    """Without PnL where all of it is missing: so a snapshot has an account of which TWS told nothing."""
    pnl = account.pnl
    if pnl is not None and (pnl.daily, pnl.unrealized, pnl.realized) == (None, None, None):
        return replace(account, pnl=None, updated_at=None)
    return account


def _line(account: AccountState) -> Line:
    reason = None if account.pnl is not None else "TWS has not told its PnL yet"
    return Line(account.account_id, account.currency or "", account.pnl, reason, account.updated_at)


def _all_together(accounts: Sequence[AccountState]) -> Line:
    currencies = sorted({account.currency or "" for account in accounts})
    if len(currencies) > 1 or "" in currencies:
        named = " and ".join(code or "an unknown currency" for code in currencies)
        return Line(joined.ALL, "", None, f"not added up: the accounts are in {named}")
    told = [account.pnl for account in accounts if account.pnl is not None]
    if len(told) < len(accounts):
        return Line(joined.ALL, currencies[0], None, "not added up: an account's PnL is missing")
    return Line(
        joined.ALL,
        currencies[0],
        AccountPnl(
            joined.ALL,
            _sum([pnl.daily for pnl in told]),
            _sum([pnl.unrealized for pnl in told]),
            _sum([pnl.realized for pnl in told]),
        ),
        told_at=min(account.updated_at for account in accounts if account.updated_at is not None),
    )


def _sum(parts: Sequence[Decimal | None]) -> Decimal | None:
    """None if a part is missing: a sum without it would be another figure."""
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None


def clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """The time of an instant, with its day if that is not today."""
    here = at.astimezone(zone)
    if here.date() == now.astimezone(zone).date():
        return f"{here:%H:%M:%S}"
    return f"{day(here.date(), year=False)} {here:%H:%M}"


def _sentence(reason: str) -> str:
    return reason.strip().rstrip(".")
