"""Small files that runs of market data share: how updates went, what features were computed of, the vendors' pace.

They lie in the data folder, or, where several machines work on one lake, below `state` in the lake itself.
"""

from collections.abc import Callable
from typing import Final

from config.settings import Settings
from orchestration.resources.market_lake.stores import LostRaceError, store_at

_RACES: Final = 100
"""Each lost one means that another machine won, so all of them get through."""


class MarketState:
    """Files by name below a folder or an address such as `s3://bucket/prefix/state`."""

    def __init__(self, root: str) -> None:
        self._store = store_at(root)

    def read(self, name: str) -> bytes | None:
        """What a file holds; None where there is none."""
        return self._store.read(name)[0]

    def keep(self, name: str, content: bytes) -> None:
        """Replace what a file holds."""
        self.change(name, lambda _: content)

    def change(self, name: str, change: Callable[[bytes | None], bytes | None]) -> None:
        """Replace what a file holds by what `change` makes of it; None leaves it as it is.

        `change` is called again with the newer content where another writer came between.
        """
        for attempt in range(1, _RACES + 1):
            try:
                with self._store.holding(name):
                    content, version = self._store.read(name)
                    changed = change(content)
                    if changed is not None:
                        self._store.write(name, changed, version)
                return
            except LostRaceError:
                if attempt == _RACES:
                    raise


def market_state(settings: Settings) -> MarketState:
    """The state that these settings mean."""
    here = settings.executor == "in_process"
    return MarketState(str(settings.data.market_records) if here else f"{settings.lake_url}/state")
