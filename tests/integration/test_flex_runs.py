"""The assets of the Flex queries as Dagster runs, against a Flex Web Service on loopback."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from config.settings import Settings, load_settings, prepare_environment
from orchestration.build import build_defs
from orchestration.defs.raw.flex_documents import FLEX_FETCH, FLEX_HISTORY, FlexSource
from orchestration.fetching import flex_web_service
from orchestration.instance import prepare_instance
from orchestration.keys import BACKFILL_JOB, FETCH_JOB, INGEST_JOB
from orchestration.resources.flex_web_service import FlexWebService
from tests.fakes.flex_server import Answer, FlexServer, flex_server, refused
from transforms.broker_simulator import simulate

TOKEN = "246813579024681357902468"
ACCOUNT = "U1000001"
LIFE = simulate(seed=3, years=1)


def document(first: date, last: date) -> Answer:
    """What the broker has for a window of days: the same bytes whenever it is asked."""
    generated = datetime(last.year, last.month, last.day, 2) + timedelta(days=3)
    return Answer(b"".join(LIFE.document([ACCOUNT], first, last, generated).chunks()))


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.at = time.time()

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


CLOCK = Clock()


class NoWaiting(FlexSource):
    """The service of the settings by the clock of these tests: nobody waits for real."""

    def service(self, settings: Settings) -> FlexWebService:
        return replace(flex_web_service(settings), deadline=60, now=CLOCK.now, sleep=CLOCK.sleep)


@dataclass
class Runs:
    """Dagster on a data folder of its own."""

    data: Path
    server: FlexServer
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def run(self, job: str, partition: str | None = None) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=partition, raise_on_error=False
        )

    def inbox(self) -> list[str]:
        return sorted(path.name for path in (self.data / "inbox").glob("*"))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DB_URL", raising=False)
    with flex_server() as server:
        server.tokens, server.now = {TOKEN}, CLOCK.now
        server.windows["777"] = document
        server.documents["777"] = document(date(2023, 1, 2), date(2023, 1, 31)).body
        for name, value in {
            "TIEOUT_DATA_DIR": str(tmp_path),
            "DAGSTER_HOME": "",
            "FLEX_TOKEN": TOKEN,
            "FLEX_QUERY_IDS": "activity=777, wrong=999",
            "FLEX_BASE_URL": server.base_url,
            "FLEX_BACKFILL_FROM": "2023-01-15",
        }.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()
        prepare_environment(settings.data)
        prepare_instance(settings.data)
        definitions = build_defs({"flex": NoWaiting()})
        with dg.DagsterInstance.get() as instance:
            yield Runs(tmp_path, server, instance, definitions)
        assert not server.too_fast


def facts(result: dg.ExecuteInProcessResult, asset: dg.AssetKey) -> dict[str, Any]:
    """The metadata of the one materialization of an asset."""
    (found,) = [
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == asset
    ]
    return {name: value.value for name, value in found.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> tuple[str, dict[str, Any]]:
    """What a failed run says, and its metadata."""
    (event,) = [event for event in result.all_events if event.is_step_failure]
    told = event.step_failure_data.user_failure_data
    assert told is not None
    return str(told.description), {name: value.value for name, value in told.metadata.items()}


def test_a_fetch_tells_of_each_query_what_became_of_it(runs: Runs) -> None:
    result = runs.run(FETCH_JOB)

    assert result.success, "a query that is refused does not stop the others"
    told = facts(result, FLEX_FETCH)
    assert {name: told[name] for name in ("fetched", "nothing_new", "refused")} == {
        "fetched": 1,
        "nothing_new": 0,
        "refused": 1,
    }
    (name,) = runs.inbox()
    assert f"| activity | fetched | {name} | {told['bytes']} |" in told["queries"]
    assert "| wrong | refused |  |  | " in told["queries"]
    assert "**wrong**: the query is invalid (code 1014)" in told["queries"]
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert (checks["answered"].passed, checks["answered"].severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert checks["token"].passed

    assert runs.run(INGEST_JOB).success
    again = facts(runs.run(FETCH_JOB), FLEX_FETCH)
    assert (again["fetched"], again["nothing_new"]) == (0, 1)
    assert f"the same document is here already, as {name}" in again["queries"]
    assert runs.inbox() == []


def test_a_token_that_is_refused_is_an_error_with_the_steps_and_is_sent_once(runs: Runs) -> None:
    runs.server.sends.append(refused(1012))
    result = runs.run(FETCH_JOB)

    (token,) = [check for check in result.get_asset_check_evaluations() if check.check_name == "token"]
    assert (token.passed, token.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "the token has expired (code 1012). In Client Portal open" in str(token.description)
    assert len(runs.server.asked) == 1, "the second query is not sent with a token that is no longer good"


@pytest.mark.parametrize(
    ("days", "severity"), [(8, dg.AssetCheckSeverity.WARN), (0, dg.AssetCheckSeverity.ERROR)]
)
def test_a_token_that_ends_soon_is_told_before_it_is_refused(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, days: int, severity: dg.AssetCheckSeverity
) -> None:
    ends = datetime.now(UTC).date() + timedelta(days=days)
    monkeypatch.setenv("FLEX_TOKEN_EXPIRES", f"{ends}")
    result = runs.run(FETCH_JOB)
    (token,) = [check for check in result.get_asset_check_evaluations() if check.check_name == "token"]
    assert (token.passed, token.severity) == (False, severity)
    assert f"{ends}" in str(token.description)


def test_a_backfill_brings_each_month_and_says_what_is_there_already(runs: Runs) -> None:
    """The simulated life begins in January 2023; of May the broker has nothing."""
    runs.server.windows["777"] = lambda first, last: (
        refused(1003) if first.month == 5 else document(first, last)
    )
    for month in ("2023-01", "2023-02", "2023-03"):
        told = facts(runs.run(BACKFILL_JOB, f"{month}|activity"), FLEX_HISTORY)
        assert told["result"] == "fetched"
    windows = [(q["q"], q["fd"], q["td"]) for q in runs.server.calls("SendRequest")]
    assert windows == [
        ("777", "20230101", "20230131"),
        ("777", "20230201", "20230228"),
        ("777", "20230301", "20230331"),
    ]
    assert [name[:26] for name in runs.inbox()] == [
        "activity_20230101-20230131",
        "activity_20230201-20230228",
        "activity_20230301-20230331",
    ]
    ingested = facts(runs.run(INGEST_JOB), dg.AssetKey(["raw", "documents"]))
    assert (ingested["loaded"], ingested["quarantined"]) == (3, 0)

    again = facts(runs.run(BACKFILL_JOB, "2023-02|activity"), FLEX_HISTORY)
    assert again["result"] == "nothing new"
    assert again["said"].startswith("the same document is here already, as activity_20230201-20230228_")
    nothing = runs.run(BACKFILL_JOB, "2023-05|activity")
    assert nothing.success, "a month without a statement is no alarm"
    assert facts(nothing, FLEX_HISTORY)["result"] == "no statement"
    assert runs.inbox() == []
    parts = runs.instance.get_materialized_partitions(FLEX_HISTORY)
    assert parts == {f"2023-0{month}|activity" for month in (1, 2, 3, 5)}


def test_a_backfill_of_months_keeps_to_the_brokers_pace(runs: Runs) -> None:
    began = CLOCK.at
    for month in range(1, 7):
        assert runs.run(BACKFILL_JOB, f"2023-{month:02}|activity").success
    assert len(runs.inbox()) == 6
    assert CLOCK.at - began >= 60, "twelve requests, ten a minute"


def test_a_lock_out_stops_the_backfill_and_says_until_when(runs: Runs) -> None:
    assert runs.run(BACKFILL_JOB, "2023-01|activity").success
    runs.server.sends.append(refused(1025))
    said, told = failure(runs.run(BACKFILL_JOB, "2023-02|activity"))
    assert "the broker has locked the token out (code 1025)" in said
    sent = len(runs.server.asked)

    for part in ("2023-03|activity", "2023-01|wrong"):
        later, known = failure(runs.run(BACKFILL_JOB, part))
        assert f"nothing is sent before {known['nothing_is_sent_before']}" in later
        assert known["nothing_is_sent_before"] == told["nothing_is_sent_before"]
    assert len(runs.server.asked) == sent
    assert len(runs.inbox()) == 1, "what came before the lock-out stays"
    assert runs.instance.get_materialized_partitions(FLEX_HISTORY) == {"2023-01|activity"}


def test_a_query_that_is_refused_is_not_sent_for_every_month(runs: Runs) -> None:
    """The broker locks the token out after a second failed attempt, and the other query with it."""
    runs.server.most_failures = 2
    first, _ = failure(runs.run(BACKFILL_JOB, "2023-01|wrong"))
    assert "the query is invalid (code 1014)" in first
    then, _ = failure(runs.run(BACKFILL_JOB, "2023-02|wrong"))
    assert "the query is invalid; nothing is sent before" in then
    assert len(runs.server.calls("SendRequest")) == 1
    assert runs.run(BACKFILL_JOB, "2023-01|activity").success


def test_without_a_token_a_run_names_the_setting(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEX_TOKEN", "")
    said, _ = failure(runs.run(FETCH_JOB))
    assert said.startswith("FLEX_TOKEN not set")
    assert not runs.server.asked


def test_the_token_is_nowhere_whatever_fails(runs: Runs, capfd: pytest.CaptureFixture[str]) -> None:
    """An answer may say what it was asked with, a server may be gone: no file and no line tells the token."""
    echo = refused(1999, f"No such token: {TOKEN}")
    runs.server.sends.extend([echo, refused(1020, TOKEN)])
    runs.run(FETCH_JOB)
    runs.server.sends.append(echo)
    assert not runs.run(BACKFILL_JOB, "2023-01|activity").success
    ours, runs.server.url_of_statements = runs.server.url_of_statements, f"https://example.com/?t={TOKEN}"
    runs.run(FETCH_JOB)
    runs.server.url_of_statements = ours.replace("127.0.0.1", "127.0.0.1:9/")
    runs.run(FETCH_JOB)
    runs.server.sends.append(refused(1015, TOKEN))
    runs.run(FETCH_JOB)

    files = [path for path in runs.data.rglob("*") if path.is_file()]
    assert any("dagster" in path.parts and path.suffix == ".db" for path in files)
    told = [path for path in files if TOKEN.encode() in path.read_bytes()]
    assert not told, "the token was written"
    out, err = capfd.readouterr()
    assert "No such token: [token]" in out + err
    assert TOKEN not in out + err
