"""The vendors of market data on loopback: scripted answers first, then keys and quotas, then the synthetic market.

    with vendor_server() as server:
        server.script("stooq", BODIES["stooq"]["quota"])             # what is sent first, once
        server.script("massive", Answer(cut=100, body=b"..."), times=2, matching="AAPL")
        client = VendorClient(VENDORS["stooq"], base_url=server.base_url("stooq"), ...)
        assert [asked.params["s"] for asked in server.asked] == ["aapl.us"]

Each vendor has a port of its own, as each has a host of its own. `python -m tests.fakes.vendors` is the same as a
process: it prints the settings that make the pipeline ask it, and goes on until its input ends.
"""

import argparse
import gzip
import socket
import struct
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.fakes.vendor_bodies import BODIES, Answer
from transforms.market.vendors import VENDORS as ASKED_BY_US
from transforms.market_simulator import VENDORS, answer

__all__ = [
    "BODIES",
    "FRED_KEY",
    "MASSIVE_KEY",
    "VENDORS",
    "Answer",
    "Asked",
    "VendorServer",
    "settings",
    "vendor_server",
]

MASSIVE_KEY, FRED_KEY = "k3yOfTheTestsForMassive000000001", "0123456789abcdef0123456789abcdef"
_WINDOWS = {"binance": 60, "massive": 60, "fred": 60, "stooq": 86_400, "yahoo": 300}
_WEIGHTS = {"binance": 2}
_BINANCE_PATIENCE = 3
"""Requests in spite of a 429 until the address is banned."""


class Asked(NamedTuple):
    """One request as it came; `headers` by lower-case name."""

    vendor: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class _Scripted:
    answer: Answer
    left: float
    matching: str


@dataclass
class VendorServer:
    """The state of the fake. It may be changed from the test while the server runs.

    `clock` tells what time it is for quotas and for the market; `quotas` how many requests (for Binance: what weight) a
    vendor takes in its window (a minute; Stooq: a day; Yahoo: five minutes), unlimited without an entry. `keys`: the
    right ones; a vendor without an entry asks for none. `compressed`: bodies are gzipped for who accepts it.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    seed: int = 7
    defects: bool = True
    compressed: bool = False
    quotas: dict[str, int] = field(default_factory=lambda: {"binance": 6000})
    keys: dict[str, str] = field(default_factory=lambda: {"massive": MASSIVE_KEY, "fred": FRED_KEY})
    asked: list[Asked] = field(default_factory=list)
    _scripts: defaultdict[str, list[_Scripted]] = field(default_factory=lambda: defaultdict(list))
    _used: defaultdict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    _ports: dict[str, int] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def base_url(self, vendor: str) -> str:
        """The base URL of a vendor, without a slash at its end."""
        with self._lock:
            if vendor not in VENDORS:
                raise ValueError(f"no vendor {vendor!r} is simulated; there are {', '.join(VENDORS)}")
            if vendor not in self._ports:
                self._ports[vendor] = self._stack.enter_context(_listening(self, vendor))
            return f"http://127.0.0.1:{self._ports[vendor]}"

    def script(self, vendor: str, answer: Answer, times: float = 1, matching: str = "") -> None:
        """Send an answer instead of the right one, so many times (`math.inf`: always), to the requests whose path and
        query hold `matching`. Answers are sent in the order in which they were scripted.
        """
        with self._lock:
            self._scripts[vendor].append(_Scripted(answer, times, matching))

    def requests(self, vendor: str) -> list[Asked]:
        """What came for a vendor, in order."""
        return [each for each in self.asked if each.vendor == vendor]

    def respond(self, asked: Asked, target: str) -> Answer:
        """The answer to one request."""
        with self._lock:
            self.asked.append(asked)
            for scripted in self._scripts[asked.vendor]:
                if scripted.left > 0 and scripted.matching in target:
                    scripted.left -= 1
                    return scripted.answer
            now = self.clock()
            refusal = self._key(asked) or self._quota(asked.vendor, now)
            if refusal:
                return refusal
            used = self._used[asked.vendor, self._window(asked.vendor, now)]
        status, headers, body = answer(
            asked.vendor, asked.path, asked.params, now, seed=self.seed, defects=self.defects
        )
        if asked.vendor == "binance":
            headers = headers | {"x-mbx-used-weight-1m": str(used)}
        return Answer(body, status, headers)

    def _key(self, asked: Asked) -> Answer | None:
        right = self.keys.get(asked.vendor)
        if right is None:
            return None
        bodies = BODIES[asked.vendor]
        if asked.vendor == "massive":
            bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
            given = bearer or asked.params.get("apiKey", "")
            return None if given == right else bodies["unknown_key" if given else "no_key"]
        if asked.vendor == "fred":
            given = asked.params.get("api_key", "")
            return None if given == right else bodies["unknown_key" if given else "no_key"]
        return None if asked.params.get("apikey") == right else bodies["apikey"]

    def _quota(self, vendor: str, now: datetime) -> Answer | None:
        window = self._window(vendor, now)
        self._used[vendor, window] += _WEIGHTS.get(vendor, 1)
        over = self._used[vendor, window] - self.quotas.get(vendor, self._used[vendor, window])
        if over <= 0:
            return None
        if vendor == "stooq":
            return BODIES["stooq"]["quota"]
        if vendor != "binance":
            return BODIES[vendor]["too_much"]
        if over > _BINANCE_PATIENCE * _WEIGHTS["binance"]:
            return BODIES["binance"]["banned"]
        wait = 60 - int(now.timestamp()) % 60
        limited = BODIES["binance"]["too_much"]
        return replace(limited, headers=dict(limited.headers) | {"Retry-After": str(wait)})

    @staticmethod
    def _window(vendor: str, now: datetime) -> int:
        return int(now.timestamp()) // _WINDOWS.get(vendor, 60)


@contextmanager
def vendor_server(clock: Callable[[], datetime] | None = None) -> Iterator[VendorServer]:
    """The fake; it listens for a vendor from the first `base_url` of it to the end of the block."""
    server = VendorServer(clock=clock) if clock else VendorServer()
    with server._stack:
        yield server


@contextmanager
def _listening(state: VendorServer, vendor: str) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state, vendor))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        state.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: VendorServer, vendor: str) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            params = {name: each[0] for name, each in parse_qs(address.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            given = state.respond(Asked(vendor, address.path, params, headers), self.path)
            if given.wait:
                state.stopping.wait(given.wait)
            if given.reset:
                self._reset()
            else:
                self._send(given)

        def _send(self, given: Answer) -> None:
            headers, body = dict(given.headers), given.body
            if state.compressed and "gzip" in self.headers.get("Accept-Encoding", "") and body:
                headers["Content-Encoding"], body = "gzip", gzip.compress(body, mtime=0)
            self.send_response(given.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            kept = body[: given.cut]
            pieces = [kept] if not given.drip else [kept[n : n + 1024] for n in range(0, len(kept), 1024)]
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
                if given.drip and state.stopping.wait(given.drip):
                    self.close_connection = True
                    return
            if given.cut is not None:
                self.close_connection = True

        def _reset(self) -> None:
            """Tear the connection down with an RST, as a broken line does."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True  # the client went away

        def log_message(self, *_: Any) -> None:
            """Say nothing: the tests look at `asked`."""

    return Handler


def settings(server: VendorServer) -> dict[str, str]:
    """The environment in which the pipeline asks this server instead of the vendors."""
    named = {
        each.base_url_setting: server.base_url(name) for name, each in ASKED_BY_US.items() if name in VENDORS
    }
    keys = {
        each.key.setting: server.keys[name]
        for name, each in ASKED_BY_US.items()
        if each.key and name in server.keys
    }
    return named | keys


def main(given: list[str] | None = None) -> None:
    """The server as a process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.vendors", description=__doc__)
    parser.add_argument(
        "--now", type=datetime.fromisoformat, help="the time that it always is, with a zone; else it goes on"
    )
    parser.add_argument("--seed", type=int, default=7, help="of the synthetic market")
    parser.add_argument("--sound", action="store_true", help="without the planted defects")
    options = parser.parse_args(given)
    with vendor_server(clock=(lambda: options.now) if options.now else None) as server:
        server.seed, server.defects = options.seed, not options.sound
        for name, value in settings(server).items():
            print(f"export {name}={value}")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
