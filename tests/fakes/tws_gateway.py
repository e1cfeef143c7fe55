"""A TWS on loopback that the real client libraries connect to; it has a true book, and misbehaves on demand.

`with tws_gateway(book) as gateway:` in tests; `python -m tests.fakes.tws_gateway --port 4002` as a process.
"""

import asyncio
import contextlib
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tests.fakes.tws import console
from tests.fakes.tws.book import Book
from tests.fakes.tws.faults import Faults
from tests.fakes.tws.holdings import Account, Fill
from tests.fakes.tws.hub import Asked, Hub
from tests.fakes.tws.instruments import Instrument
from tests.fakes.tws.session import Session
from tests.fakes.tws.wire import MESSAGES, Field

HOST = "127.0.0.1"
DEADLINE = 10.0
PATIENCE = 20
"""Hundredths of a second until a connection that does not close is cut off at the end."""
SYSTEM_TEXTS = {
    1100: "Connectivity between IB and Trader Workstation has been lost.",
    1101: "Connectivity between IB and Trader Workstation has been restored - data lost. "
    "All data farms are connected: usfarm; ushmds; secdefnj.",
    1102: "Connectivity between IB and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm; ushmds; secdefnj.",
    1300: "TWS socket port has been reset and this connection is being dropped.",
    2103: "Market data farm connection is broken:usfarm",
    2104: "Market data farm connection is OK:usfarm",
    2105: "HMDS data farm connection is broken:ushmds",
    2106: "HMDS data farm connection is OK:ushmds",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored automatically.",
    2158: "Sec-def data farm connection is OK:secdefnj",
    10197: "No market data during competing live session",
}
Number = Decimal | int | str
Result = TypeVar("Result")


class Gateway:
    """The simulated TWS in a thread of its own. Every method may be called from any thread and is done on return.

    `book` is the truth, `faults` the switches, `asked` what clients requested, `violations` what they did wrong.
    """

    def __init__(self, book: Book, port: int = 0, zone: str = "Etc/UTC") -> None:
        self.book = book
        self.faults = Faults()
        self.port = port
        self.zone = ZoneInfo(zone)
        self.hub = Hub(book, self.faults, lambda: datetime.now(self.zone))
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._ends = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._note_failure)
        self._thread = threading.Thread(target=self._loop.run_forever, name="tws-gateway", daemon=True)

    # -- start and end ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen; `port` is then the one that was given or found. Raises OSError when it is taken."""
        self._thread.start()
        try:
            self.listen()
        except BaseException:
            self._end_thread()
            raise

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self.refuse()
        asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result(DEADLINE)
        self._end_thread()

    async def _end_all(self) -> None:
        """Close what is open, cut off who does not read what was said, and end the tasks."""
        self._ends = True
        self.hub.drop(reset=False)
        for _ in range(PATIENCE):
            if self.hub.sessions:
                await asyncio.sleep(0.01)
        self.hub.drop(reset=True)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()

    def _note_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error of the gateway's own fails the test like a client's."""
        self.hub.violations.append(f"the gateway failed: {context.get('exception') or context['message']!r}")

    def _do(self, act: Callable[[], Result]) -> Result:
        """Run something in the loop and wait for what it gives."""
        done: Future[Result] = Future()

        def run() -> None:
            try:
                done.set_result(act())
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(DEADLINE)

    def listen(self) -> None:
        """Take connections (again), on the same port."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(DEADLINE)

    async def _open(self) -> None:
        self._server = await self._loop.create_server(lambda: Session(self.hub), HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Take no new connections: the port answers «refused», as with nothing behind it (502)."""
        self._do(lambda: self._server.close() if self._server else None)

    # -- what tests look at ----------------------------------------------------------------------------------

    @property
    def asked(self) -> list[Asked]:
        """Every request that came in, the oldest first."""
        return self._do(lambda: list(self.hub.asked))

    @property
    def violations(self) -> list[str]:
        """What clients sent against the protocol."""
        return list(self.hub.violations)

    @property
    def clients(self) -> list[int]:
        """The ids of the clients that are connected now."""
        return self._do(
            lambda: sorted(one.client_id for one in self.hub.ready() if one.client_id is not None)
        )

    def look(self, at: Callable[[Book], Result]) -> Result:
        """Read the book between two changes of it, while prices move or orders fill by themselves."""
        return self._do(lambda: at(self.book))

    @property
    def cpu_seconds(self) -> float:
        """The processor time that the gateway has used."""
        return self._do(time.thread_time)

    @property
    def busiest_second(self) -> int:
        """The most requests that one client sent within a second."""
        return self.hub.busiest_second

    # -- the market ------------------------------------------------------------------------------------------

    def set_price(self, conid: int, price: Number | None) -> None:
        """Mark an instrument; None is no price. Who follows its positions is told at once."""
        self.set_prices({conid: price})

    def set_prices(self, prices: Mapping[int, Number | None]) -> None:
        """Mark many at once."""
        exact = {conid: None if price is None else Decimal(price) for conid, price in prices.items()}
        self._do(lambda: self.hub.set_prices(exact))

    def stream(self, changes_a_second: int) -> None:
        """Let prices move by themselves, so many changes a second; 0 ends it."""
        stream = self.hub.stream
        self._do(lambda: stream.start(changes_a_second) if changes_a_second else stream.stop())

    def fill(
        self,
        account_id: str,
        conid: int,
        quantity: Number,
        price: Number,
        commission: Number = "1",
        **order: Any,
    ) -> Fill:
        """An execution of an order that no API client placed, unless `client_id`, `order_id` … say otherwise."""

        def act() -> Fill:
            fill = self.book.book_fill(
                account_id,
                conid,
                Decimal(quantity),
                Decimal(price),
                Decimal(commission),
                order.pop("at", None) or self.hub.now(),
                **order,
            )
            self.hub.tell_fill(fill)
            return fill

        return self._do(act)

    def correct(self, execution_id: str, quantity: Number | None = None, price: Number | None = None) -> Fill:
        """The broker corrects a fill: the next revision of its execution id replaces it."""

        def act() -> Fill:
            fill = self.book.correct(
                execution_id,
                None if quantity is None else Decimal(quantity),
                None if price is None else Decimal(price),
            )
            self.hub.tell_fill(fill)
            return fill

        return self._do(act)

    def fill_order(self, client_id: int, order_id: int, quantity: Number, price: Number) -> Fill:
        """Fill a part of a client's order. An order that is not there is a KeyError; more than is left, allowed."""
        key = (client_id, order_id)
        return self._do(
            lambda: self.hub.orders.fill(self.hub.orders.orders[key], Decimal(quantity), Decimal(price))
        )

    def forget_orders(self) -> None:
        """The order ids begin at 1 again, as after a reset of TWS's settings; what was filled stays filled."""
        self._do(self.hub.orders.forget)

    def close_day(self) -> None:
        """The daily reset: prices become the last close, the day's executions are gone."""

        def act() -> None:
            self.book.close_day()
            for conid in self.book.instruments:
                self.hub.tell_result(conid)

        self._do(act)

    def tell_account_updates(self) -> None:
        """Account values and portfolio again, as every three minutes."""
        self._do(self.hub.tell_account_updates)

    def release_commissions(self) -> None:
        """Tell the commissions that `faults.hold_commissions` kept back, and keep no more."""
        self._do(self.hub.release_commissions)

    # -- the connection --------------------------------------------------------------------------------------

    def tell(self, code: int, text: str = "") -> None:
        """A system message to every client. 1101 also forgets all subscriptions, as the real one does."""

        def act() -> None:
            self.hub.tell(code, text or SYSTEM_TEXTS.get(code, f"Message {code}"))
            if code == 1101:
                for session in self.hub.sessions:
                    session.forget()

        self._do(act)

    def drop(self, reset: bool = False) -> None:
        """Close every connection; `reset` cuts it off (RST) instead of ending it (FIN)."""
        self._do(lambda: self.hub.drop(reset))

    def half_open(self) -> None:
        """The connections of now stay open and are dead: nothing is read, nothing is said."""

        def act() -> None:
            for session in self.hub.sessions:
                session.silent = True

        self._do(act)

    def log_out(self) -> None:
        """The weekly re-login: all are dropped, new ones are accepted, none is answered until `log_in`."""

        def act() -> None:
            self.hub.logged_out = True
            self.hub.drop(reset=False)

        self._do(act)

    def log_in(self) -> None:
        """A person logged in: handshakes are answered, those that waited too."""
        self._do(self.hub.log_in)

    def reset_for_the_night(self, seconds: float) -> None:
        """1100, then every connection drops and the port refuses; it comes back by itself after `seconds`."""
        self.tell(1100)
        self.refuse()
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, self._come_back)

    def _come_back(self) -> None:
        if not self._ends:
            self._opening = self._loop.create_task(self._open_again())

    async def _open_again(self) -> None:
        """Listen on the same port, which another program may hold for a moment."""
        ends = self._loop.time() + DEADLINE
        while True:
            try:
                return await self._open()
            except OSError:
                if self._loop.time() > ends:
                    raise
                await asyncio.sleep(0.05)

    def say(self, name: str, *fields: Field) -> None:
        """A message of any fields to every client, whatever the book says."""

        def act() -> None:
            for session in self.hub.ready():
                session.say(name, *fields)

        self._do(act)

    def say_bogus_length(self) -> None:
        """To every client: the head of a frame of two gigabytes that never comes."""
        self._say_raw(struct.pack(">I", 1 << 31) + b"61\x003\x00")

    def say_garbage(self) -> None:
        """To every client: a frame whose fields are of no message, with bytes that are no UTF-8."""
        body = b"\xff\xfe\x00\xc3\x28\x00"
        self._say_raw(struct.pack(">I", len(body)) + body)

    def _say_raw(self, data: bytes) -> None:
        def act() -> None:
            for session in self.hub.ready():
                session.say_raw(data)

        self._do(act)


@contextlib.contextmanager
def tws_gateway(book: Book | None = None, **options: Any) -> Iterator[Gateway]:
    """A gateway on a free port, ended with the block. A client that broke the protocol fails the block's end."""
    gateway = Gateway(book or Book.of(3), **options)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
    assert not gateway.violations, "\n".join(gateway.violations)


def main(given: list[str] | None = None) -> None:
    """The gateway as a process."""
    options = console.arguments(given)
    console.run(Gateway(console.book_of(options), options.port), options.changes)


__all__ = ["MESSAGES", "Account", "Book", "Faults", "Gateway", "Instrument", "tws_gateway"]

if __name__ == "__main__":
    main()
