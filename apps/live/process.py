"""The live feed as a process: events into the state store a few times a second, fills into the inbox, health to a file.

Events come from `tws.feed`; what is told when is decided there. Nothing of the books is made here.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from pathlib import Path

from apps.live.changes import ChangeFiles
from apps.live.files import the_only_feed
from apps.live.handover import Handover
from apps.live.health import RUNNING, STOPPED, Health, write_health
from apps.live.pending import Pending
from apps.live.recorder import Clock, Recorder
from config.settings import Settings
from state_store.database import StateStore
from state_store.live import read
from tws.endpoint import Endpoint
from tws.feed import Feed
from tws.values import Event, Link, LinkState, Reconciled

log = logging.getLogger("tieout")

WRITE_SECONDS = 0.25
"""Between two writes: what a person sees is no older, and a burst of events costs no more than its keys."""

SAY_SECONDS = 1.0
"""Between two health files."""

RETRY_SECONDS = 1.0
"""After a write that failed."""

STORE_SECONDS = 4.0
"""A round may wait so long for each lock; the last two must be over before who ends us loses patience."""

BEGIN_ANEW_SECONDS = 5.0
"""After the feed broke by a fault of ours, which it must not."""

BREAKS_IN_A_ROW = 5
"""So often it is begun anew without one reconciliation between; then the process ends and says why."""

Events = AsyncGenerator[Event, None]


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def run_feed(settings: Settings) -> int:
    """Run until a signal comes; the exit code. Raises `FeedRunningError` and `StateError` before it begins."""
    endpoint = Endpoint(settings.ibkr_host, settings.ibkr_port, settings.ibkr_client_id)
    data = settings.data
    with the_only_feed(data.live_lock):
        store = StateStore(settings.state_url, keep_open=True, wait_seconds=STORE_SECONDS)
        try:
            read(store)
            changes = ChangeFiles(data.live_changes, settings.live_keep_days, settings.live_keep_mb * 10**6)
            recorder = Recorder(store, Handover(store, data.inbox), changes, utc_now)
            process = LiveProcess(recorder, data.live_health, utc_now)
            feed = Feed(
                endpoint,
                utc_now,
                reconnect_min_delay=settings.reconnect_min_delay,
                reconnect_max_delay=settings.reconnect_max_delay,
                keepalive_seconds=settings.keepalive_seconds,
            )
            return asyncio.run(_until_a_signal(process, feed))
        finally:
            store.close()


async def _until_a_signal(process: "LiveProcess", feed: Feed) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await process.run(feed.events, stop)


class LiveProcess:
    """Consumes events until it is told to stop. One writer at a time; while it writes, events are conflated."""

    def __init__(self, recorder: Recorder, health_file: Path, now: Clock) -> None:
        self._recorder, self._health_file, self._now = recorder, health_file, now
        self._started = now()
        # Also to the store: what a process that died left there may still say that the link is up.
        self._link = Link(LinkState.DOWN, self._started, "the live feed starts")
        self._pending = Pending(self._link)
        self._ending = asyncio.Event()
        self._in_flight: datetime | None = None
        self._last_event: datetime | None = None
        self._reconciled: datetime | None = None

    async def run(self, feed: Callable[[], Events], stop: asyncio.Event) -> int:
        """Listen and write until `stop`; then write what is left. 1 if the feed broke or something was not written."""
        listening = asyncio.create_task(self._listen(feed))
        writing = asyncio.create_task(self._write_until_the_end())
        saying = asyncio.create_task(self._say_until_the_end())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({listening, writing, saying, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._ending.set()
        for task in (listening, stopping):
            task.cancel()
        ends = await asyncio.gather(listening, writing, saying, return_exceptions=True)
        broken = [end for end in ends if isinstance(end, Exception)]
        for error in broken:
            log.error("the live feed broke: %s", error, exc_info=error)
        reason = f"the live feed broke ({broken[0]})" if broken else "the live feed was ended"
        written = await asyncio.to_thread(self._drain, reason)
        return 0 if written and not broken else 1

    async def _listen(self, feed: Callable[[], Events]) -> None:
        """Hear the feed; one that breaks is begun anew, because a fault must not leave a person without figures."""
        breaks, reconciled = 0, self._reconciled
        while True:
            try:
                await self._hear(feed())
                return
            except Exception as error:
                breaks = breaks + 1 if self._reconciled == reconciled else 1
                reconciled = self._reconciled
                if breaks == BREAKS_IN_A_ROW:
                    raise
                log.exception("the live feed broke and begins anew in %.0f s", BEGIN_ANEW_SECONDS)
                reason = f"the live feed broke ({error}) and begins anew; its log says more"
                self._link = Link(LinkState.DOWN, self._now(), reason)
                self._pending.add(self._link, self._now())
            await asyncio.sleep(BEGIN_ANEW_SECONDS)

    async def _hear(self, events: Events) -> None:
        async with aclosing(events):
            async for event in events:
                at = self._now()
                self._last_event = at
                if isinstance(event, Link):
                    self._link = event
                    # Why there is no connection, `tws.feed` says in the log itself.
                    if event.state in (LinkState.UP, LinkState.DEGRADED):
                        log.info("%s: %s", event.state, event.reason)
                elif isinstance(event, Reconciled):
                    self._reconciled = at
                    told = event.snapshot
                    counts = len(told.accounts), len(told.positions), len(told.executions)
                    log.info("reconciled: %d account(s), %d position(s), %d execution(s)", *counts)
                self._pending.add(event, at)

    async def _write_until_the_end(self) -> None:
        while not self._ending.is_set():
            changes, self._in_flight = self._pending.take()
            problem = await asyncio.to_thread(self._recorder.write, changes)
            if problem is not None:
                self._pending.put_back(changes, self._in_flight)
            self._in_flight = None
            await self._pause(WRITE_SECONDS if problem is None else RETRY_SECONDS)

    async def _say_until_the_end(self) -> None:
        while not self._ending.is_set():
            try:
                self._say(RUNNING)
            except OSError as error:  # as on a full disk: the next second tries again
                log.warning("%s cannot be written: %s", self._health_file, error.strerror)
            await self._pause(SAY_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    def _drain(self, reason: str) -> bool:
        """The last round: everything that was told, the fills' document, and that the feed has stopped."""
        self._link = Link(LinkState.STOPPED, self._now(), reason)
        self._pending.add(self._link, self._now())
        changes, _ = self._pending.take()
        written = self._recorder.finish(changes)
        self._say(STOPPED)
        return written

    def _say(self, process: str) -> None:
        now, recorder = self._now(), self._recorder
        oldest = self._in_flight or self._pending.oldest
        write_health(
            self._health_file,
            Health(
                process=process,
                pid=os.getpid(),
                started_at=self._started,
                said_at=now,
                link=str(self._link.state),
                link_since=self._link.since,
                reason=self._link.reason,
                code=self._link.code,
                last_event_at=self._last_event,
                last_write_at=recorder.last_write,
                reconciled_at=self._reconciled,
                lag_seconds=round((now - oldest).total_seconds(), 3) if oldest else 0.0,
                waiting=self._pending.keys,
                events=self._pending.events,
                writes=recorder.writes,
                fills=recorder.handover.fills,
                documents=recorder.handover.documents,
                problem=recorder.problem,
            ),
        )
