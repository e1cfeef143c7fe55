"""What the last update of each dataset said, kept for the catalogue, the command and the page. No rows here."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from orchestration.market.outcome import DatasetOutcome, SeriesOutcome
from orchestration.resources.market_state import MarketState
from transforms.market.series import DatasetId
from transforms.market.sessions import Sessions


@dataclass(frozen=True)
class Recorded:
    """The outcome of a dataset's last update, and when it ended (UTC)."""

    at: datetime
    outcome: DatasetOutcome


@dataclass(frozen=True)
class Records:
    """Per dataset a file of what became of its series, and one of what the checks found."""

    state: MarketState

    def keep(self, at: datetime, outcome: DatasetOutcome, ahead: Sessions | None = None) -> None:
        """Replace what is known of a dataset. `ahead`: its coming sessions, for who asks later what is due."""
        findings = io.BytesIO()
        outcome.findings.write_parquet(findings)
        self.state.keep(_name(outcome.dataset, "parquet"), findings.getvalue())
        told = {
            "at": at.isoformat(),
            "dataset": asdict(outcome.dataset),
            "series": [asdict(one) for one in outcome.series],
            "years": outcome.years,
            "sessions": ahead.table.rows() if ahead else None,
        }
        content = json.dumps(told, indent=1, default=str).encode()
        self.state.keep(_name(outcome.dataset, "json"), content)

    def of(self, dataset: DatasetId) -> Recorded | None:
        """The last update of a dataset; None if there was none."""
        content = self.state.read(_name(dataset, "json"))
        found = self.state.read(_name(dataset, "parquet"))
        if content is None or found is None:
            return None
        told = json.loads(content)
        series = tuple(_series(one) for one in told["series"])
        findings = pl.read_parquet(found)
        outcome = DatasetOutcome(
            DatasetId(**told["dataset"]), series, tuple(told["years"]), findings=findings
        )
        return Recorded(datetime.fromisoformat(told["at"]), outcome)

    def since(self, dataset: DatasetId) -> dict[str, date]:
        """By symbol the day from which on a series was asked for, as far as that is known."""
        recorded = self.of(dataset)
        series = recorded.outcome.series if recorded else ()
        return {one.symbol: one.since for one in series if one.since is not None}


def _name(dataset: DatasetId, suffix: str) -> str:
    return f"{str(dataset).replace('/', '.')}.{suffix}"


def _series(told: dict[str, Any]) -> SeriesOutcome:
    asked, since = told.pop("asked"), told.pop("since", None)
    span = (date.fromisoformat(asked[0]), date.fromisoformat(asked[1])) if asked else None
    return SeriesOutcome(asked=span, since=date.fromisoformat(since) if since else None, **told)
