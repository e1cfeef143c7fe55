"""Which series the symbols of a downloaded file are: those of `market.toml`, and those that their spelling tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orchestration.market.plan import Wanted, series_of
from transforms.market.series import Series
from transforms.market.symbols import AMERICAN, canonical
from transforms.market.vendors.stooq import STOOQ

_AMERICAN_ENDING: Final = ".us"
_SHOWN: Final = 3


@dataclass
class Names:
    """The series of one dataset by what Stooq calls them. `unknown`: symbols that are of another market than it is.

    A dataset whose venue is American takes `.us`; one of another venue, which its entry in `market.toml` names, takes
    what stands there without its ending: `vod.uk` is VOD.
    """

    wanted: Wanted

    def __post_init__(self) -> None:
        self._known = {one.provider_symbol: one for one in self.wanted.series}
        self._meant = {one.instrument_id: one.provider_symbol for one in self.wanted.series}
        self.unknown: list[str] = []
        self.twice: list[str] = []

    def of_symbol(self, symbol: str) -> Series:
        """The series of a canonical symbol that a person names."""
        there = [one for one in self.wanted.series if one.symbol == symbol]
        return there[0] if there else self._kept(symbol, STOOQ.provider_symbol(symbol))

    def of(self, provider_symbols: Iterable[str]) -> tuple[Series, ...]:
        """The series of these symbols, where they can be told."""
        found = (self._known.get(name) or self._named(name) for name in provider_symbols)
        return tuple(one for one in found if one is not None)

    def problems(self) -> list[str]:
        """What could not be named, in sentences."""
        told = list(self.twice)
        if self.unknown:
            some = ", ".join(self.unknown[:_SHOWN]) + (", …" if len(self.unknown) > _SHOWN else "")
            told.append(
                f"{len(self.unknown):,} symbols ({some}) are not of the market of {self.wanted.dataset}: give them a "
                "universe whose [[dataset]] in market.toml names its venue and currency, or name them among its symbols"
            )
        return told

    def _named(self, name: str) -> Series | None:
        symbol = self._canonical(name)
        if symbol is None:
            self.unknown.append(name)
            return None
        one = series_of(self.wanted.dataset, self.wanted.listing, symbol, name)
        other = self._meant.get(one.instrument_id)
        if other is not None:
            self.twice.append(f"{name} means {one.instrument_id}, as {other} does; it was left out")
            return None
        return self._kept(symbol, name)

    def _canonical(self, name: str) -> str | None:
        if self.wanted.listing.venue in AMERICAN:
            return canonical("stooq", name) if name.endswith(_AMERICAN_ENDING) else None
        return name.rsplit(".", 1)[0].upper().replace("-", ".") or None

    def _kept(self, symbol: str, name: str) -> Series:
        one = series_of(self.wanted.dataset, self.wanted.listing, symbol, name)
        self._known[name] = one
        self._meant[one.instrument_id] = name
        return one
