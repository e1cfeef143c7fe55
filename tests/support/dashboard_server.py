"""The dashboard's server on a free loopback port; it ends with the block that asked for it."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.command import ROOT, environment

WAIT = 60_000
"""Milliseconds that a browser may wait for the page on a busy machine."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the dashboard did not start:\n{log.read_text()}") from None
            time.sleep(0.2)


@contextmanager
def serve(published: Path, home: Path, **settings: str) -> Iterator[str]:
    """The dashboard on these versions; its address."""
    script = ROOT / "apps/dashboard/main.py"
    with serve_script(script, ["--published", str(published)], home, **settings) as address:
        yield address


@contextmanager
def serve_script(script: Path, arguments: list[str], home: Path, **settings: str) -> Iterator[str]:
    """A Streamlit page on a free port; its address."""
    port = _free_port()
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", str(script)),
                *("--server.port", str(port), "--", *arguments),
            ],
            cwd=ROOT,
            env=environment(home, HOME=str(home), **settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_up(address, process, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
