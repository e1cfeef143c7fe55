"""Each service's command, run for real outside containers with a real PostgreSQL: one life of the whole stack."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from deploy.check.compose import COMPOSE, Compose, read_compose, read_variables
from deploy.check.outside import Outside, copy_image, remove_image
from deploy.check.postgres import PostgresError, Server, binaries, free_port, running_postgres
from state_store.database import StateStore
from state_store.live import positions
from tests.fakes.tws_gateway import Gateway, tws_gateway
from transforms.broker_simulator import simulate

# Ports of the containers that the commands name, and who listens on them.
LISTENS = {
    "code-server": "4000",
    "dashboard": "8501",
    "ib-gateway": "4004",
    "postgres": "5432",
    "webserver": "3000",
}
PATIENCE_SECONDS = 300.0
# As in the image, where the user of the containers has no name: a user whom no line of /etc/passwd knows.
UNNAMED = "54321"
FLEX_TOKEN = "314159265358979323"

LAUNCH = """
mutation ($job: String!) { launchRun(executionParams: {selector: {repositoryLocationName: "tieout",
  repositoryName: "__repository__", jobName: $job}, runConfigData: {}}) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
FOLLOW = """
query ($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime } } }
"""
# Acknowledgements, runs that were launched, runs that are known to have failed, the length of the token.
DATABASES = """
import dagster as dg
from config.settings import load_settings
from state_store.acknowledgements import acknowledged
from state_store.database import StateStore
settings = load_settings()
with dg.DagsterInstance.get() as instance:
    runs = [run.status.value for run in instance.get_runs()]
    dead = runs.count("FAILURE")
print(len(acknowledged(StateStore(settings.state_url))), len(runs) - dead, dead)
print(len(settings.flex_token.get_secret_value()))
"""


class CheckError(Exception):
    """Something does not work; the message says what, with the last lines of what the service printed."""


Say = Callable[[str], None]


def check_started(root: Path, say: Say, jobs: Sequence[str] = ("refresh", "ingest")) -> None:
    """Start everything, launch these jobs at once, end it all.

    Says each thing that holds; raises `CheckError` at the first that does not.
    """
    programs = binaries()
    if programs is None:
        raise CheckError("there is no PostgreSQL to run the services with")
    with _project(root) as folder:
        project = folder / "project"
        compose = read_compose((root / COMPOSE).read_text(), read_variables(project / ".env"))
        given = compose.environment("postgres")
        password = (project / "deploy/local/secrets/postgres_password").read_text()
        arguments = given["POSTGRES_INITDB_ARGS"].split()
        try:
            with running_postgres(given["POSTGRES_USER"], password, arguments) as server:
                server.run(f"--command=create database {given['POSTGRES_DB']}")
                server.run(f"--file={root / 'deploy/postgres/databases.sql'}")
                stack = _stack(root, folder, compose, server)
                with tws_gateway(port=stack.ports[LISTENS["ib-gateway"]]) as gateway:
                    try:
                        _life(stack, server, gateway, jobs, say)
                    finally:
                        late = stack.end()
                        remove_image(stack.app)
                if late:
                    raise CheckError(f"{', '.join(late)} did not end when told to")
        except PostgresError as error:
            raise CheckError(str(error)) from error
        say("all services ended when they were told to")


@contextmanager
def _project(root: Path) -> Iterator[Path]:
    """A folder in which deploy/prepare.sh has run as on a new machine."""
    with tempfile.TemporaryDirectory(prefix="tieout-containers-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "scratch").mkdir()
        (folder / "project/deploy").mkdir(parents=True)
        script = shutil.copy(root / "deploy/prepare.sh", folder / "project/deploy/prepare.sh")
        who = {"SUDO_UID": UNNAMED, "SUDO_GID": UNNAMED} if os.getuid() == 0 else {}
        done = subprocess.run(
            ["sh", script],
            env={"PATH": os.environ["PATH"], **who},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise CheckError(f"deploy/prepare.sh failed: {done.stderr}")
        (folder / "project/deploy/local/secrets/flex_token").write_text(f"{FLEX_TOKEN}\n")
        yield folder


def _stack(root: Path, folder: Path, compose: Compose, server: Server) -> Outside:
    ports = {inside: free_port() for inside in LISTENS.values()} | {LISTENS["postgres"]: server.port}
    stack = Outside(
        compose,
        folder / "project",
        folder / "app",
        folder / "scratch",
        ports,
        (Path(sys.executable).parent, server.binaries),
    )
    copy_image(root, stack.app, stack.user, compose)
    # The image's files name hosts and ports, too.
    workspace = stack.app / "deploy/dagster/workspace.yaml"
    text = workspace.read_text().replace("code-server", "127.0.0.1").replace("4000", str(ports["4000"]))
    workspace.chmod(0o644)
    workspace.write_text(text)
    return stack


def _life(stack: Outside, server: Server, gateway: Gateway, jobs: Sequence[str], say: Say) -> None:
    who = f"as user {stack.user[0]}" if os.getuid() == 0 else "as the user of this check"
    _healthy(stack, "postgres", say)
    _drop_document(stack)
    _leave_a_dead_run(stack)
    stack.start("code-server")
    _healthy(stack, "code-server", say, f"{who}, with a read-only image")
    for service in ("webserver", "dashboard"):
        stack.start(service)
    if stack.health("daemon").returncode == 0:
        raise CheckError("daemon: its health check is content although no daemon runs")
    stack.start("daemon")
    if stack.health("live").returncode == 0:
        raise CheckError("live: its health check is content although no feed runs")
    stack.start("live")
    _healthy(stack, "webserver", say)
    runs = [_launch(stack, job) for job in jobs]
    _healthy(stack, "dashboard", say)
    _healthy(stack, "daemon", say)
    _databases(stack, len(runs), say)
    _healthy(stack, "live", say)
    _live_state(server, gateway, say)
    _one_after_the_other(stack, runs, say)
    if "refresh" in jobs:
        _published(stack, say)
    _no_secret_shown(stack, server, say)


def _healthy(stack: Outside, service: str, say: Say, how: str = "") -> None:
    """Wait until the service's own health check is content."""
    began = time.monotonic()
    told = "it does not listen"
    while True:
        # Asking an open port costs nothing; a health check of Dagster's takes seconds to start.
        if _listens(stack, service):
            done = stack.health(service)
            if not done.returncode:
                break
            told = f"{done.stdout}{done.stderr}".strip()[-500:]
        process = stack.running.get(service)
        if process is not None and process.poll() is not None:
            raise CheckError(f"{service} ended with {process.returncode}\n{_last_words(stack, service)}")
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise CheckError(f"{service} is not healthy: {told}\n{_last_words(stack, service)}")
        time.sleep(1.0)
    say(f"{service} is healthy{how and f' {how}'} ({time.monotonic() - began:.0f} s)")


def _listens(stack: Outside, service: str) -> bool:
    if service not in LISTENS:
        return True
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", stack.ports[LISTENS[service]])) == 0


def _drop_document(stack: Outside) -> None:
    """A statement of two weeks, put into the inbox by whoever the containers are."""
    days = date(2023, 1, 2), date(2023, 1, 13)
    document = simulate(seed=3, years=1).document(["U1000001"], *days, datetime(2023, 1, 14, 2))
    path = stack.project / "data/inbox/statement.xml"
    path.write_bytes(b"".join(document.chunks()))
    if os.getuid() == 0:
        os.chown(path, *stack.user)


def _leave_a_dead_run(stack: Outside) -> None:
    """A run that the database holds for alive, as after a power cut. If it is not ended, the queue waits for ever."""
    script = (
        "import dagster as dg\n"
        "with dg.DagsterInstance.get() as instance:\n"
        "    instance.add_run(dg.DagsterRun(job_name='refresh', status=dg.DagsterRunStatus.STARTED))\n"
    )
    done = stack.run("code-server", ["python", "-c", script], 120)
    if done.returncode:
        raise CheckError(f"postgres: Dagster cannot write to it: {done.stderr}")


def _published(stack: Outside, say: Say) -> None:
    """The page's container reads what the run published."""
    sql = "select account_id, last_date from marts.dim_account"
    done = stack.run("dashboard", ["python", "-m", "apps.cli.main", "query", sql, "--csv"], 60)
    if "U1000001,2023-01-13" not in done.stdout:
        raise CheckError(f"dashboard: it does not read what was published: {done.stdout}{done.stderr}")
    say("a document in the inbox came to the published marts, and the page's container reads them")


def _launch(stack: Outside, job: str) -> str:
    """Launch a run through the webserver; its id."""
    told = _ask(stack, LAUNCH, {"job": job})["launchRun"]
    if told["__typename"] != "LaunchRunSuccess":
        raise CheckError(f"webserver: it does not launch a run: {told}")
    return str(told["run"]["runId"])


def _one_after_the_other(stack: Outside, runs: list[str], say: Say) -> None:
    """Runs that were launched at once all succeed, and no two of them at the same time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        told = [_ask(stack, FOLLOW, {"id": run_id})["runOrError"] for run_id in runs]
        states = {run["status"] for run in told}
        if states == {"SUCCESS"}:
            break
        if "FAILURE" in states or time.monotonic() > deadline:
            printed = _last_words(stack, "code-server") + _last_words(stack, "daemon")
            raise CheckError(f"runs are {sorted(states)}\n{printed}")
        time.sleep(0.5)
    told.sort(key=lambda run: float(run["startTime"]))
    for before, after in pairwise(told):
        if after["startTime"] < before["endTime"]:
            raise CheckError(f"two runs at the same time: {told}")
    took = ", ".join(f"{run['endTime'] - run['startTime']:.0f} s" for run in told)
    say(f"runs that were launched at once through the webserver succeeded, one after the other ({took})")


def _databases(stack: Outside, runs: int, say: Say) -> None:
    """In the code server's container: databases in PostgreSQL, a secret in a file, one server."""
    done = stack.run("code-server", ["python", "-c", DATABASES], 120)
    if done.stdout.split() != ["0", str(runs), "1", str(len(FLEX_TOKEN))]:
        raise CheckError(f"code-server: what it reads is not what is there: {done.stdout}{done.stderr}")
    refused = stack.run("code-server", ["python", "-m", "orchestration.code_server", "--port", "0"], 120)
    if refused.returncode != 2 or "is running on" not in refused.stderr:
        raise CheckError(f"code-server: a second one is not refused: {refused.stdout}{refused.stderr}")
    say(
        "runs and the state store are in PostgreSQL; a run that died with the last code server is known for dead"
    )
    say("the Flex token is read from its file; a second code server on the data folder is refused")


def _live_state(server: Server, gateway: Gateway, say: Say) -> None:
    """What TWS tells is in PostgreSQL."""
    held = {
        (row.position.account_id, row.position.contract.conid)
        for row in positions(StateStore(server.url("state")))
    }
    if held != gateway.book.positions.keys():
        raise CheckError(
            f"live: the state store has the positions {held}, TWS has {set(gateway.book.positions)}"
        )
    say("the live feed keeps the positions of a simulated TWS in PostgreSQL")


def _no_secret_shown(stack: Outside, server: Server, say: Say) -> None:
    """The database's password and the Flex token are in no variable and in nothing that a service printed."""
    for service in stack.running:
        shown = "\n".join(stack.environment(service).values()) + stack.log(service).read_text(
            errors="replace"
        )
        for name, secret in (("database's password", server.password), ("Flex token", FLEX_TOKEN)):
            if secret in shown:
                raise CheckError(f"{service}: the {name} is in its variables or its log")
    say("no service has a password or the Flex token in its variables or its log")


def _ask(stack: Outside, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    address = f"http://127.0.0.1:{stack.ports[LISTENS['webserver']]}/graphql"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            told = json.load(response)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise CheckError(f"webserver: {error}\n{_last_words(stack, 'webserver')}") from error
    if not told.get("data"):
        raise CheckError(f"webserver: {told.get('errors')}")
    found: dict[str, Any] = told["data"]
    return found


def _last_words(stack: Outside, service: str) -> str:
    log = stack.log(service)
    return f"--- {service}:\n{log.read_text(errors='replace')[-6000:]}" if log.exists() else ""
