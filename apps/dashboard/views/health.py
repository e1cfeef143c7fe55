"""What does not tie, what is missing, and what could not be read: the last part of the Overview."""

from html import escape
from typing import Any

import streamlit as st

from apps.dashboard import data
from apps.dashboard.components import cards, tables
from apps.dashboard.components.formatting import count
from apps.dashboard.page import Page
from apps.published import inspected

_CHECKS = (
    "status", "check_name", "section", "period_start", "period_end", "currency", "ours", "broker",
    "difference", "explanation", "acknowledged",
)  # fmt: skip
_PROBLEMS = (
    "severity",
    "check_name",
    "subject",
    "detail",
    "suggestion",
    "section",
    "row_ordinal",
    "document_id",
)
_DOCUMENTS = ("file_name", "reason", "received_at", "size_bytes", "document_id")
_AMOUNTS = ("ours", "broker", "difference")


def render(page: Page, state: data.Health) -> None:
    """Three expanders; the ones that need a look are open."""
    _reconciliation(page, state)
    _problems(page, state)
    _quarantine(page, state)
    build = page.book.build
    st.html(
        f'<div class="footer">version {escape(page.version.id)} · '
        f"{count(int(build.get('documents_loaded') or 0), 'document')} · code "
        f"{escape(str(build.get('code_version')))}"
        f"{_inspection(page)}"
        "</div>"
    )


def _inspection(page: Page) -> str:
    """Where the pages of `tieout inspect` lie, if this version was inspected. A browser opens no file from here."""
    pages = inspected(page.version)
    return f" · inspected: <code>{escape(str(pages))}</code>" if pages else ""


def _reconciliation(page: Page, state: data.Health) -> None:
    tied, broken, missing = (state.counts[name] for name in ("tied", "broken", "not_reported"))
    known = state.counts["acknowledged"]
    compared = tied + broken + known
    title = (
        f"Reconciliation: {tied:,} of {compared:,} tied" if compared else "Reconciliation: nothing to compare"
    )
    if broken:
        title += f", {broken:,} broken"
    if known:
        title += f", {known:,} acknowledged"
    if missing:
        title += f", {missing:,} not reported"
    icon = ":material/verified:" if tied and not broken else ":material/warning:"
    with st.expander(title, expanded=bool(broken), icon=icon, key="reconciliation"):
        if not compared:
            cards.note("No statement of this account reports totals that could be compared with ours.")
        elif not broken and not known:
            cards.note("Every total that the documents report equals ours, within its tolerance.")
        if not state.open_checks:
            return
        _table("reconciliation", state.open_checks, _CHECKS, page, masked=_AMOUNTS)


def _problems(page: Page, state: data.Health) -> None:
    if not state.problems:
        return
    kinds = sorted({str(row["check_name"]) for row in state.problems})
    urgent = any(row["severity"] == "error" for row in state.problems)
    title = f"Data health: {count(len(state.problems), 'finding')}"
    with st.expander(title, icon=":material/warning:" if urgent else ":material/info:", key="health"):
        dismissed = st.pills(
            "Dismiss",
            kinds,
            selection_mode="multi",
            key="dismissed",
            bind="query-params",
            help="Kinds of findings that you know; the address remembers them.",
        )
        left = [row for row in state.problems if row["check_name"] not in (dismissed or ())]
        if left:
            _table("data_health", left, _PROBLEMS, page)
        else:
            cards.note("All findings are dismissed.")


def _quarantine(page: Page, state: data.Health) -> None:
    if not state.quarantined:
        return
    title = f"Quarantine: {count(len(state.quarantined), 'document')} could not be read"
    with st.expander(title, icon=":material/report:", key="quarantine"):
        cards.note(
            "They lie in the quarantine folder with the reason beside them; nothing of them is "
            "in the figures."
        )
        _table("quarantine", state.quarantined, _DOCUMENTS, page)


def _table(
    name: str, rows: list[data.Row], columns: tuple[str, ...], page: Page, *, masked: tuple[str, ...] = ()
) -> None:
    private = page.formats.private
    column = st.column_config
    config: dict[str, Any] = {key: column.TextColumn(key.replace("_", " ").capitalize()) for key in columns}
    for key in ("explanation", "detail", "suggestion", "reason"):
        if key in config:
            config[key] = column.TextColumn(key.capitalize(), width="large")
    for key in ("period_start", "period_end"):
        if key in config:
            config[key] = column.DateColumn(key.replace("_", " ").capitalize(), format="iso8601")
    for key in masked:
        if not private:
            config[key] = column.NumberColumn(key.capitalize(), format="%,.2f")
    if "received_at" in config:
        config["received_at"] = column.DatetimeColumn("Received", timezone=str(page.zone))
    for key in ("row_ordinal", "size_bytes"):
        if key in config:
            config[key] = column.NumberColumn(key.replace("_", " ").capitalize(), format="localized")
    st.dataframe(
        tables.frame(rows, columns, masked=masked if private else ()),
        column_config=config,
        hide_index=True,
        key=f"table-{name}",
        placeholder="—",
    )
    tables.downloads(name, rows, columns, private=private)
