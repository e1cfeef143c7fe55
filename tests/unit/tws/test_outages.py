"""Which outages the broker plans: its nightly reset and the weekly login."""

from datetime import UTC, datetime

import pytest

from tws.errors import Trouble
from tws.outages import BEHIND_A_FORWARDER, NIGHTLY_RESET, WEEKLY_LOGIN, in_nightly_reset, planned_outage

# In winter New York is five hours behind UTC, in summer four.
NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (datetime(2026, 3, 3, 4, 39, tzinfo=UTC), False),  # Monday 23:39
        (datetime(2026, 3, 3, 4, 41, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 6, 49, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 6, 51, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 3, 41, tzinfo=UTC), True),  # in summer
        (datetime(2026, 7, 3, 4, 41, tzinfo=UTC), True),
        (datetime(2026, 7, 3, 5, 51, tzinfo=UTC), False),
        (datetime(2026, 3, 7, 4, 0, tzinfo=UTC), True),  # Friday 23:00
        (datetime(2026, 3, 7, 8, 0, tzinfo=UTC), True),  # Saturday 03:00
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), False),  # Sunday 03:00
        (NOON, False),
    ],
)
def test_the_hours_of_the_reset(at: datetime, inside: bool) -> None:
    assert in_nightly_reset(at) is inside


def test_only_in_its_hours_is_a_drop_the_reset() -> None:
    assert planned_outage(MIDNIGHT, Trouble.LOST, was_up=True) == NIGHTLY_RESET
    assert planned_outage(NOON, Trouble.LOST, was_up=True) is None


def test_a_tws_that_was_never_there_is_not_in_its_reset() -> None:
    assert planned_outage(MIDNIGHT, Trouble.REFUSED, was_up=True) == NIGHTLY_RESET
    assert planned_outage(MIDNIGHT, Trouble.REFUSED, was_up=False) is None


@pytest.mark.parametrize("at", [NOON, MIDNIGHT])
def test_a_port_that_hangs_up_after_it_was_there_is_a_forwarders(at: datetime) -> None:
    assert planned_outage(at, Trouble.CLOSED, was_up=True) == BEHIND_A_FORWARDER
    assert planned_outage(at, Trouble.CLOSED, was_up=False) is None


def test_a_gateway_that_is_silent_after_it_was_there_waits_for_its_login() -> None:
    sunday = datetime(2026, 3, 8, 14, tzinfo=UTC)
    assert planned_outage(NOON, Trouble.MUTE, was_up=True) == WEEKLY_LOGIN
    assert planned_outage(NOON, Trouble.MUTE, was_up=False) is None
    assert planned_outage(sunday, Trouble.MUTE, was_up=False) == WEEKLY_LOGIN


def test_what_a_person_must_fix_is_no_planned_outage() -> None:
    assert planned_outage(MIDNIGHT, Trouble.ID_IN_USE, was_up=True) is None
