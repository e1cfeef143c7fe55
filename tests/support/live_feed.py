"""`tieout live` as a process beside a simulated TWS, and its state held against the simulator's book."""

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.data_folder import DataFolder
from state_store.database import StateStore
from state_store.live import fills, positions, read
from tests.fakes.tws_gateway import Book
from tests.support.command import command, environment

DEADLINE = 30.0
SETTINGS = {
    "IBKR_CLIENT_ID": "7",
    "IBKR_RECONNECT_MIN_DELAY": "0.1",
    "IBKR_RECONNECT_MAX_DELAY": "0.5",
    "IBKR_KEEPALIVE_SECONDS": "1",
}


def wait_for(happened: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Wait until something is so; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen in {seconds:.0f} s")
        time.sleep(0.05)


@dataclass
class LiveFeed:
    """The process and its data folder."""

    data: DataFolder
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def store(self) -> StateStore:
        """The state that it writes."""
        return StateStore(self.data.state_url)

    @property
    def health(self) -> dict[str, Any]:
        """Its health file; empty before it wrote one."""
        try:
            return dict(json.loads(self.data.live_health.read_bytes()))
        except FileNotFoundError:
            return {}

    def wait_for(self, happened: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
        """Wait until something is so; a feed that ended meanwhile fails with what it said."""

        def so() -> bool:
            if happened():
                return True
            assert self.process.poll() is None, f"the feed ended:\n{self.log.read_text()[-3000:]}"
            return False

        wait_for(so, what, seconds)

    def wait_until_it_is(self, book: Book, seconds: float = DEADLINE) -> None:
        """Wait until the state equals the book, and the link is up."""
        found: list[str] = []

        def equal() -> bool:
            found[:] = differences(self.store, book)
            return not found

        try:
            self.wait_for(equal, "the state being the book", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {found[:5]}\n{self.log.read_text()[-3000:]}") from None

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and wait for its end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextlib.contextmanager
def live_feed(data: Path, port: int, **settings: str) -> Iterator[LiveFeed]:
    """`tieout live` on a simulated TWS at this port; whatever happens, it is gone after the block."""
    data.mkdir(exist_ok=True)
    log = data / "live.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command("live"),
            env=environment(data, IBKR_PORT=str(port), **{**SETTINGS, **settings}),
            cwd=data,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield LiveFeed(DataFolder(data), process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE)


def differences(store: StateStore, book: Book) -> list[str]:
    """What the state says otherwise than the book; empty when all is equal and the link is up."""
    state = read(store)
    if state is None or state.link.state != "up":
        return [f"the link is {state.link if state else 'unknown'}"]
    held = {
        (h.position.account_id, h.position.contract.conid): (h.position.quantity, h.position.average_cost)
        for h in positions(store)
    }
    results = {
        (h.position.account_id, h.position.contract.conid): h.pnl
        and (h.pnl.daily, h.pnl.unrealized, h.pnl.realized, h.pnl.market_value)
        for h in positions(store)
    }
    told = {key: book.pnl(*key) for key in book.positions}
    filled = {
        fill.execution.execution_id: (
            fill.execution.account_id, fill.execution.quantity, fill.execution.price,
            fill.commission and fill.commission.commission,
        )
        for fill in fills(store)
    }  # fmt: skip
    truth = {
        "position": (held, dict(book.positions)),
        "result": (results, {k: (p.daily, p.unrealized, p.realized, p.value) for k, p in told.items()}),
        "fill": (
            filled,
            {i: (f.account_id, f.quantity, f.price, f.commission) for i, f in book.fills.items()},
        ),
        "account": (
            {a.account_id: a.pnl and (a.pnl.daily, a.pnl.unrealized, a.pnl.realized) for a in state.accounts},
            {a: (p.daily, p.unrealized, p.realized) for a in book.accounts for p in [book.account_pnl(a)]},
        ),
    }
    return [
        f"{kind} {key}: {ours.get(key)} is not {theirs.get(key)}"
        for kind, (ours, theirs) in truth.items()
        for key in {**ours, **theirs}
        if ours.get(key) != theirs.get(key)
    ]


def handed_over(data: DataFolder) -> list[tuple[str, str]]:
    """(section, execution id) of every row of every document in the inbox; a row that is twice there is twice here."""
    found = []
    for path in sorted(data.inbox.glob("*")) if data.inbox.is_dir() else []:
        content = json.loads(path.read_bytes())
        for section in ("executions", "commissions"):
            found += [(section, row["execution_id"]) for row in content[section]]
    return found
