"""Vintages: a changed value is another row, an equal one is none, and the vendor's own days of knowledge stand."""

from datetime import date

import polars as pl

from tests.support.market_rows import midnight, observations
from transforms.market.merge import RESTATED, SERIES, merge
from transforms.schemas.market import OBSERVATIONS

FIRST, SECOND, THIRD = date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 4)
NONE = OBSERVATIONS.empty()


def came(day: date, name: str = "later") -> dict[str, object]:
    return {"ingested_at": midnight(day), "document_id": name}


def told(frame: pl.DataFrame) -> list[tuple[date, date, float | None]]:
    return frame.select("observation_date", "known_from", "value").rows()


def test_equal_values_add_nothing() -> None:
    before = observations({FIRST: 4.1, SECOND: None})
    merged = merge(before, observations({FIRST: 4.1, SECOND: None}, **came(date(2026, 3, 3))))
    assert merged.frame is before
    assert (merged.added, merged.unchanged) == (0, 2)


def test_a_new_day_is_added() -> None:
    merged = merge(
        observations({FIRST: 4.1}), observations({FIRST: 4.1, SECOND: 4.2}, **came(date(2026, 3, 3)))
    )
    assert told(merged.frame) == [(FIRST, FIRST, 4.1), (SECOND, SECOND, 4.2)]
    assert merged.series.schema == SERIES
    assert merged.series.select("added", "unchanged", "restated").row(0) == (1, 1, 0)


def test_a_changed_value_is_known_from_the_day_it_came() -> None:
    day = date(2026, 3, 3)
    merged = merge(
        observations({FIRST: 4.1, SECOND: None}), observations({FIRST: 4.3, SECOND: 4.2}, **came(day))
    )
    assert told(merged.frame) == [
        (FIRST, FIRST, 4.1), (FIRST, day, 4.3), (SECOND, SECOND, None), (SECOND, day, 4.2),
    ]  # fmt: skip
    assert merged.restated.schema == RESTATED
    assert merged.restated.select("session_date", "old", "new", "old_document_id", "new_document_id").rows() == [
        (FIRST, 4.1, 4.3, "first", "later"), (SECOND, None, 4.2, "first", "later"),
    ]  # fmt: skip
    again = merge(merged.frame, observations({FIRST: 4.3, SECOND: 4.2}, **came(date(2026, 3, 9), "again")))
    assert again.frame is merged.frame


def test_a_value_that_goes_back_is_a_vintage_too() -> None:
    frame = observations({FIRST: 4.1})
    for day, value in ((date(2026, 3, 3), 4.3), (date(2026, 3, 4), 4.1)):
        frame = merge(frame, observations({FIRST: value}, **came(day, str(day)))).frame
    assert told(frame) == [
        (FIRST, FIRST, 4.1),
        (FIRST, date(2026, 3, 3), 4.3),
        (FIRST, date(2026, 3, 4), 4.1),
    ]


def test_of_two_changes_on_one_day_the_last_stands() -> None:
    day = date(2026, 3, 3)
    frame = merge(observations({FIRST: 4.1}), observations({FIRST: 4.3}, **came(day))).frame
    evening = observations({FIRST: 4.4}, ingested_at=midnight(day).replace(hour=20), document_id="evening")
    assert told(merge(frame, evening).frame) == [(FIRST, FIRST, 4.1), (FIRST, day, 4.4)]


def test_an_older_answer_that_comes_late_is_the_first_vintage() -> None:
    early = observations({FIRST: 4.0}, **came(date(2026, 2, 20), "early"))
    frame = merge(observations({FIRST: 4.1}), early).frame
    assert told(frame) == [(FIRST, FIRST, 4.0), (FIRST, date(2026, 3, 2), 4.1)]
    assert frame.equals(merge(early, observations({FIRST: 4.1})).frame)


def test_the_vendors_own_vintages_stand_as_it_tells_them() -> None:
    vintages = observations({FIRST: 1.0}, known_from=date(2026, 2, 10))
    revised = observations({FIRST: 1.1}, known_from=date(2026, 3, 10), **came(date(2026, 3, 11)))
    merged = merge(vintages, pl.concat([vintages, revised]))
    assert told(merged.frame) == [(FIRST, date(2026, 2, 10), 1.0), (FIRST, date(2026, 3, 10), 1.1)]
    assert merge(merged.frame, vintages).frame is merged.frame


def test_a_vintage_that_repeats_the_value_before_it_is_none() -> None:
    """A request without vintages says "known from today" of every value."""
    vintages = observations({FIRST: 1.0}, known_from=date(2026, 2, 10))
    today = observations({FIRST: 1.0}, known_from=date(2026, 3, 10), **came(date(2026, 3, 10)))
    assert merge(vintages, today).frame is vintages
    assert told(merge(today, vintages).frame) == [(FIRST, date(2026, 2, 10), 1.0)]


def test_a_vintage_told_differently_later_is_the_later_answers() -> None:
    vintages = observations({FIRST: 1.0}, known_from=date(2026, 2, 10))
    other = observations({FIRST: 1.5}, known_from=date(2026, 2, 10), **came(date(2026, 3, 10)))
    for order in ((vintages, other), (other, vintages)):
        assert told(merge(*order).frame) == [(FIRST, date(2026, 2, 10), 1.5)]


def test_a_plain_answer_leaves_the_vendors_vintages_as_they_are() -> None:
    told_at_once = pl.concat(
        observations({FIRST: value}, known_from=date(2026, 2, day)) for day, value in ((10, 1.0), (20, 1.1))
    )
    plain = observations({FIRST: 1.1}, **came(date(2026, 3, 9)))
    assert merge(told_at_once, plain).frame is told_at_once
