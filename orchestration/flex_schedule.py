"""Which Flex queries are worth asking at a moment of the morning, and why not the others. Nothing is asked here.

The broker has the statement of a day by about 05:00 New York of the next one, now and then later.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from config.flex_query import FlexQuery
from orchestration.resources.flex_web_service import Reaction
from orchestration.resources.raw_manifest import Receipt

if TYPE_CHECKING:
    from state_store.flex_fetches import FlexFetch

NEW_YORK: Final = ZoneInfo("America/New_York")
_MORNING: Final = time(5)
_FOR_A_PERSON: Final = frozenset({Reaction.FIX, Reaction.TOKEN})


@dataclass(frozen=True)
class Verdict:
    """Whether a query is asked now, and why or why not."""

    query: FlexQuery
    due: bool
    reason: str


def expected_day(at: datetime) -> date:
    """The last day from Monday to Friday before the New York day of `at`: a statement of it should be there."""
    day = at.astimezone(NEW_YORK).date() - timedelta(days=1)
    return day - timedelta(days=max(0, day.weekday() - 4))


def verdicts(
    queries: Iterable[FlexQuery],
    fetches: Sequence["FlexFetch"],
    receipts: Sequence[Receipt],
    token_name: str,
    at: datetime,
    is_session: Callable[[date], bool],
) -> list[Verdict]:
    """One verdict per query, from its fetches so far and the documents that were read.

    `fetches`: the last attempt for each query and period; `is_session`: whether the exchange was open on a day.
    """
    held = next((f for f in fetches if f.token_name == token_name and _holds_all(f, at)), None)
    found = []
    for query in queries:
        own = [fetch for fetch in fetches if fetch.query_id == query.id]
        why_not = (held and _told(held)) or _why_not(own, receipts, token_name, at, is_session)
        reason = why_not or f"has no document for {expected_day(at)} yet"
        found.append(Verdict(query, why_not is None, reason))
    return found


def _why_not(
    fetches: Sequence["FlexFetch"],
    receipts: Sequence[Receipt],
    token_name: str,
    at: datetime,
    is_session: Callable[[date], bool],
) -> str | None:
    """Why the query with these fetches is not to be asked; None if it is."""
    expected = expected_day(at)
    documents = {fetch.document_id for fetch in fetches if fetch.document_id}
    ends = [r.period_end_date for r in receipts if r.document_id in documents and r.period_end_date]
    if ends and max(ends) >= expected.isoformat():
        return f"has its document up to {max(ends)}"
    here = at.astimezone(NEW_YORK)
    day = here.date() - timedelta(days=here.time() < _MORNING)
    morning = datetime.combine(day, _MORNING, NEW_YORK)
    own = (f for f in fetches if not f.period and f.result != "looked")
    last = next((f for f in own if f.asked_at >= morning), None)
    if last is None:
        return None
    asked = f"was asked at {last.asked_at.astimezone(NEW_YORK):%H:%M} New York"
    if last.token_name == token_name and last.result in _FOR_A_PERSON:
        return f"{asked} and refused: {last.said}"
    if last.until is not None and last.until > at:
        return _told(last)
    if last.document_id and last.document_id not in {r.document_id for r in receipts}:
        return f"{asked}; its document waits in the inbox"
    if any(r.document_id == last.document_id and r.status == "quarantined" for r in receipts):
        return f"{asked}; its document could not be read (see data/quarantine)"
    if not is_session(expected):
        return f"{asked}; {expected} was no session of the New York Stock Exchange, so once is enough"
    return None


def _holds_all(fetch: "FlexFetch", at: datetime) -> bool:
    return fetch.result in (Reaction.LOCKED, Reaction.TOKEN) and fetch.until is not None and fetch.until > at


def _told(fetch: "FlexFetch") -> str:
    """What was refused, and until when nothing is sent."""
    until = (
        f"; nothing is sent before {fetch.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if fetch.until else ""
    )
    return f"{fetch.said.rstrip('.')}{'' if 'nothing is sent before' in fetch.said else until}"
