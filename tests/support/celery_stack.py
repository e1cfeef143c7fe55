"""Market data on two Celery workers, as processes: Redis, PostgreSQL, the workers with a data folder each, and runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import dagster as dg

from deploy.check.postgres import free_port, running_postgres
from tests.support.command import ROOT, environment
from tests.support.services import wait_for

INSTANCE = ROOT / "deploy" / "celery"
BROKER_PASSWORD, DATABASE_PASSWORD = "broker-passw0rd", "database-passw0rd"
NAMES = ("one", "two")
REDIS_MISSING = "no redis-server on this machine (Debian: apt-get install redis-server)"


def redis_server() -> str | None:
    """The program, if it is installed."""
    return shutil.which("redis-server")


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """An empty Redis on a free loopback port that keeps nothing; gives its address, with the password in it."""
    program, port, log = redis_server(), free_port(), folder / "redis.log"
    assert program is not None, REDIS_MISSING
    config = folder / "redis.conf"
    config.write_text(
        f'bind 127.0.0.1\nport {port}\nsave ""\nappendonly no\ndir {folder}\nrequirepass {BROKER_PASSWORD}\n'
    )
    with log.open("wb") as output:
        process = subprocess.Popen([program, str(config)], stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: b"Ready to accept connections" in log.read_bytes(), 30, "the start of Redis", log)
        yield f"redis://:{BROKER_PASSWORD}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)


@dataclass
class Stack:
    """What is running. `settings` are those of every process; each has a data folder of its own below `folder`."""

    folder: Path
    settings: Mapping[str, str]
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def work(self, plan: Path) -> None:
        """Let both workers run, with this `market.toml`."""
        for name in NAMES:
            data = self.folder / name
            data.mkdir(exist_ok=True)
            shutil.copy(plan, data / "market.toml")
            if name not in self.workers or self.workers[name].poll() is not None:
                self.log(name).unlink(missing_ok=True)
                arguments = ["-m", "orchestration.celery_worker", "--name", name]
                self.workers[name] = self._started(arguments, data, self.log(name))
        for name in NAMES:
            log = self.log(name)
            wait_for(lambda log=log: b" ready." in log.read_bytes(), 120, f"the start of worker {name}", log)

    def run(self, request: dg.RunRequest, name: str) -> subprocess.Popen[bytes]:
        """Start a run as the code server does when it is told to: a process that hands out the steps."""
        data = self.folder / "runs"
        data.mkdir(exist_ok=True)
        config = self.folder / f"{name}.json"
        config.write_text(json.dumps(request.run_config))
        arguments = [
            *("-m", "dagster", "job", "execute", "-m", "orchestration.definitions"),
            *("-j", str(request.job_name), "-c", str(config), "--tags", json.dumps(dict(request.tags))),
        ]
        return self._started(arguments, data, self.log(name))

    def kill(self, name: str) -> None:
        """SIGKILL for a worker and the process that executes its step."""
        os.killpg(self.workers[name].pid, signal.SIGKILL)
        self.workers[name].wait(20)

    def log(self, name: str) -> Path:
        """What a process prints."""
        return self.folder / f"{name}.log"

    def end(self) -> None:
        """End what is left."""
        for process in self.workers.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)

    def _started(self, arguments: list[str], data: Path, log: Path) -> subprocess.Popen[bytes]:
        output: IO[bytes]
        with log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, *arguments],
                env=environment(data, **self.settings),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextmanager
def celery_stack(folder: Path, settings: Mapping[str, str]) -> Iterator[Stack]:
    """Redis, PostgreSQL and no worker yet; `settings` say where the lake and the vendors are."""
    broker = folder / "broker_url"
    (folder / "files").mkdir()
    with running_redis(folder) as address, running_postgres("tieout", DATABASE_PASSWORD) as postgres:
        broker.write_text(address)
        own = {
            "TIEOUT_EXECUTOR": "celery",
            "TIEOUT_CELERY_BROKER_URL_FILE": str(broker),
            "TIEOUT_DAGSTER_HOME": str(INSTANCE),
            "DAGSTER_HOME": str(INSTANCE),
            "DAGSTER_DATABASE_URL": postgres.url(),
            "DAGSTER_FILES_DIR": str(folder / "files"),
            "DAGSTER_DISABLE_TELEMETRY": "true",
        }
        stack = Stack(folder, {**settings, **own})
        try:
            yield stack
        finally:
            stack.end()


def worker_of(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """By step of a run the worker that executed it, as the events tell."""
    found = {}
    for entry in instance.all_logs(run_id):
        event = entry.dagster_event
        told = event.engine_event_data.metadata if event and event.event_type_value == "ENGINE_EVENT" else {}
        if "Celery worker" in told:
            found[str(told["step_keys"].value)] = str(told["Celery worker"].value).split("@")[0]
    return found


def wait_for_end(process: subprocess.Popen[bytes], seconds: float, log: Path) -> int:
    """The exit code of a run's process."""
    wait_for(lambda: process.poll() is not None, seconds, "the end of a run", log)
    return int(process.returncode)
