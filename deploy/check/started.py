"""Each service's command, run for real outside containers with a real PostgreSQL: one life of the whole stack."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from deploy.check.compose import COMPOSE, Compose, read_compose, read_variables
from deploy.check.outside import Outside, copy_image, remove_image
from deploy.check.postgres import PostgresError, Server, binaries, free_port, running_postgres

# Ports of the containers that the commands name.
INSIDE = ("3000", "4000", "4004", "5432", "8501")
PATIENCE_SECONDS = 150.0

LAUNCH = """
mutation ($job: String!) { launchRun(executionParams: {selector: {repositoryLocationName: "tieout",
  repositoryName: "__repository__", jobName: $job}, runConfigData: {}}) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
FOLLOW = """
query ($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime } } }
"""


class CheckError(Exception):
    """Something does not work; the message says what, with the last lines of what the service printed."""


Say = Callable[[str], None]


def check_started(root: Path, say: Say) -> None:
    """Start everything, use it, end it. Says each thing that holds; raises `CheckError` at the first that does not."""
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
                try:
                    _life(stack, server, say)
                finally:
                    stack.end()
                    remove_image(stack.app)
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
        done = subprocess.run(["sh", script], capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            raise CheckError(f"deploy/prepare.sh failed: {done.stderr}")
        yield folder


def _stack(root: Path, folder: Path, compose: Compose, server: Server) -> Outside:
    ports = {inside: free_port() for inside in INSIDE} | {"5432": server.port}
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


def _life(stack: Outside, server: Server, say: Say) -> None:
    who = f"as user {stack.user[0]}" if os.getuid() == 0 else "as the user of this check"
    _healthy(stack, "postgres", say)
    stack.start("code-server")
    _healthy(stack, "code-server", say, f"{who}, with a read-only image")
    for service in ("webserver", "dashboard"):
        stack.start(service)
    if stack.health("daemon").returncode == 0:
        raise CheckError("daemon: its health check is content although no daemon runs")
    stack.start("daemon")
    _healthy(stack, "webserver", say)
    runs = [_launch(stack, "ingest") for _ in range(2)]
    _healthy(stack, "dashboard", say)
    _healthy(stack, "daemon", say)
    _databases(stack, len(runs), say)
    _one_after_the_other(stack, runs, say)
    _no_secret_shown(stack, server, say)


def _healthy(stack: Outside, service: str, say: Say, how: str = "") -> None:
    """Wait until the service's own health check is content."""
    began = time.monotonic()
    while (done := stack.health(service)).returncode:
        process = stack.running.get(service)
        if process is not None and process.poll() is not None:
            raise CheckError(f"{service} ended with {process.returncode}\n{_last_words(stack, service)}")
        if time.monotonic() - began > PATIENCE_SECONDS:
            told = f"{done.stdout}{done.stderr}".strip()[-500:]
            raise CheckError(f"{service} is not healthy: {told}\n{_last_words(stack, service)}")
        time.sleep(1.0)
    say(f"{service} is healthy{how and f' {how}'} ({time.monotonic() - began:.0f} s)")


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
    say("runs that were launched at once through the webserver succeeded, one after the other")


def _databases(stack: Outside, runs: int, say: Say) -> None:
    """In the code server's container: Dagster's runs and the state store are in PostgreSQL, and there is one server."""
    script = (
        "import dagster as dg\n"
        "from config.settings import load_settings\n"
        "from state_store.acknowledgements import acknowledged\n"
        "from state_store.database import StateStore\n"
        "print(len(acknowledged(StateStore(load_settings().state_url))), len(dg.DagsterInstance.get().get_runs()))\n"
    )
    done = stack.run("code-server", ["python", "-c", script], 60)
    if done.stdout.split() != ["0", str(runs)]:
        raise CheckError(
            f"code-server: the databases do not answer as they should: {done.stdout}{done.stderr}"
        )
    refused = stack.run("code-server", ["python", "-m", "orchestration.code_server", "--port", "0"], 60)
    if refused.returncode != 2 or "is running on" not in refused.stderr:
        raise CheckError(f"code-server: a second one is not refused: {refused.stdout}{refused.stderr}")
    say("runs and the state store are in PostgreSQL; a second code server on the data folder is refused")


def _no_secret_shown(stack: Outside, server: Server, say: Say) -> None:
    """The database's password is in no variable and in nothing that a service printed."""
    for service in stack.running:
        shown = "\n".join(stack.environment(service).values()) + stack.log(service).read_text(
            errors="replace"
        )
        if server.password in shown:
            raise CheckError(f"{service}: the database's password is in its variables or its log")
    say("no service has a password in its variables or its log")


def _ask(stack: Outside, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    address = f"http://127.0.0.1:{stack.ports['3000']}/graphql"
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
