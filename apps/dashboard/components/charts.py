"""Plotly figures from plain lists. No data access, no finance; colours come from the palette."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from apps.dashboard.components.theme import Palette

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAX_POINTS = 1500
"""Below the 2,000 a trace from which drawing SVG becomes slow."""

_FONT = '"Source Sans", "Helvetica Neue", Arial, sans-serif'

CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}


def downsample(values: Sequence[float | None], limit: int = MAX_POINTS) -> list[int]:
    """Which indices to draw: all up to `limit`, else each bucket's lowest and highest, and both ends."""
    count = len(values)
    if count <= limit:
        return list(range(count))
    buckets = max((limit - 2) // 2, 1)
    kept = {0, count - 1}
    for bucket in range(buckets):
        start, end = bucket * count // buckets, (bucket + 1) * count // buckets
        known = [(value, index) for index in range(start, end) if (value := values[index]) is not None]
        if known:
            kept.update((min(known)[1], max(known)[1]))
    return sorted(kept)


def _layout(colours: Palette, height: int) -> dict[str, Any]:
    axis = {
        "gridcolor": colours.grid,
        "zeroline": False,
        "showline": False,
        "tickfont": {"color": colours.muted, "size": 11.5},
        "automargin": True,
        "ticks": "outside",
        "ticklen": 5,
        "tickcolor": "rgba(0,0,0,0)",
    }
    return {
        "height": height,
        "margin": {"l": 4, "r": 6, "t": 8, "b": 4},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": colours.muted, "size": 12, "family": _FONT},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": colours.surface,
            "bordercolor": colours.grid,
            "font": {"color": colours.ink, "size": 12.5, "family": _FONT},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"color": colours.muted},
        },
        "showlegend": False,
        "dragmode": False,
        "xaxis": {**axis, "showgrid": False, "hoverformat": "%a %-d %b %Y"},
        "yaxis": {**axis, "side": "right"},
    }


def _fill(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def return_and_drawdown(
    stretches: Sequence[tuple[Sequence[date], Sequence[float], Sequence[float]]],
    colours: Palette,
    benchmark: tuple[str, Sequence[Sequence[float | None]]] | None = None,
) -> "go.Figure":
    """The growth curve above, the underwater curve below, on one time axis.

    A stretch is (dates, growth of 1, drawdown); a gap between stretches stays a gap. `benchmark` is a name, and its
    growth of 1 over each stretch's dates.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    room = max(MAX_POINTS // max(len(stretches), 1), 10)
    for number, (dates, index, below) in enumerate(stretches):
        top, low = downsample(index, room), downsample(below, room)
        figure.add_scatter(
            x=[dates[i] for i in top],
            y=[index[i] - 1 for i in top],
            mode="lines",
            line={"color": colours.accent, "width": 2},
            fill="tozeroy",
            fillcolor=_fill(colours.accent, 0.08),
            name="TWR",
            hovertemplate="%{y:+.2%}",
            legendgroup="twr",
            showlegend=number == 0,
        )
        figure.add_scatter(
            x=[dates[i] for i in low],
            y=[below[i] for i in low],
            mode="lines",
            line={"color": colours.muted, "width": 1.2},
            fill="tozeroy",
            fillcolor=_fill(colours.muted, 0.22),
            name="Drawdown",
            showlegend=False,
            hovertemplate="%{y:.2%}",
            yaxis="y2",
        )
        if benchmark is not None:
            name, grown = benchmark
            beside = downsample(grown[number], room)
            figure.add_scatter(
                x=[dates[i] for i in beside],
                y=[None if (level := grown[number][i]) is None else level - 1 for i in beside],
                mode="lines",
                line={"color": colours.ink, "width": 1.4, "dash": "dot"},
                name=name,
                hovertemplate="%{y:+.2%}",
                legendgroup="benchmark",
                showlegend=number == 0,
            )
        if number:
            figure.add_vline(x=dates[0], line={"color": colours.muted, "width": 1, "dash": "dot"})
    layout = _layout(colours, 380)
    layout["yaxis"] |= {
        "domain": [0.34, 1],
        "tickformat": "+.1~%",
        "zeroline": True,
        "zerolinecolor": colours.muted,
        "zerolinewidth": 0.6,
        "nticks": 6,
    }
    layout["yaxis2"] = {
        **layout["yaxis"],
        "domain": [0, 0.26],
        "tickformat": ".1~%",
        "rangemode": "tozero",
        "nticks": 4,
    }
    layout["xaxis"] |= {"anchor": "y2"}
    layout["showlegend"] = benchmark is not None
    figure.update_layout(layout)
    return figure


def nav_and_invested(
    dates: Sequence[date],
    nav: Sequence[float | None],
    invested: Sequence[float | None],
    colours: Palette,
    *,
    unit: str,
    amounts: bool,
) -> "go.Figure":
    """NAV against what was put in; without `amounts` both are indexed and no figure looks like money."""
    import plotly.graph_objects as go

    kept = sorted(set(downsample(nav, MAX_POINTS // 2)) | set(downsample(invested, MAX_POINTS // 2)))
    value = f"%{{y:,.2f}} {unit}" if amounts else "%{y:.1f}"
    figure = go.Figure()
    figure.add_scatter(
        x=[dates[i] for i in kept],
        y=[invested[i] for i in kept],
        mode="lines",
        line={"color": colours.muted, "width": 1.6, "dash": "dot", "shape": "hv"},
        name="Invested",
        hovertemplate=value,
    )
    figure.add_scatter(
        x=[dates[i] for i in kept],
        y=[nav[i] for i in kept],
        mode="lines",
        line={"color": colours.accent, "width": 2},
        name="NAV",
        hovertemplate=value,
    )
    layout = _layout(colours, 380)
    layout["yaxis"] |= {"tickformat": "~s" if amounts else ".0f", "nticks": 7}
    layout["showlegend"] = True
    figure.update_layout(layout)
    return figure


def market_series(
    days: Sequence[date],
    values: Sequence[float | None],
    colours: Palette,
    *,
    name: str,
    below: Sequence[tuple[str, Sequence[float | None]]] = (),
) -> "go.Figure":
    """One series, and below it a panel for each of `below` (name, values) on the same time axis."""
    import plotly.graph_objects as go

    figure = go.Figure()
    panels = 1 + len(below)
    share = 0.5 / max(len(below), 1)
    layout = _layout(colours, 380 + 110 * len(below))
    for number, (title, told) in enumerate([(name, values), *below]):
        axis = "y" if number == 0 else f"y{number + 1}"
        kept = downsample(told)
        figure.add_scatter(
            x=[days[i] for i in kept],
            y=[told[i] for i in kept],
            mode="lines",
            line={"color": colours.muted if number else colours.accent, "width": 1.2 if number else 1.8},
            name=title,
            hovertemplate="%{y:,.6~g}",
            yaxis=axis,
        )
        top = 1 - (0 if number == 0 else 0.5 + share * (number - 1))
        low = (0.5 if below else 0) if number == 0 else top - share + 0.05
        layout["yaxis" if number == 0 else f"yaxis{number + 1}"] = {
            **layout["yaxis"],
            "domain": [max(low, 0), top if number == 0 else top - 0.02],
            "nticks": 6 if number == 0 else 3,
            "tickformat": ",.6~g",
        }
    layout["xaxis"] |= {"anchor": "y" if panels == 1 else f"y{panels}"}
    layout["showlegend"] = bool(below)
    figure.update_layout(layout)
    return figure
