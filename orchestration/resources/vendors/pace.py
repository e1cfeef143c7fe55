"""How often a vendor's host may be asked: a bucket of turns that processes share and a restart keeps."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestration.resources.market_state import MarketState
from orchestration.resources.pace_file import Hold, PaceFile
from orchestration.resources.vendors.shared_pace import SharedPace
from transforms.market.vendors.contract import Limit

LONGEST_HOLD: Final = 3 * 24 * 3600.0
"""Seconds: the longest ban that a vendor names."""
_ANY: Final = "*"
_TURNS: Final = "turns"
_LONGEST_ROW_SECONDS: Final = 3600.0
_MINUTE: Final = 61.0
"""Seconds. One request is longer on its way than another, and the vendor counts them as they arrive."""


@dataclass(frozen=True)
class Bucket:
    """The bucket of one host. `now` gives seconds since 1970, `sleep` waits. Without `limit` only holds count.

    It holds `limit.burst` turns, and one that is taken comes back a window later. The window is so long that no minute,
    wherever it begins, has more than `limit.per_minute`. Kept are the instants of the last turns, as many as it holds.

    `state`: where it is kept under the name of `file`, for several machines.
    """

    file: Path
    host: str
    limit: Limit | None
    now: Callable[[], float]
    sleep: Callable[[float], None]
    state: MarketState | None = None

    def wait_for_turn(self, longest_hold: float = _LONGEST_ROW_SECONDS) -> Hold | None:
        """Wait until the next request may go.

        A hold is waited for, too; one that lasts longer than so many seconds is given back at once: it is not our turn.
        """
        while True:
            while held := self.held():
                if held.until - self.now() > longest_hold:
                    return held
                self.sleep(held.until - self.now())
            turn = self._file.change(self._take)
            if turn > self.now():
                self.sleep(turn - self.now())
            if self.held() is None:
                return None
            # Somebody was told to wait meanwhile. Who waited with us has its turn after that, not all at its end.

    def hold(self, until: float, why: str, fix: str) -> None:
        """Remember that the vendor wants no request before an instant."""
        self._file.hold(_ANY, Hold(until, why, fix=fix))

    def held(self) -> Hold | None:
        """Why nothing may be asked now, and until when; None if it may."""
        held = self._file.held(_ANY)
        if held and held.until - self.now() > LONGEST_HOLD:
            return None  # the clock was set back since
        return held

    def _take(self, kept: dict[str, Any]) -> float:
        """Take the next turn; gives its instant."""
        now = self.now()
        if self.limit is None:
            return now
        burst = self.limit.burst
        window = _MINUTE / (self.limit.per_minute // burst)
        turns: list[float] = kept.get(_TURNS, [])
        if turns and turns[-1] > now + _LONGEST_ROW_SECONDS + window:
            turns = []  # the clock was set back: a row that long nobody stands in
        turn = max(now, *turns[-1:], turns[-burst] + window if len(turns) >= burst else now)
        kept[_TURNS] = [*turns, turn][-burst:]
        return turn

    @property
    def _file(self) -> PaceFile:
        if self.state is None:
            return PaceFile(self.file, self.host, self.now)
        return SharedPace(self.file, self.host, self.now, self.state)
