"""What a later answer does to stored bars: appended, corrected, completed, refused, asked for again."""

from datetime import date

import polars as pl
import pytest

from tests.support.market_rows import bars, midnight, weekdays
from transforms.market.merge import RESTATED, SERIES, merge
from transforms.schemas.market import BARS

DAYS = weekdays(15)
CLOSES = [100.0 + n for n in range(15)]
LATER = {"ingested_at": midnight(date(2026, 3, 3)), "document_id": "second"}
NONE = BARS.empty()


def stored(last: int = 12) -> pl.DataFrame:
    return bars(CLOSES[:last], DAYS[:last])


def later(first: int, last: int = 15, **columns: object) -> pl.DataFrame:
    return bars(CLOSES[first:last], DAYS[first:last], **{**LATER, **columns})


def outcome(series: pl.DataFrame) -> dict[str, object]:
    assert series.schema == SERIES
    return series.row(0, named=True)


def test_the_first_answer_is_stored_as_it_came() -> None:
    merged = merge(NONE, stored())
    assert merged.frame.equals(stored())
    assert (merged.added, merged.unchanged, merged.refetch, merged.refused) == (12, 0, {}, {})


def test_an_equal_overlap_is_appended_and_keeps_the_first_document() -> None:
    merged = merge(stored(), later(2))
    assert merged.frame["close"].to_list() == CLOSES
    assert merged.frame["document_id"].to_list() == ["first"] * 12 + ["second"] * 3
    assert (merged.added, merged.unchanged) == (3, 10)
    assert outcome(merged.series)["overlap"] == 10
    assert merged.restated.is_empty()


def test_an_answer_without_news_changes_nothing_at_all() -> None:
    before = stored()
    assert merge(before, later(2, 12)).frame is before


@pytest.mark.parametrize("ratio", [0.5, 0.1, 1 / 7, 20.0, 0.9973])
def test_a_constant_ratio_is_a_restated_history_which_is_asked_for_again(ratio: float) -> None:
    before = stored()
    scaled = [round(close * ratio, 4) for close in CLOSES[2:]]
    new = bars(scaled, DAYS[2:], high=[s + ratio for s in scaled], low=[s - ratio for s in scaled], **LATER)
    merged = merge(before, new)
    assert merged.frame is before
    assert merged.refetch["XNAS:AAA"] == pytest.approx(ratio, rel=1e-4)
    assert "ask for all of it again" in merged.refused["XNAS:AAA"]
    assert merged.added == 0


def test_a_split_within_the_overlap_shows_on_the_bars_before_it_alone() -> None:
    new = later(2).with_columns(
        pl.when(pl.col("session_date") < DAYS[7]).then(pl.col(name) / 2).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    )
    merged = merge(stored(), new)
    assert merged.refetch == {"XNAS:AAA": pytest.approx(0.5)}


def test_another_oldest_bar_without_one_ratio_puts_the_history_in_doubt() -> None:
    new = bars([c + n % 3 * 7 + 5 for n, c in enumerate(CLOSES[2:])], DAYS[2:], **LATER)
    merged = merge(stored(), new)
    assert merged.refetch == {"XNAS:AAA": None}
    assert "not by one ratio" in merged.refused["XNAS:AAA"]
    assert merged.frame.equals(stored())


def test_two_adjustments_within_the_overlap_put_the_history_in_doubt_without_one_ratio() -> None:
    """Two dividends of one week: three bars are scaled, not all by the same."""
    ratio = pl.when(pl.col("session_date") < DAYS[4]).then(0.98).otherwise(0.99)
    new = later(2).with_columns(
        pl.when(pl.col("session_date") < DAYS[5])
        .then(pl.col(name) * ratio)
        .otherwise(name)
        .round(6)
        .alias(name)
        for name in ("open", "high", "low", "close")
    )
    assert merge(stored(), new).refetch == {"XNAS:AAA": None}


def test_the_oldest_bar_may_be_corrected_like_any_other() -> None:
    new = later(2).with_columns(
        pl.when(pl.col("session_date") == DAYS[2]).then(101.5).otherwise("close").alias("close")
    )
    merged = merge(stored(), new)
    assert merged.refetch == {}
    assert merged.restated.select("session_date", "old", "new").rows() == [(DAYS[2], 102.0, 101.5)]


def scaled(days: list[date], ratio: float) -> pl.DataFrame:
    """The later answer with all prices of some days times a ratio."""
    return later(2).with_columns(
        pl.when(pl.col("session_date").is_in(days)).then(pl.col(name) * ratio).otherwise(name).alias(name)
        for name in ("open", "high", "low", "close")
    )


@pytest.mark.parametrize(
    "days", [DAYS[3:12], [DAYS[2], DAYS[6]]], ids=["not the oldest", "not the oldest alone"]
)
def test_an_adjustment_reaches_back_without_a_hole(days: list[date]) -> None:
    """Scaled bars that are not the oldest ones, one after the other, are corrected bars."""
    merged = merge(stored(), scaled(days, 0.5))
    assert merged.refetch == {}
    assert set(merged.restated["session_date"]) == set(days)


def test_a_partial_bar_says_nothing_about_the_history() -> None:
    partial = bars([50.0], [DAYS[2]], is_final=False)
    merged = merge(partial, later(2))
    assert merged.refetch == {}
    assert merged.frame.equals(later(2))


@pytest.mark.parametrize("close", [102.0, 90.0], ids=["equal", "different"])
def test_of_two_answers_of_one_instant_the_order_does_not_matter(close: float) -> None:
    one = pl.concat([later(0, 2), bars([close], [DAYS[2]], **LATER)])
    other = later(0, 3, document_id="zz")
    assert merge(one, other).frame.equals(merge(other, one).frame)


def test_the_answer_that_told_a_bar_first_is_its_document() -> None:
    assert merge(later(0, 12), stored()).frame.equals(stored())


def test_a_corrected_bar_is_reported_and_the_later_answer_stands() -> None:
    closes = [*CLOSES]
    closes[9] = 109.5
    new = bars(
        closes[2:],
        DAYS[2:],
        high=[c + 1 for c in CLOSES[2:]],
        low=[c - 1 for c in CLOSES[2:]],
        open=CLOSES[2:],
        **LATER,
    )
    merged = merge(stored(), new)
    assert merged.refetch == {}
    assert merged.frame["close"].to_list() == closes
    assert merged.restated.schema == RESTATED
    assert merged.restated.to_dicts() == [
        {
            "instrument_id": "XNAS:AAA",
            "symbol": "AAA",
            "session_date": DAYS[9],
            "timestamp": midnight(DAYS[9]),
            "column": "close",
            "old": 109.0,
            "new": 109.5,
            "old_document_id": "first",
            "new_document_id": "second",
        }
    ]
    assert outcome(merged.series)["restated"] == 1
    assert outcome(merged.series)["unchanged"] == 9


def test_other_volumes_are_corrections_even_on_the_oldest_bar() -> None:
    told = [2000.0 if n % 3 == 0 else 1000.0 for n in range(13)]
    merged = merge(stored(), later(2, volume=told))
    assert merged.refetch == {}
    assert merged.restated["column"].unique().to_list() == ["volume"]
    assert merged.frame["volume"].to_list() == [1000.0] * 2 + told


@pytest.mark.parametrize("ratio", [0.01, 1 / 3, 2.0])
def test_volumes_in_another_unit_put_the_history_in_doubt(ratio: float) -> None:
    """Round lots that become shares, or volumes that are adjusted for a split that the prices do not show."""
    before = [100_000.0 + 700 * n for n in range(15)]
    stands = bars(CLOSES[:12], DAYS[:12], volume=before[:12])
    told = [float(round(volume * ratio)) for volume in before[2:]]
    merged = merge(stands, later(2, volume=told))
    assert merged.frame is stands
    assert merged.refetch == {"XNAS:AAA": pytest.approx(ratio, rel=1e-3)}
    assert "its volumes were restated by a ratio of" in merged.refused["XNAS:AAA"]


@pytest.mark.parametrize(
    ("old", "new"),
    [([5000.0] * 12, [5001.0] * 13), ([0.0] * 12, [1000.0] * 13), ([None] * 12, [1000.0] * 13)],
    ids=["rounding", "no volume before", "none told before"],
)
def test_a_ratio_of_one_or_none_is_no_restated_history(old: list[float | None], new: list[float]) -> None:
    merged = merge(bars(CLOSES[:12], DAYS[:12], volume=old), later(2, volume=new))
    assert (merged.refetch, merged.added) == ({}, 3)


def test_prices_that_differ_by_a_rounding_alone_are_asked_for_again_once() -> None:
    """The vendor writes fewer decimals now: the whole history then has one precision."""
    fine = [close + 0.0041 for close in CLOSES]
    stands = bars(fine[:12], DAYS[:12])
    coarse = bars([round(close, 2) for close in fine], DAYS, **LATER)
    again = merge(stands, coarse.filter(pl.col("session_date") >= DAYS[2]))
    assert again.refetch == {"XNAS:AAA": pytest.approx(1.0, abs=1e-4)}
    healed = merge(stands, coarse, whole=True).frame
    assert merge(healed, coarse.filter(pl.col("session_date") >= DAYS[2])).frame is healed


def test_an_older_answer_that_comes_late_corrects_nothing() -> None:
    now = stored().with_columns(
        pl.when(pl.col("session_date") == DAYS[9]).then(109.5).otherwise("close").alias("close")
    )
    old = {"ingested_at": midnight(date(2026, 3, 1)), "document_id": "older"}
    merged = merge(now, bars(CLOSES[2:], DAYS[2:], **old))
    assert merged.frame["close"][9] == 109.5
    assert merged.restated.is_empty()


def test_a_partial_bar_is_replaced_and_replaces_nothing_that_is_over() -> None:
    partial = bars(
        [50.0], [DAYS[12]], is_final=False, ingested_at=midnight(date(2026, 3, 1)), document_id="early"
    )
    open_day = merge(stored(), partial)
    assert open_day.frame["is_final"].to_list() == [True] * 12 + [False]
    closed = merge(open_day.frame, later(2, 13))
    assert closed.frame["close"].to_list() == CLOSES[:13]
    assert closed.frame["is_final"].all()
    assert outcome(closed.series)["completed"] == 1
    assert closed.restated.is_empty()
    again = partial.with_columns(ingested_at=pl.lit(midnight(date(2026, 4, 1))))
    assert merge(closed.frame, again).frame is closed.frame


def test_a_later_partial_bar_takes_the_place_of_an_earlier_one() -> None:
    early = bars([50.0], [DAYS[0]], is_final=False)
    late = bars([51.0], [DAYS[0]], is_final=False, **LATER)
    assert merge(early, late).frame["close"].to_list() == [51.0]
    assert merge(late, early).frame["close"].to_list() == [51.0]
    assert outcome(merge(early, late).series)["completed"] == 1
    assert outcome(merge(late, early).series)["unchanged"] == 1


def test_a_bar_that_the_vendor_no_longer_tells_is_kept_and_counted() -> None:
    merged = merge(stored(), later(2).filter(pl.col("session_date") != DAYS[5]))
    assert merged.frame["session_date"].to_list() == DAYS
    assert outcome(merged.series)["withdrawn"] == 1


def test_one_series_in_doubt_leaves_the_others_alone() -> None:
    two = pl.concat([stored(), bars(CLOSES[:12], DAYS[:12], symbol="BBB")])
    halved = bars(
        [c / 2 for c in CLOSES[2:]],
        DAYS[2:],
        high=[(c + 1) / 2 for c in CLOSES[2:]],
        low=[(c - 1) / 2 for c in CLOSES[2:]],
        **LATER,
    )
    merged = merge(two, pl.concat([halved, bars(CLOSES[2:], DAYS[2:], symbol="BBB", **LATER)]))
    assert set(merged.refetch) == {"XNAS:AAA"}
    assert merged.frame.filter(pl.col("symbol") == "AAA").equals(stored())
    assert merged.frame.filter(pl.col("symbol") == "BBB")["close"].to_list() == CLOSES
    assert merged.series["added"].to_list() == [0, 3]


def test_the_whole_history_takes_the_place_of_the_stored_one() -> None:
    halved = bars([c / 2 for c in CLOSES], DAYS, **LATER).filter(pl.col("session_date") != DAYS[3])
    merged = merge(stored(), halved, whole=True)
    assert merged.frame.equals(halved)
    assert outcome(merged.series) | {"overlap": 0} == {
        "instrument_id": "XNAS:AAA", "symbol": "AAA", "added": 3, "completed": 0, "unchanged": 0,
        "restated": 11, "withdrawn": 1, "overlap": 0, "left_out": 0, "refetch": False, "ratio": None, "refused": None,
    }  # fmt: skip


def test_a_whole_history_that_is_the_stored_one_changes_nothing() -> None:
    before = stored()
    assert merge(before, later(0, 12), whole=True).frame is before


@pytest.mark.parametrize("kept", [slice(1, 15), slice(0, 11)])
def test_a_whole_history_that_reaches_less_far_is_refused(kept: slice) -> None:
    before = stored()
    merged = merge(before, bars(CLOSES[kept], DAYS[kept], **LATER), whole=True)
    assert merged.frame is before
    assert "it is kept as it was" in merged.refused["XNAS:AAA"]
    assert merged.refetch == {}


def test_a_whole_history_with_a_hole_is_refused() -> None:
    before = stored()
    few = bars([c / 2 for c in CLOSES], DAYS, **LATER).filter(~pl.col("session_date").is_in(DAYS[3:5]))
    merged = merge(before, few, whole=True)
    assert merged.frame is before
    assert merged.refused == {
        "XNAS:AAA": "the history that came lacks 2 of 12 bars that are stored; it is kept as it was"
    }


def test_rows_of_two_providers_are_no_dataset() -> None:
    with pytest.raises(ValueError, match="one provider, these have massive, stooq"):
        merge(stored(), later(2, provider="stooq"))
