"""An update from end to end: what errors keep out, what they leave alone, and what is told about it."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from tests.support.market_rows import bars, midnight, observations, weekdays
from transforms.market.checks import FINDINGS, Context
from transforms.market.judge import judge
from transforms.market.merge import SERIES
from transforms.schemas.market import BARS, OBSERVATIONS

DAYS = weekdays(15)
CLOSES = [100.0 + n % 4 for n in range(15)]
NOW = datetime(2026, 3, 4, tzinfo=UTC)
CONTEXT = Context(now=NOW)
LATER = {"ingested_at": midnight(date(2026, 3, 3)), "document_id": "second"}


def stored() -> pl.DataFrame:
    return pl.concat([bars(CLOSES[:12], DAYS[:12], symbol=name) for name in ("AAA", "BBB")])


def later(symbol: str, **columns: object) -> pl.DataFrame:
    return bars(CLOSES[2:], DAYS[2:], symbol=symbol, **{**LATER, **columns})


def of(frame: pl.DataFrame, symbol: str) -> pl.DataFrame:
    return frame.filter(pl.col("symbol") == symbol)


def test_good_rows_are_merged_and_nothing_is_told() -> None:
    judged = judge(stored(), pl.concat([later("AAA"), later("BBB")]), CONTEXT)
    assert judged.merged.added == 6
    assert judged.errors.is_empty()
    assert judged.warnings.is_empty()
    assert judged.refused.is_empty()
    assert judged.merged.series.schema == SERIES


def test_one_wrong_row_refuses_the_series_new_rows_and_no_other() -> None:
    wrong = later("AAA").with_columns(
        pl.when(pl.col("session_date") == DAYS[13]).then(-1.0).otherwise("low").alias("low")
    )
    judged = judge(stored(), pl.concat([wrong, later("BBB")]), CONTEXT)
    assert of(judged.merged.frame, "AAA").equals(of(stored(), "AAA"))
    assert of(judged.merged.frame, "BBB")["close"].to_list() == CLOSES
    assert judged.failed["check_name"].to_list() == ["non_positive_price"]
    assert judged.refused["session_date"].to_list() == DAYS[2:]
    assert judged.refused.columns == [*BARS.columns, "reason"]
    row = of(judged.merged.series, "AAA").row(0, named=True)
    assert (row["added"], row["left_out"]) == (0, 13)
    assert row["refused"] == (
        "non_positive_price: open 101.0, high 102.0, low -1.0, close 101.0 on 2026-01-22; "
        "expected positive finite prices"
    )
    assert row["refused"] == judged.refused["reason"][0]
    assert judged.merged.refused == {"XNAS:AAA": row["refused"]}


def test_more_errors_are_counted_behind_the_first() -> None:
    judged = judge(stored(), later("AAA", low=-1.0), CONTEXT)
    assert judged.errors["check_name"].value_counts().sort("count").rows() == [
        ("restated_overlap", 1),
        ("non_positive_price", 13),
    ]
    assert judged.merged.refused["XNAS:AAA"].endswith("(and 13 more)")


def test_a_bar_that_is_not_over_is_left_out_alone() -> None:
    open_yet = later("AAA", is_final=[True] * 12 + [False])
    judged = judge(stored(), open_yet, CONTEXT)
    assert of(judged.merged.frame, "AAA")["session_date"].to_list() == DAYS[:14]
    assert judged.errors["check_name"].to_list() == ["partial_bar"]
    assert judged.failed.is_empty()
    assert judged.refused["session_date"].to_list() == [DAYS[14]]
    assert judged.merged.series.select("added", "left_out", "refused").row(0) == (2, 1, None)


def test_a_series_with_only_an_open_bar_is_told_too() -> None:
    judged = judge(stored(), later("AAA", is_final=False)[-1:], CONTEXT)
    assert judged.merged.series.select("symbol", "added", "left_out", "refetch").rows() == [
        ("AAA", 0, 1, False)
    ]


def test_a_restated_history_is_asked_for_again_and_then_replaces_the_stored_one() -> None:
    prices = pl.col("open", "high", "low", "close")
    judged = judge(stored(), later("AAA").with_columns(prices / 4), CONTEXT)
    assert judged.merged.refetch == {"XNAS:AAA": 0.25}
    assert judged.failed["check_name"].to_list() == ["restated_overlap"]
    assert judged.merged.frame.equals(stored())
    assert judged.refused.height == 13
    assert "ask for all of it again" in judged.refused["reason"][0]
    assert judged.merged.refused["XNAS:AAA"] == judged.refused["reason"][0]

    whole = bars(CLOSES, DAYS, **LATER).with_columns(prices / 4, adjustment=pl.lit("splits"))
    again = judge(stored(), whole, CONTEXT, whole=True)
    assert again.errors.is_empty()
    assert of(again.merged.frame, "AAA").equals(whole)
    assert of(again.merged.frame, "BBB").equals(of(stored(), "BBB"))


def test_warnings_are_about_what_is_stored_then_and_can_be_left_for_later() -> None:
    frame = later("AAA", volume=[1000.0] * 12 + [0.0])
    judged = judge(stored(), frame, CONTEXT)
    assert judged.warnings.select("check_name", "session_date").rows() == [("zero_volume", DAYS[14])]
    assert judged.merged.added == 3
    quiet = judge(stored(), frame, CONTEXT, warn=False)
    assert quiet.warnings.is_empty()
    assert quiet.warnings.schema == FINDINGS


def test_a_refused_answer_changes_nothing_at_all() -> None:
    before = stored()
    assert judge(before, later("AAA", currency="EUR"), CONTEXT).merged.frame is before


def test_an_answer_without_rows_is_no_news() -> None:
    before = stored()
    judged = judge(before, BARS.empty(), CONTEXT)
    assert judged.merged.frame is before
    assert judged.merged.series.is_empty()
    assert judge(BARS.empty(), BARS.empty(), CONTEXT).merged.frame.is_empty()


def test_observations_are_judged_the_same_way() -> None:
    before = observations({DAYS[0]: 4.0})
    wrong = observations({DAYS[0]: 4.0, NOW.date() + timedelta(days=2): 4.1}, **LATER)
    right = observations({DAYS[0]: 4.0, DAYS[1]: 4.1}, symbol="DGS2", **LATER)
    judged = judge(before, pl.concat([wrong, right]), CONTEXT)
    assert judged.merged.frame["symbol"].to_list() == ["DGS10", "DGS2", "DGS2"]
    assert judged.refused.columns == [*OBSERVATIONS.columns, "reason"]
    assert set(judged.merged.refused) == {"fred:DGS10"}
    assert judged.merged.series["left_out"].to_list() == [2, 0]
