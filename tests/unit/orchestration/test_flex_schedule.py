"""When the Flex queries are asked: verdicts at fixed moments, and the schedule's ticks in New York."""

from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from config.flex_query import FlexQuery
from config.flex_token import token_name
from config.settings import load_settings
from orchestration.defs.flex_automation import flex_schedule
from orchestration.flex_schedule import NEW_YORK, Verdict, expected_day, verdicts
from orchestration.keys import FETCH_JOB
from orchestration.resources.dagster_resources import DataView, data_resources
from orchestration.resources.raw_manifest import RawManifest, Receipt, write_manifest
from state_store.database import StateStore
from state_store.flex_fetches import FlexFetch, record

TOKEN = "24681357"
DAILY = FlexQuery("777", "daily")
CONFIRMS = FlexQuery("888", "confirms")
HOLIDAYS = {date(2026, 1, 19)}  # Martin Luther King's day, a Monday


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def fetch(at: str, result: str = "fetched", **more: object) -> FlexFetch:
    """An attempt for the daily query at a New York time."""
    asked = new_york(at)
    document = {"document_id": "d1", "fetched_at": asked} if result in ("fetched", "known") else {}
    values = {
        "query_id": "777", "period": "", "query_name": "daily", "token_name": token_name(TOKEN), "asked_at": asked,
        "seconds": 1.0, "result": result, "code": None, "said": "the reason", "until": None, "document_id": None,
        "fetched_at": None,
    }  # fmt: skip
    return FlexFetch(**{**values, **document, **more})  # type: ignore[arg-type]


def receipt(end: str | None, status: str = "loaded", document_id: str = "d1") -> Receipt:
    return Receipt(
        document_id, 1, "a.xml", "flex_xml", status, None, "2026-01-01T00:00:00+00:00", 1, period_end_date=end  # type: ignore[arg-type]
    )  # fmt: skip


def verdict(at: str, fetches: list[FlexFetch], receipts: list[Receipt]) -> Verdict:
    (found,) = verdicts(
        [DAILY], fetches, receipts, token_name(TOKEN), new_york(at), lambda day: day not in HOLIDAYS
    )
    return found


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-06T05:15", date(2026, 3, 5)),
        ("2026-03-07T05:15", date(2026, 3, 6)),  # Saturday: Friday's
        ("2026-03-08T05:15", date(2026, 3, 6)),  # Sunday, the clocks have just changed
        ("2026-03-09T09:45", date(2026, 3, 6)),  # Monday
        ("2026-03-10T05:15", date(2026, 3, 9)),
        ("2026-11-01T05:15", date(2026, 10, 30)),  # Sunday, the clocks have changed back
    ],
)
def test_the_day_that_is_expected_is_the_last_weekday(at: str, day: date) -> None:
    assert expected_day(new_york(at)) == day
    assert expected_day(new_york(at).astimezone(UTC)) == day


def test_a_query_that_was_never_asked_is_due() -> None:
    found = verdict("2026-03-06T05:15", [], [])
    assert found.due
    assert found.reason == "has no document for 2026-03-05 yet"


def test_with_the_expected_document_nothing_is_due_until_the_next_day() -> None:
    came = [fetch("2026-03-06T05:15:20")]
    assert not verdict("2026-03-06T05:45", came, [receipt("2026-03-05")]).due
    assert not verdict("2026-03-08T05:15", [fetch("2026-03-07T05:15")], [receipt("2026-03-06")]).due
    assert verdict("2026-03-07T05:15", came, [receipt("2026-03-05")]).due


def test_a_document_of_an_older_day_is_asked_for_again() -> None:
    assert verdict("2026-03-06T05:45", [fetch("2026-03-06T05:15")], [receipt("2026-03-04")]).due


def test_a_document_from_another_window_of_the_query_counts() -> None:
    history = fetch("2026-03-06T04:00", period="20260301-20260305")
    assert not verdict("2026-03-06T05:15", [history], [receipt("2026-03-05")]).due


def test_a_document_that_waits_in_the_inbox_is_not_asked_for_again() -> None:
    found = verdict("2026-03-06T05:45", [fetch("2026-03-06T05:15")], [])
    assert (found.due, found.reason) == (
        False,
        "was asked at 05:15 New York; its document waits in the inbox",
    )
    assert verdict("2026-03-07T05:15", [fetch("2026-03-06T05:15")], []).due


def test_a_document_that_cannot_be_read_is_not_asked_for_again_that_morning() -> None:
    found = verdict("2026-03-06T05:45", [fetch("2026-03-06T05:15")], [receipt(None, "quarantined")])
    assert not found.due
    assert "could not be read" in found.reason


@pytest.mark.parametrize("result", ["retry", "empty", "wait"])
def test_what_passes_is_asked_again_at_the_next_tick(result: str) -> None:
    assert verdict("2026-03-06T05:45", [fetch("2026-03-06T05:15", result)], []).due


def test_while_a_query_is_held_up_it_is_not_asked() -> None:
    held = fetch("2026-03-06T05:15:30", "wait", until=new_york("2026-03-06T05:45:30"))
    found = verdict("2026-03-06T05:45", [held], [])
    assert not found.due
    assert found.reason == "the reason; nothing is sent before 2026-03-06 10:45 UTC"
    assert verdict("2026-03-06T06:15", [held], []).due


@pytest.mark.parametrize("result", ["fix", "token"])
def test_what_a_person_has_to_mend_is_asked_once_a_morning(result: str) -> None:
    refused = fetch("2026-03-06T05:15", result)
    found = verdict("2026-03-06T05:45", [refused], [])
    assert not found.due
    assert "05:15 New York and refused: the reason" in found.reason
    assert verdict("2026-03-07T05:15", [refused], []).due
    assert verdict("2026-03-06T05:45", [replace(refused, token_name="another")], []).due


def test_before_five_in_the_morning_what_was_asked_since_the_last_five_counts() -> None:
    refused = fetch("2026-03-06T03:00", "fix")
    assert not verdict("2026-03-06T03:30", [refused], []).due
    assert verdict("2026-03-06T05:15", [refused], []).due
    waits = verdict("2026-03-06T03:30", [fetch("2026-03-06T03:00")], [])
    assert waits.reason == "was asked at 03:00 New York; its document waits in the inbox"
    assert verdict("2026-03-07T03:00", [refused], []).due


def test_to_look_at_a_document_is_not_to_fetch_it() -> None:
    """The doctor keeps no document: the schedule asks as if it had not."""
    looked = fetch("2026-03-06T05:15", "looked", document_id="d1")
    assert verdict("2026-03-06T05:45", [looked], []).due
    assert verdict("2026-01-20T05:45", [fetch("2026-01-20T05:15", "looked")], [receipt("2026-01-16")]).due


@pytest.mark.parametrize("result", ["locked", "token"])
def test_a_lock_out_holds_for_every_query_of_the_token(result: str) -> None:
    locked = fetch("2026-03-06T05:15", result, query_id="888", until=new_york("2026-03-06T09:15"))
    assert not verdict("2026-03-06T08:45", [locked], []).due
    assert verdict("2026-03-06T09:15", [locked], []).due
    assert verdict("2026-03-06T08:45", [replace(locked, token_name="another")], []).due


def test_after_a_holiday_once_is_enough() -> None:
    friday = [receipt("2026-01-16")]
    assert verdict("2026-01-20T05:15", [fetch("2026-01-17T05:15")], friday).due
    found = verdict("2026-01-20T05:45", [fetch("2026-01-20T05:15")], friday)
    assert not found.due
    assert "2026-01-19 was no session" in found.reason


@pytest.mark.parametrize(
    ("day", "first_utc"),
    [
        (date(2026, 3, 7), "10:15"),
        (date(2026, 3, 8), "09:15"),
        (date(2026, 11, 1), "10:15"),
        (date(2026, 7, 4), "09:15"),
    ],
)
def test_the_ticks_are_new_yorks_whatever_the_clocks_do(day: date, first_utc: str) -> None:
    begin = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    schedule = flex_schedule(load_settings())
    assert schedule.execution_timezone == "America/New_York"
    ticks = schedule_execution_time_iterator(
        begin.timestamp(), str(schedule.cron_schedule), "America/New_York"
    )
    found = list(islice(ticks, 10))
    assert f"{found[0].astimezone(UTC):%H:%M}" == first_utc
    assert [f"{tick.astimezone(NEW_YORK):%H:%M}" for tick in found] == [
        "05:15", "05:45", "06:15", "06:45", "07:15", "07:45", "08:15", "08:45", "09:15", "09:45",
    ]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataView:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FLEX_TOKEN", TOKEN)
    monkeypatch.setenv("FLEX_QUERY_IDS", "daily=777, confirms=888")
    monkeypatch.delenv("DB_URL", raising=False)
    return data_resources(load_settings())["data_view"]


def tick(data: DataView, at: str, *, running: bool = False) -> dg.RunRequest | str:
    """What the schedule asks for at a New York time, or why it asks for nothing.

    In a context of its own: the evaluation leaves its instance behind as the one that other tests would find.
    """
    return copy_context().run(_tick, data, at, running)


def _tick(data: DataView, at: str, running: bool) -> dg.RunRequest | str:
    with dg.instance_for_test() as instance:
        if running:
            instance.add_run(dg.DagsterRun(job_name=FETCH_JOB, status=dg.DagsterRunStatus.STARTED))
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=new_york(at).astimezone(UTC)
        )
        result = flex_schedule(load_settings())(context, data_view=data)
    if isinstance(result, dg.RunRequest):
        return result
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def asked_for(result: dg.RunRequest | str) -> list[str]:
    """The queries that a run would ask for."""
    assert isinstance(result, dg.RunRequest), result
    return list(result.run_config["ops"]["raw__flex_fetch"]["config"]["queries"])


def test_a_tick_asks_for_the_queries_that_are_due_alone(data: DataView) -> None:
    assert asked_for(tick(data, "2026-03-06T05:15")) == ["daily", "confirms"]

    record(StateStore(load_settings().state_url), fetch("2026-03-06T05:15:10"))
    write_manifest(data.folder.raw / "manifest.json", RawManifest(receipts=(receipt("2026-03-05"),)))
    assert asked_for(tick(data, "2026-03-06T05:45")) == ["confirms"]


def test_a_tick_with_nothing_to_fetch_says_so_of_each_query(data: DataView) -> None:
    for query in (DAILY, CONFIRMS):
        came = fetch("2026-03-06T05:15:10", query_id=query.id, query_name=query.name)
        record(StateStore(load_settings().state_url), came)
    write_manifest(data.folder.raw / "manifest.json", RawManifest(receipts=(receipt("2026-03-05"),)))
    assert tick(data, "2026-03-06T05:45") == (
        "Nothing to fetch. daily has its document up to 2026-03-05; confirms has its document up to 2026-03-05."
    )


def test_a_tick_while_a_fetch_runs_asks_for_no_second_one(data: DataView) -> None:
    assert tick(data, "2026-03-06T05:45", running=True) == "The queries are being fetched."


@pytest.mark.parametrize("name", ["FLEX_TOKEN", "FLEX_QUERY_IDS"])
def test_without_a_setting_a_tick_names_it(
    data: DataView, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    assert tick(data, "2026-03-06T05:15") == f"{name} not set: nothing can be fetched."


def test_a_tick_knows_the_holidays_of_new_york(data: DataView) -> None:
    monday = fetch("2026-01-20T05:15:10", "empty")
    for query in (DAILY, CONFIRMS):
        record(StateStore(load_settings().state_url), replace(monday, query_id=query.id))
    assert "was no session" in str(tick(data, "2026-01-20T05:45"))
    for query in (DAILY, CONFIRMS):
        tuesday = replace(monday, query_id=query.id, asked_at=monday.asked_at + timedelta(days=1))
        record(StateStore(load_settings().state_url), tuesday)
    assert asked_for(tick(data, "2026-01-21T05:45")) == ["daily", "confirms"]
