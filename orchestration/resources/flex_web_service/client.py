"""Fetching one document: send the query, poll the address that comes back, at the pace the broker allows."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from config.flex_query import FlexQuery
from orchestration.resources.files import exclusive
from orchestration.resources.flex_web_service.answers import Reference, document_of, reference_of
from orchestration.resources.flex_web_service.errors import ASKED_AGAIN, FlexServiceError, Reaction
from orchestration.resources.flex_web_service.pace import Pace
from orchestration.resources.pace_file import Hold

MOST_DAYS: Final = 365
LOCKED_SECONDS: Final = 4 * 3600.0
REFUSED_SECONDS: Final = 5 * 60.0
TOKEN_SECONDS: Final = 20 * 3600.0  # a token that is no longer good is tried once a morning
WAIT_SECONDS: Final = 30 * 60.0
REFERENCE_SECONDS: Final = 3600.0
_CONNECT, _READ = 15.0, 120.0
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 60.0
_USER_AGENT: Final = "Tieout"
_BROKER: Final = (
    "interactivebrokers.com",
    "interactivebrokers.com.hk",
    "interactivebrokers.co.jp",
    "ibkr.com",
)

_Answer = TypeVar("_Answer")

log = logging.getLogger("tieout")
logging.getLogger("urllib3").setLevel(
    logging.ERROR
)  # its warnings hold addresses, too, and ours hold the token


@dataclass(frozen=True)
class Fetched:
    """A document as it came, and which query and period it answers (without one: the query's own)."""

    query: FlexQuery
    content: bytes = field(repr=False)
    period: tuple[date, date] | None


@dataclass(frozen=True)
class FlexWebService:
    """The service behind one token. `deadline` is the longest time in seconds that a fetch may take, waits included.

    `file` keeps the pace and what must not be asked again yet, over restarts.
    """

    base_url: str
    token: str = field(repr=False)
    file: Path
    deadline: float = 900.0
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def fetch(self, query: FlexQuery, period: tuple[date, date] | None = None) -> Fetched:
        """The document of a query. Raises `FlexServiceError`, whose text is for a person and holds no token.

        One fetch at a time: the command, its doctor and the schedule would send the same query side by side.
        """
        _check_period(period)
        with exclusive(self.file.with_name(f".{self.file.name}.fetch.lock")):
            return self._fetch(query, period)

    def _fetch(self, query: FlexQuery, period: tuple[date, date] | None) -> Fetched:
        what = query.id if period is None else f"{query.id} {period[0]:%Y%m%d}-{period[1]:%Y%m%d}"
        self._refuse_while_held(query.id, *([_windows_of(query)] if period else []))
        end = self.now() + self.deadline
        try:
            reference = self._known_reference(what) or self._send(query, period, what, end)
            content = self._until(end, lambda: document_of(self._get(reference.url, {"q": reference.code})))
        except FlexServiceError as error:
            if error.reaction != Reaction.RETRY:
                self._pace.remember(what, None)  # polling what was refused would be refused again
            raise self._remember_refusal(query, period, error) from None
        self._pace.remember(what, None)
        return Fetched(query, content, period)

    @property
    def _pace(self) -> Pace:
        return Pace(self.file, self.token, self.now, self.sleep)

    def _send(self, query: FlexQuery, period: tuple[date, date] | None, what: str, end: float) -> Reference:
        """Send the query; what comes back is remembered, so that a later fetch polls it and does not send again."""
        asked = {"q": query.id}
        if period is not None:
            asked |= {"fd": f"{period[0]:%Y%m%d}", "td": f"{period[1]:%Y%m%d}"}
        address = f"{self.base_url.rstrip('/')}/SendRequest"
        reference = self._until(end, lambda: reference_of(self._get(address, asked)))
        self._check_address(reference.url)
        kept = {"code": reference.code, "url": reference.url, "at": self.now()}
        self._pace.remember(what, kept)
        return reference

    def _known_reference(self, what: str) -> Reference | None:
        kept = self._pace.remembered(what)
        if kept is None or kept["at"] < self.now() - REFERENCE_SECONDS:
            return None
        return Reference(kept["code"], kept["url"])

    def _until(self, end: float, ask: Callable[[], _Answer]) -> _Answer:
        """Ask until there is an answer, with growing waits, as long as there is time."""
        wait = _FIRST_WAIT
        while True:
            try:
                return ask()
            except FlexServiceError as error:
                last = error.without(self.token)
            if last.reaction != Reaction.RETRY:
                raise last
            pause = wait * random.uniform(0.75, 1.25)
            if self.now() + pause >= end:
                todo = "" if last.fix == ASKED_AGAIN else f"{last.fix} "
                raise FlexServiceError(
                    Reaction.RETRY,
                    f"no document within {self.deadline:.0f} seconds; at last {last.problem}",
                    f"{todo}Fetch again later: what the broker has begun is asked for first.",
                    last.code,
                )
            log.info("flex web service: %s; asking again in %.0f s", last.problem, pause)
            self.sleep(pause)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _get(self, address: str, asked: dict[str, str]) -> bytes:
        """One request. Errors of the network are told without the address, which holds the token."""
        self._pace.wait_for_turn()
        try:
            with self.session.get(
                address,
                params={"t": self.token, "v": "3", **asked},
                headers={"User-Agent": _USER_AGENT},
                timeout=(_CONNECT, _READ),
                allow_redirects=False,
            ) as answer:
                status, body = answer.status_code, answer.content
        except requests.RequestException as error:
            host = urlsplit(address).netloc
            raise FlexServiceError(
                Reaction.RETRY,
                f"{host} could not be reached ({type(error).__name__})",
                "Check the network, and FLEX_BASE_URL if you set it.",
            ) from None
        if status != requests.codes.ok:
            raise FlexServiceError(
                Reaction.RETRY if status >= 500 or status == 429 else Reaction.FIX,
                f"{urlsplit(address).netloc} answered with HTTP status {status}",
                "Check FLEX_BASE_URL if you set it.",
            )
        return body

    def _check_address(self, url: str) -> None:
        """The token goes to the broker and to nobody else, whatever an answer says."""
        scheme, host = _scheme_and_host(url)
        at_the_broker = scheme == "https" and any(host == b or host.endswith(f".{b}") for b in _BROKER)
        if not host or (not at_the_broker and (scheme, host) != _scheme_and_host(self.base_url)):
            raise FlexServiceError(
                Reaction.FIX,
                f"the answer names an address at {host or 'no host'}, which is not the broker's",
                "The token was not sent there. If you set FLEX_BASE_URL, check it.",
            )

    def _refuse_while_held(self, *names: str) -> None:
        held = self._pace.held("*", *names)
        if held is not None:
            until = datetime.fromtimestamp(held.until, UTC)
            problem = f"{held.why}; nothing is sent before {until:%Y-%m-%d %H:%M} UTC"
            raise FlexServiceError(Reaction(held.reaction), problem, held.fix, until=until)

    def _remember_refusal(
        self, query: FlexQuery, period: tuple[date, date] | None, error: FlexServiceError
    ) -> FlexServiceError:
        """Keep what must not be asked again yet; gives the error back, which then says until when."""
        if error.reaction in (Reaction.LOCKED, Reaction.TOKEN):
            name, seconds = "*", LOCKED_SECONDS if error.reaction == Reaction.LOCKED else TOKEN_SECONDS
        elif error.reaction == Reaction.WAIT:
            name, seconds = query.id, WAIT_SECONDS  # every window is that query sent again
        elif error.reaction in (Reaction.FIX, Reaction.RETRY) and period is not None:
            # a hundred refused windows would end in a lock-out, and as many that time out take a day
            name, seconds = _windows_of(query), REFUSED_SECONDS
        else:
            return error
        until = self.now() + seconds
        fix = error.fix if error.reaction in (Reaction.FIX, Reaction.TOKEN) else "Fetch again then."
        self._pace.hold(name, Hold(until, error.problem, error.reaction.value, fix))
        return error.holding(datetime.fromtimestamp(until, UTC))


def _windows_of(query: FlexQuery) -> str:
    """What every window of a query is held by."""
    return f"{query.id} windows"


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Where a request to an address goes, as the library that sends it reads it; no host where readers may differ."""
    try:
        found = parse_url(url)
    except LocationParseError:
        return "", ""
    plain = found.auth is None and "\\" not in url
    return found.scheme or "", (found.host or "") if plain else ""


def _check_period(period: tuple[date, date] | None) -> None:
    if period is None:
        return
    first, last = period
    if last < first:
        raise FlexServiceError(
            Reaction.FIX, f"the period ends ({last}) before it begins ({first})", "Turn it round."
        )
    if (last - first).days >= MOST_DAYS:
        raise FlexServiceError(
            Reaction.FIX,
            f"the period from {first} to {last} is longer than {MOST_DAYS} days",
            "Fetch it in parts.",
        )
