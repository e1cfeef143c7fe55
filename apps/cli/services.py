"""Running the Dagster UI, the dashboard and the live feed until a server stops or a signal comes. Loopback only."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

import typer

from config.data_folder import DataFolder

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
GRACE_SECONDS = 15.0
LIVE_FEED = "the live feed"


def run_until_stopped(data: DataFolder, dagster_port: int, dashboard_port: int, *, live: bool = False) -> int:
    """Start the servers, and with `live` the live feed; the exit code of the server that ended first, 0 after a signal.

    A live feed that ends is said, and the servers go on: the page says that its figures are old.
    """
    commands = {
        "Dagster": _dagster(dagster_port),
        "the dashboard": _dashboard(data, dashboard_port),
    }
    if live:
        commands[LIVE_FEED] = _live_feed()
    stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # Sessions of their own: Ctrl-C reaches us alone, and we end the children in order. The feed stays in our folder,
    # where the .env is that we read.
    children = {
        name: subprocess.Popen(args, cwd=None if name == LIVE_FEED else ROOT, start_new_session=True)
        for name, args in commands.items()
    }
    typer.echo(
        f"Dagster on http://{HOST}:{dagster_port} · dashboard on http://{HOST}:{dashboard_port} · Ctrl-C ends both"
    )
    try:
        while not stopped:
            ended = [(name, child.returncode) for name, child in children.items() if child.poll() is not None]
            if ended and ended[0][0] == LIVE_FEED:
                typer.echo(f"{LIVE_FEED} ended with exit code {ended[0][1]}; the servers go on", err=True)
                _end([children.pop(LIVE_FEED)])
            elif ended:
                name, code = ended[0]
                typer.echo(f"{name} ended with exit code {code}; stopping the other", err=True)
                return code or 1
            time.sleep(0.2)
        return 0
    finally:
        # The feed first: what it heard last is written while the state store and the inbox are still looked at.
        _end([child for name, child in children.items() if name == LIVE_FEED])
        _end([child for name, child in children.items() if name != LIVE_FEED])


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


def _end(children: list[subprocess.Popen[bytes]]) -> None:
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
