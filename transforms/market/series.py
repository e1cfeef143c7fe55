"""What is kept up to date, as values: datasets, their series, the span that is asked for. No vendor's format here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Kind = Literal["bars", "trades", "quotes", "observations", "actions"]
Layer = Literal["raw", "clean", "features"]


@dataclass(frozen=True, order=True)
class DatasetId:
    """A dataset: the series of one universe from one provider, at one frequency.

    `frequency`: `1d`, `1h`, `1m` for bars; `1d`, `1w`, `1mo`, `3mo` for observations; `tick` for trades and quotes. All
    parts are plain names (letters, digits, `-`, `_`).
    """

    provider: str
    kind: Kind
    universe: str
    frequency: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.kind}/{self.universe}/{self.frequency}"

    def partition(self, layer: Layer, year: int) -> str:
        """Where a year lies below the lake's root: `{layer}/{dataset}/year=YYYY/part.parquet`."""
        return f"{layer}/{self}/year={year}/part.parquet"


@dataclass(frozen=True)
class Series:
    """One series of a dataset.

    `symbol` is canonical (`BRK.B`, `EURUSD`, `BTCUSDT`, `DGS10`), `provider_symbol` what the vendor calls it
    (`brk-b.us`). `venue` is a MIC. `instrument_id` is `{venue}:{symbol}`, or `{provider}:{symbol}` where there is none.
    `calendar` names the sessions of exchange_calendars (`XNYS`, `24/7`); without one no gaps are told.
    `unit` of an observation as the vendor names it (`percent`, `USD per EUR`). `volume_unit`: `shares`, `contracts`,
    `base`.
    """

    dataset: DatasetId
    symbol: str
    provider_symbol: str
    instrument_id: str
    venue: str | None = None
    currency: str | None = None
    calendar: str | None = None
    volume_unit: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Ask:
    """What is asked of a vendor: series of one dataset, from `first` to `last` (both included, session dates).

    Most vendors take one series a request. `asked_at` is UTC: what ends after it is not final.
    """

    series: tuple[Series, ...]
    first: date
    last: date
    asked_at: datetime

    @property
    def dataset(self) -> DatasetId:
        """The one dataset of all series."""
        return self.series[0].dataset
