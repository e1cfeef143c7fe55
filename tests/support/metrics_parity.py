"""Every metric of every window again, by transforms/metrics, from the daily marts and the benchmark's closes. No SQL of
the metrics is used: only days, flows, trades and values are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from tests.support.clean_folder import DbtRun
from transforms import metrics
from transforms.metrics import Conventions, Drawdown, Figure, Prices, Returns, Withheld

Row = dict[str, Any]
BREAKS = ("gap", "flows_unknown", "rate_missing", "capital_not_positive")


@dataclass(frozen=True)
class Window:
    """One account and window: its days, and what was booked in them."""

    start: date
    end: date
    days: list[Row]
    flows: list[tuple[date, float]]
    trades: list[float]

    @property
    def returns(self) -> Returns:
        """The returns that there are."""
        known = [day for day in self.days if day["twr"] is not None]
        return Returns.of([day["twr"] for day in known], [day["return_date"] for day in known])

    @property
    def is_broken(self) -> bool:
        """A day of it has no return that could be linked over."""
        return any(day["return_status"] in BREAKS for day in self.days)


def read_days(marts: DbtRun) -> dict[str, list[Row]]:
    """The days of each series, in order: the accounts in their base currency, ALL in the reporting currency."""
    found: dict[str, list[Row]] = {}
    for row in marts.dicts(
        """
        select account_id, return_date, previous_nav_date, nav_start_base as nav_start, nav_end_base as nav_end,
               external_flow_base as flow, pnl_base as pnl, twr, return_status
        from fct_return_daily
        union all
        select account_id, return_date, previous_nav_date, nav_start_reporting, nav_end_reporting,
               external_flow_reporting, pnl_reporting, twr, return_status
        from fct_return_reporting where account_id = 'ALL' and return_status <> 'base'
        order by account_id, return_date
        """
    ):
        found.setdefault(row["account_id"], []).append(row)
    return found


def windows(marts: DbtRun) -> Iterator[tuple[str, str, Window]]:
    """Every window that starts somewhere."""
    series = read_days(marts)
    flows = marts.dicts("select account_id, flow_date, nav_date, amount_base from fct_external_flow")
    trades = marts.dicts(
        """
        select account_id, report_date, realized_pnl_base, realized_pnl_base * rate as in_reporting
        from fct_trade as trades
        left join (
            select account_id, return_date as report_date, fx_rate_to_reporting as rate from fct_return_reporting
        ) using (account_id, report_date)
        where not is_cancel and not exists (
            select 1 from fct_trade as cancels
            where cancels.is_cancel and cancels.account_id = trades.account_id
              and cancels.orig_transaction_id = trades.transaction_id
        )
        """
    )
    found = marts.rows(
        """select distinct account_id, "window", window_start_date, window_end_date
           from (from performance_metric union all from performance_metric_reporting)
           where window_start_date is not null order by all"""
    )
    for account, name, start, end in found:
        days = [day for day in series.get(account, []) if start < day["return_date"] <= end]
        if account == "ALL":
            booked = [(day["return_date"], float(day["flow"] or 0)) for day in days]
            realized = [float(t["in_reporting"]) for t in trades if start < t["report_date"] <= end]
        else:
            booked = [
                (max(flow["flow_date"], start), float(flow["amount_base"]))
                for flow in flows
                if flow["account_id"] == account and flow["nav_date"] and start < flow["nav_date"] <= end
            ]
            realized = [
                float(t["realized_pnl_base"])
                for t in trades
                if t["account_id"] == account and start < t["report_date"] <= end
            ]
        yield account, name, Window(start, end, days, booked, realized)


def figures(window: Window, conventions: Conventions, closes: Prices) -> dict[str, Figure | date | None]:
    """The window's metrics by name; a date or None for the metrics that are dates."""
    returns, span = window.returns, (window.end - window.start).days
    growth = metrics.link(returns)
    yearly = growth if isinstance(growth, Withheld) else metrics.cagr(growth, span)
    fall = metrics.deepest(returns)
    first, last = window.days[0], window.days[-1]
    bookings = [(window.start, -float(first["nav_start"])), (window.end, float(last["nav_end"]))]
    bookings += [(day, -amount) for day, amount in window.flows]
    return {
        "twr": growth,
        "cagr": yearly,
        "mwr": metrics.xirr(bookings, min(span, 365)),
        "volatility": metrics.volatility(returns, conventions),
        "sharpe": metrics.sharpe(returns, conventions),
        "sortino": metrics.sortino(returns, conventions),
        "max_drawdown": fall if isinstance(fall, Withheld) else fall.depth,
        "calmar": fall if isinstance(fall, Withheld) else metrics.calmar(yearly, fall.depth),
        "best_day": _first(metrics.best(returns)),
        "worst_day": _first(metrics.worst(returns)),
        "win_rate": metrics.win_rate(window.trades),
        "profit_factor": metrics.profit_factor(window.trades),
        "win_rate_days": metrics.win_rate_days(returns),
        "pnl": float(sum(day["pnl"] for day in window.days)),
        "net_contributions": float(sum(day["flow"] for day in window.days)),
        **_dates(window, fall),
        **_against(window, conventions, closes, span),
    }


def _first(found: tuple[float, int] | Withheld) -> Figure:
    return found if isinstance(found, Withheld) else found[0]


def _dates(window: Window, fall: Drawdown | Withheld) -> dict[str, date | None]:
    """Positions as days; the starting value is the window's start."""
    known = [day["return_date"] for day in window.days if day["twr"] is not None]
    names = ("peak", "trough", "recovery")
    if isinstance(fall, Withheld):
        return {f"max_drawdown_{name}_date": None for name in names}
    places = (fall.peak, fall.trough, fall.recovery)
    return {
        f"max_drawdown_{name}_date": None if place is None else window.start if place < 0 else known[place]
        for name, place in zip(names, places, strict=True)
    }


def _against(window: Window, conventions: Conventions, closes: Prices, span: int) -> dict[str, Figure]:
    known = [day for day in window.days if day["twr"] is not None]
    before = [day["previous_nav_date"] or day["return_date"] - timedelta(1) for day in known]
    theirs = closes.returns_between(metrics.days(before), metrics.days([day["return_date"] for day in known]))
    names = ("alpha", "beta", "tracking_error", "information_ratio", "up_capture", "down_capture")
    if isinstance(theirs, Withheld) or len(known) < 3:
        return dict.fromkeys(names, Withheld("No benchmark."))
    ours = window.returns
    line = metrics.regress(ours, theirs, span, conventions)
    computed: dict[str, Callable[[], Figure]] = {
        "tracking_error": lambda: metrics.tracking_error(ours, theirs, conventions),
        "information_ratio": lambda: metrics.information_ratio(ours, theirs, conventions),
        "up_capture": lambda: metrics.up_capture(ours, theirs),
        "down_capture": lambda: metrics.down_capture(ours, theirs),
    }
    return {
        "alpha": line if isinstance(line, Withheld) else line.alpha,
        "beta": line if isinstance(line, Withheld) else line.beta,
        **{name: compute() for name, compute in computed.items()},
    }


def closes_from(start: date, end: date, seed: int) -> list[tuple[date, float]]:
    """An invented benchmark on weekdays, with a holiday of its own now and then."""
    chance = np.random.default_rng(seed)
    level, closes = 100.0, []
    for n in range((end - start).days + 1):
        day = start + timedelta(n)
        if day.isoweekday() < 6 and (n < 5 or chance.random() > 0.02):
            level *= 1 + chance.normal(0.0003, 0.01)
            closes.append((day, round(level, 6)))
    return closes
