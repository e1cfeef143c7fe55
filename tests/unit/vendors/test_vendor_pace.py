"""The bucket of a vendor's host: bursts, quotas of any minute, restarts, holds, processes that share it."""

import json
import multiprocessing
import threading
import time
from pathlib import Path

import pytest

from orchestration.resources.vendors import Bucket
from tests.support.vendor_walks import Clock
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Limit


@pytest.fixture
def clock() -> Clock:
    return Clock()


def bucket(folder: Path, clock: Clock, limit: Limit | None, host: str = "host") -> Bucket:
    return Bucket(folder / "pace.json", host, limit, clock.now, clock.sleep)


def turns(made: Bucket, clock: Clock, count: int) -> list[float]:
    """Seconds from now on at which so many requests may go."""
    start, found = clock.time, []
    for _ in range(count):
        assert made.wait_for_turn() is None
        found.append(clock.time - start)
    return found


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Limit(61), [0, 1, 2, 3]),
        (Limit(5, burst=5), [0, 0, 0, 0, 0, 61, 61]),
        (Limit(5, burst=3), [0, 0, 0, 61, 61, 61, 122]),
        (Limit(6100, burst=2), [0, 0, 0.02, 0.02, 0.04]),
        (None, [0, 0, 0, 0]),
    ],
)
def test_a_burst_goes_at_once_and_the_next_when_it_is_paid_for(
    tmp_path: Path, clock: Clock, limit: Limit | None, expected: list[float]
) -> None:
    assert turns(bucket(tmp_path, clock, limit), clock, len(expected)) == pytest.approx(expected, abs=1e-5)


def test_a_hold_of_a_clock_that_was_ahead_is_none(tmp_path: Path, clock: Clock) -> None:
    ahead = Clock(clock.time + 400 * 24 * 3600)
    bucket(tmp_path, ahead, Limit(60)).hold(ahead.time + 600, "too many", "Wait.")
    made = bucket(tmp_path, clock, Limit(60))
    assert made.held() is None
    assert made.wait_for_turn() is None


def test_who_rests_has_a_burst_again_and_no_more(tmp_path: Path, clock: Clock) -> None:
    made = bucket(tmp_path, clock, Limit(61, burst=3))  # three in 3.05 seconds
    turns(made, clock, 3)
    clock.time += 2
    assert turns(made, clock, 3) == pytest.approx([1.05, 1.05, 1.05], abs=1e-5)
    clock.time += 1000
    assert turns(made, clock, 4) == pytest.approx([0, 0, 0, 3.05], abs=1e-5)


def most_in_a_minute(came: list[float]) -> int:
    """Of all minutes that begin with a request the most requests; each may be half a second longer on its way."""
    return max(sum(first <= other < first + 60.5 for other in came) for first in came)


@pytest.mark.parametrize("name", VENDORS)
def test_no_minute_holds_more_than_the_vendor_allows(name: str, tmp_path: Path, clock: Clock) -> None:
    limit = VENDORS[name].limit
    made = bucket(tmp_path, clock, limit)
    came = turns(made, clock, limit.burst)
    clock.time += 59  # when the burst is nearly a minute old the next one is not there yet
    asked = [clock.time + turn for turn in turns(made, clock, min(2 * limit.per_minute, 200))]
    assert most_in_a_minute([*came, *asked]) <= limit.per_minute


def test_massive_is_never_asked_six_times_in_a_minute(tmp_path: Path, clock: Clock) -> None:
    made = bucket(tmp_path, clock, VENDORS["massive"].limit)
    came = [clock.time for pause in (0, 0, 30, 0, 29, 2, 0, 0, 40, 0, 0, 5) if rested(made, clock, pause)]
    assert most_in_a_minute(came) == 5


def rested(made: Bucket, clock: Clock, seconds: float) -> bool:
    """Whether the next request went, so many seconds after the last."""
    clock.time += seconds
    return made.wait_for_turn() is None


def test_who_waited_for_a_hold_is_counted_from_its_end(tmp_path: Path, clock: Clock) -> None:
    made = bucket(tmp_path, clock, Limit(5, burst=5))
    turns(made, clock, 4)
    made.hold(clock.time + 90, "too many requests", "Wait.")
    assert turns(made, clock, 6) == pytest.approx([90, 90, 90, 90, 90, 151], abs=1e-5)


@pytest.mark.parametrize(("per_minute", "burst"), [(5, 6), (5, 0), (0, 1)])
def test_a_burst_is_a_part_of_the_minute(per_minute: int, burst: int) -> None:
    with pytest.raises(ValueError, match="is no part of"):
        Limit(per_minute, burst)


def test_a_restart_forgets_nothing_and_hosts_have_buckets_of_their_own(tmp_path: Path, clock: Clock) -> None:
    turns(bucket(tmp_path, clock, Limit(5)), clock, 1)
    assert turns(bucket(tmp_path, clock, Limit(5), "other"), clock, 1) == [0]
    assert turns(bucket(tmp_path, clock, Limit(5)), clock, 1) == pytest.approx([12.2], abs=1e-5)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, clock: Clock, content: bytes) -> None:
    (tmp_path / "pace.json").write_bytes(content)
    assert turns(bucket(tmp_path, clock, Limit(61)), clock, 2) == pytest.approx([0, 1], abs=1e-5)


def test_a_clock_that_was_set_back_does_not_stop_us_for_days(tmp_path: Path, clock: Clock) -> None:
    made = bucket(tmp_path, clock, Limit(61))
    clock.time += 30 * 24 * 3600
    turns(made, clock, 3)
    clock.time -= 30 * 24 * 3600
    assert turns(made, clock, 2) == pytest.approx([0, 1], abs=1e-5)


def test_a_hold_is_waited_for_or_given_back(tmp_path: Path, clock: Clock) -> None:
    made = bucket(tmp_path, clock, Limit(60, burst=5))
    made.hold(clock.time + 30, "too many requests", "Wait.")
    held = made.wait_for_turn(longest_hold=29)
    assert held is not None
    assert (held.why, held.fix, clock.slept) == ("too many requests", "Wait.", [])
    assert bucket(tmp_path, clock, Limit(60), "other").wait_for_turn(longest_hold=29) is None

    before = clock.time
    assert made.wait_for_turn(longest_hold=31) is None
    assert clock.time - before == pytest.approx(30, abs=1e-5)
    assert made.held() is None


def test_a_hold_that_comes_while_somebody_waits_is_kept_to(tmp_path: Path, clock: Clock) -> None:
    other = bucket(tmp_path, clock, Limit(60))

    def sleep(seconds: float) -> None:
        if not clock.slept:
            other.hold(clock.time + 50, "too many requests", "Wait.")
        clock.sleep(seconds)

    waiting = Bucket(tmp_path / "pace.json", "host", Limit(60), clock.now, sleep)
    turns(other, clock, 1)
    before = clock.time
    assert waiting.wait_for_turn() is None
    assert clock.time - before == pytest.approx(50, abs=1e-5)


def test_threads_share_a_bucket(tmp_path: Path) -> None:
    moments: list[float] = []
    now = time.time()

    def ask() -> None:
        made = Bucket(tmp_path / "pace.json", "host", Limit(61), lambda: now, moments.append)
        for _ in range(10):
            made.wait_for_turn()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The clock stands still, so each waits for another second: the first not at all.
    assert sorted(moments) == pytest.approx([float(n) for n in range(1, 40)], abs=1e-3)


def take_turns(file: Path, count: int) -> None:
    """In another process: take turns and write down when they came."""
    made = Bucket(file, "host", Limit(per_minute=1200, burst=1), time.time, time.sleep)
    with file.with_name(f"{multiprocessing.current_process().pid}.turns").open("w") as told:
        for _ in range(count):
            made.wait_for_turn()
            told.write(f"{time.time()}\n")


def test_two_processes_share_a_bucket(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    file = tmp_path / "pace.json"
    processes = [context.Process(target=take_turns, args=(file, 20)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    kept = json.loads(file.read_bytes())["host"]
    moments = sorted(float(line) for path in tmp_path.glob("*.turns") for line in path.read_text().split())
    assert len(moments) == 40
    # Each turn is 50 ms after the one before it, whoever took that; a busy machine can only make it later.
    for place, moment in enumerate(moments):
        assert moment >= moments[0] + 0.05 * place - 0.06
    assert kept["turns"][-1] >= moments[0] + 0.05 * 39 - 0.06
