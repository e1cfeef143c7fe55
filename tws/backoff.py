"""How long to wait before the next attempt to connect. Pure: time and chance are told, nothing sleeps here."""

from collections.abc import Callable
from dataclasses import dataclass

from tws.errors import NEEDS_A_PERSON, Trouble

# After so many failures in a row that only a person can end, attempts become rare.
FAILURES_BEFORE_STOP = 5
# How much longer than the longest wait is the wait of a stopped connection.
STOPPED_FACTOR = 5


@dataclass(frozen=True)
class Wait:
    """Seconds until the next attempt; `stopped`: it is a rare one, a person must do something."""

    seconds: float
    stopped: bool


class Backoff:
    """Waits that grow from `least` to `most` seconds, with chance in them so that clients do not come all at once.

    `chance` returns a number from 0 to 1.
    """

    def __init__(self, least: float, most: float, chance: Callable[[], float]) -> None:
        self._least = least
        self._most = most
        self._chance = chance
        self._failures = 0
        self._hopeless = 0

    def failed(self, trouble: Trouble, was_up: bool = False) -> Wait:
        """An attempt failed, or a connection was lost. `was_up`: there was a connection before.

        What hangs up where TWS was is a forwarder, and TWS restarts behind it: that passes by itself.
        """
        self._failures += 1
        hopeless = trouble in NEEDS_A_PERSON and not (was_up and trouble is Trouble.CLOSED)
        self._hopeless = self._hopeless + 1 if hopeless else 0
        if self._hopeless >= FAILURES_BEFORE_STOP:
            return Wait(self._most * STOPPED_FACTOR * (0.5 + self._chance() / 2), stopped=True)
        ceiling = min(self._most, self._least * 2.0 ** min(self._failures, 60))
        return Wait(self._least + (ceiling - self._least) * self._chance(), stopped=False)

    def lasted(self, seconds: float) -> None:
        """A connection was up for so long; a short one does not make the next wait short again."""
        self._hopeless = 0
        if seconds >= self._most:
            self._failures = 0
