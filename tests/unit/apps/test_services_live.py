"""`tieout up` with the live feed: it ends first, one that dies is started again, and no child outlives the command."""

import fcntl
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.cli import services
from config.data_folder import DataFolder
from orchestration.resources.files import try_exclusive

# Says when it starts and when it is told to end; a third argument ends it by itself, once, with this exit code.
CHILD = """
import os, signal, sys, time
from pathlib import Path
log = Path(sys.argv[1])
def say(what):
    with log.open("a") as stream:
        stream.write(f"{sys.argv[2]} {what}\\n")
def end(*_):
    time.sleep(0.2)
    say("ended")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
first = f"{sys.argv[2]} started" not in log.read_text()
say("started")
if len(sys.argv) > 3 and first:
    code = int(sys.argv[3])
    os.kill(os.getpid(), -code) if code < 0 else sys.exit(code)
time.sleep(60)
"""
SERVERS_STARTED = ["dagster started", "page started"]
ALL_STARTED = [*SERVERS_STARTED, "feed started"]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the three children say; none of them is the real one."""
    path = tmp_path / "said.txt"
    path.touch()
    for name, function in (("dagster", "_dagster"), ("page", "_dashboard"), ("feed", "_live_feed")):
        arguments = [sys.executable, "-c", CHILD, str(path), name]
        monkeypatch.setattr(services, function, lambda *_, arguments=arguments: arguments)
    return path


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the command says."""
    lines: list[str] = []
    monkeypatch.setattr(services.typer, "echo", lambda text, err=False: lines.append(text))
    return lines


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The command takes the signals for its process; here that is the tests' own."""
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(
    log: Path,
    until: Callable[[], object],
    then: Callable[[], object] = lambda: None,
    *,
    live: bool = True,
    number: int = signal.SIGTERM,
) -> int:
    """Run the command until something is so, do something, and send it a signal; its exit code."""
    lock = (log.parent / "lock").open("a")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def wait() -> None:
        deadline = time.monotonic() + 30
        try:
            while not until() and time.monotonic() < deadline:
                time.sleep(0.02)
            lock.close()
            then()
        finally:
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait)
    thread.start()
    code = services.run_until_stopped(
        DataFolder(log.parent), 1, 2, live=live, place=lock.fileno(), environment=os.environ
    )
    thread.join()
    return code


def told(log: Path, lines: list[str]) -> Callable[[], bool]:
    """Whether the children said all of this."""
    return lambda: not Counter(lines) - Counter(log.read_text().splitlines())


def ended(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.endswith("ended")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_feed_ends_before_the_servers(log: Path, number: int) -> None:
    """Also when the terminal is closed."""
    assert run(log, told(log, ALL_STARTED), number=number) == 0
    assert ended(log)[0] == "feed ended"
    assert sorted(ended(log)) == ["dagster ended", "feed ended", "page ended"]


def test_a_hangup_that_the_shell_ignores_stays_ignored(log: Path) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert run(log, told(log, ALL_STARTED)) == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("code", [0, 2])
def test_a_feed_that_ends_in_order_or_cannot_run_is_said_and_the_servers_go_on(
    log: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    arguments = [sys.executable, "-c", CHILD, str(log), "feed", str(code)]
    monkeypatch.setattr(services, "_live_feed", lambda: arguments)
    says = f"the live feed ended with exit code {code}; the servers go on"
    assert run(log, lambda: told(log, SERVERS_STARTED)() and says in said) == 0
    assert "page ended" in ended(log)
    assert log.read_text().count("feed started") == 1


@pytest.mark.parametrize("code", [1, -signal.SIGKILL])
def test_a_feed_that_dies_is_started_again(
    log: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    arguments = [sys.executable, "-c", CHILD, str(log), "feed", str(code)]
    monkeypatch.setattr(services, "_live_feed", lambda: arguments)
    monkeypatch.setattr(services, "AGAIN_SECONDS", 0.1)
    assert run(log, told(log, [*ALL_STARTED, "feed started"])) == 0
    assert ended(log)[0] == "feed ended"
    assert any(f"exit code {code}; the servers go on, and it starts again" in line for line in said)


def test_without_it_no_feed_is_started(log: Path) -> None:
    assert run(log, told(log, SERVERS_STARTED), live=False) == 0
    assert "feed" not in log.read_text()


def test_the_place_stays_taken_while_a_child_lives(log: Path) -> None:
    """As when the command itself is killed, which closes its own descriptor."""

    def free() -> bool:
        with try_exclusive(log.parent / "lock") as held:
            return held is not None

    while_they_live: list[bool] = []
    assert run(log, told(log, ALL_STARTED), lambda: while_they_live.append(free())) == 0
    assert while_they_live == [False]
    assert free()
