"""Starting an update from the page: one at a time, seen from any page, and told apart from one that was killed."""

import json
import os
import signal
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from apps.dashboard import pulling
from apps.dashboard.pulling import PullError, last_pull, pull_arguments, start, symbols_of
from config.data_folder import DataFolder

STEP = {"dataset": "stooq/bars/main/1d", "symbol": "SPY"}


class Command:
    """What stands for `tieout` here: it says what it is told to on its line, and ends when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.said, self.orders = folder / "said", folder / "orders"
        for fifo in (self.said, self.orders):
            os.mkfifo(fifo)
        self.script = folder / "command.py"
        self.script.write_text(
            "import os, sys\n"
            f"open({str(self.said)!r}, 'w').write(str(os.getpid()))\n"
            f"for line in open({str(self.orders)!r}):\n"
            "    print(line, end='', flush=True)\n"
        )

    def pid(self) -> int:
        """Waits until it runs."""
        return int(self.said.read_text())

    def tell(self, *lines: dict[str, object]) -> None:
        """What it prints before it ends."""
        self.orders.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    made = Command(tmp_path)
    monkeypatch.setattr(pulling, "_COMMAND", (sys.executable, str(made.script)))
    return made


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    root = tmp_path / "data"
    root.mkdir()
    return DataFolder(root)


def wait_for_the_end() -> None:
    for child in pulling._children:
        child.wait(30)


def test_one_update_at_a_time_and_any_page_sees_it(data: DataFolder, command: Command) -> None:
    assert last_pull(data) is None
    start(data, pull_arguments("stooq", ["SPY"], "main", "1d", None))
    command.pid()
    running = last_pull(data)
    assert running is not None
    assert (running.running, running.ended) == (True, False)
    assert running.command == "tieout data pull --universe main --frequency 1d stooq SPY"
    with pytest.raises(PullError, match="is running: wait until it has ended"):
        start(data, pulling.UPDATE_ALL)
    done = {"state": "done", "added": 3, "problem": None}
    command.tell({**STEP, "state": "asking"}, {**STEP, **done}, {"state": "ended", "problem": None})
    wait_for_the_end()
    last = last_pull(data)
    assert last is not None
    assert (last.running, last.ended, last.problem, last.done, last.failed) == (False, True, None, 1, [])
    assert last.steps == ({**STEP, **done},)


def test_a_killed_update_is_not_one_that_ended(data: DataFolder, command: Command) -> None:
    start(data, pulling.UPDATE_ALL)
    os.kill(command.pid(), signal.SIGKILL)
    wait_for_the_end()
    last = last_pull(data)
    assert last is not None
    assert (last.running, last.ended) == (False, False)
    start(data, pulling.UPDATE_ALL)  # its lock died with it
    command.pid()
    command.tell()
    wait_for_the_end()


def test_a_line_that_is_being_written_is_not_read(data: DataFolder) -> None:
    data.market_pull.mkdir(parents=True)
    started = {"state": "started", "command": "tieout data update", "at": datetime.now(UTC).isoformat()}
    told = json.dumps(started) + "\n" + json.dumps({**STEP, "state": "asking"}) + '\n{"dataset": "sto'
    (data.market_pull / "progress.jsonl").write_text(told)
    last = last_pull(data)
    assert last is not None
    assert [one["state"] for one in last.steps] == ["asking"]


def test_what_a_person_types_becomes_arguments_and_nothing_else() -> None:
    assert symbols_of(" spy, BRK.B\n^spx;spy ") == ["SPY", "BRK.B", "^SPX"]
    for typed, problem in (
        ("", "at least one symbol"),
        ("SPY --from", "--FROM is no symbol"),
        ("$(ls)", "no symbol"),
    ):
        with pytest.raises(PullError, match=problem.replace("$", r"\$")):
            symbols_of(typed)
    with pytest.raises(PullError, match="The universe is a name"):
        pull_arguments("stooq", ["SPY"], "../etc", "1d", None)
    asked = pull_arguments("ecb", ["EURUSD"], "fx", "1d", date(2020, 1, 2))
    assert asked[asked.index("--from") + 1] == "2020-01-02"
    assert asked[asked.index("--") :] == ["--", "ecb", "EURUSD"]


def test_where_nothing_can_be_started_it_says_why(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pulling.why_not(data) is None
    data.market_plan.write_text("simulated = true\n")
    assert "tieout demo --clear" in str(pulling.why_not(data))
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    assert "docker compose exec" in str(pulling.why_not(data))
