"""`tieout up`: both servers answer on this machine only, take what is dropped into the inbox, and leave no process."""

import fcntl
import shutil
import signal
import socket
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import psutil
import pytest

from config.data_folder import DataFolder
from orchestration.instance import prepare_instance
from orchestration.keys import SERVICES_LOCK
from orchestration.quality.inspection import VERDICTS
from tests.support.command import environment, tieout, version
from tests.support.services import STOP_SECONDS, Services, answer, free_ports, running, wait_for
from transforms.broker_simulator import simulate

START_SECONDS, TAKE_SECONDS = 90.0, 150.0
LOOPBACK = {"127.0.0.1", "::1"}


def drop(data: Path) -> None:
    """A document of another account, copied into the inbox as a careful person's program does."""
    life = simulate(seed=3, years=1)
    document = life.document(["U1000001"], date(2023, 1, 2), date(2023, 1, 13), datetime(2023, 1, 14, 2))
    part = data / "inbox" / "dropped.xml.part"
    part.write_bytes(b"".join(document.chunks()).replace(b"U1000001", b"U3000003"))
    part.rename(data / "inbox" / "dropped.xml")


def inspected(data: Path, published: str) -> None:
    """The daemon has one run at a time: it need not first inspect the demo's version, which this is not about."""
    verdicts = data / "quality" / published / VERDICTS
    verdicts.parent.mkdir(parents=True)
    verdicts.write_text("[]")


@pytest.mark.slow
def test_both_servers_from_their_start_to_their_end(demo: Path, tmp_path: Path) -> None:
    """One test, because starting them is dear: they answer here only, take a document, and leave nothing behind."""
    data = Path(shutil.copytree(demo, tmp_path / "data", symlinks=True))
    before, log = version(data), tmp_path / "up.log"
    inspected(data, before)
    with running(data, log, TIEOUT_INBOX_SECONDS="2") as services:
        drop(data)
        wait_for(
            lambda: answer(f"{services.dagster}/server_info") is not None,
            START_SECONDS,
            "Dagster's start",
            log,
        )
        wait_for(
            lambda: answer(f"{services.dashboard}/_stcore/health") == "ok",
            START_SECONDS,
            "the page's start",
            log,
        )

        listen_on_this_machine_only(services)
        nobody_else_may_use_the_folder(services)

        wait_for(lambda: version(data) != before, TAKE_SECONDS, "a new version", log)
        assert list((data / "inbox").iterdir()) == []
        accounts = "select account_id, last_date from marts.dim_account order by 1"
        assert "U3000003,2023-01-13" in tieout(data, "query", accounts, "--csv").stdout.splitlines()

        ends_with_everything_it_started(services)


def listen_on_this_machine_only(services: Services) -> None:
    listening = [
        connection.laddr
        for process in services.tree()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    ports = {int(url.rsplit(":", 1)[1]) for url in (services.dagster, services.dashboard)}
    assert ports <= {address.port for address in listening}
    assert {address.ip for address in listening} <= LOOPBACK


def nobody_else_may_use_the_folder(services: Services) -> None:
    """Two daemons would start every run twice; clearing the demo under a running one would break it."""
    for call in (["up", "--dagster-port", "1", "--dashboard-port", "2"], ["demo", "--clear"]):
        done = tieout(services.data, *call, expect=2)
        assert "`tieout up` is running" in done.stderr
    assert services.process.poll() is None
    assert (services.data / "raw" / "manifest.json").exists()


def ends_with_everything_it_started(services: Services) -> None:
    tree = services.tree()
    assert len(tree) > 3
    services.process.send_signal(signal.SIGTERM)
    assert services.process.wait(STOP_SECONDS) == 0
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert [process.cmdline() for process in alive] == []
    assert answer(f"{services.dagster}/server_info") is None
    assert answer(f"{services.dashboard}/_stcore/health") is None


RUN_OF_THE_DAEMON = """
import dagster as dg
with dg.DagsterInstance.get() as instance:
    run = instance.add_run(dg.DagsterRun(job_name="refresh", status=dg.DagsterRunStatus.STARTED))
    instance.event_log_storage.set_concurrency_slots("warehouse", 1)
    instance.event_log_storage.claim_concurrency_slot("warehouse", run.run_id, "dbt_models")
"""
WHAT_BECAME_OF_IT = """
import dagster as dg
with dg.DagsterInstance.get() as instance:
    (run,) = [r for r in instance.get_runs() if r.job_name == "refresh"]
    print(run.status.value, instance.event_log_storage.get_concurrency_info("warehouse").active_slot_count)
"""


def ask_dagster(data: Path, script: str) -> str:
    """Run a script against the instance of a data folder; what it prints."""
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment(data, DAGSTER_HOME=str(data / "dagster")),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()


def test_a_run_that_died_with_the_services_does_not_hold_the_next_one_up(tmp_path: Path) -> None:
    """Only while `tieout up` runs can a run of its daemon be alive; after that its places are free again."""
    prepare_instance(DataFolder(tmp_path))
    ask_dagster(tmp_path, RUN_OF_THE_DAEMON)
    (tmp_path / "inbox").mkdir()

    with (tmp_path / SERVICES_LOCK).open("a") as up:
        fcntl.flock(up, fcntl.LOCK_EX)
        run_ingest_of_nothing(tmp_path)
        assert ask_dagster(tmp_path, WHAT_BECAME_OF_IT) == "STARTED 1"
    run_ingest_of_nothing(tmp_path)
    assert ask_dagster(tmp_path, WHAT_BECAME_OF_IT) == "FAILURE 0"


def run_ingest_of_nothing(data: Path) -> None:
    """The command with a document that it refuses at once: all it takes is a run."""
    (data / "empty.xml").touch()
    tieout(data, "ingest", str(data / "empty.xml"), expect=2)


def test_it_ends_when_a_server_cannot_start(tmp_path: Path) -> None:
    """A port that another program holds: the command says which server ended, and does not leave the other running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (free,) = free_ports(1)
        done = tieout(
            tmp_path,
            "up",
            "--dagster-port",
            str(free),
            "--dashboard-port",
            str(taken.getsockname()[1]),
            expect=None,
        )
    assert done.returncode != 0
    assert "the dashboard ended with exit code" in done.stderr
    assert answer(f"http://127.0.0.1:{free}/server_info") is None
    # Dagster's settings stand in the folder although no run ever made them.
    assert "max_concurrent_runs" in (tmp_path / "dagster" / "dagster.yaml").read_text()
