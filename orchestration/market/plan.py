"""What market data is kept up to date: `market.toml` in the data folder, read and added to. Nothing is asked here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from config.market_data import is_series_name
from orchestration.market.errors import PlanError
from orchestration.resources.files import exclusive, write_atomically
from transforms.market.series import DatasetId, Kind, Series
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Vendor

FIRST: Final = date(2010, 1, 1)
"""The first day that is asked for where nobody names one."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_HEAD: Final = """\
# The market data that is kept up to date. `tieout data pull` adds to it, and you may edit it.
# One [[dataset]] for each provider and universe; docs/guides/market-data.md names what may stand in one.
"""


@dataclass(frozen=True)
class Listing:
    """Where the series of a dataset are listed, what they cost and count. `calendar`: of exchange_calendars."""

    venue: str | None = None
    currency: str | None = None
    calendar: str | None = None
    volume_unit: str | None = None


LISTINGS: Final[Mapping[str, Listing]] = {
    # American shares are traded at many places and told as one tape: they stand under New York.
    "stooq": Listing("XNYS", "USD", "XNYS", "shares"),
    "massive": Listing("XNYS", "USD", "XNYS", "shares"),
    "binance": Listing(None, None, "24/7", "base"),
    "ecb": Listing(calendar="TARGET"),
}
"""What is so unless `market.toml` says otherwise, by provider."""


@dataclass(frozen=True)
class Wanted:
    """A dataset that is kept up to date: its series, from `first` on.

    Instruments whose prices `may_be_negative` (oil was), and those whose history has `ended` (delisted): told by a
    person, for the checks.
    """

    dataset: DatasetId
    first: date
    series: tuple[Series, ...]
    may_be_negative: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    listing: Listing = Listing()


class Plan:
    """The file `market.toml`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wanted(self) -> tuple[Wanted, ...]:
        """All datasets in the order of the file; none without a file. Raises `PlanError`."""
        found = tuple(
            self._wanted(entry, f"entry {number} of [[dataset]]")
            for number, entry in enumerate(self._entries(self._document()), 1)
        )
        twice = {one.dataset for one in found if sum(one.dataset == other.dataset for other in found) > 1}
        if twice:
            raise PlanError(
                f"{self.path}: {min(twice)} stands there twice; put its symbols into one [[dataset]]"
            )
        return found

    @property
    def simulated(self) -> bool:
        """Whether the market is the demo's, which no vendor knows: nobody else is asked for it."""
        return self._document().get("simulated", False) is True

    def dataset(self, provider: str, universe: str, frequency: str = "1d") -> Wanted:
        """A dataset as it is wanted, or as it would be without a symbol where nobody wants it. Raises `PlanError`."""
        vendor = vendor_of(provider)
        dataset = _dataset(vendor, universe, frequency, "what you ask for")
        there = next((one for one in self.wanted() if one.dataset == dataset), None)
        return there or Wanted(dataset, FIRST, (), listing=LISTINGS.get(provider, Listing()))

    def add(
        self,
        provider: str,
        universe: str,
        symbols: Sequence[str],
        frequency: str = "1d",
        first: date | None = None,
    ) -> Wanted:
        """Want these symbols, too, and give the dataset as it is wanted then. Raises `PlanError`; the file then stays.

        `first` is of a dataset that is new; for one that is there an earlier day than its own moves it back.
        """
        with exclusive(self.path.with_name(f".{self.path.name}.lock")):
            document = self._document()
            dataset = _dataset(vendor_of(provider), universe, frequency, "what you ask for")
            entry = next((e for e in self._entries(document) if self._wanted(e, "").dataset == dataset), None)
            if entry is None:
                entry = _new_entry(dataset, first)
                document.setdefault("dataset", tomlkit.aot()).append(entry)
            elif first is not None and first < self._wanted(entry, "").first:
                entry["first"] = first
            there = entry.setdefault("symbols", tomlkit.array())
            there.extend(symbol for symbol in dict.fromkeys(symbols) if symbol not in there)
            wanted = self._wanted(entry, "what you ask for")
            text = tomlkit.dumps(document)
            write_atomically(self.path, (text if self.path.exists() else _HEAD + "\n" + text).encode())
        return wanted

    def _document(self) -> tomlkit.TOMLDocument:
        try:
            return tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return tomlkit.document()
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise PlanError(f"{self.path} is no TOML: {error}") from None

    def _entries(self, document: tomlkit.TOMLDocument) -> Sequence[Table]:
        strange = set(document) - {"benchmark", "dataset", "simulated"}
        if strange:
            raise PlanError(f"{self.path}: {min(strange)} is not known there")
        if not is_series_name(document.get("benchmark") or "none"):
            raise PlanError(f'{self.path}: benchmark is the name of a series in quotes, like "SPY"')
        if not isinstance(document.get("simulated", False), bool):
            raise PlanError(f"{self.path}: simulated is true or false")
        entries = document.get("dataset", tomlkit.aot())
        if not isinstance(entries, AoT):
            raise PlanError(f"{self.path}: write [[dataset]] with two brackets, once for each dataset")
        return entries.body

    def _wanted(self, entry: Table, place: str) -> Wanted:
        """An entry as a value. Raises `PlanError` that names the place and the field."""
        fields = _Fields(dict(entry.unwrap()), f"{self.path}, {place}" if place else str(self.path))
        vendor = fields.vendor()
        dataset = fields.dataset(vendor)
        listing = fields.listing(vendor)
        symbols = fields.symbols()
        spelled = fields.spelled(symbols)
        series = tuple(
            series_of(dataset, listing, symbol, spelled.get(symbol) or vendor.provider_symbol(symbol))
            for symbol in symbols
        )
        first = fields.first()
        marked = {name: fields.named(name, symbols) for name in ("may_be_negative", "ended")}
        ids = {one.symbol: one.instrument_id for one in series}
        fields.nothing_else()
        return Wanted(
            dataset,
            first,
            series,
            listing=listing,
            **{name: frozenset(map(ids.__getitem__, some)) for name, some in marked.items()},
        )


class _Fields:
    """The fields of one entry, each taken once."""

    def __init__(self, fields: dict[str, Any], place: str) -> None:
        self._left, self._place = fields, place

    def vendor(self) -> Vendor:
        return vendor_of(self._text("provider") or self._refuse("provider is missing"), self._place)

    def dataset(self, vendor: Vendor) -> DatasetId:
        universe = self._text("universe") or "main"
        return _dataset(vendor, universe, self._text("frequency") or "1d", self._place)

    def listing(self, vendor: Vendor) -> Listing:
        usual = LISTINGS.get(vendor.name, Listing())
        venue = self._text("venue")
        return Listing(
            venue or usual.venue,
            self._text("currency") or (usual.currency if venue is None else None),
            self._text("calendar") or venue or usual.calendar,
            self._text("volume_unit") or usual.volume_unit,
        )

    def spelled(self, symbols: Sequence[str]) -> Mapping[str, str]:
        spelled = self._left.pop("provider_symbols", {})
        if not isinstance(spelled, dict) or not all(isinstance(text, str) for text in spelled.values()):
            self._refuse('provider_symbols is a table of symbols, like "BRK.B" = "brk-b.us"')
        self._among("provider_symbols", spelled, symbols)
        return spelled

    def symbols(self) -> Sequence[str]:
        return self._list("symbols")

    def named(self, name: str, symbols: Sequence[str]) -> Sequence[str]:
        """A list of some of the symbols."""
        some = self._list(name)
        self._among(name, some, symbols)
        return some

    def _among(self, name: str, some: Iterable[str], symbols: Sequence[str]) -> None:
        strange = set(some) - set(symbols)
        if strange:
            self._refuse(f"{name} names {min(strange)}, which is not among the symbols")

    def _list(self, name: str) -> Sequence[str]:
        found = self._left.pop(name, [])
        if not isinstance(found, list) or not all(isinstance(s, str) and s and s.strip() == s for s in found):
            self._refuse(f'{name} is a list of symbols, like ["AAPL", "BRK.B"]')
        twice = {symbol for symbol in found if found.count(symbol) > 1}
        if twice:
            self._refuse(f"{name} names {min(twice)} twice")
        return found

    def first(self) -> date:
        first = self._left.pop("first", FIRST)
        if not isinstance(first, date) or isinstance(first, datetime):
            self._refuse("first is a day, like 2016-01-01")
        return first

    def nothing_else(self) -> None:
        if self._left:
            self._refuse(f"{min(self._left)} is not known there")

    def _text(self, name: str) -> str | None:
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, str):
            self._refuse(f"{name} is a text in quotes")
        return value or None

    def _refuse(self, problem: str) -> Any:
        raise PlanError(f"{self._place}: {problem}")


def vendor_of(provider: str, place: str = "") -> Vendor:
    """The vendor of that name. Raises `PlanError` that names those there are."""
    if provider not in VENDORS:
        raise PlanError(
            f"{place}{': ' if place else ''}no provider is called {provider}; there are {', '.join(VENDORS)}"
        )
    return VENDORS[provider]


def series_of(dataset: DatasetId, listing: Listing, symbol: str, provider_symbol: str) -> Series:
    """A series of a dataset, listed where its others are."""
    return Series(
        dataset,
        symbol,
        provider_symbol,
        f"{listing.venue or dataset.provider}:{symbol}",
        listing.venue,
        listing.currency,
        listing.calendar,
        listing.volume_unit if dataset.kind == "bars" else None,
    )


def _dataset(vendor: Vendor, universe: str, frequency: str, place: str) -> DatasetId:
    if not _NAME.fullmatch(universe):
        raise PlanError(f"{place}: {universe!r} is no name of a universe; write letters, digits, - and _")
    if frequency not in vendor.frequencies:
        there = ", ".join(sorted(vendor.frequencies))
        raise PlanError(f"{place}: {vendor.title} has no frequency {frequency}; there are: {there}")
    return DatasetId(vendor.name, _kind(vendor), universe, frequency)


def _kind(vendor: Vendor) -> Kind:
    """Every vendor tells one kind."""
    (kind,) = vendor.kinds
    return kind


def _new_entry(dataset: DatasetId, first: date | None) -> Table:
    entry = tomlkit.table()
    entry["provider"] = dataset.provider
    entry["universe"] = dataset.universe
    if dataset.frequency != "1d":
        entry["frequency"] = dataset.frequency
    if first is not None:
        entry["first"] = first
    return entry
