"""The sensors and the schedule, on a real ephemeral instance."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from config.settings import load_settings
from orchestration.defs.automation import daily_refresh, inbox_sensor, say_what_to_do
from orchestration.defs.flex_automation import backfill_job
from orchestration.keys import BACKFILL_JOB, FETCH_JOB, REFRESH_JOB, SNAPSHOT_JOB
from orchestration.resources.dagster_resources import DataView, data_resources
from orchestration.staleness import inputs_fingerprint
from tests.support.flex_text import cash_row, flex_document


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataView:
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return data_resources(load_settings())["data_view"]


def tick(data: DataView, cursor: str | None) -> dg.SensorResult:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        result = inbox_sensor(load_settings())(context, data_view=data)
    assert isinstance(result, dg.SensorResult)
    return result


def put(data: DataView, name: str, content: bytes) -> Path:
    data.folder.inbox.mkdir(parents=True, exist_ok=True)
    path = data.folder.inbox / name
    path.write_bytes(content)
    return path


def run_keys(result: dg.SensorResult) -> list[str | None]:
    return [request.run_key for request in result.run_requests or []]


def test_an_empty_inbox_is_skipped_and_said(data: DataView) -> None:
    result = tick(data, None)
    assert run_keys(result) == []
    assert "empty" in str(result.skip_reason)


def test_waits_until_a_file_stops_growing_then_asks_with_its_hash(data: DataView) -> None:
    path = put(data, "a.xml", b"<Flex")
    first = tick(data, None)
    path.write_bytes(b"<FlexQueryResponse/>")
    second = tick(data, first.cursor)
    third = tick(data, second.cursor)

    assert run_keys(first) == run_keys(second) == []
    assert "stop growing" in str(second.skip_reason)
    assert run_keys(third) == [hashlib.sha256(b"<FlexQueryResponse/>").hexdigest()]


def test_a_file_written_again_with_the_same_size_is_still_moving(data: DataView) -> None:
    path = put(data, "a.xml", b"12345")
    first = tick(data, None)
    path.write_bytes(b"54321")
    os.utime(path, ns=(1, 1))
    assert run_keys(tick(data, first.cursor)) == []


def test_many_documents_start_one_run_whatever_their_names(data: DataView) -> None:
    put(data, "a.xml", b"1")
    put(data, "b.xml", b"2")
    (key,) = run_keys(tick(data, tick(data, None).cursor))
    (data.folder.inbox / "a.xml").rename(data.folder.inbox / "c.xml")
    assert run_keys(tick(data, tick(data, None).cursor)) == [key]


def test_while_a_refresh_is_queued_no_second_one_is_asked_for(data: DataView) -> None:
    put(data, "a.xml", b"1")
    cursor = tick(data, None).cursor
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun(job_name=REFRESH_JOB, status=dg.DagsterRunStatus.NOT_STARTED))
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        waiting = inbox_sensor(load_settings())(context, data_view=data)
    assert run_keys(waiting) == []
    assert "A refresh is queued" in str(waiting.skip_reason)
    assert len(run_keys(tick(data, waiting.cursor))) == 1


def evaluate_schedule(data: DataView) -> dg.RunRequest | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=datetime(2024, 1, 3, tzinfo=UTC)
        )
        return daily_refresh(context, data_view=data)


def test_the_schedule_skips_when_nothing_is_new(data: DataView) -> None:
    fingerprint = inputs_fingerprint(data.raw.manifest(), load_settings())
    data.folder.published.mkdir()
    (data.folder.published / "CURRENT").symlink_to(f"000001-{fingerprint[:8]}")
    assert isinstance(evaluate_schedule(data), dg.SkipReason)

    put(data, "a.xml", flex_document({"CashTransactions": [cash_row("1", "5")]}))
    assert isinstance(evaluate_schedule(data), dg.RunRequest)

    data.raw.ingest(lambda: datetime.now(UTC))
    assert isinstance(evaluate_schedule(data), dg.RunRequest)  # loaded, but not yet published


@pytest.mark.parametrize(
    ("job", "advice"),
    [
        (REFRESH_JOB, "run `tieout run`"),
        (SNAPSHOT_JOB, "`tieout doctor tws` tries"),
        (FETCH_JOB, "The next tick of flex_schedule asks for the rest"),
        (BACKFILL_JOB, "run this part of raw/flex_history again"),
    ],
)
def test_a_failed_run_is_told_with_what_to_do(
    job: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    @dg.op
    def fails() -> None:
        raise ValueError("the cause")

    @dg.job(name=job)
    def failing() -> None:
        fails()

    with dg.DagsterInstance.ephemeral() as instance:
        result = failing.execute_in_process(instance=instance, raise_on_error=False)
        (event,) = (event for event in result.all_events if event.is_failure and not event.is_step_event)
        context = dg.build_run_status_sensor_context(
            "say_what_to_do", dagster_event=event, dagster_instance=instance, dagster_run=result.dagster_run
        )
        say_what_to_do(context.for_run_failure())
    told = [record.getMessage() for record in caplog.records if record.name == "tieout"]
    assert advice in told[-1]
    assert ("tieout run" in told[-1]) == (job == REFRESH_JOB)


@pytest.mark.parametrize(
    ("asset", "advice"),
    [("flex_history", "this part of raw/flex_history again"), ("documents", "run `tieout run`")],
)
def test_a_failed_run_of_an_asset_alone_is_told_like_that_of_its_job(
    asset: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    @dg.asset(key=["raw", asset])
    def failing() -> None:
        raise ValueError("the cause")

    defs = dg.Definitions([failing])
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        key = dg.AssetKey(["raw", asset])
        result = job.execute_in_process(instance=instance, raise_on_error=False, asset_selection=[key])
        (event,) = (event for event in result.all_events if event.is_failure and not event.is_step_event)
        context = dg.build_run_status_sensor_context(
            "say_what_to_do", dagster_event=event, dagster_instance=instance, dagster_run=result.dagster_run
        )
        say_what_to_do(context.for_run_failure())
    assert advice in caplog.text


def test_a_backfill_waits_for_everything_else_that_is_queued() -> None:
    assert int(backfill_job.tags["dagster/priority"]) < 0
