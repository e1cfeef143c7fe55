"""The pace of vendors as a property: requests go as soon as they may, and no minute has too many."""

import tempfile
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.resources.vendors import Bucket
from tests.support.vendor_walks import Clock
from transforms.market.vendors.contract import Limit

SLACK = 1e-4  # instants are seconds since 1970 as doubles
MINUTE = 61  # a second for the way


def counted(per_minute: int, burst: int, pauses: list[int]) -> list[Fraction]:
    """When each request may go: one after another, each so many milliseconds after the one before it went.

    It goes as soon as those of the window before it are fewer than a burst.
    """
    window = Fraction(MINUTE, per_minute // burst)
    now, went = Fraction(0), list[Fraction]()
    for pause in pauses:
        now += Fraction(pause, 1000)
        while len(inside := [one for one in went if one > now - window]) >= burst:
            now = inside[0] + window
        went.append(now)
    return went


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3000).flatmap(lambda most: st.tuples(st.just(most), st.integers(1, min(most, 8)))),
    st.lists(st.integers(0, 30_000), min_size=1, max_size=25),
)
def test_requests_go_as_soon_as_they_may_and_no_minute_holds_too_many(
    allowed: tuple[int, int], pauses: list[int]
) -> None:
    per_minute, burst = allowed
    clock = Clock()
    start, went = clock.time, []
    with tempfile.TemporaryDirectory() as folder:
        for pause in pauses:
            clock.time += pause / 1000
            # Each request from a client of its own: what was asked before is known from the file alone.
            bucket = Bucket(
                Path(folder) / "pace.json", "host", Limit(per_minute, burst), clock.now, clock.sleep
            )
            assert bucket.wait_for_turn() is None
            went.append(clock.time - start)
    for came, expected in zip(went, counted(per_minute, burst, pauses), strict=True):
        assert abs(came - float(expected)) < SLACK
    for first in went:
        assert sum(first <= other < first + 60 for other in went) <= per_minute
