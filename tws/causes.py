"""Why figures are old: what TWS said and has not taken back. Pure: it is told codes and figures, and asks nothing."""

import re
from collections.abc import Callable, Set
from dataclasses import dataclass

from tws.errors import Effect
from tws.newest import Notice
from tws.pnl import PositionKey
from tws.values import PositionPnl

SERVER_LOST = 2110
_NOT_CONNECTED = re.compile(r"not connected:(.*?)(?:\.\s|\.?$)")


@dataclass(frozen=True)
class Cause:
    """One of them, as a person reads it, and TWS's code."""

    text: str
    code: int


class Causes:
    """What stands now. `broker_changes` counts how often TWS lost the broker or had it again."""

    def __init__(self) -> None:
        self.broker_changes = 0
        self._broker: Cause | None = None
        self._farms: dict[str, Cause] = {}
        self._market_data: Cause | None = None
        self._without_value: set[PositionKey] = set()
        self._lost_values: set[PositionKey] = set()
        self._valued_since: set[PositionKey] = set()

    @property
    def broker_is_lost(self) -> bool:
        """Whether TWS said that it has lost the broker, and not yet that it has it again."""
        return self._broker is not None

    @property
    def first(self) -> Cause | None:
        """The cause that a person is told: the broker before all others."""
        return self._broker or next(iter(self._farms.values()), self._market_data)

    def hear(self, notice: Notice) -> bool:
        """Take a code; whether it takes something back, so that everything is to be asked again."""
        code = notice.code
        text = f"{code.meaning}: {code.fix}" if code.fix else code.meaning
        match code.effect:
            case Effect.DEGRADES:
                self.broker_changes += 1
                # 1100 has a code that takes it back, 2110 has none: it never stands in the place of the other.
                if self._broker is None or code.number != SERVER_LOST:
                    self._broker = Cause(text, code.number)
            case Effect.FARM_LOST:
                farm = farm_of(notice.text)
                self._farms[farm] = Cause(f"{text} ({farm})", code.number)
            case Effect.FARM_BACK:
                return self._farm_is_back(farm_of(notice.text))
            case Effect.NO_MARKET_DATA:
                if self._market_data is None:
                    self._lost_values, self._valued_since = set(), set()
                self._market_data = Cause(text, code.number)
            case Effect.FORGOTTEN | Effect.KEPT:
                self.broker_changes += 1
                self._broker = None
                lost = farms_not_connected(notice.text)
                self._farms = {farm: cause for farm, cause in self._farms.items() if farm in lost}
                return True
        return False

    def _farm_is_back(self, farm: str) -> bool:
        known = self._farms.pop(farm, None) is not None
        # Nothing takes 2110 back; a farm is only reached through the broker's server.
        if self._broker is not None and self._broker.code == SERVER_LOST:
            self.broker_changes += 1
            self._broker = None
            return True
        return known

    def value(self, told: PositionPnl, followed: Callable[[], Set[PositionKey]]) -> bool:
        """Take a position's figures; whether the market data that was taken away is there again.

        It is once the positions that lost their value have one; if none was told to have lost it, once each that is
        followed was told with a value. A position that never had one is not waited for.
        """
        key = (told.account_id, told.conid)
        if told.market_value is None:
            if key not in self._without_value:
                self._lost_values.add(key)
            self._without_value.add(key)
            return False
        self._without_value.discard(key)
        if self._market_data is None:
            return False
        was_lost = key in self._lost_values
        self._lost_values.discard(key)
        self._valued_since.add(key)
        wanted = followed()
        all_told = wanted <= self._valued_since | self._without_value
        if self._lost_values & wanted or not (was_lost or all_told):
            return False
        self._market_data = None
        return True


def farm_of(text: str) -> str:
    """The farm that a code names: behind the first colon or dot, for a farm's name may have a dot (usfarm.nj)."""
    return re.split("[:.]", text, maxsplit=1)[-1].strip()


def farms_not_connected(text: str) -> set[str]:
    """The farms that the text of 1101 and 1102 names as not connected, between semicolons."""
    match = _NOT_CONNECTED.search(text)
    return {farm.strip() for farm in match[1].split(";")} if match else set()
