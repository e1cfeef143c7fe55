"""The synthetic market read and judged by the pipeline: nothing is wrong in it but what was planted."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import polars as pl
import pytest

from orchestration.market_sessions import sessions_of
from tests.support.simulated_vendors import observed_series, rows, series_of
from transforms.market.checks import CHECKS, Context, run_checks
from transforms.market.judge import judge
from transforms.market.vendors.contract import Reach, VendorError
from transforms.market_simulator import DEFECTS, Defect, massive, series
from transforms.market_simulator.listings import FIRST_DAY, LISTINGS, Listing
from transforms.schemas.market import BARS, OBSERVATIONS

EVENING = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
"""A Friday after all sessions; the days of EVENING are told as final the day after."""
NOW = EVENING + timedelta(hours=12)
NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
"""Within the session of New York."""
REVERSED = LISTINGS["ORBT"].splits[0].ex_date
ENDED = frozenset(f"XNYS:{each.symbol}" for each in LISTINGS.values() if each.last)


def told(
    vendor: str, symbol: str, now: datetime = NOW, *, defects: bool = True
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All that a vendor tells of a symbol at `now`, and the day after."""
    return rows(
        (series_of(vendor, symbol),),
        FIRST_DAY - timedelta(1),
        now.date() + timedelta(3),
        now,
        defects=defects,
    )


def context(
    asked: list[tuple[str, str]], now: datetime, actions: pl.DataFrame, others: pl.DataFrame | None
) -> Context:
    """What the checks may know of some vendors' symbols."""
    wanted = [series_of(vendor, symbol) for vendor, symbol in asked]
    calendars = {each.instrument_id: each.calendar for each in wanted if each.calendar}
    sessions = {name: sessions_of(name, FIRST_DAY, date(2026, 12, 18)) for name in set(calendars.values())}
    return Context(now, sessions, calendars, actions, ended=ENDED, others=others)


@cache
def actions_of_massive() -> pl.DataFrame:
    listed = [each for each in LISTINGS.values() if massive.symbol_of(each) == each.symbol]
    return pl.concat([told("massive", each.symbol, defects=False)[1] for each in listed])


def findings(symbol: str, vendor: str, now: datetime, *, defects: bool) -> pl.DataFrame:
    """What the checks find in all that a vendor tells of a symbol, beside what Massive does."""
    frame, _ = told(vendor, symbol, now, defects=defects)
    others = (
        told("massive", symbol, now, defects=defects)[0]
        if vendor == "stooq" and LISTINGS[symbol].calendar.name == "XNYS"
        else None
    )
    known = context([(vendor, symbol)], now, actions_of_massive(), others)
    return pl.concat([run_checks(frame, known, "error"), run_checks(frame, known, "warning")])


def sold_at(listing: Listing) -> list[str]:
    if listing.kind == "coin":
        return ["binance"]
    return ["stooq", "yahoo", *(["massive"] if massive.symbol_of(listing) else [])]


WHERE = [(vendor, each.symbol) for each in LISTINGS.values() for vendor in sold_at(each)]


@pytest.mark.parametrize(("vendor", "symbol"), WHERE)
def test_nothing_is_wrong_in_what_is_told_without_defects(vendor: str, symbol: str) -> None:
    frame, _ = told(vendor, symbol, defects=False)
    assert frame.height > 100 if not LISTINGS[symbol].last else frame.height > 50
    assert BARS.validate(frame).height == frame.height
    found = findings(symbol, vendor, NOW, defects=False).filter(pl.col("check_name") != "partial_bar")
    if (vendor, symbol) == ("massive", "ORBT"):
        # ten old shares became one: as many dollars were ten times as many shares before, which raw volumes show
        found = found.filter(
            (pl.col("check_name") != "excessive_volume") | (pl.col("session_date") >= REVERSED)
        )
    if vendor == "yahoo" and not LISTINGS[symbol].turnover:
        # Yahoo tells a volume of 0 where nothing is counted, as of currency pairs
        found = found.filter(pl.col("check_name") != "zero_volume")
    assert found.is_empty(), found.to_dicts()[:3]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.check)
def test_each_planted_defect_is_found_by_its_check(defect: Defect) -> None:
    now = NOON if defect.check == "partial_bar" else NOW
    assert CHECKS[defect.check].severity == defect.severity
    if defect.found_in == "answer":
        with pytest.raises(VendorError) as refused:
            told(defect.vendor, defect.symbol, now)
        assert refused.value.reach is not Reach.SOURCE
        return
    if defect.check == "restated_overlap":
        assert defect.day is not None
        before, _ = told(
            defect.vendor, defect.symbol, datetime.combine(defect.day, time(0), UTC) - timedelta(1)
        )
        after, _ = told(defect.vendor, defect.symbol, now)
        known = context([(defect.vendor, defect.symbol)], now, actions_of_massive(), None)
        outcome = judge(before, after, known).merged
        assert outcome.refetch == {f"XNYS:{defect.symbol}": pytest.approx(0.5, rel=1e-3)}
        return
    found = findings(defect.symbol, defect.vendor, now, defects=True).filter(
        pl.col("check_name") == defect.check
    )
    assert found["severity"].unique().to_list() == [defect.severity]
    if defect.check == "gap":
        assert found["found"].to_list() == ["3 sessions missing after 2024-05-17"]
    elif defect.day:
        assert defect.day in found["session_date"].to_list()
    assert (
        findings(defect.symbol, defect.vendor, now, defects=False)
        .filter(pl.col("check_name") == defect.check)
        .is_empty()
    )


def test_a_split_restates_the_history_that_is_adjusted_for_it_and_not_the_raw_one() -> None:
    before, after = datetime(2024, 6, 8, 12, tzinfo=UTC), datetime(2024, 6, 12, 12, tzinfo=UTC)
    for vendor, refetch in (("stooq", {"XNYS:NWD": 0.25}), ("massive", {})):
        known = context([(vendor, "NWD")], after, actions_of_massive(), None)
        outcome = judge(told(vendor, "NWD", before)[0], told(vendor, "NWD", after)[0], known)
        assert outcome.merged.refetch == refetch


def test_all_vendors_tell_the_brokers_splits_and_dividends_alike() -> None:
    """Yahoo's dividends are told for today's shares; what is read of them is what was paid then."""
    for symbol in ("NWD", "SPY", "AURX"):
        columns = ["ex_date", "action", "ratio", "amount", "currency"]
        known, read = (
            told(vendor, symbol)[1].select(columns).sort("ex_date") for vendor in ("massive", "yahoo")
        )
        assert known.height > 10
        assert read.with_columns(pl.col("amount").round(6)).equals(known)


def test_an_update_of_the_day_after_adds_that_day_alone() -> None:
    for vendor, symbol in (("stooq", "HLX"), ("massive", "HLX"), ("binance", "BTCUSDT")):
        before, after = datetime(2026, 11, 18, 4, tzinfo=UTC), datetime(2026, 11, 19, 4, tzinfo=UTC)
        known = context([(vendor, symbol)], after, actions_of_massive(), None)
        stored = judge(
            told(vendor, symbol, before)[0].clear(), told(vendor, symbol, before)[0], known
        ).merged.frame
        new, _ = rows((series_of(vendor, symbol),), date(2026, 11, 5), after.date(), after)
        outcome = judge(stored, new, known).merged
        assert (outcome.added, outcome.restated.height, outcome.refetch) == (1, 0, {})


def test_all_statistics_reference_rates_and_curves_are_read_and_hold() -> None:
    first = date(2013, 1, 1)
    asks = [(observed_series("fred", name),) for name in series.STATISTICS]
    asks += [tuple(observed_series("ecb", f"EUR{code}") for code in ("USD", "GBP", "JPY", "HRK", "BGN"))]
    for asked in asks:
        frame, _ = rows(asked, first, NOW.date(), NOW)
        assert OBSERVATIONS.validate(frame).height > 40
        errors = run_checks(frame, Context(NOW), "error")
        assert errors.is_empty(), errors.to_dicts()[:3]
