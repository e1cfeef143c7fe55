"""Fetching documents from the Flex Web Service into the inbox. What is in them is the raw layer's business."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

from config.settings import Settings
from orchestration.resources.files import write_atomically
from orchestration.resources.flex_web_service import (
    MOST_DAYS,
    Fetched,
    FlexServiceError,
    FlexWebService,
    Reaction,
)

log = logging.getLogger("tieout")


class FetchError(Exception):
    """Nothing can be fetched with these settings; the message says which one to set."""


@dataclass(frozen=True)
class QueryOutcome:
    """What became of one query: the file in the inbox, or why there is none. `alarm`: a person should look."""

    query: str
    period: tuple[date, date] | None
    file: str | None
    problem: str | None = None
    alarm: bool = False


def fetch_queries(settings: Settings, period: tuple[date, date] | None) -> list[QueryOutcome]:
    """Fetch the document of every query into the inbox; one that fails does not stop the others.

    Raises `FetchError` when the settings name no token or no query.
    """
    service = _service(settings)
    outcomes = []
    for query, window in product(settings.flex_queries, _windows(period)):
        log.info("fetching %s%s", query.name, f", {window[0]} to {window[1]}" if window else "")
        try:
            fetched = service.fetch(query, window)
        except FlexServiceError as error:
            alarm = error.reaction != Reaction.EMPTY
            outcomes.append(QueryOutcome(query.name, window, None, str(error), alarm))
        else:
            outcomes.append(QueryOutcome(query.name, window, _into(settings.data.inbox, fetched).name))
    return outcomes


def _windows(period: tuple[date, date] | None) -> list[tuple[date, date] | None]:
    """The period in parts that the broker allows; None stands for the query's own period."""
    if period is None:
        return [None]
    first, last = period
    windows: list[tuple[date, date] | None] = []
    while first <= last:
        end = min(first + timedelta(days=MOST_DAYS - 1), last)
        windows.append((first, end))
        first = end + timedelta(days=1)
    return windows


def _service(settings: Settings) -> FlexWebService:
    token = settings.flex_token.get_secret_value().strip() if settings.flex_token else ""
    missing = [
        name
        for name, value in (("FLEX_TOKEN", token), ("FLEX_QUERY_IDS", settings.flex_queries))
        if not value
    ]
    if missing:
        raise FetchError(
            f"{' and '.join(missing)} not set: put the token and the numbers of your queries into the environment or "
            ".env; docs/guides/flex-web-service.md shows where Client Portal has them"
        )
    return FlexWebService(settings.flex_base_url, token, settings.data.flex_pace)


def _into(inbox: Path, fetched: Fetched) -> Path:
    """Put a document into the inbox under a name that says what it answers and when it came."""
    head = fetched.content[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
    suffix = "xml" if head.startswith(b"<") else "csv"
    period = f"{fetched.period[0]:%Y%m%d}-{fetched.period[1]:%Y%m%d}_" if fetched.period else ""
    stem = f"{fetched.query.name}_{period}{datetime.now(UTC):%Y%m%dT%H%M%S}"
    path = _free(inbox, stem, suffix)
    write_atomically(path, fetched.content)
    return path


def _free(inbox: Path, stem: str, suffix: str) -> Path:
    names: Iterable[str] = (f"{stem}{f'-{n}' if n else ''}.{suffix}" for n in range(1000))
    return next(inbox / name for name in names if not (inbox / name).exists())
