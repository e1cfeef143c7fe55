"""Looking at a Flex document without loading it: fetched now, or a file. What is looked for: transforms/probe."""

import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import polars as pl

from config.settings import Settings
from orchestration.fetching import flex_web_service, record_look
from orchestration.packaged_lineage import values_by_mart
from orchestration.resources.flex_web_service import FlexServiceError, Reaction
from orchestration.resources.raw_documents import DocumentFacts, read_document
from transforms.documents import DocumentError
from transforms.flex.reader import SectionBatch
from transforms.probe.look import Sight, look

_FLEX = ("flex_xml", "flex_csv")
_DAILY_DAYS = 31


@dataclass(frozen=True)
class Probe:
    """What was seen of one document. `unreadable`: why nothing could be seen; `refused`: the broker gave none, and
    `alarm` says that a person should look.
    """

    name: str
    sights: tuple[Sight, ...] = ()
    unreadable: str | None = None
    refused: str | None = None
    alarm: bool = False


def probe_queries(settings: Settings) -> Iterator[Probe]:
    """Fetch the document of each query and look at it; none is kept. Raises `FetchError`."""
    service = flex_web_service(settings)
    for query in settings.flex_queries:
        try:
            fetched = service.fetch(query)
        except FlexServiceError as error:
            yield Probe(query.name, refused=str(error), alarm=error.reaction != Reaction.EMPTY)
        else:
            record_look(settings, service, query)
            yield _probe(io.BytesIO(fetched.content), query.name, settings, daily=True)


def probe_file(settings: Settings, path: Path) -> Probe:
    """Look at a document on disk. Raises OSError."""
    with path.open("rb") as stream:
        return _probe(stream, path.name, settings, daily=False)


def _probe(stream: BinaryIO, name: str, settings: Settings, daily: bool) -> Probe:
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)

    def keep(batch: SectionBatch) -> None:
        frames[batch.section].append(batch.frame)

    try:
        facts = read_document(stream, name, "", keep, settings.flex_timezone)
    except DocumentError as error:
        return Probe(name, unreadable=f"{error.reason} ({error.place})")
    if facts.kind not in _FLEX:
        return Probe(name, unreadable=f"{name} is no document of a Flex query, so there is no query to mend")
    whole = {section: pl.concat(parts, how="diagonal") for section, parts in frames.items()}
    told = whole.get("_statement_sections")
    sections = set(told["section"]) if told is not None else set()
    confirmations = "TradeConfirms" in sections and "Trades" not in sections
    sights = look(whole, values_by_mart(), settings.flex_timezone, confirmations)
    return Probe(name, (_document(facts), *_period(facts, daily), *sights))


def _document(facts: DocumentFacts) -> Sight:
    """What the document says of itself; what was odd about it is a warning."""
    told = f"{facts.kind.replace('_', ' ')}, {facts.period_start_date} to {facts.period_end_date}"
    query = f", query {facts.query_name}" if facts.query_name else ""
    if facts.note:
        return Sight("warning", "", "", f"{told}{query}: {facts.note}")
    return Sight("ok", "", "", told + query)


def _period(facts: DocumentFacts, daily: bool) -> Iterator[Sight]:
    """A query that is fetched each day needs no long period."""
    if not daily or not facts.period_start_date or not facts.period_end_date:
        return
    days = (date.fromisoformat(facts.period_end_date) - date.fromisoformat(facts.period_start_date)).days + 1
    if days > _DAILY_DAYS:
        yield Sight(
            "warning",
            "",
            "",
            f"the query's own period has {days} days, and each morning all of them are fetched again",
            "In the query, set the period to Last 30 Calendar Days; the asset raw/flex_history fetches older months.",
        )
