"""What a vendor's module gives and what can go wrong, as values. Nothing is sent here, and no body is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import polars as pl

from transforms.market.series import Ask, Kind

Adjustment = Literal["raw", "splits", "splits_dividends", "unknown"]


class Reach(StrEnum):
    """How far an error reaches, and whether to ask again."""

    AGAIN = "again"
    """Ask again after a while, at most a few times; nothing is wrong with the request."""
    SERIES = "series"
    """This series cannot be had; the others can."""
    SOURCE = "source"
    """The vendor answers nobody here any more in this run: quota, key, ban, challenge."""


class VendorError(Exception):
    """Why a request gave no rows: one sentence for a person, and what to do. It never holds a key.

    `wait`: seconds the vendor asks for before the next request, where it says so.
    """

    def __init__(self, reach: Reach, problem: str, fix: str, wait: float | None = None) -> None:
        self.reach, self.problem, self.fix, self.wait = reach, problem, fix, wait
        super().__init__(f"{problem}. {fix}")


@dataclass(frozen=True)
class Request:
    """A GET below the vendor's base URL. The client adds the key; it never stands in here."""

    path: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    """An answer as it came. `headers` by lower-case name."""

    status: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """What one answer says.

    `rows`: the columns of `READ_BARS` or `READ_OBSERVATIONS` (transforms/schemas/market.py), sorted by provider symbol
    and time, none outside the span that was asked for. `actions`: the columns of `READ_ACTIONS`, where the vendor tells
    them beside the rows. `next`: the request for what follows. `notes`: what was odd, for a person. `units`: the units
    of observations by provider symbol, where the vendor names them; another page of the same ask may tell the rows.
    """

    rows: pl.DataFrame
    actions: pl.DataFrame | None = None
    next: Request | None = None
    notes: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """The pace that the vendor is asked at: never more than `per_minute` in any minute, `burst` of them at once.

    A burst is a part of the minute's requests and not on top of them: the next one may go when the first has been paid
    for. More than the vendor's own quota must not stand here.
    """

    per_minute: int
    burst: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.burst <= self.per_minute:
            raise ValueError(f"a burst of {self.burst} is no part of {self.per_minute} requests a minute")


@dataclass(frozen=True)
class Key:
    """Where the key goes: a header (`Authorization` with the prefix `Bearer `) or a query parameter.

    `setting` names the environment variable. `needed`: without it nothing can be asked.
    """

    setting: str
    place: Literal["header", "parameter"]
    name: str
    prefix: str = ""
    needed: bool = True


def _none(ask: Ask) -> tuple[Request, ...]:
    """No request."""
    return ()


@dataclass(frozen=True)
class Vendor:
    """A vendor as data, with pure functions.

    `requests(ask)`: the first request of each walk that answers an ask (usually one). `read(answer, request, ask)`: the
    page, or `VendorError`; it judges the status and the body before it reads it. `apart(ask)`: the walks that tell
    splits and dividends, or the unit, where the rows do not. An ask of a vendor with `many_series` may hold several
    series; else it holds one.
    """

    name: str
    title: str
    kinds: frozenset[Kind]
    frequencies: frozenset[str]
    base_url: str
    base_url_setting: str
    adjustment: Adjustment
    limit: Limit
    requests: Callable[[Ask], tuple[Request, ...]]
    read: Callable[[Answer, Request, Ask], Page]
    apart: Callable[[Ask], tuple[Request, ...]] = _none
    key: Key | None = None
    many_series: bool = False
    provider_symbol: Callable[[str], str] = str
    """How the vendor spells a canonical symbol, where no mapping says otherwise."""
