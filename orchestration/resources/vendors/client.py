"""The one HTTP client of all vendors: the pages of an ask at the vendor's pace, each kept before it is read."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

import polars as pl
import requests

from orchestration.resources.vendors.archive import AnswerArchive, as_text
from orchestration.resources.vendors.pace import LONGEST_HOLD, Bucket
from orchestration.resources.vendors.secrecy import Secrecy
from orchestration.resources.vendors.source import SourceState
from orchestration.resources.vendors.wire import DirectSession, UnreachableError, Wire
from transforms.market.series import Ask
from transforms.market.vendors.body import retry_after
from transforms.market.vendors.contract import Answer, Page, Reach, Request, Vendor, VendorError

ATTEMPTS: Final = 6
MOST_PAGES: Final = 5000
LONGEST_WAIT: Final = 120.0
TOO_MANY_WAIT: Final = 30.0  # after a 429 that names no time
_FIRST_WAIT, _LONGEST_PAUSE = 2.0, 60.0

log = logging.getLogger("tieout")


@dataclass(frozen=True)
class Received:
    """A page as it was read, the sha256 of the answer that it was read from, and when that came (UTC)."""

    page: Page
    document_id: str
    ingested_at: datetime


@dataclass(frozen=True)
class VendorClient:
    """One vendor in one run. `state` is shared by all its series; `now` gives seconds since 1970, `sleep` waits.

    `longest_wait`: the most seconds that the vendor may ask us to wait; a longer wait ends the source for this run.
    """

    vendor: Vendor
    base_url: str
    archive: AnswerArchive
    pace: Bucket
    key: str = field(default="", repr=False)
    state: SourceState = field(default_factory=SourceState)
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    session: requests.Session = field(default_factory=DirectSession, repr=False)
    attempts: int = ATTEMPTS
    most_pages: int = MOST_PAGES
    longest_wait: float = LONGEST_WAIT
    wire: Wire = field(init=False, repr=False)

    def __post_init__(self) -> None:
        secrecy = Secrecy(self.vendor.key, self.key)
        wire = Wire(self.base_url, self.vendor.base_url_setting, secrecy, self.session)
        object.__setattr__(self, "wire", wire)

    def pages(self, ask: Ask, known_to: date | None = None) -> Iterator[Received]:
        """All pages that answer an ask, in order. A walk may fail after some pages: then the ask is not answered.

        `known_to`: the last session that is stored. Where no later one came that is over, what a vendor tells apart
        (splits and dividends, the unit) is not asked for: it came with the sessions that are stored.

        Raises `VendorError` that reaches the series or the source. Its text is for a person and holds no key. After one
        that reaches the source every further ask of this run raises the same, and nothing is sent.
        """
        self.state.check()
        self._check_key()
        apart = self.vendor.apart(ask)
        is_news = known_to is None
        for first in self.vendor.requests(ask):
            for received in self._walk(self.wire.rebased(first), ask):
                is_news = is_news or (bool(apart) and _has_session_after(received.page, known_to))
                yield received
        for first in apart if is_news else ():
            yield from self._walk(self.wire.rebased(first), ask)

    def _walk(self, first: Request, ask: Ask) -> Iterator[Received]:
        """The pages from a first request on, until one names none that follows."""
        asked: set[Request] = set()
        before: Page | None = None
        request: Request | None = first
        while request is not None:
            if request in asked:
                raise self._endless(ask, "an answer names a page that it gave before as the one that follows")
            if len(asked) == self.most_pages:
                raise self._endless(ask, f"there is still no end after {self.most_pages} pages")
            asked.add(request)
            received = self._page(request, ask)
            if before is not None and _is_again(received.page, before):
                raise self._endless(ask, "a page tells what the one before it told")
            before = received.page
            yield received
            request = received.page.next and self.wire.rebased(received.page.next)

    def _page(self, request: Request, ask: Ask) -> Received:
        """One page, asked for as often as it makes sense."""
        pause = _FIRST_WAIT
        for attempt in range(1, self.attempts + 1):
            outcome = self._try(request, ask)
            if isinstance(outcome, Received):
                self.state.answered()
                return outcome
            if outcome.reach is not Reach.AGAIN:
                raise self.state.judged(outcome, asked_often=False)
            if attempt == self.attempts:
                break
            seconds = pause * random.uniform(0.75, 1.25)
            log.info(
                "%s: %s; asking again in %.0f s", self.vendor.name, outcome.problem, outcome.wait or seconds
            )
            if outcome.wait is None:
                self.sleep(seconds)  # else the pace waits, and that of other processes with it
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise self.state.judged(_used_up(outcome, self.attempts), asked_often=True)

    def _try(self, request: Request, ask: Ask) -> Received | VendorError:
        """One attempt: what came, or why nothing did. An error is given back: raised, it would drag others along."""
        answer = None
        try:
            self._take_turn()
            answer = self.wire.get(request)
            return self._read(answer, request, ask)
        except VendorError as error:
            return self._judged(error, answer)

    def _read(self, answer: Answer, request: Request, ask: Ask) -> Received:
        came = self.now()
        document_id = self.archive.keep(answer, request, ask.dataset, came)
        page = self.vendor.read(answer, request, ask)
        for note in page.notes:
            log.info("%s: %s: %s", self.vendor.name, as_text(request), self.wire.secrecy.text(note))
        return Received(page, document_id, datetime.fromtimestamp(came, UTC))

    def _take_turn(self) -> None:
        """Wait until the pace allows a request. Raises `VendorError` if that is too long."""
        held = self.pace.wait_for_turn(self.longest_wait)
        if held is not None:
            until = datetime.fromtimestamp(held.until, UTC)
            raise VendorError(
                Reach.SOURCE, f"{held.why}; nothing is sent before {until:%Y-%m-%d %H:%M} UTC", held.fix
            )

    def _judged(self, raised: VendorError, answer: Answer | None) -> VendorError:
        """The error without the key, and with the wait that the vendor asks for remembered."""
        error = self.wire.secrecy.error(raised)
        wait = error.wait
        if wait is None and answer is not None and answer.status >= 400 and error.reach is not Reach.SERIES:
            wait = retry_after(answer, datetime.fromtimestamp(self.now(), UTC))
            if wait is None and answer.status == requests.codes.too_many_requests:
                wait = TOO_MANY_WAIT
        if isinstance(raised, UnreachableError):
            return UnreachableError(error.reach, error.problem, error.fix)
        if not wait or wait <= 0:
            return VendorError(error.reach, error.problem, error.fix)
        until = self.now() + min(wait, LONGEST_HOLD)
        self.pace.hold(until, error.problem, error.fix)
        if wait <= self.longest_wait:
            return VendorError(error.reach, error.problem, error.fix, wait)
        told = f"{datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC"
        return VendorError(
            Reach.SOURCE, f"{error.problem}; it wants no request before {told}", error.fix, wait
        )

    def _check_key(self) -> None:
        place = self.vendor.key
        if place is not None and place.needed and not self.key:
            raise self.state.judged(
                VendorError(
                    Reach.SOURCE,
                    f"{self.vendor.title} answers only with a key, and {place.setting} is not set",
                    f"Get a key from {self.vendor.title} and set {place.setting}, or {place.setting}_FILE.",
                ),
                asked_often=False,
            )

    def _endless(self, ask: Ask, what: str) -> VendorError:
        series = ask.series[0].provider_symbol if len(ask.series) == 1 else str(ask.dataset)
        return VendorError(
            Reach.SERIES,
            f"the pages of {self.vendor.title} for {series} do not end: {what}",
            "What came was dropped; ask for fewer days at once, or again later.",
        )


def _is_again(page: Page, before: Page) -> bool:
    """Whether a page tells something, and the same as the one before it."""
    tables = [(page.rows, before.rows)]
    if page.actions is not None and before.actions is not None:
        tables.append((page.actions, before.actions))
    return any(table.height for table, _ in tables) and all(table.equals(other) for table, other in tables)


def _has_session_after(page: Page, known_to: date | None) -> bool:
    """Whether bars of a later session came that is over, or observations of a later day."""
    rows = page.rows
    if "session_date" not in rows.columns:
        return bool((rows["observation_date"] > known_to).any())
    return not rows.filter(pl.col("is_final") & (pl.col("session_date") > known_to)).is_empty()


def _used_up(error: VendorError, attempts: int) -> VendorError:
    """What an error means that did not pass: who cannot be reached, or wants a pause, answers no other series."""
    reach = Reach.SOURCE if isinstance(error, UnreachableError) or error.wait is not None else Reach.SERIES
    return VendorError(reach, f"{error.problem} ({attempts} attempts)", error.fix)
