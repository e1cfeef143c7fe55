"""A vendor's pace where several machines ask it: kept beside the lake. What a pace is: pace.py."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestration.resources.market_state import MarketState
from orchestration.resources.pace_file import PaceFile, Result, names_in


@dataclass(frozen=True)
class SharedPace(PaceFile):
    """What a file of `state` keeps under one name. The machines' clocks have to agree to about a second."""

    state: MarketState

    def change(self, change: Callable[[dict[str, Any]], Result]) -> Result:
        """What `change` gives, which may change in place what is kept; again where another machine came between."""
        given: list[Result] = []

        def changed(content: bytes | None) -> bytes | None:
            names = names_in(content or b"")
            kept = names.get(self.name, {})
            before = json.dumps(kept)
            given[:] = [change(kept)]
            same = json.dumps(kept) == before
            return None if same else json.dumps({**names, self.name: kept}, indent=1).encode()

        self.state.change(self.file.name, changed)
        return given[0]
