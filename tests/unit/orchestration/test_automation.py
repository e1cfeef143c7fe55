"""The sensors and the schedule, on a real ephemeral instance."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from config.settings import load_settings
from orchestration.defs.automation import daily_refresh, inbox_sensor
from orchestration.keys import REFRESH_JOB
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
