"""The registry of checks over bars and observations: name, severity, what it blocks. What they look for is beside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from transforms.market.checks import errors, warnings
from transforms.market.checks.model import FINDINGS, Check, Context, Severity, in_order
from transforms.market.series import Kind

__all__ = ["CHECKS", "FINDINGS", "Check", "Context", "run_checks"]

_EVERY: Final = (
    Check(
        "duplicate_key",
        "error",
        "bars",
        "One bar for each series and period: an answer that tells two says nothing.",
        errors.duplicate_bars,
        "series",
    ),
    Check(
        "inconsistent_range",
        "error",
        "bars",
        "The high is the highest and the low the lowest price of the bar.",
        errors.inconsistent_range,
        "series",
    ),
    Check(
        "non_positive_price",
        "error",
        "bars",
        "Prices are finite, and positive but for instruments whose prices may be negative.",
        errors.impossible_price,
        "series",
    ),
    Check("future_bar", "error", "bars", "No bar begins after now.", errors.future_bar, "series"),
    Check(
        "partial_bar",
        "error",
        "bars",
        "A bar's period was over when it came. Only the bar itself is left out, and comes with a later answer.",
        errors.partial_bar,
        "rows",
    ),
    Check(
        "mixed_adjustment",
        "error",
        "bars",
        "All bars of a series are adjusted for the same things.",
        errors.mixed_adjustment,
        "series",
    ),
    Check(
        "mixed_currency",
        "error",
        "bars",
        "All bars of a series are in one currency.",
        errors.mixed_currency,
        "series",
    ),
    Check(
        "restated_overlap",
        "error",
        "bars",
        "The oldest bar that is told again has the prices that are stored; else all before it are in doubt.",
        errors.restated_overlap,
        "series",
    ),
    Check(
        "gap", "warning", "bars", "Every session of the calendar between two bars has a bar.", warnings.gap
    ),
    Check(
        "outside_sessions",
        "warning",
        "bars",
        "No bar lies on a day that is no session of the calendar.",
        warnings.outside_sessions,
    ),
    Check("stale", "warning", "bars", "The last bar is of the session that was due.", warnings.stale),
    Check(
        "unexplained_return",
        "warning",
        "bars",
        "No log return beyond max(50 %, 10 median absolute deviations) without a corporate action.",
        warnings.unexplained_return,
    ),
    Check("zero_volume", "warning", "bars", "A volume that is told is positive.", warnings.zero_volume),
    Check(
        "excessive_volume",
        "warning",
        "bars",
        "No volume is above ten times the series' median.",
        warnings.excessive_volume,
    ),
    Check("flat", "warning", "bars", "No close stays the same for five days.", warnings.flat),
    Check(
        "cross_vendor",
        "warning",
        "bars",
        "Closes, or returns where the adjustments differ, lie within 50 bp of other vendors'.",
        warnings.cross_vendor,
    ),
    Check(
        "duplicate_observation",
        "error",
        "observations",
        "One value for each observation and vintage.",
        errors.duplicate_observations,
        "series",
    ),
    Check(
        "future_observation",
        "error",
        "observations",
        "No observation is of a day to come, or known from one.",
        errors.future_observation,
        "series",
    ),
    Check(
        "impossible_value",
        "error",
        "observations",
        "Values are finite numbers, or missing.",
        errors.impossible_value,
        "series",
    ),
    Check(
        "mixed_unit",
        "error",
        "observations",
        "All values of a series have one unit.",
        errors.mixed_unit,
        "series",
    ),
    Check(
        "missing_observation",
        "warning",
        "observations",
        "Every day of the calendar between two daily observations has one.",
        warnings.missing_observation,
    ),
    Check(
        "stale_observation",
        "warning",
        "observations",
        "The newest observation is as recent as its frequency lets expect.",
        warnings.stale_observations,
    ),
)

CHECKS: Final[dict[str, Check]] = {check.name: check for check in _EVERY}
"""Every check by name, in the order in which they are told."""


def run_checks(
    frame: pl.DataFrame,
    context: Context,
    severity: Severity | None = None,
    names: Iterable[str] | None = None,
) -> pl.DataFrame:
    """What all checks of the rows' kind find (columns of FINDINGS), or those of a severity or of some names."""
    kind: Kind = "observations" if "observation_date" in frame.columns else "bars"
    chosen = CHECKS.values() if names is None else [CHECKS[name] for name in names]
    ordered = in_order(frame)
    found = [
        check(ordered, context)
        for check in chosen
        if check.kind == kind and severity in (None, check.severity)
    ]
    return pl.concat([FINDINGS.to_frame(), *found])
