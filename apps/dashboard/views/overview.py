"""The Overview: what do I have, what did I make and why, is any of it wrong. Layout only, no SQL."""

import time
from collections.abc import Sequence
from datetime import date
from html import escape

import streamlit as st

from apps.dashboard import data
from apps.dashboard.benchmark import Benchmark
from apps.dashboard.components import cards, charts, empty
from apps.dashboard.components.cards import Badge, Bar, Card
from apps.dashboard.components.formatting import MISSING, Number, built, count, day
from apps.dashboard.page import (
    Page,
    load_benchmark,
    load_checked,
    load_flex_alerts,
    load_overview,
    load_positions,
)
from apps.dashboard.views import benchmark, health, live, positions
from apps.periods import METRIC_WINDOWS, Period

STALE_AFTER_DAYS = 4
"""A close is fresh over a long weekend; after that the badge says how old it is."""

FIRST_PAINT_SECONDS = 0.3

_BRIDGED = "holes by modified Dietz"
"""How a return is marked whose window has days without a value: the mart chained it over them."""

_ONLY_WINDOWS = "computed for " + ", ".join(METRIC_WINDOWS) + " only"


def render(page: Page) -> None:
    """Draw the page, what matters first."""
    state = load_checked(page)
    alerts = load_flex_alerts(page)
    cards.badges([*_badges(page, state), *(Badge("flex", a.short, "warn", a.text) for a in alerts)])
    for alert in alerts:
        cards.note(f"{alert.text} {alert.fix}", warn=True)
    has_feed = live.render(page)
    _figures(page, state)
    if not has_feed:
        live.hint()


def _figures(page: Page, state: data.Health) -> None:
    """What the published version says."""
    held = load_positions(page.version.token, page.account_id, _version=page.version)
    period = page.period
    if period is None:
        empty.no_nav(page.account_id)
        if held:
            positions.render(page, held)
        health.render(page, state)
        return
    overview = load_overview(page.version.token, page.account_id, period, _version=page.version)
    cards.cards(_cards(page, period, overview))
    _let_the_browser_paint()
    compared = load_benchmark(page.version.token, period, _version=page.version)
    _charts(page, period, overview, compared)
    if compared:
        benchmark.render(page, period, overview, compared)
    _causes_and_movers(page, period, overview, held)
    positions.render(page, held)
    health.render(page, state)


def _let_the_browser_paint() -> None:
    """Hold the charts back once per session: the figures are on the screen before the chart library loads.

    Its code keeps the browser's main thread busy for three times as long as everything before it.
    """
    if not st.session_state.get("painted"):
        st.session_state["painted"] = True
        time.sleep(FIRST_PAINT_SECONDS)


def _badges(page: Page, state: data.Health) -> list[Badge]:
    as_of = page.account["as_of_date"]
    age = data.stale_days(as_of, page.now)
    text = f"As of close {day(as_of)}" if as_of else "No close yet"
    old = age is not None and age > STALE_AFTER_DAYS
    if old:
        text += f" ({count(age or 0, 'day')} ago)"
    stamp = built(page.book.build.get("built_at"), page.zone, page.now.date())
    tied, broken, missing = (state.counts[name] for name in ("tied", "broken", "not_reported"))
    badges = [
        Badge("freshness", f"{text} · built {stamp}", "warn" if old else "", f"version {page.version.id}")
    ]
    known = state.counts["acknowledged"]
    compared = tied + broken + known
    if compared:
        verdict = (f"{broken:,} broken, " if broken else "") + f"{tied:,} of {compared:,} tied"
        badges.append(
            Badge("reconciliation", verdict, "warn" if broken else "good", "Our books against the broker's")
        )
    else:
        badges.append(
            Badge("reconciliation", "nothing to reconcile", "warn", "No statement reports the totals")
        )
    if known:
        badges.append(
            Badge("acknowledged", f"{known:,} acknowledged", "", "Breaks that a person knows and let stand")
        )
    if missing:
        badges.append(
            Badge("not-reported", f"{missing:,} not reported", "", "Checks that the documents do not allow")
        )
    serious = [row for row in state.problems if row["severity"] in ("error", "warning")]
    if serious:
        badges.append(Badge("problems", count(len(serious), "data problem"), "warn"))
    if state.quarantined:
        badges.append(
            Badge("quarantine", f"{count(len(state.quarantined), 'document')} in quarantine", "warn")
        )
    return badges


def _metric(overview: data.Overview, window: str | None, name: str) -> data.Row:
    return overview.metrics.get((window or "", name)) or dict.fromkeys(
        ("value", "value_date", "unit", "withheld_reason")
    )


def _cards(page: Page, period: Period, overview: data.Overview) -> list[Card]:
    account, formats = page.account, page.formats
    nav = account["nav_base"]
    cash_share = float(account["cash_base"] / nav) if nav and account["cash_base"] is not None else None
    flows = account["net_contributions_base"]
    return [
        Card(
            "nav",
            "Net asset value",
            f"close of {day(account['as_of_date'])}",
            formats.money(nav),
            page.currency,
            sub=f"net contributions {escape(formats.money(flows, sign=True))}",
            reason=None if nav is not None else "the last day's NAV is not in any document",
            hero=True,
            sparkline=[
                float(row["nav_end_base"]) for row in overview.days if row["nav_end_base"] is not None
            ],
        ),
        _pnl_card(page, overview, "day", "Day", day(account["as_of_date"], year=False)),
        _pnl_card(page, overview, "mtd", "Month to date", "MTD"),
        _pnl_card(page, overview, "ytd", "Year to date", "YTD"),
        _twr_card(page, period, overview),
        _mwr_card(page, period, overview),
        _drawdown_card(page, period, overview),
        Card(
            "cash",
            "Cash",
            "all currencies",
            formats.money(account["cash_base"]),
            page.currency,
            sub=f"{formats.ratio(cash_share, sign=False, decimals=1)} of NAV",
            reason=None if account["cash_base"] is not None else "no document reports it",
        ),
    ]


def _pnl_card(page: Page, overview: data.Overview, name: str, label: str, basis: str) -> Card:
    amount, twr = page.account[f"{name}_pnl_base"], page.account[f"{name}_twr"]
    if name == "day":
        why_amount = why_twr = page.account["day_withheld_reason"]
    else:
        why_amount = _metric(overview, basis, "pnl")["withheld_reason"]
        why_twr = _metric(overview, basis, "twr")["withheld_reason"]
    chained = None if name == "day" else _metric(overview, basis, "twr")["value"]
    sub = f"<b>{page.formats.ratio(twr)}</b> TWR"
    if twr is None and chained is not None:
        sub = f"<b>{page.formats.ratio(chained)}</b> TWR, {_BRIDGED}"
    elif twr is None:
        sub = f'TWR {MISSING} <span class="kpi-reason">{escape(why_twr or "withheld")}</span>'
    return Card(
        f"{name}-pnl",
        f"PnL, {label.lower()}",
        basis,
        page.formats.money(amount, sign=True),
        page.currency,
        signed=amount,
        sub=sub,
        reason=None if amount is not None else why_amount or "the period's start is not in any document",
    )


def _twr_card(page: Page, period: Period, overview: data.Overview) -> Card:
    window = period.metric_window
    if window:
        row = _metric(overview, window, "twr")
        value, reason = row["value"], row["withheld_reason"]
    else:
        value, reason = data.linked_twr(overview.days)
    yearly = _metric(overview, window, "cagr")["value"]
    sub = f"time-weighted, net of fees, {escape(page.currency)}"
    if window and value is not None and data.linked_twr(overview.days)[0] is None:
        sub += f", {_BRIDGED}"
    if yearly is not None and yearly != value:
        sub += f" · {page.formats.ratio(yearly)} a year"
    return Card(
        "twr",
        "Return (TWR)",
        period.label,
        page.formats.ratio(value),
        sub=sub,
        reason=None if value is not None else reason or "not in this version",
    )


def _mwr_card(page: Page, period: Period, overview: data.Overview) -> Card:
    row = _metric(overview, period.metric_window, "mwr")
    value, reason = row["value"], row["withheld_reason"]
    if period.metric_window is None:
        reason = _ONLY_WINDOWS
    basis = "XIRR per year" if "per year" in str(row["unit"]) else "XIRR over the period"
    return Card(
        "mwr",
        "Return (MWR)",
        period.label,
        page.formats.ratio(value),
        sub=f"money-weighted, {basis}",
        reason=None if value is not None else reason or "not in this version",
    )


def _drawdown_card(page: Page, period: Period, overview: data.Overview) -> Card:
    window, reason, trough = period.metric_window, None, None
    value: Number
    if window:
        row = _metric(overview, window, "max_drawdown")
        value, reason, trough = row["value"], row["withheld_reason"], row["value_date"]
    else:
        _, reason = data.linked_twr(overview.days)
        value = None
        if reason is None:
            worst, trough = _worst(data.segments(overview.days))
            value = worst
    now = page.account["current_drawdown"]
    parts = [f"now {page.formats.ratio(now)}" if now is not None else ""]
    parts.append(f"lowest {day(trough)}" if trough and value else "")
    return Card(
        "drawdown",
        "Largest drawdown",
        period.label,
        page.formats.ratio(value),
        sub=" · ".join(part for part in parts if part),
        reason=None if value is not None else reason or "not in this version",
    )


def _worst(stretches: Sequence[data.Segment]) -> tuple[float, date | None]:
    below = [pair for stretch in stretches for pair in zip(stretch.drawdowns(), stretch.dates, strict=True)]
    return min(below, default=(0.0, None))


def _charts(page: Page, period: Period, overview: data.Overview, compared: Benchmark | None) -> None:
    left, right = st.columns([7, 5], gap="small")
    with left, st.container(key="card-return"):
        _return_chart(page, period, overview, compared)
    with right, st.container(key="card-nav"):
        _nav_chart(page, period, overview)


def _return_chart(page: Page, period: Period, overview: data.Overview, compared: Benchmark | None) -> None:
    stretches = data.segments(overview.days)
    cards.head("Time-weighted return and drawdown", f"net of fees · {escape(page.currency)} · {period.label}")
    if not stretches:
        cards.note("No day with a return in this period.")
        return
    figure = charts.return_and_drawdown(
        [(stretch.dates, stretch.index, stretch.drawdowns()) for stretch in stretches],
        page.colours,
        (compared.name, [compared.growth(stretch.dates) for stretch in stretches]) if compared else None,
    )
    st.plotly_chart(
        figure,
        theme=None,
        config=charts.CONFIG,
        key="chart-return",
        alt="Cumulative time-weighted return, and drawdown below it",
    )
    withheld = [row for row in overview.days if row["twr"] is None and not data.is_idle(row)]
    if withheld:
        first = withheld[0]
        why = str(first["withheld_reason"] or "no reason given").rstrip(".")
        more = f" and {count(len(withheld) - 1, 'more day')}" if len(withheld) > 1 else ""
        cards.note(
            f"No return on {day(first['return_date'])}{more}: {why}. The curve starts again from "
            f"zero after it.",
            warn=True,
        )


def _nav_chart(page: Page, period: Period, overview: data.Overview) -> None:
    made = data.period_pnl(overview.days)
    amount = page.formats.money(made, page.currency, sign=True)
    cards.head("NAV and what was put in", f"{cards.coloured(amount, made)} PnL · {period.label}")
    lines = data.growth(overview.days)
    if not lines.dates:
        cards.note("No NAV day in this period.")
        return
    if page.formats.private:
        nav, invested = lines.indexed()
    else:
        nav, invested = (_floats(lines.nav), _floats(lines.invested))
    figure = charts.nav_and_invested(
        lines.dates, nav, invested, page.colours, unit=page.currency, amounts=not page.formats.private
    )
    st.plotly_chart(
        figure,
        theme=None,
        config=charts.CONFIG,
        key="chart-nav",
        alt="Net asset value against opening value plus net contributions",
    )
    if page.formats.private:
        cards.note("Opening NAV = 100.")


def _floats(values: Sequence[Number]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _causes_and_movers(page: Page, period: Period, overview: data.Overview, held: Sequence[data.Row]) -> None:
    columns = st.columns(3, gap="small")
    with columns[0], st.container(key="card-causes"):
        cards.head("Where it came from", period.label)
        cards.bars(_causes(page, overview), "causes")
    with columns[1], st.container(key="card-unrealised"):
        cards.head("Unrealised now", f"largest, {escape(page.currency)}")
        moved = [row for row in held if row["unrealized_pnl_base"]]
        moved.sort(key=lambda row: abs(row["unrealized_pnl_base"]), reverse=True)
        _mover_bars(
            page,
            [(row["symbol"], row["unrealized_pnl_base"], row["description"]) for row in moved[:5]],
            "unrealised",
            "No open position has an unrealised result.",
        )
    with columns[2], st.container(key="card-realised"):
        cards.head("Realised", f"largest, {escape(page.currency)} · {period.label}")
        _mover_bars(
            page,
            [(row["symbol"], row["pnl_base"], row["symbol"]) for row in overview.movers],
            "realised",
            "No closing trade in this period.",
        )


def _causes(page: Page, overview: data.Overview) -> list[Bar]:
    total = data.period_pnl(overview.days)
    causes = overview.causes
    known = [
        causes[name]
        for name in ("dividends", "withholding_tax", "interest", "fees")
        if causes[name] is not None
    ]
    rest = total - sum(known) if total is not None else None
    lines = [
        ("Dividends", causes["dividends"], "Dividends and payments in lieu, as booked in cash"),
        ("Withholding tax", causes["withholding_tax"], "Tax withheld at the source"),
        ("Interest", causes["interest"], "Broker and bond interest, received less paid"),
        ("Fees", causes["fees"], "Fees and commission adjustments booked as cash rows"),
        ("Prices, FX, other", rest, "The rest of the PnL: prices, currencies, commissions, accruals"),
    ]
    bars = [
        Bar(name, value, page.formats.money(value, sign=True), title=title) for name, value, title in lines
    ]
    return [*bars, Bar("PnL", total, page.formats.money(total, sign=True), total=True)]


def _mover_bars(page: Page, rows: Sequence[tuple[str, Number, str]], key: str, otherwise: str) -> None:
    if not rows:
        cards.note(otherwise)
        return
    cards.bars(
        [
            Bar(str(name), value, page.formats.money(value, sign=True), title=str(title or name))
            for name, value, title in rows
        ],
        key,
    )
