"""The simulated TWS as a process: arguments, and commands as JSON lines on its input. What they do: `Gateway`.

A command is a list: the name of a method of Gateway and its arguments, such as `["set_price", 700000001, "12.5"]`,
`["faults", "mute", true]`, or `["book"]` for the truth. Each is answered by one line, `{"done": …}` or `{"error": …}`.
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from tests.fakes.tws.book import Book
from transforms.broker_simulator import simulate

if TYPE_CHECKING:
    from tests.fakes.tws_gateway import Gateway

COMMANDS = frozenset(
    {
        *("set_price", "fill", "correct", "fill_order", "forget_orders", "close_day", "stream"),
        *(
            "tell_account_updates",
            "release_commissions",
            "tell",
            "drop",
            "half_open",
            "log_out",
            "log_in",
            "listen",
            "refuse",
        ),
        *("reset_for_the_night", "say_bogus_length", "say_garbage"),
    }
)


def arguments(given: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.tws_gateway", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="0 takes a free one; the first line printed names it"
    )
    parser.add_argument("--positions", type=int, default=10, help="invented shares in each account")
    parser.add_argument("--accounts", default="DU1000001", help="ids, separated by commas")
    parser.add_argument("--seed", type=int, help="the accounts of the synthetic broker instead")
    parser.add_argument("--changes", type=int, default=0, help="price changes a second")
    return parser.parse_args(given)


def book_of(options: argparse.Namespace) -> Book:
    """The book that the command line asks for."""
    if options.seed is not None:
        return Book.from_broker(simulate(options.seed))
    return Book.of(options.positions, tuple(options.accounts.split(",")))


def truth(book: Book) -> dict[str, Any]:
    """What a test in another process holds its figures against, as JSON."""
    return {
        "positions": [
            {"account": account, "conid": conid, "quantity": quantity, "average_cost": cost}
            | asdict(book.pnl(account, conid))
            for (account, conid), (quantity, cost) in book.positions.items()
        ],
        "accounts": {account: asdict(book.account_pnl(account)) for account in book.accounts},
        "fills": [asdict(fill) for fill in book.fills.values()],
    }


def plain(value: Any) -> Any:
    """A value as JSON can have it: decimals and instants as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def obey(gateway: "Gateway", command: list[Any]) -> Any:
    """Do one command. Raises ValueError for one that is not there, and what the command raises."""
    name, *rest = command
    if name == "book":
        return gateway.look(truth)
    if name == "faults":
        return set_fault(gateway, *rest)
    if name not in COMMANDS:
        raise ValueError(f"no command {name!r}; there are book, faults, {', '.join(sorted(COMMANDS))}")
    named = rest.pop() if rest and isinstance(rest[-1], dict) else {}
    return getattr(gateway, name)(*rest, **named)


def set_fault(gateway: "Gateway", name: str, value: Any) -> None:
    """Turn a switch; sets come as lists, decimals as text."""
    old = getattr(gateway.faults, name)
    if isinstance(old, set):
        value = set(value)
    elif name == "largest_fill" and value is not None:
        value = Decimal(value)
    setattr(gateway.faults, name, value)


def listen_to(gateway: "Gateway", lines: IO[str], answer: Callable[[str], None]) -> None:
    """Obey until the input ends; a command that fails is answered and the next one is read."""
    for line in lines:
        try:
            done: dict[str, Any] = {"done": obey(gateway, json.loads(line))}
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
            done = {"error": f"{type(error).__name__}: {error}"}
        answer(json.dumps(done, default=plain))


def run(gateway: "Gateway", changes: int) -> None:
    """Serve until SIGTERM or SIGINT; the end of the input ends the commands, not the gateway."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    gateway.start()
    _say(json.dumps({"port": gateway.port}))
    if changes:
        gateway.stream(changes)
    threading.Thread(target=listen_to, args=(gateway, sys.stdin, _say), daemon=True).start()
    ended.wait()
    gateway.stop()
    for violation in gateway.violations:
        print(violation, file=sys.stderr)


def _say(line: str) -> None:
    print(line, flush=True)
