"""Running the Dagster UI and the dashboard side by side until one stops or a signal comes. Loopback only."""

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


def run_until_stopped(data: DataFolder, dagster_port: int, dashboard_port: int) -> int:
    """Start both; returns the exit code of the one that ended first, 0 after a signal."""
    commands = {
        "Dagster": _dagster(dagster_port),
        "the dashboard": _dashboard(data, dashboard_port),
    }
    stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # Sessions of their own: Ctrl-C reaches us alone, and we end the children in order.
    children = {
        name: subprocess.Popen(args, cwd=ROOT, start_new_session=True) for name, args in commands.items()
    }
    typer.echo(
        f"Dagster on http://{HOST}:{dagster_port} · dashboard on http://{HOST}:{dashboard_port} · Ctrl-C ends both"
    )
    try:
        while not stopped:
            ended = [(name, child.returncode) for name, child in children.items() if child.poll() is not None]
            if ended:
                name, code = ended[0]
                typer.echo(f"{name} ended with exit code {code}; stopping the other", err=True)
                return code or 1
            time.sleep(0.2)
        return 0
    finally:
        _end(list(children.values()))


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
