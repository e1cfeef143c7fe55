"""A live feed under seeded faults: `python -m tests.support.live_soak` breaks its connection again and again.

Prices move and orders are filled all the while. At the end the state equals the simulated TWS's book, and every fill
has been handed over once. The seed is printed: the same seed takes the same actions, though not at the same instants.
"""

import argparse
import contextlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import psutil
from sqlalchemy import Table, func, select

from state_store.database import StateStore
from state_store.live_tables import (
    ACCOUNT,
    COMMISSION,
    COMPONENT,
    EXECUTION,
    HANDED,
    LINK,
    OUTBOX,
    POSITION,
    POSITION_PNL,
)
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.live_feed import LiveFeed, handed_over, live_feed
from tws.values import root_and_revision

ACCOUNTS = ("DU1000001", "DU1000002")
INSTRUMENTS = 8
SETTLE_SECONDS = 90.0
GROWTH_LIMIT = 20.0
"""Megabytes that a feed's memory may grow after it was first reconciled."""
WEIGHTS = {
    "drop": 40,
    "refuse": 20,
    "forget": 15,
    "keep": 15,
    "night": 5,
    "babble": 5,
    "kill": 4,
    "half_open": 1,
}
"""What goes wrong, and how often beside the others."""


@dataclass
class Soak:
    """One run. `done` counts what was done; the feed's process changes when it is killed."""

    gateway: Gateway
    data: Path
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    feed: LiveFeed | None = None
    memory: dict[int, list[float]] = field(default_factory=dict)
    """Megabytes of each process of the feed, after each action."""

    # -- what the world does ----------------------------------------------------------------------------------

    def trade(self) -> None:
        """A fill, small enough to close, turn and open positions; now and then a correction of one."""
        book, chance = self.gateway.book, self.chance
        conid = chance.choice(sorted(book.instruments))
        quantity = chance.choice([-20, -10, -3, -1, 1, 2, 5, 15])
        price = Decimal(chance.randrange(900, 1200)) / 100
        fill = self.gateway.fill(chance.choice(ACCOUNTS), conid, quantity, price, commission="0.35")
        if chance.random() < 0.2:
            self.gateway.correct(fill.execution_id, price=price + Decimal("0.01"))
            self.done["correction"] += 1
        self.done["fill"] += 1

    def move(self) -> None:
        """Some prices change."""
        for conid in self.gateway.book.instruments:
            if self.chance.random() < 0.5:
                self.gateway.set_price(conid, Decimal(self.chance.randrange(900, 1200)) / 100)

    # -- what goes wrong --------------------------------------------------------------------------------------

    def drop(self) -> None:
        """The connection is closed or cut off."""
        self.gateway.drop(reset=self.chance.random() < 0.5)

    def refuse(self) -> None:
        """TWS restarts: nothing listens for a moment, and trading goes on."""
        self.gateway.refuse()
        self.gateway.drop()
        self.trade()
        time.sleep(self.chance.random() / 2)
        self.gateway.listen()

    def forget(self) -> None:
        """TWS loses the broker and comes back without the subscriptions."""
        self.gateway.tell(1100)
        self.gateway.tell(1101)

    def keep(self) -> None:
        """TWS loses the broker and comes back with the subscriptions."""
        self.gateway.tell(1100)
        self.trade()
        self.gateway.tell(1102)

    def night(self) -> None:
        """The nightly reset, a short one."""
        self.gateway.reset_for_the_night(self.chance.random() / 2)
        self.trade()
        time.sleep(0.6)

    def babble(self) -> None:
        """Bytes that are no message."""
        self.chance.choice([self.gateway.say_garbage, self.gateway.say_bogus_length])()
        self.gateway.drop()

    def half_open(self) -> None:
        """The socket stays and nobody answers; the heartbeat finds it."""
        self.gateway.half_open()
        self.trade()

    def kill(self) -> None:
        """The feed itself is killed, and started again."""
        assert self.feed is not None
        self.feed.end(signal.SIGKILL)

    # -- switches ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def fault(self) -> Iterator[None]:
        """One switch of the simulated TWS is on for the block."""
        faults = self.gateway.faults
        name = self.chance.choice(
            [
                "doubled",
                "commission_first",
                "commissions_after_end",
                "hold_commissions",
                "single_bytes",
                "unset_pnl",
            ]
        )
        self.done[name] += 1
        setattr(faults, name, {"execDetails", "commissionReport", "position"} if name == "doubled" else True)
        try:
            yield
        finally:
            setattr(faults, name, set() if name == "doubled" else False)
            self.gateway.release_commissions()

    # -- the run ----------------------------------------------------------------------------------------------

    @property
    def reconciled(self) -> int:
        """How often the feed was reconciled, over all its processes."""
        log = self.data / "live.log"
        return log.read_text().count("reconciled:") if log.exists() else 0

    def run(self, seconds: float, reconnects: int) -> None:
        """Act until the time is over and the feed was reconciled so often; then let it settle and compare."""
        end = time.monotonic() + seconds
        while True:
            with live_feed(self.data, self.gateway.port) as self.feed:
                while time.monotonic() < end or self.reconciled < reconnects:
                    self.act()
                    if self.feed.process.poll() is not None:
                        break
                else:
                    self.settle()
                    return

    def act(self) -> None:
        """Trade, then one thing goes wrong; mostly the return is waited for, sometimes the next thing comes at once."""
        before = self.reconciled
        with self.fault() if self.chance.random() < 0.3 else contextlib.nullcontext():
            for _ in range(self.chance.randrange(1, 4)):
                self.trade()
                self.move()
            (act,) = self.chance.choices([getattr(self, name) for name in WEIGHTS], list(WEIGHTS.values()))
            act()
            self.done[act.__name__] += 1
            if act != self.kill and self.chance.random() < 0.8 and self.feed is not None:
                self.feed.wait_for(lambda: self.reconciled > before, "the return", SETTLE_SECONDS)
            time.sleep(self.chance.random())
            self.weigh()

    def weigh(self) -> None:
        """Note what the feed takes of memory; not before it was reconciled, when it still loads."""
        if self.feed is None or self.feed.process.poll() is not None:
            return
        said, pid = self.feed.health, self.feed.process.pid
        if said.get("pid") == pid and said.get("reconciled_at"):  # else a process before it said it
            self.memory.setdefault(pid, []).append(psutil.Process(pid).memory_info().rss / 1e6)

    @property
    def growth(self) -> float:
        """By how many megabytes a process of the feed grew at most."""
        return max((weights[-1] - weights[0] for weights in self.memory.values()), default=0.0)

    def settle(self) -> None:
        """Every price moves once more; then the state is the book and no more, and each fill was handed over once."""
        assert self.feed is not None
        self.feed.wait_for(lambda: self.feed is not None and self.feed.health.get("link") == "up", "the return",
                           SETTLE_SECONDS)  # fmt: skip
        for conid, price in self.gateway.book.prices.items():
            self.gateway.set_price(conid, (price or Decimal(10)) + Decimal("0.01"))
        self.feed.wait_until_it_is(self.gateway.book, SETTLE_SECONDS)
        assert self.feed.end() == 0
        assert "the live feed broke" not in self.feed.log.read_text(), "a fault of TWS broke the feed itself"
        rows = handed_over(self.feed.data)
        twice = [row for row, times in Counter(rows).items() if times > 1]
        assert not twice, f"handed over twice: {twice[:5]}"
        missing = {(s, i) for i in self.gateway.book.fills for s in ("executions", "commissions")} - set(rows)
        assert not missing, f"never handed over: {sorted(missing)[:5]}"
        book = self.gateway.book
        held, roots = len(book.positions), len({root_and_revision(i)[0] for i in book.fills})
        expected = {
            LINK: 1, ACCOUNT: len(ACCOUNTS), POSITION: held, POSITION_PNL: held, EXECUTION: roots, COMMISSION: roots,
            HANDED: len({execution_id for _, execution_id in rows}), OUTBOX: 0,
        }  # fmt: skip
        assert row_counts(self.feed.store, expected) == {t.name: count for t, count in expected.items()}
        assert self.growth < GROWTH_LIMIT, f"the feed's memory grew by {self.growth:.0f} MB"


def row_counts(store: StateStore, tables: Iterable[Table]) -> dict[str, int]:
    """How many rows each table has: what the store grows with."""
    with store.read(COMPONENT) as connection:
        assert connection is not None
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def soak(data: Path, seed: int, seconds: float, reconnects: int) -> Soak:
    """Run it; raises AssertionError with what is not equal."""
    with tws_gateway(Book.of(INSTRUMENTS, ACCOUNTS)) as gateway:
        run = Soak(gateway, data, random.Random(seed))
        run.run(seconds, reconnects)
        return run


def main() -> None:
    """The soak as a command."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.live_soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--reconnects", type=int, default=200, help="how often the feed comes back, at least")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    print(f"seed {options.seed}: {options.reconnects} reconnects in {options.seconds:.0f} s", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="tieout-soak-"))
    began = time.monotonic()
    try:
        run = soak(folder / "data", options.seed, options.seconds, options.reconnects)
    except AssertionError as error:
        sys.exit(f"seed {options.seed} does not hold: {error}\nwhat it wrote is in {folder}")
    book = run.gateway.book
    print(f"{', '.join(f'{count} × {name}' for name, count in run.done.most_common())}")
    print(
        f"{run.reconciled} times reconciled in {time.monotonic() - began:.0f} s; {len(book.positions)} positions, "
        f"{len(book.fills)} fills and their PnL equal the simulated TWS's book; each fill was handed over once; "
        f"the feed's memory grew by {run.growth:.0f} MB at most"
    )
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
