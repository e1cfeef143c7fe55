"""Every check finds its own defect, at its place, and nothing in good data."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tests.support.market_rows import bars, dividend, midnight, observations, split, weekdays
from transforms.market.checks import CHECKS, FINDINGS, Context, run_checks
from transforms.market.sessions import Sessions, target_days

DAYS = weekdays(20)
CLOSES = [100.0 + n % 4 for n in range(20)]
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CALENDAR = Sessions(
    "XNYS",
    pl.DataFrame(
        {"session_date": DAYS, "closes_at": [midnight(day) + timedelta(hours=21) for day in DAYS]}
    ).cast({"closes_at": pl.Datetime("us", "UTC")}),
)
CONTEXT = Context(now=NOW, sessions={"XNYS": CALENDAR}, calendars={"XNAS:AAA": "XNYS", "XNAS:BBB": "XNYS"})


def good(**columns: object) -> pl.DataFrame:
    return bars(CLOSES, DAYS, **{"ingested_at": NOW, **columns})


def both(frame: pl.DataFrame) -> pl.DataFrame:
    """A defect beside a good series: it must be told of its own series alone."""
    return pl.concat([frame, good(symbol="BBB")])


def with_value(column: str, at: int, value: object) -> pl.DataFrame:
    chosen = pl.int_range(pl.len()) == at
    return good().with_columns(pl.when(chosen).then(pl.lit(value)).otherwise(column).alias(column))


def with_closes(closes: dict[int, float]) -> pl.DataFrame:
    return good().with_columns(
        pl.Series(name, [closes.get(n, close) for n, close in enumerate(CLOSES)])
        for name in ("open", "high", "low", "close")
    )


def test_good_bars_are_found_good() -> None:
    assert run_checks(both(good()), CONTEXT).is_empty()
    assert run_checks(both(good()), CONTEXT).schema == FINDINGS
    assert run_checks(good().clear(), CONTEXT).schema == FINDINGS


DEFECTS: dict[str, tuple[str, Callable[[], pl.DataFrame], int, str]] = {
    "the same bar twice in an answer": (
        "duplicate_key",
        lambda: pl.concat([good(), good()[4:5]]),
        4,
        "closes 100.0",
    ),
    "two bars of a day": (
        "duplicate_key",
        lambda: pl.concat([good(), with_closes({4: 99.0}).with_columns(document_id=pl.lit("second"))[4:5]]),
        4,
        "closes 100.0 and 99.0",
    ),
    "a high below the close": ("inconsistent_range", lambda: with_value("high", 3, 102.0), 3, "high 102.0"),
    "a low above the open": ("inconsistent_range", lambda: with_value("low", 3, 103.5), 3, "low 103.5"),
    "a high below the low": (
        "inconsistent_range",
        lambda: with_value("high", 3, 90.0),
        3,
        "high 90.0, low 102.0",
    ),
    "a price of zero": ("non_positive_price", lambda: with_value("low", 5, 0.0), 5, "low 0.0"),
    "a negative price": ("non_positive_price", lambda: with_value("low", 5, -1.0), 5, "low -1.0"),
    "a price that is no number": (
        "non_positive_price",
        lambda: with_value("close", 5, float("nan")),
        5,
        "NaN",
    ),
    "a bar of tomorrow": (
        "future_bar",
        lambda: pl.concat([good(), bars([100.0], [date(2026, 2, 2)], ingested_at=NOW)]),
        20,
        "2026-02-02",
    ),
    "a bar that says it is partial": (
        "partial_bar",
        lambda: with_value("is_final", 19, False),
        19,
        "came at",
    ),
    "a partial bar that says it is final": (
        "partial_bar",
        lambda: with_value("ingested_at", 19, datetime(2026, 1, 30, 15, tzinfo=UTC)),
        19,
        "came at 2026-01-30 15:00 UTC",
    ),
    "two adjustments": (
        "mixed_adjustment",
        lambda: with_value("adjustment", 19, "splits"),
        19,
        "adjustment splits on 1",
    ),
    "two currencies": (
        "mixed_currency",
        lambda: with_value("currency", 19, "EUR"),
        19,
        "currency EUR on 1 rows",
    ),
    "a session without a bar": (
        "gap",
        lambda: good().filter(pl.col("session_date") != DAYS[7]),
        8,
        "1 sessions",
    ),
    "a series that ended": ("stale", lambda: good()[:15], 14, "last bar of 2026-01-23"),
    "a jump": (
        "unexplained_return",
        lambda: with_closes({n: 300.0 + n for n in range(12, 20)}),
        12,
        "close 312.0 after 103.0",
    ),
    "no volume": ("zero_volume", lambda: with_value("volume", 6, 0.0), 6, "volume 0.0"),
    "a volume beyond all others": (
        "excessive_volume",
        lambda: with_value("volume", 6, 10_001.0),
        6,
        "volume 10001.0",
    ),
    "five flat days": (
        "flat",
        lambda: with_closes(dict.fromkeys(range(8, 13), 100.5)),
        12,
        "close 100.5 on five",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_where_it_is(name: str) -> None:
    check, frame, place, found = DEFECTS[name]
    days = [*DAYS, date(2026, 2, 2)]
    told = run_checks(both(frame()), CONTEXT).filter(pl.col("check_name") == check)
    assert told.select("instrument_id", "session_date").unique().rows() == [("XNAS:AAA", days[place])]
    assert any(found in text for text in told["found"])
    assert told["severity"].unique().to_list() == [CHECKS[check].severity]
    others = run_checks(both(frame()), CONTEXT).filter(pl.col("instrument_id") == "XNAS:BBB")
    assert others.is_empty()


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (datetime(2026, 1, 29, 23, 30, tzinfo=UTC), ["partial_bar"]),
        (datetime(2026, 1, 29, 12, tzinfo=UTC), ["future_bar", "partial_bar"]),
    ],
    ids=["Sydney trades", "before Sydney trades"],
)
def test_the_day_of_who_trades_before_midnight_utc_has_begun(now: datetime, found: list[str]) -> None:
    """Sydney's session of 30 January is from 23:00 UTC of the day before until 05:00."""
    closes = CALENDAR.table.with_columns(pl.col("closes_at") - pl.duration(hours=16))
    context = Context(now=now, sessions={"XASX": Sessions("XASX", closes)}, calendars={"XNAS:AAA": "XASX"})
    frame = good(ingested_at=now, is_final=[True] * 19 + [False])
    errors = run_checks(frame, context, "error")
    assert errors["check_name"].to_list() == found
    assert set(errors["session_date"]) == {DAYS[19]}


def test_every_check_of_bars_has_a_defect_here() -> None:
    elsewhere = {"restated_overlap", "outside_sessions", "cross_vendor"}
    of_bars = {name for name, check in CHECKS.items() if check.kind == "bars"}
    assert {check for check, *_ in DEFECTS.values()} | elsewhere == of_bars


def test_the_same_bar_from_two_answers_is_no_duplicate() -> None:
    again = good(document_id="second")[4:5]
    assert CHECKS["duplicate_key"](pl.concat([good(), again]), CONTEXT).is_empty()


def test_crude_oil_may_be_negative_where_it_is_said() -> None:
    allowed = Context(now=NOW, may_be_negative=frozenset({"XNAS:AAA"}))
    check = CHECKS["non_positive_price"]
    assert check(with_value("low", 5, -37.63), allowed).is_empty()
    assert check(with_value("low", 5, float("inf")), allowed).height == 1


def test_a_partial_bar_of_a_market_that_never_closes_ends_with_the_day() -> None:
    always = Sessions("24/7", CALENDAR.table.with_columns(pl.col("closes_at") + pl.duration(hours=3)))
    context = Context(now=NOW, sessions={"24/7": always}, calendars={"XNAS:AAA": "24/7"})
    came = datetime(2026, 1, 30, 23, 59, tzinfo=UTC)
    check = CHECKS["partial_bar"]
    assert check(good(ingested_at=came), context)["session_date"].to_list() == [DAYS[19]]
    assert check(good(ingested_at=came + timedelta(minutes=1)), context).is_empty()


def test_an_hour_is_over_after_an_hour() -> None:
    hours = [midnight(DAYS[0]) + timedelta(hours=n) for n in range(3)]
    came = hours[2] + timedelta(minutes=59)
    frame = bars([1.5, 1.6, 1.7], [DAYS[0]] * 3, timestamp=hours, frequency="1h", ingested_at=came)
    assert CHECKS["partial_bar"](frame, CONTEXT)["timestamp"].to_list() == [hours[2]]


def test_a_new_answer_with_another_adjustment_than_the_stored_bars() -> None:
    context = Context(now=NOW, stored=good()[:15])
    found = CHECKS["mixed_adjustment"](good(adjustment="splits")[10:], context)
    assert found.select("session_date", "found", "expected").rows() == [
        (DAYS[10], "adjustment splits on 10 rows", "raw, as before")
    ]


def test_a_restated_history_is_told_once_at_its_oldest_bar() -> None:
    halved = good().with_columns(pl.col("open", "high", "low", "close") / 2)[5:]
    found = CHECKS["restated_overlap"](both(halved), Context(now=NOW, stored=both(good()[:15])))
    assert found.select("instrument_id", "session_date").rows() == [("XNAS:AAA", DAYS[5])]
    assert found["found"].to_list() == ["a ratio of 0.5 to the prices that are stored"]


def test_a_gap_is_one_finding_however_long_and_holidays_are_none() -> None:
    frame = good().filter(~pl.col("session_date").is_between(DAYS[3], DAYS[9]))
    assert CHECKS["gap"](frame, CONTEXT)["found"].to_list() == ["7 sessions missing after 2026-01-07"]
    holiday = Sessions("XNYS", CALENDAR.table.filter(pl.col("session_date") != DAYS[5]))
    context = Context(now=NOW, sessions={"XNYS": holiday}, calendars=CONTEXT.calendars)
    assert CHECKS["gap"](good().filter(pl.col("session_date") != DAYS[5]), context).is_empty()
    outside = CHECKS["outside_sessions"](good(), context)
    assert outside.select("session_date", "expected").rows() == [(DAYS[5], "none: no session of XNYS")]


def test_before_the_known_sessions_no_bar_is_outside_them() -> None:
    known = Sessions("XNYS", CALENDAR.table.filter(pl.col("session_date") > DAYS[9]))
    context = Context(now=NOW, sessions={"XNYS": known}, calendars=CONTEXT.calendars)
    assert run_checks(good(), context, names=["outside_sessions", "gap"]).is_empty()


def test_a_series_without_a_calendar_has_no_gaps() -> None:
    context = Context(now=NOW, sessions={"XNYS": CALENDAR})
    assert run_checks(good()[::3], context, names=["gap", "stale", "outside_sessions"]).is_empty()


def test_one_late_session_and_an_ended_series_are_not_stale() -> None:
    check = CHECKS["stale"]
    assert check(good()[:19], CONTEXT).is_empty()
    assert check(good()[:18], CONTEXT)["expected"].to_list() == ["a bar of 2026-01-29 or later"]
    ended = Context(
        now=NOW, sessions=CONTEXT.sessions, calendars=CONTEXT.calendars, ended=frozenset({"XNAS:AAA"})
    )
    assert check(good()[:15], ended).is_empty()


@pytest.mark.parametrize(
    ("adjustment", "action", "explained"),
    [
        ("raw", split(DAYS[12], 1 / 3), True),
        ("raw", split(DAYS[11], 1 / 3), False),
        ("raw", split(DAYS[12], 1 / 3, "BBB"), False),
        ("unknown", split(DAYS[12], 1 / 3), True),
        ("splits", split(DAYS[12], 1 / 3), False),
        ("splits", dividend(DAYS[12], 60.0), True),
        ("splits_dividends", dividend(DAYS[12], 60.0), False),
    ],
)
def test_an_action_explains_a_jump_that_the_prices_are_not_adjusted_for(
    adjustment: str, action: pl.DataFrame, explained: bool
) -> None:
    frame = with_closes({n: 300.0 + n for n in range(12, 20)}).with_columns(adjustment=pl.lit(adjustment))
    found = CHECKS["unexplained_return"](frame, Context(now=NOW, actions=action))
    assert found.is_empty() == explained


def test_a_split_in_a_gap_explains_the_jump_over_it() -> None:
    frame = with_closes({n: 300.0 + n for n in range(12, 20)}).filter(
        ~pl.col("session_date").is_between(DAYS[9], DAYS[13])
    )
    assert CHECKS["unexplained_return"](frame, Context(now=NOW, actions=split(DAYS[10], 1 / 3))).is_empty()


def test_a_wild_series_may_jump_as_far_as_it_does() -> None:
    """Closes that double and halve every day have deviations of ln 2: ten of them are far."""
    wild = good().with_columns(
        pl.Series(name, [100.0 * 2 ** (n % 2 * (1 + n % 3)) for n in range(20)]) for name in ("open", "close")
    )
    assert CHECKS["unexplained_return"](wild, CONTEXT).is_empty()


def test_ten_times_the_median_volume_is_usual() -> None:
    assert CHECKS["excessive_volume"](with_value("volume", 6, 10_000.0), CONTEXT).is_empty()
    assert CHECKS["excessive_volume"](good(volume=None), CONTEXT).is_empty()


def test_volumes_are_counted_in_the_shares_of_after_a_split() -> None:
    """Twenty old shares became one: as many dollars are a twentieth of the shares."""
    volumes = [20_000.0] * 8 + [1000.0] * 12
    check, reverse = CHECKS["excessive_volume"], Context(now=NOW, actions=split(DAYS[8], 0.05))
    assert check(good(volume=volumes), Context(now=NOW)).height == 8
    assert check(good(volume=volumes), reverse).is_empty()
    assert check(good(volume=1000.0, adjustment="splits"), reverse).is_empty()
    assert check(good(volume=volumes, adjustment="unknown"), reverse).height == 8
    found = check(both(good(volume=[*volumes[:7], 240_000.0, *volumes[8:]])), reverse)
    assert found.select("instrument_id", "session_date", "expected").rows() == [
        ("XNAS:AAA", DAYS[7], "at most ten times the median, 20000.0")
    ]


def test_four_flat_days_are_usual_and_a_long_run_is_told_once() -> None:
    check = CHECKS["flat"]
    assert check(with_closes(dict.fromkeys(range(8, 12), 100.5)), CONTEXT).is_empty()
    assert check(with_closes(dict.fromkeys(range(4, 16), 100.5)), CONTEXT)["session_date"].to_list() == [
        DAYS[8]
    ]
    two = pl.concat([with_closes(dict.fromkeys(range(17, 20), 100.5)), good(symbol="BBB").with_columns(
        pl.Series("close", [100.5] * 3 + CLOSES[3:]))])  # fmt: skip
    assert check(two, CONTEXT).is_empty()


def other(closes: list[float], **columns: object) -> pl.DataFrame:
    return bars(closes, DAYS, **{"provider": "stooq", **columns})


def test_vendors_with_one_adjustment_agree_within_50_bp() -> None:
    near = [close * 1.0049 for close in CLOSES]
    far = [*near[:4], CLOSES[4] * 1.0051, *near[5:]]
    check = CHECKS["cross_vendor"]
    assert check(good(), Context(now=NOW, others=other(near))).is_empty()
    found = check(both(good()), Context(now=NOW, others=other(far)))
    assert found.select("instrument_id", "session_date").rows() == [("XNAS:AAA", DAYS[4])]
    assert "stooq says" in found["found"][0]
    assert "51 bp apart" in found["found"][0]


def test_vendors_with_other_adjustments_are_compared_by_their_returns() -> None:
    check = CHECKS["cross_vendor"]
    scaled = other([close / 7 for close in CLOSES], adjustment="unknown")
    assert check(good(), Context(now=NOW, others=scaled)).is_empty()
    odd = other([close / 7 * (1.01 if n == 4 else 1) for n, close in enumerate(CLOSES)], adjustment="splits")
    assert check(good(), Context(now=NOW, others=odd))["session_date"].to_list() == [DAYS[4], DAYS[5]]
    explained = pl.concat([dividend(DAYS[4], 1.0), dividend(DAYS[5], 1.0)])
    assert check(good(), Context(now=NOW, others=odd, actions=explained)).is_empty()


def test_levels_of_unknown_adjustment_and_returns_over_other_spans_say_nothing() -> None:
    check = CHECKS["cross_vendor"]
    unknown = other([close / 7 for close in CLOSES], adjustment="unknown")
    assert check(good(adjustment="unknown"), Context(now=NOW, others=unknown)).is_empty()
    some = unknown.filter(pl.col("session_date") != DAYS[6])
    assert check(good(), Context(now=NOW, others=some)).is_empty()


def test_vendors_are_not_compared_across_currencies_or_with_themselves() -> None:
    check = CHECKS["cross_vendor"]
    doubled = [close * 2 for close in CLOSES]
    assert check(good(), Context(now=NOW, others=other(doubled, currency="EUR"))).is_empty()
    assert check(good(), Context(now=NOW, others=bars(doubled, DAYS))).is_empty()
    no_currency = Context(now=NOW, others=other(doubled, currency=None))
    assert check(good(currency=None), no_currency).height == 20


WEEK = dict.fromkeys(weekdays(5, date(2026, 1, 26)), 4.0)

OBSERVED: dict[str, tuple[str, pl.DataFrame]] = {
    "two values": (
        "duplicate_observation",
        pl.concat([observations(WEEK), observations({date(2026, 1, 28): 4.5})]),
    ),
    "of tomorrow": ("future_observation", observations({**WEEK, date(2026, 2, 3): 4.0})),
    "known tomorrow": ("future_observation", observations(WEEK, known_from=date(2026, 2, 3))),
    "infinite": ("impossible_value", observations({**WEEK, date(2026, 1, 30): float("inf")})),
    "two units": ("mixed_unit", observations(WEEK, unit=["percent"] * 4 + ["index"])),
    "old": ("stale_observation", observations({date(2026, 1, 23): 4.0})),
}


@pytest.mark.parametrize("name", OBSERVED)
def test_defects_of_observations(name: str) -> None:
    check, frame = OBSERVED[name]
    found = run_checks(frame, Context(now=NOW))
    assert found["check_name"].unique().to_list() == [check]
    assert found.schema == FINDINGS


def test_good_observations_are_found_good_and_all_checks_are_tried() -> None:
    vintages = observations(WEEK, known_from=date(2026, 1, 31))
    assert run_checks(
        pl.concat([observations({**WEEK, date(2026, 1, 30): None}), vintages]), Context(now=NOW)
    ).is_empty()
    of_observations = {name for name, check in CHECKS.items() if check.kind == "observations"}
    assert {check for check, _ in OBSERVED.values()} | {"missing_observation"} == of_observations


def test_a_reference_rate_is_due_on_every_business_day() -> None:
    """Good Friday and Easter Monday of 2026 are none; the rate of 9 April is missing, the next has two vintages."""
    days = [date(2026, 4, day) for day in (1, 2, 7, 8, 10, 13)]
    frame = observations(dict.fromkeys(days, 1.1), symbol="EURUSD")
    revised = observations({date(2026, 4, 10): 1.2}, symbol="EURUSD", known_from=date(2026, 4, 12))
    context = Context(
        now=NOW,
        sessions={"TARGET": target_days(date(2026, 3, 1), date(2026, 5, 1))},
        calendars={"fred:EURUSD": "TARGET"},
    )
    found = CHECKS["missing_observation"](pl.concat([frame, revised]), context)
    assert found.select("session_date", "found", "expected").rows() == [
        (date(2026, 4, 10), "1 sessions missing after 2026-04-08", "one on every session of TARGET")
    ]
    assert CHECKS["missing_observation"](frame, Context(now=NOW)).is_empty()


def test_the_order_of_rows_does_not_matter() -> None:
    frame = both(with_closes({n: 300.0 + n for n in range(12, 20)}).filter(pl.col("session_date") != DAYS[7]))
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3)
    assert run_checks(shuffled, CONTEXT).equals(run_checks(frame, CONTEXT))
