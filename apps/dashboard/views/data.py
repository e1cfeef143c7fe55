"""The Data page: what market data there is, how fresh it is, what the checks found. Parts: data_pull, data_series."""

from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from apps.dashboard import market
from apps.dashboard.components import cards, empty, tables
from apps.dashboard.components.cards import Badge
from apps.dashboard.components.formatting import count, day
from apps.dashboard.page import Place, place
from apps.dashboard.views import data_pull, data_series
from apps.published import NothingPublishedError, open_version

_SHOWN = (
    "dataset", "freshness", "first_date", "last_date", "due", "series_stored", "row_count", "byte_count",
    "updated_at", "checks_failed", "not_answered",
)  # fmt: skip
_FILE = (
    "dataset", "provider", "kind", "universe", "frequency", "freshness", "first_date", "last_date", "due", "series",
    "series_stored", "row_count", "byte_count", "updated_at", "checks_failed", "not_answered", "reason",
)  # fmt: skip
_FINDINGS = (
    "severity", "dataset", "check_name", "symbol", "session_date", "timestamp", "found", "expected", "document_id",
)  # fmt: skip
_STATES = {
    "fresh": "✓ fresh", "stale": "⚠ stale", "empty": "○ nothing stored", "unknown": "○ no calendar",
}  # fmt: skip
_MOST_SHOWN = 500


def render(published: Path) -> None:
    """Draw the page. Raises VersionGoneError, and duckdb's errors for a version of another release."""
    here = place(published)
    rows: list[market.Row] = []
    try:
        rows = _catalogue(here)
        if not rows:
            empty.no_market_data()
    except NothingPublishedError:
        cards.note(
            "Nothing is published yet, so that stored series cannot be shown here: tieout run publishes, and "
            "make demo shows the page with a synthetic account and market."
        )
    except market.LakeElsewhereError:
        cards.note(
            "The market data lies in an object store (TIEOUT_LAKE_URL), which this page does not read: "
            "tieout data catalog and tieout data show SYMBOL do.",
            warn=True,
        )
    if rows:
        _what_there_is(here, rows)
        _findings(here, rows)
        data_series.render(here, rows)
    data_pull.render(here, rows)


def _catalogue(here: Place) -> list[market.Row]:
    with open_version(here.version()) as reader:
        return market.read_catalog(reader, here.data, here.now)


def _what_there_is(here: Place, rows: list[market.Row]) -> None:
    stale = [row for row in rows if row["freshness"] == "stale"]
    broken = [row for row in rows if row["not_answered"]]
    failing = [row for row in rows if row["checks_failed"]]
    fresh = sum(row["freshness"] == "fresh" for row in rows)
    badges = [Badge("datasets", count(len(rows), "dataset"))]
    if fresh:
        badges.append(Badge("fresh", f"{fresh:,} fresh", "good"))
    if stale:
        badges.append(Badge("stale", f"{len(stale):,} stale", "warn"))
    if failing:
        badges.append(Badge("checks", f"findings in {count(len(failing), 'dataset')}", "warn"))
    if broken:
        badges.append(Badge("not-answered", f"{count(len(broken), 'dataset')} not answered in full", "warn"))
    cards.badges(badges)
    with st.container(key="card-catalogue"):
        cards.head("Datasets", escape(f"in {here.data.root}"))
        for row in stale:
            cards.note(_stale(row), warn=True)
        for row in broken:
            cards.note(
                f"{row['dataset']}: {count(row['not_answered'], 'series', 'series')} failed at the last update. "
                f"{row['reason']}",
                warn=True,
            )
        st.dataframe(
            tables.frame([row | {"freshness": _STATES[row["freshness"]]} for row in rows], _SHOWN),
            column_config=_columns(here),
            hide_index=True,
            key="catalogue",
            placeholder="—",
        )
        tables.downloads("dataset_catalog", rows, _FILE, private=False)


def _stale(row: market.Row) -> str:
    what = "bar" if row["kind"] == "bars" else "value"
    return (
        f"{row['dataset']} is stale: its last {what} is of {day(row['last_date'])}, and one of {day(row['due'])} or "
        f"later was due. Run tieout data update {row['universe']}, or update all below."
    )


def _columns(here: Place) -> dict[str, Any]:
    column = st.column_config
    return {
        "dataset": column.TextColumn("Dataset", pinned=True, help="provider / kind / universe / frequency"),
        "freshness": column.TextColumn("Freshness", help="Against the calendar, as the checks judge it"),
        "first_date": column.DateColumn("From", format="iso8601"),
        "last_date": column.DateColumn("To", format="iso8601"),
        "due": column.DateColumn("Due", format="iso8601", help="The session that should be there by now"),
        "series_stored": column.NumberColumn("Series", format="localized"),
        "row_count": column.NumberColumn("Rows", format="localized"),
        "byte_count": column.NumberColumn("Size", format="bytes"),
        "updated_at": column.DatetimeColumn("Updated", timezone=str(here.zone), format="YYYY-MM-DD HH:mm"),
        "checks_failed": column.NumberColumn("Checks with findings", help="At the last update"),
        "not_answered": column.NumberColumn("Not answered", help="Series that failed at the last update"),
    }


def _findings(here: Place, rows: list[market.Row]) -> None:
    found = market.read_findings(here.data, [row["dataset"] for row in rows])
    if not found:
        return
    errors = sum(row["severity"] == "error" for row in found)
    title = f"Checks: {count(len(found), 'finding')}" + (f", {count(errors, 'error')}" if errors else "")
    with st.expander(title, expanded=bool(errors), icon=":material/rule:", key="market-findings"):
        column = st.column_config
        config: dict[str, Any] = {
            name: column.TextColumn(name.replace("_", " ").capitalize()) for name in _FINDINGS
        }
        config["session_date"] = column.DateColumn("Day", format="iso8601")
        config["timestamp"] = column.DatetimeColumn("Bar", timezone="UTC")
        config["found"] = column.TextColumn("Found", width="large")
        if len(found) > _MOST_SHOWN:
            cards.note(f"The first {_MOST_SHOWN:,} of them, errors first; the files hold all.")
        st.dataframe(
            tables.frame(found[:_MOST_SHOWN], _FINDINGS),
            column_config=config,
            hide_index=True,
            key="table-market-findings",
            placeholder="—",
        )
        tables.downloads("market_findings", found, _FINDINGS, private=False)
