"""Fetching documents from the Flex Web Service into the inbox. What is in them is the raw layer's business."""

import hashlib
import logging
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from config.flex_query import FlexQuery
from config.flex_token import token_name
from config.settings import Settings
from orchestration.resources.files import write_atomically
from orchestration.resources.flex_web_service import (
    MOST_DAYS,
    Fetched,
    FlexServiceError,
    FlexWebService,
    Reaction,
)
from orchestration.resources.raw_manifest import Receipt
from orchestration.resources.raw_store import RawStore

FETCHED, KNOWN, LOOKED = "fetched", "known", "looked"

# Where a document says when it was made: in each statement of an XML, behind the period in the first line of a CSV.
_DAY: Final = rb"20[\d-]{6,8}"
_MADE_AT: Final = re.compile(
    rb'(\swhenGenerated=")[^"]*|(\A\W{0,4}BOF\b[^\r\n]*?\b' + _DAY + rb'"?,"?' + _DAY + rb"\b)[^\r\n]*"
)

Period = tuple[date, date]

log = logging.getLogger("tieout")


class FetchError(Exception):
    """Nothing can be fetched with these settings; the message says which one to set."""


@dataclass(frozen=True)
class QueryOutcome:
    """What became of one query: the file in the inbox, or why there is none. `alarm`: a person should look.

    `result`: `fetched`, `known` (the last document of the query and period says the same, so this one is not put into
    the inbox; `document_id` is that one's), or what a refusal asks for (`Reaction`). `until`: nothing is sent
    before. Sizes in bytes, times in seconds.
    """

    query: str
    period: Period | None
    file: str | None
    problem: str | None = None
    alarm: bool = False
    result: str = FETCHED
    code: int | None = None
    until: datetime | None = None
    document_id: str | None = None
    size: int = 0
    seconds: float = 0.0


def fetch_queries(
    settings: Settings,
    period: Period | None,
    only: Collection[str] = (),
    service: FlexWebService | None = None,
) -> list[QueryOutcome]:
    """Fetch the document of every query (of those named by `only`) into the inbox; one that fails does not stop the
    others.

    Raises `FetchError` when the settings name no token or no query, or not one of `only`.
    """
    service = service or flex_web_service(settings)
    queries = [query for query in settings.flex_queries if not only or query.name in only]
    unknown = sorted({*only} - {query.name for query in queries})
    if unknown:
        raise FetchError(
            f"FLEX_QUERY_IDS names no query {', '.join(unknown)}: put it back, or ask for another"
        )
    outcomes = []
    for query, window in product(queries, _windows(period)):
        log.info("fetching %s%s", query.name, f", {window[0]} to {window[1]}" if window else "")
        asked_at, began = datetime.now(UTC), time.monotonic()
        outcome = _fetch_one(settings, service, query, window, began)
        _record(settings, service, query, outcome, asked_at)
        outcomes.append(outcome)
    return outcomes


def flex_web_service(settings: Settings) -> FlexWebService:
    """The service behind the token of the settings. Raises `FetchError` that names what is not set."""
    missing = missing_settings(settings)
    if missing:
        raise FetchError(
            f"{' and '.join(missing)} not set: put the token and the numbers of your queries into the environment or "
            ".env; docs/guides/flex-web-service.md shows where Client Portal has them"
        )
    return FlexWebService(settings.flex_base_url, settings.flex_token_text, settings.data.flex_pace)


def missing_settings(settings: Settings) -> list[str]:
    """The settings without which nothing can be fetched, those of them that are not set."""
    wanted = (("FLEX_TOKEN", settings.flex_token_text), ("FLEX_QUERY_IDS", settings.flex_queries))
    return [name for name, value in wanted if not value]


def _fetch_one(
    settings: Settings, service: FlexWebService, query: FlexQuery, window: Period | None, began: float
) -> QueryOutcome:
    try:
        fetched = service.fetch(query, window)
    except FlexServiceError as error:
        return QueryOutcome(
            query.name,
            window,
            None,
            str(error),
            alarm=error.reaction != Reaction.EMPTY,
            result=error.reaction.value,
            code=error.code,
            until=error.until,
            seconds=time.monotonic() - began,
        )
    seconds = time.monotonic() - began
    same = _last_if_the_same(settings, query, window, fetched.content)
    file = None if same else _into(settings.data.inbox, fetched).name
    problem = f"the same document is here already, as {same.file_name}" if same else None
    return QueryOutcome(
        query.name,
        window,
        file,
        problem,
        result=KNOWN if same else FETCHED,
        document_id=same.document_id if same else hashlib.sha256(fetched.content).hexdigest(),
        size=len(fetched.content),
        seconds=seconds,
    )


def _last_if_the_same(
    settings: Settings, query: FlexQuery, window: Period | None, content: bytes
) -> Receipt | None:
    """The last document of a query and period in the raw layer, if this one tells nothing that it does not.

    Each bears the second in which it was made, so that no two are the same bytes. While the last day of a period goes
    on that second tells something: which fills the document would name.
    """
    from state_store.database import StateError, StateStore
    from state_store.flex_fetches import recorded

    try:
        fetches = recorded(StateStore(settings.state_url))
    except StateError:
        return None  # it is said when the fetch is recorded
    asked = (query.id, _period_text(window))
    last = next((f.document_id for f in fetches if (f.query_id, f.period) == asked), None)
    store = RawStore(settings.data, settings.flex_timezone)
    receipts = store.manifest().receipts
    known = next((r for r in receipts if (r.document_id, r.status) == (last, "loaded")), None)
    if known is None:
        return None
    before = store.document_bytes(known.document_id)
    if before == content:
        return known
    over = _made_after_its_period(known, settings.flex_timezone)
    return known if over and _but_for_its_time(before) == _but_for_its_time(content) else None


def _but_for_its_time(content: bytes) -> bytes:
    return _MADE_AT.sub(rb"\1\2", content)


def _made_after_its_period(receipt: Receipt, timezone: str) -> bool:
    if receipt.when_generated_at is None or receipt.period_end_date is None:
        return False
    made = datetime.fromisoformat(receipt.when_generated_at).astimezone(ZoneInfo(timezone))
    return made.date() > date.fromisoformat(receipt.period_end_date)


def record_look(settings: Settings, service: FlexWebService, query: FlexQuery) -> None:
    """Keep that the broker answers a query, where its document was looked at alone: what it refused before is over."""
    _record(settings, service, query, QueryOutcome(query.name, None, None, result=LOOKED), datetime.now(UTC))


def _record(
    settings: Settings, service: FlexWebService, query: FlexQuery, outcome: QueryOutcome, asked_at: datetime
) -> None:
    """Keep what became of it. A state store that cannot be used loses no document."""
    from state_store.database import StateError, StateStore
    from state_store.flex_fetches import FlexFetch, record

    fetch = FlexFetch(
        query_id=query.id,
        period=_period_text(outcome.period),
        query_name=query.name,
        token_name=token_name(service.token),
        asked_at=asked_at,
        seconds=outcome.seconds,
        result=outcome.result,
        code=outcome.code,
        said=outcome.problem or "",
        until=outcome.until,
        document_id=outcome.document_id,
        fetched_at=datetime.now(UTC) if outcome.document_id else None,
    )
    try:
        record(StateStore(settings.state_url), fetch)
    except StateError as error:
        log.warning("what became of the fetch of %s could not be kept: %s", query.name, error)


def _period_text(period: Period | None) -> str:
    """A period as records and file names write it; empty for the query's own."""
    return f"{period[0]:%Y%m%d}-{period[1]:%Y%m%d}" if period else ""


def _windows(period: Period | None) -> Sequence[Period | None]:
    """The period in parts that the broker allows; None stands for the query's own period."""
    if period is None:
        return [None]
    first, last = period
    windows: list[Period | None] = []
    while first <= last:
        end = min(first + timedelta(days=MOST_DAYS - 1), last)
        windows.append((first, end))
        first = end + timedelta(days=1)
    return windows


def _into(inbox: Path, fetched: Fetched) -> Path:
    """Put a document into the inbox under a name that says what it answers and when it came."""
    head = fetched.content[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
    suffix = "xml" if head.startswith(b"<") else "csv"
    parts = (fetched.query.name, _period_text(fetched.period), f"{datetime.now(UTC):%Y%m%dT%H%M%S}")
    stem = "_".join(part for part in parts if part)
    path = _free(inbox, stem, suffix)
    write_atomically(path, fetched.content)
    return path


def _free(inbox: Path, stem: str, suffix: str) -> Path:
    names: Iterable[str] = (f"{stem}{f'-{n}' if n else ''}.{suffix}" for n in range(1000))
    return next(inbox / name for name in names if not (inbox / name).exists())
