"""When TWS is asked by itself, and what a new fill starts: on a real ephemeral instance, with no TWS behind it."""

import socket
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from config.settings import load_settings
from orchestration.build import build_defs
from orchestration.defs.snapshots import every, exchanges_held, fills_sensor, snapshot_schedule
from orchestration.exchange_hours import CALENDAR_OF, calendars_of, hours_at
from orchestration.resources.dagster_resources import DataView, data_resources
from orchestration.resources.tws import TwsResource
from orchestration.staleness import inputs_fingerprint
from tests.support.tws_values import COMMISSION, EURO, SHARE, TAKEN, execution, snapshot
from tws.document import document_of, document_of_executions
from tws.errors import Trouble, TwsError
from tws.values import Position, Snapshot

OPEN = datetime(2024, 1, 3, 15, 0, tzinfo=UTC)
HOLIDAY = datetime(2024, 7, 4, 15, 0, tzinfo=UTC)
SATURDAY = datetime(2024, 1, 6, 15, 0, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataView:
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("IBKR_HOST", "IBKR_PORT", "UPDATE_INTERVAL_MINUTES"):
        monkeypatch.delenv(name, raising=False)
    return data_resources(load_settings())["data_view"]


@pytest.fixture
def port() -> Iterator[int]:
    """A port where something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """A schedule finds its instance by its files, so that an ephemeral one is not enough."""
    with dg.instance_for_test() as made:
        yield made


def resource(port: int, configured: bool = True) -> TwsResource:
    return TwsResource(host="127.0.0.1", port=port, client_id=2, configured=configured)


def due(
    instance: dg.DagsterInstance,
    data: DataView,
    tws: TwsResource,
    at: datetime,
    queued: dg.JobDefinition | None = None,
) -> str:
    """`run`, or the reason why there is none; a run of a job may be queued.

    In a context of its own: the evaluation leaves its instance behind as the one that other tests would find.
    """
    runs = [instance.create_run_for_job(queued, status=dg.DagsterRunStatus.NOT_STARTED)] if queued else []
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    schedule = snapshot_schedule(load_settings())
    result = copy_context().run(schedule, context, data_view=data, tws=tws)
    for made in runs:
        instance.delete_run(made.run_id)
    return "run" if isinstance(result, dg.RunRequest) else str(result.skip_message)


def take(data: DataView, document: bytes) -> None:
    data.folder.raw.mkdir(parents=True, exist_ok=True)
    data.raw.take("told.json", document, lambda: TAKEN)


def test_it_is_asked_while_an_exchange_is_open(
    instance: dg.DagsterInstance, data: DataView, port: int
) -> None:
    assert due(instance, data, resource(port), OPEN) == "run"


def test_weekends_holidays_and_nights_are_skipped_with_the_reason(
    instance: dg.DagsterInstance, data: DataView, port: int
) -> None:
    assert due(instance, data, resource(port), SATURDAY) == (
        "XNYS: closed; the next session opens at 2024-01-08 14:30 UTC."
    )
    assert "2024-07-05 13:30" in due(instance, data, resource(port), HOLIDAY)
    assert "2024-01-04 14:30" in due(instance, data, resource(port), OPEN.replace(hour=23))


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2024, 1, 3), "14:30", "21:00"),
        (date(2024, 3, 8), "14:30", "21:00"),
        (date(2024, 3, 11), "13:30", "20:00"),  # New York's clocks went forward
        (date(2024, 7, 3), "13:30", "17:00"),  # half a day
        (date(2024, 11, 1), "13:30", "20:00"),
        (date(2024, 11, 4), "14:30", "21:00"),
        (date(2024, 11, 29), "14:30", "18:00"),  # half a day
    ],
)
def test_the_ticks_of_a_day_are_those_of_its_hours_and_one_after_the_close(
    day: date, opens: str, closes: str
) -> None:
    midnight, quarter = datetime(day.year, day.month, day.day, tzinfo=UTC), timedelta(minutes=15)
    ticks = [midnight + n * quarter for n in range(96)]
    found = [tick for tick in ticks if hours_at(tick, ["XNYS"], quarter).is_open]
    assert [f"{found[0]:%H:%M}", f"{found[-1]:%H:%M}"] == [opens, closes]
    assert len(found) == (found[-1] - found[0]) // quarter + 1


@pytest.mark.parametrize("minutes", [45, 90, 720, 1440])
def test_a_long_interval_has_a_snapshot_after_each_session(
    instance: dg.DagsterInstance, data: DataView, port: int, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    interval, midnight = timedelta(minutes=minutes), OPEN.replace(hour=0)
    ticks = [midnight + n * interval for n in range(1, 1440 // minutes + 1)]
    after = max(tick for tick in ticks if hours_at(tick, ["XNYS"], interval).is_open)
    assert after >= OPEN.replace(hour=21)
    monkeypatch.setenv("UPDATE_INTERVAL_MINUTES", str(minutes))
    assert due(instance, data, resource(port), after) == "run"
    assert due(instance, data, resource(port), SATURDAY + timedelta(days=1)) != "run"


def test_while_a_snapshot_is_queued_no_other_is_asked_for(
    instance: dg.DagsterInstance, data: DataView, port: int
) -> None:
    assert due(instance, data, resource(port), OPEN, queued=snapshots) == (
        "A snapshot is queued: it tells what there is when it is taken."
    )
    assert due(instance, data, resource(port), OPEN, queued=refresh) == "run"


def test_without_tws_nothing_runs_and_nothing_fails(
    instance: dg.DagsterInstance, data: DataView, port: int
) -> None:
    assert "set IBKR_HOST or IBKR_PORT" in due(instance, data, resource(port, configured=False), OPEN)
    assert snapshot_schedule(load_settings()).default_status == dg.DefaultScheduleStatus.STOPPED


def test_a_tws_that_is_not_there_is_a_reason_not_a_failed_run(
    instance: dg.DagsterInstance, data: DataView
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert f"Nothing listens on 127.0.0.1:{free}" in due(instance, data, resource(free), OPEN)


def test_a_host_that_is_no_name_listens_nowhere() -> None:
    """A label of more than 63 letters cannot even be asked for."""
    assert not TwsResource(host="x" * 64, port=7497, client_id=2, configured=True).listens()


def test_saying_where_tws_listens_turns_it_on(data: DataView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBKR_PORT", "4002")
    monkeypatch.setenv("UPDATE_INTERVAL_MINUTES", "30")
    schedule = snapshot_schedule(load_settings())
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule == "0,30 * * * *"


def test_the_hours_are_those_of_the_positions_exchanges(
    instance: dg.DagsterInstance, data: DataView, port: int
) -> None:
    listed = replace(SHARE, primary_exchange="SEHK")
    held = replace(snapshot(), positions=(Position("U1", listed, TAKEN_QUANTITY, None),))
    take(data, document_of(held))
    take(data, document_of_executions(TAKEN + timedelta(hours=1), [execution(9)], []))
    assert exchanges_held(data.raw) == ["SEHK"]
    unnamed = replace(SHARE, conid=1, primary_exchange=None, exchange=None)
    blank = replace(unnamed, conid=2, primary_exchange="", exchange="LSE")
    more = tuple(Position("U1", contract, TAKEN_QUANTITY, None) for contract in (listed, unnamed, blank))
    assert due(instance, data, resource(port), datetime(2024, 1, 4, 2, 0, tzinfo=UTC)) == "run"
    assert due(instance, data, resource(port), OPEN).startswith("XHKG: closed")
    take(data, document_of(replace(snapshot(TAKEN + timedelta(hours=2)), positions=more)))
    assert exchanges_held(data.raw) == ["", "LSE", "SEHK"]
    assert due(instance, data, resource(port), OPEN) == "run"


TAKEN_QUANTITY = snapshot().positions[0].quantity


def test_any_open_exchange_is_enough_and_an_unknown_one_counts_as_new_york() -> None:
    both = calendars_of(["LSE", "NOWHERE"])
    assert both == calendars_of(["LSE", ""]) == calendars_of(["LSE", "NYSE", "NASDAQ"]) == ("XLON", "XNYS")
    assert hours_at(datetime(2024, 1, 3, 9, 0, tzinfo=UTC), both).is_open
    assert hours_at(datetime(2024, 1, 3, 20, 0, tzinfo=UTC), both).is_open
    assert calendars_of(["NOWHERE"]) == calendars_of([]) == ("XNYS",)
    assert calendars_of([EURO.exchange or ""]) == ("CMES",)


def test_every_calendar_is_one_that_is_known() -> None:
    import exchange_calendars

    assert set(CALENDAR_OF.values()) <= set(exchange_calendars.get_calendar_names(include_aliases=False))


def test_every_calendar_says_something_of_the_coming_months() -> None:
    """The holidays of Bombay and Singapore are known to the end of a year that the library names, and no further."""
    ahead = datetime.now(UTC) + timedelta(days=31)
    for name in sorted(set(CALENDAR_OF.values())):
        hours = hours_at(ahead, [name])
        assert hours.is_open or (hours.next_open is not None and hours.next_open > ahead)


@pytest.mark.parametrize("name", ["XBOM", "XSES", "XNYS"])
@pytest.mark.parametrize("days", [300, 400, 800])
def test_beyond_what_a_calendar_knows_weekdays_are_open(name: str, days: int) -> None:
    ahead = datetime.now(UTC) + timedelta(days=days)
    monday = (ahead - timedelta(days=ahead.weekday())).replace(hour=3, minute=0, second=0, microsecond=0)
    known = name == "XNYS" and days == 300
    assert hours_at(monday, [name]).is_open is not known
    sunday = hours_at(monday - timedelta(days=1), [name])
    assert not sunday.is_open
    assert sunday.next_open is not None
    if not known:
        assert sunday.next_open == monday.replace(hour=0)


@pytest.mark.parametrize(
    ("minutes", "ticks"), [(1, 1440), (7, 206), (15, 96), (45, 32), (60, 24), (90, 16), (720, 2), (1440, 1)]
)
def test_the_interval_is_kept_over_the_day(minutes: int, ticks: int) -> None:
    lines = every(minutes)
    times = set()
    for line in [lines] if isinstance(lines, str) else lines:
        minute, hour, *rest = line.split()
        assert rest == ["*", "*", "*"]
        hours = range(24) if hour == "*" else [int(hour)]
        times |= {60 * h + int(m) for h in hours for m in minute.split(",")}
    assert times == set(range(0, 1440, minutes))
    assert len(times) == ticks


def asked(data: DataView, under_way: dg.JobDefinition | None = None) -> str | None:
    """The run key of the refresh that the sensor asks for, while a run of a job may be under way."""
    with dg.DagsterInstance.ephemeral() as instance:
        if under_way is not None:
            instance.create_run_for_job(under_way, status=dg.DagsterRunStatus.STARTED)
        result = fills_sensor(dg.build_sensor_context(instance=instance), data_view=data)
    return result.run_key if isinstance(result, dg.RunRequest) else None


def publish(data: DataView) -> None:
    fingerprint = inputs_fingerprint(data.raw.manifest(), load_settings())
    data.folder.published.mkdir(exist_ok=True)
    (data.folder.published / "CURRENT").unlink(missing_ok=True)
    (data.folder.published / "CURRENT").symlink_to(f"000001-{fingerprint[:8]}")


def test_only_a_new_fill_or_commission_starts_a_refresh(data: DataView) -> None:
    data.folder.raw.mkdir(parents=True)
    publish(data)
    take(data, document_of(snapshot(executions=(), commissions=())))
    assert asked(data) is None, "a snapshot alone waits"
    take(data, document_of(snapshot(TAKEN + timedelta(minutes=15), commissions=())))
    first = asked(data)
    assert first == data.raw.manifest().receipts[-1].document_id
    publish(data)
    assert asked(data) is None
    take(data, document_of(snapshot(TAKEN + timedelta(minutes=30), commissions=())))
    assert asked(data) is None, "the same fill again is no news"
    take(data, document_of_executions(TAKEN + timedelta(minutes=40), [], [COMMISSION]))
    assert asked(data) not in (None, first)


@dg.job(name="snapshot")
def snapshots() -> None:
    pass


@dg.job(name="refresh")
def refresh() -> None:
    pass


@dg.job(name="inspect")
def inspect() -> None:
    pass


def test_a_refresh_that_is_under_way_is_waited_for(data: DataView) -> None:
    take(data, document_of(snapshot()))
    assert asked(data, under_way=refresh) is None
    assert asked(data, under_way=inspect) == data.raw.manifest().receipts[0].document_id


def test_the_refresh_asks_tws_for_nothing(data: DataView) -> None:
    defs = build_defs()
    refresh = {
        key.to_user_string() for key in defs.resolve_job_def("refresh").asset_layer.selected_asset_keys
    }
    assert "raw/documents" in refresh
    assert "raw/tws_snapshots" not in refresh
    snapshots = defs.resolve_job_def("snapshot").asset_layer.selected_asset_keys
    assert {key.to_user_string() for key in snapshots} == {"raw/tws_snapshots"}


class Scripted(TwsResource):
    """A TWS that tells the same afternoon at each call, minutes later, or fails."""

    minutes: int = 0
    fails: bool = False

    def snapshot(self) -> Snapshot:
        if self.fails:
            raise TwsError(Trouble.ID_IN_USE, "client id 2 is in use", 326)
        return snapshot(TAKEN + timedelta(minutes=self.minutes))


def run(tws: TwsResource) -> dg.ExecuteInProcessResult:
    job = build_defs(resource_overrides={"tws": tws}).resolve_job_def("snapshot")
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, raise_on_error=False)


def told_of(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_the_run_says_what_was_told_and_since_when_nothing_changed(data: DataView) -> None:
    tws = Scripted(host="127.0.0.1", port=1, client_id=2, configured=True)
    first = told_of(run(tws))
    assert (first["accounts"], first["positions"], first["fills"], first["news"]) == (2, 3, 1, 2)
    assert first["document"] == data.raw.manifest().receipts[0].document_id
    again = told_of(run(Scripted(host="127.0.0.1", port=1, client_id=2, configured=True, minutes=15)))
    assert again["unchanged_since"] == "2024-01-03T19:00:00.250000+00:00"
    assert len(data.raw.manifest().receipts) == 1


def test_a_snapshot_that_fails_says_the_fix_and_keeps_nothing(data: DataView) -> None:
    result = run(Scripted(host="127.0.0.1", port=1, client_id=2, configured=True, fails=True))
    assert not result.success
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    said = failed.step_failure_data.user_failure_data
    assert said is not None
    assert "IBKR_CLIENT_ID" in str(said.description)
    assert said.metadata["code"].value == 326
    assert data.raw.manifest().receipts == ()
