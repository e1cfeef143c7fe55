"""The card of the Overview that sets the books against the benchmark. There is none where no benchmark is named."""

from html import escape
from typing import Final

import streamlit as st

from apps.dashboard import data
from apps.dashboard.benchmark import Benchmark
from apps.dashboard.components import cards
from apps.dashboard.components.formatting import MISSING, Number, is_number
from apps.dashboard.page import Page
from apps.periods import METRIC_WINDOWS, Period

_FIGURES: Final = (
    ("alpha", "Alpha", "percent"),
    ("beta", "Beta", "number"),
    ("tracking_error", "Tracking error", "percent"),
    ("information_ratio", "Information ratio", "number"),
    ("up_capture", "Up capture", "share"),
    ("down_capture", "Down capture", "share"),
)
_WINDOWS_ONLY: Final = "computed for " + ", ".join(METRIC_WINDOWS) + " only"


def render(page: Page, period: Period, overview: data.Overview, benchmark: Benchmark) -> None:
    """Six figures of the period, each with its unit, or with why it is withheld."""
    with st.container(key="card-benchmark"):
        cards.head(f"Against {benchmark.name}", f"daily returns · {escape(page.currency)} · {period.label}")
        cells = "".join(_cell(page, period, overview, *figure) for figure in _FIGURES)
        st.html(f'<div class="figures">{cells}</div>')
        cards.note(benchmark.basis(page.currency))


def _cell(page: Page, period: Period, overview: data.Overview, name: str, label: str, kind: str) -> str:
    row = overview.metrics.get((period.metric_window or "", name))
    value: Number = row["value"] if row else None
    if not is_number(value):
        reason = _WINDOWS_ONLY if period.metric_window is None else "not in this version"
        if row and row["withheld_reason"]:
            reason = row["withheld_reason"]
        below = f'<span class="kpi-reason" data-testid="reason-{name}">Withheld: {escape(reason)}</span>'
    else:
        below = "per year" if "per year" in str(row["unit"] if row else "") else ""
        below = f"<span>{below}</span>"
    text = escape(_text(page, value, kind))
    return f'<div><span>{escape(label)}</span><b data-testid="value-{name}">{text}</b>{below}</div>'


def _text(page: Page, value: Number, kind: str) -> str:
    if value is None or not is_number(value):
        return MISSING
    if kind == "number":
        return f"{value:.2f}".replace("-", "−")
    return page.formats.ratio(
        value, sign=kind == "percent" and value < 0, decimals=2 if kind == "percent" else 0
    )
