"""Running the Dagster UI, the dashboard and the live feed until a server stops or a signal comes. Loopback only."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

import typer

from apps.cli.context import EXIT_OK, EXIT_USAGE
from config.data_folder import DataFolder

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
GRACE_SECONDS = 15.0
AGAIN_SECONDS, AGAIN_SECONDS_AT_MOST = 1.0, 60.0
"""After so long a live feed that died is started again: twice as long each time it dies young."""

Child = subprocess.Popen[bytes]


def run_until_stopped(
    data: DataFolder,
    dagster_port: int,
    dashboard_port: int,
    *,
    live: bool,
    place: int,
    environment: Mapping[str, str],
) -> int:
    """Start the servers, and with `live` the live feed; the exit code of the server that ended first, 0 after a signal.

    A live feed that dies is started again, and the servers go on: the page says that its figures are old. The children
    hold `place`, a lock's descriptor, so that it stays taken while they live, should we be killed.
    """
    stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    def start(args: list[str]) -> Child:
        # Sessions of their own: Ctrl-C reaches us alone, and we end the children in order.
        return subprocess.Popen(args, cwd=ROOT, start_new_session=True, pass_fds=(place,), env=environment)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, stop)
    servers: dict[str, Child] = {}
    feed: _Feed | None = None
    try:
        servers["Dagster"] = start(_dagster(dagster_port))
        servers["the dashboard"] = start(_dashboard(data, dashboard_port))
        feed = _Feed(lambda: start(_live_feed())) if live else None
        typer.echo(
            f"Dagster on http://{HOST}:{dagster_port} · dashboard on http://{HOST}:{dashboard_port} · Ctrl-C ends both"
        )
        while not stopped:
            for name, child in servers.items():
                if child.poll() is not None:
                    typer.echo(
                        f"{name} ended with exit code {child.returncode}; stopping the other", err=True
                    )
                    return child.returncode or 1
            if feed is not None:
                feed.look()
            time.sleep(0.2)
        return 0
    finally:
        # The feed first: what it heard last is written while the state store and the inbox are still looked at.
        if feed is not None:
            feed.end()
        _end(list(servers.values()))


class _Feed:
    """The live feed as a child. One that dies is started again; one that ended in order, or that cannot run, is not."""

    def __init__(self, start: Callable[[], Child]) -> None:
        self._start = start
        self._child: Child | None = start()
        self._started = time.monotonic()
        self._wait = AGAIN_SECONDS
        self._again: float | None = None

    def look(self) -> None:
        """Say it if the feed has ended, and start it again when it is time."""
        now = time.monotonic()
        if self._child is None:
            if self._again is not None and now >= self._again:
                self._child, self._started, self._again = self._start(), now, None
            return
        code = self._child.poll()
        if code is None:
            return
        self.end()
        said = f"the live feed ended with exit code {code}; the servers go on"
        if code not in (EXIT_OK, EXIT_USAGE):
            wait = AGAIN_SECONDS if now - self._started > AGAIN_SECONDS_AT_MOST else self._wait
            self._again, self._wait = now + wait, min(2 * wait, AGAIN_SECONDS_AT_MOST)
            said += f", and it starts again in {wait:.0f} s"
        typer.echo(said, err=True)

    def end(self) -> None:
        """End it, and what it left in its session."""
        if self._child is not None:
            _end([self._child])
            self._child = None


def _dagster(port: int) -> list[str]:
    return [
        sys.executable, "-m", "dagster", "dev", "--host", HOST, "--port", str(port), "--workspace", "workspace.yaml",
    ]  # fmt: skip


def _dashboard(data: DataFolder, port: int) -> list[str]:
    return [
        sys.executable, "-m", "streamlit", "run", "apps/dashboard/main.py",
        "--server.address", HOST, "--server.port", str(port), "--server.headless", "true",
        "--", "--published", str(data.published),
    ]  # fmt: skip


def _live_feed() -> list[str]:
    return [sys.executable, "-m", "apps.cli.main", "live"]


def _end(children: list[Child]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    # What a child left behind in its session: a server it started must not outlive the command.
    for child in children:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
