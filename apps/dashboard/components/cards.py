"""KPI cards, badges, bar lists and notes as HTML. Every text that came from a document is escaped here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import streamlit as st

from apps.dashboard.components.formatting import Number, arrow, direction


@dataclass(frozen=True)
class Card:
    """One figure: its name, its basis, the value as text, a line below it, or why it is withheld."""

    key: str
    label: str
    basis: str
    text: str
    unit: str = ""
    signed: Number = None
    """A gain or loss: shown with arrow and colour. None for everything that is not money made or lost."""
    sub: str = ""
    """HTML made by this package; texts in it are escaped by who made it."""
    reason: str | None = None
    hero: bool = False
    sparkline: Sequence[float] = ()


def tone(value: Number) -> str:
    """The CSS class of a gain, a loss, or neither."""
    return {1: "gain", -1: "loss", 0: ""}[direction(value)]


def coloured(text: str, value: Number) -> str:
    """A signed figure inside a line of text, with its arrow."""
    sign = arrow(value)
    return f'<b class="{tone(value)}">{sign + " " if sign else ""}{escape(text)}</b>'


def sparkline(values: Sequence[float]) -> str:
    """A filled line without axes, as a CSS background of its card (inline SVG is not let through)."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = 100 / (len(values) - 1)
    points = " ".join(f"{i * step:.2f},{36 - 30 * (v - low) / span:.2f}" for i, v in enumerate(values))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 40" preserveAspectRatio="none">'
        f'<polygon points="0,40 {points} 100,40" fill="rgb(127,220,205)" fill-opacity="0.13"/>'
        f'<polyline points="{points}" fill="none" stroke="rgb(150,232,218)" stroke-opacity="0.5" '
        'stroke-width="1.5" vector-effect="non-scaling-stroke"/></svg>'
    )
    return f' style="background-image:url(&quot;data:image/svg+xml,{quote(svg)}&quot;)"'


def card_html(card: Card) -> str:
    """One card."""
    sign = arrow(card.signed) if card.signed is not None else ""
    mark = f'<span class="arrow" aria-hidden="true">{sign}</span>' if sign else ""
    unit = f'<span class="unit">{escape(card.unit)}</span>' if card.unit else ""
    sub = card.sub
    if card.reason:
        sub = (
            f'<span class="kpi-reason" data-testid="reason-{card.key}">Withheld: {escape(card.reason)}</span>'
        )
    classes = "kpi hero" if card.hero else "kpi"
    return (
        f'<div class="{classes}" data-testid="kpi-{card.key}"{sparkline(card.sparkline)}>'
        f'<div class="kpi-label">{escape(card.label)}<span>{escape(card.basis)}</span></div>'
        f'<div class="kpi-value {tone(card.signed)}">{mark}<span '
        f'data-testid="value-{card.key}">{escape(card.text)}</span>'
        f'{unit}</div><div class="kpi-sub">{sub}</div></div>'
    )


def cards(items: Iterable[Card]) -> None:
    """The grid of figures."""
    st.html(f'<div class="kpis">{"".join(card_html(item) for item in items)}</div>')


@dataclass(frozen=True)
class Badge:
    """A short statement about the data; `state` is good, warn or empty (neutral)."""

    key: str
    text: str
    state: str = ""
    title: str = ""


def badges(items: Iterable[Badge]) -> None:
    """A line of badges."""
    inside = "".join(
        f'<span class="badge {item.state}" data-testid="badge-{item.key}" title="{escape(item.title)}">'
        f"<span>{escape(item.text)}</span></span>"
        for item in items
    )
    st.html(f'<div class="badges">{inside}</div>')


def head(title: str, detail: str = "") -> None:
    """The heading of a card, with a detail (HTML of this package) at its right."""
    st.html(f'<div class="card-head"><h3>{escape(title)}</h3><p>{detail}</p></div>')


def note(text: str, *, warn: bool = False) -> None:
    """A sentence in a card."""
    st.html(f'<p class="card-note{" warn" if warn else ""}">{escape(text)}</p>')


@dataclass(frozen=True)
class Bar:
    """A line of a bar list; `total` draws a rule above it."""

    name: str
    value: Number
    text: str
    total: bool = False
    title: str = ""


def bars(items: Sequence[Bar], key: str) -> None:
    """Bars to both sides of zero, each with its figure. Bars share one scale."""
    largest = max((abs(float(item.value)) for item in items if item.value is not None), default=0.0) or 1.0
    lines = []
    for item in items:
        share = 50 * abs(float(item.value)) / largest if item.value is not None else 0.0
        side = {1: "up", -1: "down", 0: ""}[direction(item.value)]
        bar = f'<i class="{side}" style="width:{share:.2f}%"></i>' if side else ""
        total = " total" if item.total else ""
        title = item.title or item.name
        lines.append(
            ("<hr>" if item.total else "")
            + f'<span class="name{total}" title="{escape(title)}">{escape(item.name)}</span>'
            f'<span class="track">{bar}</span>'
            f'<span class="figure {tone(item.value)}{total}">{escape(item.text)}</span>'
        )
    st.html(f'<div class="bars" data-testid="bars-{key}">{"".join(lines)}</div>')
