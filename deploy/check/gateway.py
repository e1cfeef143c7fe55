"""The health check of ib-gateway against sockets of our own: one that answers the handshake, one that never does."""

import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DEADLINE_SECONDS = 15.0
_HELLO = b"API\0" + struct.pack(">I", 9) + b"v157..176"


class _Answering(threading.Thread):
    """Takes one connection; says its version to who says hello as the API's clients do, if it answers at all."""

    def __init__(self, listening: socket.socket, answers: bool) -> None:
        super().__init__(daemon=True)
        self.listening, self.answers, self.heard = listening, answers, b""

    def run(self) -> None:
        connection, _ = self.listening.accept()
        with connection:
            connection.settimeout(_DEADLINE_SECONDS)
            while len(self.heard) < len(_HELLO):
                more = connection.recv(64)
                if not more:
                    return
                self.heard += more
            if self.answers and self.heard == _HELLO:
                told = b"176\x0020260102 10:00:00 UTC\0"
                connection.sendall(struct.pack(">I", len(told)) + told)
            with suppress(ConnectionError):
                connection.recv(1)  # until the other side closes, or leaves


@contextmanager
def _listening(answers: bool) -> Iterator[tuple[int, _Answering]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(_DEADLINE_SECONDS)
        thread = _Answering(listening, answers)
        thread.start()
        yield listening.getsockname()[1], thread
        thread.join(_DEADLINE_SECONDS)


def problems_of_the_probe(script: Path, trading_mode: str = "paper") -> Iterator[str]:
    """Run the health check against each kind of Gateway; yields what it gets wrong, in one sentence each."""
    for answers in (True, False):
        with _listening(answers) as (port, thread):
            done = _probe(script, port, trading_mode)
        if (done.returncode == 0) != answers:
            kind = "a Gateway that answers" if answers else "a port that only takes connections"
            yield f"the health check says {done.returncode} of {kind}: {done.stdout}{done.stderr}"
        if answers and thread.heard != _HELLO:
            yield f"the health check says {thread.heard!r}, not the API's hello"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        done = _probe(script, nobody.getsockname()[1], trading_mode)
    if done.returncode == 0:
        yield "the health check is content with a port that nobody listens on"


def _probe(script: Path, port: int, trading_mode: str) -> "subprocess.CompletedProcess[str]":
    """The script with the port of its mode replaced, as the Gateway's own ports may be taken here."""
    inside = {"paper": "4002", "live": "4001"}[trading_mode]
    text = script.read_text()
    assert f"port={inside}" in text
    return subprocess.run(
        ["bash", "-c", text.replace(f"port={inside}", f"port={port}")],
        env={"PATH": "/usr/bin:/bin", "TRADING_MODE": trading_mode},
        capture_output=True,
        text=True,
        timeout=_DEADLINE_SECONDS,
        check=False,
    )
