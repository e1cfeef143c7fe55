"""The part of the Data page that starts updates: the form, and how far the last one is. The command does the work."""

from collections.abc import Callable
from datetime import date
from html import escape
from typing import Any, Final

import streamlit as st

from apps.dashboard import pulling
from apps.dashboard.components import cards
from apps.dashboard.components.formatting import count
from apps.dashboard.market import Row
from apps.dashboard.page import Place
from transforms.market.vendors import VENDORS

_LOOK_EVERY: Final = 1.0
_MOST_SHOWN: Final = 200
_WORDS: Final = {
    "waiting": "waiting", "asking": "being asked", "answered": "answered", "failed": "not answered",
}  # fmt: skip


def render(here: Place, rows: list[Row]) -> None:
    """The card with the form, and the progress below it."""
    with st.container(key="card-pull"):
        cards.head("Pull and update", "prices and rates of vendors, kept up to date from then on")
        reason = pulling.why_not(here.data)
        if reason:
            cards.note(reason, warn=True)
        else:
            _form(here, bool(rows))
        _progress(here)


def _form(here: Place, has_data: bool) -> None:
    last = pulling.last_pull(here.data)
    busy = bool(last and last.running)
    with st.container(horizontal=True, gap="small", key="pull-vendor"):
        provider = st.selectbox(
            "Provider",
            list(VENDORS),
            key="provider",
            bind="query-params",
            width=220,
        )
        frequencies = sorted(VENDORS[provider].frequencies, key=lambda name: (name != "1d", name))
        frequency = st.selectbox("Frequency", frequencies, key="pull-frequency", width=120)
    with (
        st.form("pull", border=False, enter_to_submit=False),
        st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="pull-fields"),
    ):
        symbols = st.text_input(
            "Symbols or series", placeholder=_example(provider), key="pull-symbols", width=330
        )
        universe = st.text_input(
            "Universe", "main", key="pull-universe", help="The list that they are kept in", width=130
        )
        first = st.date_input(
            "From",
            None,
            min_value=date(1900, 1, 1),
            max_value=here.now.date(),
            format="YYYY-MM-DD",
            key="pull-from",
            help="Without a day: 1 Jan 2010. Up to now, and from then on each new session.",
            width=150,
        )
        pressed = st.form_submit_button("Pull", type="primary", disabled=busy)
    if pressed:
        _start(
            here,
            lambda: pulling.pull_arguments(
                provider,
                pulling.symbols_of(symbols),
                universe.strip(),
                frequency,
                first if isinstance(first, date) else None,
            ),
        )
    if has_data and st.button(
        "Update all", icon=":material/sync:", disabled=busy, help="Ask for what is new of all datasets"
    ):
        _start(here, lambda: list(pulling.UPDATE_ALL))
    if busy:
        cards.note("An update is running; the next one can be started when it has ended.")


def _example(provider: str) -> str:
    return {
        "ecb": "EURUSD, EURGBP", "fred": "DGS10, CPIAUCSL", "treasury": "UST3M, UST10Y", "binance": "BTCUSDT",
    }.get(provider, "SPY, BRK.B")  # fmt: skip


def _start(here: Place, arguments: Callable[[], list[str]]) -> None:
    try:
        pulling.start(here.data, arguments())
    except pulling.PullError as error:
        cards.note(str(error), warn=True)
        return
    st.rerun()


def _progress(here: Place) -> None:
    """The last update, looked at again and again while it runs; when it ends the whole page is drawn anew."""
    last = pulling.last_pull(here.data)
    if last is None:
        return
    was_running = last.running

    @st.fragment(run_every=_LOOK_EVERY if was_running else None)
    def watch() -> None:
        now = pulling.last_pull(here.data)
        if now is None:
            return
        if was_running and not now.running:
            st.rerun()
        _steps(here, now)

    watch()


def _steps(here: Place, pull: pulling.Pull) -> None:
    total = len(pull.steps)
    started = pull.started_at.astimezone(here.zone)
    if pull.running:
        text = f"{pull.done:,} of {count(total, 'series', 'series')} done" if total else "starting"
        st.progress(pull.done / total if total else 0.0, text)
    state, text = _verdict(pull)
    cards.badges([cards.Badge("pull", text, state)])
    cards.note(f"{pull.command} · started {started:%Y-%m-%d %H:%M:%S}")
    if pull.problem:
        cards.note(pull.problem, warn=True)
    elif not pull.running and not pull.ended and (said := pulling.what_was_said(here.data)):
        cards.note(said, warn=True)
    shown = sorted(pull.steps, key=lambda one: not one.get("problem"))[:_MOST_SHOWN]
    if shown:
        lines = "".join(_line(one) for one in shown)
        st.html(f'<table class="steps" data-testid="steps"><tbody>{lines}</tbody></table>')
    if total > _MOST_SHOWN:
        cards.note(f"{_MOST_SHOWN:,} of {total:,} series, those that failed first.")


def _verdict(pull: pulling.Pull) -> tuple[str, str]:
    if pull.running:
        return "", "running"
    if not pull.ended:
        return "warn", "ended before it was done; what is stored stands, start it again"
    if pull.problem:
        return "warn", "the run failed; what is stored stands"
    if pull.failed:
        return "warn", f"done, {count(len(pull.failed), 'series', 'series')} of {len(pull.steps):,} failed"
    return "good", "done"


def _line(step: dict[str, Any]) -> str:
    if step.get("problem"):
        text, tone = f"✕ failed: {step['problem']}", "bad"
    elif step["state"] == "done":
        text, tone = f"✓ {_outcome(step)}", ""
    else:
        text, tone = f"… {_WORDS[step['state']]}", "open"
    return (
        f'<tr data-testid="step-{escape(step["symbol"])}"><th scope="row">{escape(step["symbol"])}'
        f'<span>{escape(step["dataset"])}</span></th><td class="{tone}">{escape(text)}</td></tr>'
    )


def _outcome(step: dict[str, Any]) -> str:
    counts = [
        (step["added"] + step["completed"], "added"), (step["restated"], "restated"),
        (step["unchanged"], "unchanged"), (step["left_out"], "not over yet"),
    ]  # fmt: skip
    told = ", ".join(f"{number:,} {what}" for number, what in counts if number)
    return (told or "nothing new") + (" · history fetched anew" if step["refetched"] else "")
