"""A vendor of words for tests of the HTTP client: lines are its answers, which may name what follows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.resources.vendors import Bucket, FileStore, SourceState, VendorClient, open_archive
from transforms.market.series import Ask, DatasetId, Series
from transforms.market.vendors.contract import (
    Answer,
    Key,
    Limit,
    Page,
    Reach,
    Request,
    Vendor,
    VendorError,
)

DATASET = DatasetId("words", "bars", "test", "1d")
KEY = "k3y+/=of-words-0123"


@dataclass
class Clock:
    """A clock that moves when somebody sleeps. Several threads may sleep on it."""

    time: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.time += seconds


def read_words(answer: Answer, request: Request, ask: Ask) -> Page:
    """`rows:…` is a page, `next:…` on its second line what follows; `again`, `series`, `source` are errors."""
    text = answer.content.decode()
    if answer.status == 429 or answer.status >= 500:
        raise VendorError(Reach.AGAIN, f"words said {answer.status}", "Ask again later.")
    if answer.status == 418:
        raise VendorError(Reach.SOURCE, "words has banned us", "Wait.")
    for reach in Reach:
        if text.startswith(f"{reach.value}:"):
            raise VendorError(reach, text.partition(":")[2], "Do something else.")
    if not text.startswith("rows:"):
        raise VendorError(Reach.AGAIN, f"this is no answer: {text[:40]}", "Ask again later.")
    rows, _, following = text.partition("\n")
    frame = pl.DataFrame({"word": rows.removeprefix("rows:").split(",")})
    return Page(frame, next=Request(following.removeprefix("next:")) if following else None, notes=())


def words(**changes: Any) -> Vendor:
    """The vendor, with a key as a parameter."""
    told: dict[str, Any] = {
        "name": "words",
        "title": "Words",
        "kinds": frozenset({"bars"}),
        "frequencies": frozenset({"1d"}),
        "base_url": "https://words.example.org",
        "base_url_setting": "STOOQ_BASE_URL",
        "adjustment": "raw",
        "limit": Limit(per_minute=60_000, burst=1000),
        "requests": lambda ask: (Request("/words", (("s", ask.series[0].provider_symbol),)),),
        "read": read_words,
        "key": Key("STOOQ_API_KEY", "parameter", "apikey"),
    }
    return Vendor(**told | changes)


def ask(symbol: str = "abc") -> Ask:
    """An ask for one series."""
    series = Series(DATASET, symbol.upper(), symbol, f"XNYS:{symbol.upper()}")
    return Ask((series,), date(2026, 11, 1), date(2026, 11, 20), datetime(2026, 11, 21, tzinfo=UTC))


@contextmanager
def opened(
    folder: Path, base_url: str, clock: Clock, vendor: Vendor | None = None, key: str = KEY, **more: Any
) -> Iterator[VendorClient]:
    """A client of a vendor (of words), with an archive below `folder`."""
    vendor = vendor or words()
    bucket = Bucket(folder / "state" / "pace.json", "words", vendor.limit, clock.now, clock.sleep)
    with open_archive(FileStore(str(folder / "lake")), folder / "state" / "receipts") as archive:
        client = VendorClient(
            vendor, base_url, archive, bucket, key, SourceState(), clock.now, clock.sleep, **more
        )
        with client.session:
            yield client
