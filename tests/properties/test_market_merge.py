"""Any order and any cut of a vendor's answers leaves the same rows stored, and no row comes from nowhere."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.market_rows import bars, midnight, observations, weekdays
from transforms.market.merge import merge
from transforms.schemas.market import BARS, OBSERVATIONS

DAYS = weekdays(12)
NONE = BARS.empty()
CAME = midnight(date(2026, 3, 2))


def answer(
    first: int, closes: list[float], symbol: str, came: int, final: list[bool] | None = None
) -> pl.DataFrame:
    return bars(
        closes,
        DAYS[first : first + len(closes)],
        symbol=symbol,
        ingested_at=CAME + timedelta(hours=came),
        document_id=f"document {came}",
        is_final=final if final is not None else True,
    )


@st.composite
def answers(draw: st.DrawFn, count: int, *, odd: bool) -> list[pl.DataFrame]:
    """Answers of one vendor about two series. `odd`: closes and finality of each are its own, else those of all."""
    truth = {
        name: draw(st.lists(st.integers(90, 110).map(float), min_size=12, max_size=12))
        for name in ("AAA", "BBB")
    }
    found = []
    for came in range(count):
        parts = []
        for name in ("AAA", "BBB"):
            first = draw(st.integers(0, 11))
            last = draw(st.integers(first, 12))
            if last == first:
                continue
            closes = truth[name][first:last]
            final = [True] * len(closes)
            if odd:
                place = draw(st.integers(0, len(closes) - 1))
                closes = [*closes]
                closes[place] += draw(st.sampled_from([0.0, 0.0, 1.0]))
                final[-1] = draw(st.booleans())
            parts.append(answer(first, closes, name, came, final))
        found.append(pl.concat(parts) if parts else NONE)
    return found


def stored_of(parts: list[pl.DataFrame]) -> pl.DataFrame:
    frame = NONE
    for part in parts:
        frame = merge(frame, part).frame
    return frame


@given(answers(4, odd=False), st.permutations(range(4)))
@settings(max_examples=40, deadline=None)
def test_answers_that_agree_may_come_in_any_order(parts: list[pl.DataFrame], order: list[int]) -> None:
    assert stored_of([parts[n] for n in order]).equals(stored_of(parts))


@given(answers(2, odd=True))
@settings(max_examples=60, deadline=None)
def test_of_two_answers_the_order_does_not_matter_unless_a_history_is_in_doubt(
    parts: list[pl.DataFrame],
) -> None:
    one, other = (merge(merge(NONE, parts[a]).frame, parts[b]) for a, b in ((0, 1), (1, 0)))
    assert set(one.refetch) == set(other.refetch)
    settled = ~pl.col("instrument_id").is_in(list(one.refetch))
    assert one.frame.filter(settled).equals(other.frame.filter(settled))


@given(answers(3, odd=True))
@settings(max_examples=50, deadline=None)
def test_merging_again_changes_nothing(parts: list[pl.DataFrame]) -> None:
    before = stored_of(parts[:2])
    once = merge(before, parts[2])
    if not once.refetch:
        assert merge(once.frame, parts[2]).frame is once.frame


@given(answers(2, odd=True), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_stored_row_came_and_every_count_adds_up(parts: list[pl.DataFrame], whole: bool) -> None:
    before, new = stored_of(parts[:1]), parts[1]
    merged = merge(before, new, whole=whole)
    came = pl.concat([before, new])
    assert merged.frame.join(came, on=BARS.columns, how="anti", nulls_equal=True).is_empty()
    assert merged.frame.select("instrument_id", "timestamp").is_duplicated().sum() == 0
    assert merged.frame.equals(merged.frame.sort("symbol", "instrument_id", "timestamp"))
    dropped = int(merged.series["withdrawn"].sum()) if whole else 0
    assert merged.frame.height == before.height + merged.added - dropped
    for row in merged.series.iter_rows(named=True):
        mine = new.filter(pl.col("instrument_id") == row["instrument_id"])
        told = row["added"] + row["completed"] + row["unchanged"] + row["restated"]
        assert told == (0 if row["refused"] else mine.height)
        if row["refused"]:
            untouched = pl.col("instrument_id") == row["instrument_id"]
            assert merged.frame.filter(untouched).equals(before.filter(untouched))


Claims = list[tuple[int, float | None]]

claims = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1.0, 2.0, None])),
    min_size=1,
    max_size=3,
    unique_by=lambda c: c[0],
)


def told(values: Claims, came: int) -> pl.DataFrame:
    return observations(
        {DAYS[n]: value for n, value in values},
        ingested_at=CAME + timedelta(days=came),
        document_id=f"document {came}",
    )


def in_force(frame: pl.DataFrame, day: date, known: date) -> float | None:
    row = frame.filter((pl.col("observation_date") == day) & (pl.col("known_from") <= known)).sort(
        "known_from"
    )
    return row["value"][-1]


@given(st.lists(claims, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_on_any_day_the_value_in_force_is_the_one_that_was_told_last(
    each: list[Claims],
) -> None:
    """The oracle is a dictionary that is overwritten."""
    frame = OBSERVATIONS.empty()
    latest: dict[date, float | None] = {}
    for came, values in enumerate(each):
        frame = merge(frame, told(values, came)).frame
        latest |= {DAYS[n]: value for n, value in values}
        today = (CAME + timedelta(days=came)).date()
        assert {day: in_force(frame, day, today) for day in latest} == latest
        assert merge(frame, told(values, came)).frame is frame
    assert frame.select("observation_date", "known_from").is_duplicated().sum() == 0


@given(claims, claims)
@settings(max_examples=50, deadline=None)
def test_two_answers_of_observations_commute(one: Claims, other: Claims) -> None:
    first, second = told(one, 0), told(other, 1)
    empty = OBSERVATIONS.empty()
    forth = merge(merge(empty, first).frame, second).frame
    back = merge(merge(empty, second).frame, first).frame
    assert forth.equals(back)


vintages = st.dictionaries(
    st.tuples(st.integers(0, 1), st.integers(1, 5)), st.sampled_from([1.0, 2.0, None]), min_size=1, max_size=6
)


@given(vintages, st.integers(0, 6))
@settings(max_examples=50, deadline=None)
def test_a_vendors_vintages_may_come_bit_by_bit(known: dict[tuple[int, int], float | None], cut: int) -> None:
    """As of any day the value is that of the vendor's last vintage until then."""
    rows = [
        observations({DAYS[n]: value}, known_from=DAYS[n] + timedelta(days=lag))
        for (n, lag), value in sorted(known.items(), key=lambda item: item[0][1])
    ]
    frame = OBSERVATIONS.empty()
    for part in (rows[:cut], rows[cut:]):
        if part:
            frame = merge(frame, pl.concat(part)).frame
    for n in {n for n, _ in known}:
        lags = sorted(lag for m, lag in known if m == n)
        for lag in lags:
            assert in_force(frame, DAYS[n], DAYS[n] + timedelta(days=lag)) == known[(n, lag)]
