"""`tieout up` with the live feed: it ends first, and a feed that ends by itself does not end the servers."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.cli import services
from config.data_folder import DataFolder

# Says when it starts and when it is told to end; a second argument lets it end by itself, with code 3.
CHILD = """
import signal, sys, time
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
say("started")
if len(sys.argv) > 3:
    sys.exit(3)
time.sleep(60)
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the three children say; none of them is the real one."""
    path = tmp_path / "said.txt"
    path.touch()
    for name, function in (("dagster", "_dagster"), ("page", "_dashboard"), ("feed", "_live_feed")):
        arguments = [sys.executable, "-c", CHILD, str(path), name]
        monkeypatch.setattr(services, function, lambda *_, arguments=arguments: arguments)
    return path


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The command takes the signals for its process; here that is the tests' own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def signal_once(log: Path, said: set[str]) -> threading.Thread:
    """Send ourselves SIGTERM once all of this was said."""

    def wait() -> None:
        deadline = time.monotonic() + 30
        while not said <= set(log.read_text().splitlines()) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_the_feed_ends_before_the_servers(log: Path, tmp_path: Path) -> None:
    thread = signal_once(log, {"dagster started", "page started", "feed started"})
    assert services.run_until_stopped(DataFolder(tmp_path), 1, 2, live=True) == 0
    thread.join()
    ends = [line for line in log.read_text().splitlines() if line.endswith("ended")]
    assert ends[0] == "feed ended"
    assert sorted(ends) == ["dagster ended", "feed ended", "page ended"]


def test_a_feed_that_ends_by_itself_is_said_and_the_servers_go_on(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [sys.executable, "-c", CHILD, str(log), "feed", "by itself"]
    monkeypatch.setattr(services, "_live_feed", lambda: arguments)
    thread = signal_once(log, {"dagster started", "page started", "feed started"})
    assert services.run_until_stopped(DataFolder(tmp_path), 1, 2, live=True) == 0
    thread.join()
    assert "the live feed ended with exit code 3; the servers go on" in capsys.readouterr().err
    assert "page ended" in log.read_text()


def test_without_it_no_feed_is_started(log: Path, tmp_path: Path) -> None:
    thread = signal_once(log, {"dagster started", "page started"})
    assert services.run_until_stopped(DataFolder(tmp_path), 1, 2) == 0
    thread.join()
    assert "feed" not in log.read_text()
