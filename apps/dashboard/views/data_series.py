"""The part of the Data page that shows one series: chart, features, table. What is read: apps/dashboard/market.py."""

from datetime import date, timedelta
from html import escape
from typing import Any, Final

import streamlit as st

from apps.dashboard import market
from apps.dashboard.components import cards, charts, tables
from apps.dashboard.components.formatting import count, day, decimals_of
from apps.dashboard.page import Place
from apps.published import Version, open_version

_SPANS: Final = {"1M": 31, "1Y": 366, "5Y": 1827, "All": None}
_VENDORS_OWN: Final = {
    "raw": "adjusted for nothing",
    "splits": "adjusted for splits",
    "splits_dividends": "adjusted for splits and dividends",
    "unknown": "the vendor does not say what it adjusted for",
}
_MOST_FEATURES: Final = 4
_VOLUMES: Final = {"volume", "split_volume"}
_PRICES: Final = ("open", "high", "low", "close")
_DAYS: Final = {"session_date", "observation_date", "known_from"}


# Keyed by the version, and by when the dataset was last written to.
@st.cache_data(max_entries=64, show_spinner=False)
def _symbols(token: str, dataset: str, updated: str, _version: Version, _row: market.Row) -> list[str]:
    with open_version(_version) as reader:
        return market.read_symbols(reader, _row)


@st.cache_data(max_entries=8, show_spinner=False)
def _features(token: str, _version: Version) -> dict[str, str]:
    with open_version(_version) as reader:
        return market.read_features(reader)


def render(here: Place, rows: list[market.Row]) -> None:
    """The card with its choices, which stand in the address."""
    stored = {row["dataset"]: row for row in sorted(rows, key=lambda row: row["kind"]) if row["row_count"]}
    if not stored:
        return
    with st.container(key="card-series"):
        cards.head("Series")
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="series-choices"):
            dataset = st.selectbox("Dataset", list(stored), key="dataset", bind="query-params", width=280)
            row = stored[dataset]
            version = here.version()
            known = _symbols(version.token, dataset, f"{row['updated_at']} {row['row_count']}", version, row)
            if st.session_state.get("symbol") not in (None, *known):
                del st.session_state["symbol"]  # of the dataset that was shown before
            symbol = st.selectbox("Symbol", known, key="symbol", bind="query-params", width=150)
            span = st.segmented_control(
                "Span", list(_SPANS), default="5Y", required=True, key="span", bind="query-params"
            )
        days = _SPANS[str(span)]
        since = row["last_date"] - timedelta(days=days) if days else None
        if row["kind"] == "bars":
            _bars(here, row, symbol, since)
        else:
            _observations(here, row, symbol, since)


def _bars(here: Place, row: market.Row, symbol: str, since: date | None) -> None:
    version = here.version()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="series-kinds"):
        adjustment = st.selectbox(
            "Prices",
            list(market.ADJUSTMENTS),
            key="prices",
            bind="query-params",
            width=190,
        )
        known = _features(version.token, version) if row["frequency"] == "1d" else {}
        chosen = (
            st.multiselect(
                "Features",
                list(known),
                max_selections=_MOST_FEATURES,
                key="features",
                bind="query-params",
                placeholder=f"up to {_MOST_FEATURES}",
                width=420,
            )
            if known
            else []
        )
    with open_version(version) as reader:
        series = market.read_bars(reader, row, symbol, chosen, since)
    if not series.rows:
        cards.note(f"Nothing of {symbol} is stored in this span.")
        return
    last = series.rows[-1]
    close = market.CLOSES[adjustment]
    values = [one[close] for one in series.rows]
    told = f"{symbol} · {last['currency'] or 'no currency told'} · {adjustment.lower()} · "
    told += f"{row['provider']}: {_VENDORS_OWN[last['adjustment']]}"
    st.html(f'<p class="card-note" data-testid="series-basis">{escape(told)}</p>')
    if all(value is None for value in values):
        cards.note(
            f"{adjustment} closes of {symbol} cannot be known: {_VENDORS_OWN[last['adjustment']]}, or its "
            "splits and dividends are not told. Choose “As told”.",
            warn=True,
        )
    else:
        times = [one["session_date"] if row["frequency"] == "1d" else one["timestamp"] for one in series.rows]
        below = [(name, [one[name] for one in series.rows]) for name in chosen]
        _chart(here, times, values, "close", below, f"{symbol}, {adjustment.lower()}")
    for name in chosen:
        cards.note(f"{name}: {known[name]}")
    when = ("session_date",) if row["frequency"] == "1d" else ("session_date", "timestamp")
    columns = (*when, *market.ADJUSTMENTS[adjustment], "currency", *chosen)
    _table(symbol, series, columns)


def _observations(here: Place, row: market.Row, symbol: str, since: date | None) -> None:
    with open_version(here.version()) as reader:
        series = market.read_observations(reader, row, symbol, since)
    if not series.rows:
        cards.note(f"Nothing of {symbol} is stored in this span.")
        return
    unit = series.rows[-1]["unit"]
    told = " · ".join(part for part in (symbol, unit, "as known now", row["provider"]) if part)
    st.html(f'<p class="card-note" data-testid="series-basis">{escape(told)}</p>')
    times = [one["observation_date"] for one in series.rows]
    _chart(here, times, [one["value"] for one in series.rows], symbol, [], symbol)
    _table(symbol, series, ("observation_date", "value", "unit", "known_from"))


def _chart(
    here: Place,
    times: list[date],
    values: list[float | None],
    name: str,
    below: list[tuple[str, list[float | None]]],
    alt: str,
) -> None:
    figure = charts.market_series(times, values, here.colours, name=name, below=below)
    st.plotly_chart(figure, theme=None, config=charts.CONFIG, key="chart-series", alt=alt)
    drawn = len(charts.downsample(values))
    if drawn < len(values):
        cards.note(
            f"{drawn:,} of {count(len(values), 'row')} are drawn: the lowest and the highest of each stretch. "
            "The table and the files have all."
        )


def _table(symbol: str, series: market.Series, columns: tuple[str, ...]) -> None:
    if series.truncated:
        cards.note(
            f"The newest {len(series.rows):,} rows, since {day(series.rows[0]['session_date'])}; older ones are in "
            "tieout data show and in SQL.",
            warn=True,
        )
    column = st.column_config
    config: dict[str, Any] = {name: column.Column(name.replace("_", " ").capitalize()) for name in columns}
    for name in _VOLUMES & set(columns):
        config[name] = column.NumberColumn("Volume", format="localized")
    for name in _DAYS & set(columns):
        config[name] = column.DateColumn(name.replace("_", " ").capitalize(), format="iso8601")
    newest = series.rows[::-1]
    prices = [name for name in columns if name == "value" or name.endswith(_PRICES)]
    shown = f"%,.{decimals_of(one[name] for name in prices for one in newest)}f"
    for name in prices:
        config[name] = column.NumberColumn(name.replace("_", " ").capitalize(), format=shown)
    st.dataframe(
        tables.frame(newest, columns),
        column_config=config,
        hide_index=True,
        height=320,
        key="table-series",
        placeholder="—",
    )
    tables.downloads(symbol, newest, columns, private=False)
