"""`tieout up` as a process on free ports, and waiting for what it does."""

import contextlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.command import ROOT, command, environment

STOP_SECONDS = 40.0


@dataclass(frozen=True)
class Services:
    """`tieout up` as it runs."""

    data: Path
    process: subprocess.Popen[bytes]
    dagster: str
    dashboard: str

    def tree(self) -> list[psutil.Process]:
        """The command and everything that it started."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def wait_for(happened: Callable[[], bool], seconds: float, what: str, log: Path) -> None:
    """Wait until something is so; fails after so many seconds with the end of the log."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen in {seconds:.0f} s\n{log.read_text()[-8000:]}")
        time.sleep(0.3)


def answer(url: str) -> str | None:
    """What a server says; None while it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return str(response.read().decode())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


@contextlib.contextmanager
def running(data: Path, log: Path, **settings: str) -> Iterator[Services]:
    """`tieout up` on a data folder, with these settings; whatever happens, nothing of it is left behind."""
    dagster, dashboard = free_ports(2)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command("up", "--dagster-port", str(dagster), "--dashboard-port", str(dashboard)),
            env=environment(data, HOME=str(log.parent), **settings),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    services = Services(data, process, f"http://127.0.0.1:{dagster}", f"http://127.0.0.1:{dashboard}")
    try:
        yield services
    finally:
        for one in services.tree() if process.poll() is None else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait(STOP_SECONDS)
