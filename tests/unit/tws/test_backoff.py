"""The waits between attempts: within their bounds, growing, and rare where only a person helps."""

from hypothesis import given
from hypothesis import strategies as st

from tws.backoff import FAILURES_BEFORE_STOP, STOPPED_FACTOR, Backoff
from tws.errors import NEEDS_A_PERSON, Trouble

PASSING = sorted(set(Trouble) - NEEDS_A_PERSON)


@given(
    st.floats(0.1, 10),
    st.floats(1, 20),
    st.lists(st.tuples(st.sampled_from(PASSING), st.floats(0, 1)), min_size=1, max_size=2000),
)
def test_waits_stay_within_their_bounds_however_often_it_fails(
    least: float, factor: float, failures: list[tuple[Trouble, float]]
) -> None:
    chances = iter([chance for _, chance in failures])
    backoff = Backoff(least, least * factor, lambda: next(chances))
    for trouble, _ in failures:
        wait = backoff.failed(trouble)
        assert least <= wait.seconds <= least * factor * 1.000001
        assert not wait.stopped


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(3, 60, lambda: 1.0)
    assert [backoff.failed(Trouble.REFUSED).seconds for _ in range(6)] == [6, 12, 24, 48, 60, 60]


def test_chance_spreads_them() -> None:
    chances = iter([0.0, 0.5, 1.0])
    backoff = Backoff(10, 40, lambda: next(chances))
    assert [backoff.failed(Trouble.LOST).seconds for _ in range(3)] == [10, 25, 40]


def test_a_connection_that_lasted_makes_waits_short_again_and_one_that_did_not_does_not() -> None:
    backoff = Backoff(3, 60, lambda: 1.0)
    for _ in range(5):
        backoff.failed(Trouble.LOST)
    backoff.lasted(1)
    assert backoff.failed(Trouble.LOST).seconds == 60
    backoff.lasted(60)
    assert backoff.failed(Trouble.LOST).seconds == 6


def test_what_only_a_person_can_end_is_tried_rarely_after_a_while() -> None:
    backoff = Backoff(3, 60, lambda: 0.5)
    waits = [backoff.failed(Trouble.ID_IN_USE) for _ in range(FAILURES_BEFORE_STOP + 2)]
    assert [wait.stopped for wait in waits] == [False] * (FAILURES_BEFORE_STOP - 1) + [True] * 3
    assert waits[-1].seconds == 60 * STOPPED_FACTOR * 0.75
    assert not backoff.failed(Trouble.REFUSED).stopped
    assert not backoff.failed(Trouble.ID_IN_USE).stopped


def test_a_port_that_hangs_up_needs_a_person_unless_tws_was_there() -> None:
    """A forwarder takes the connection and hangs up until the one behind it is logged in again."""
    backoff = Backoff(3, 60, lambda: 0.5)
    never_up = [backoff.failed(Trouble.CLOSED) for _ in range(FAILURES_BEFORE_STOP)]
    assert never_up[-1].stopped
    was_up = [backoff.failed(Trouble.CLOSED, was_up=True) for _ in range(FAILURES_BEFORE_STOP + 1)]
    assert not any(wait.stopped for wait in was_up)
