"""The outages that the broker plans: the nightly reset and the weekly login. Pure; the hours are the broker's own."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from tws.errors import Trouble

NEW_YORK = ZoneInfo("America/New_York")
NIGHTLY = (time(23, 40), time(1, 50))
FRIDAY_NIGHT = (time(22, 55), time(3, 5))
SUNDAY, FRIDAY, SATURDAY = 6, 4, 5

NIGHTLY_RESET = "the broker's nightly reset, which ends by itself"
WEEKLY_LOGIN = "the weekly login, or one after a restart: log in to TWS or IB Gateway"
BEHIND_A_FORWARDER = (
    "it is not logged in yet, behind a forwarder: it comes back after its restart; once a week, log in to it"
)


def planned_outage(at: datetime, trouble: Trouble, was_up: bool) -> str | None:
    """Name the planned outage that explains a lost connection or a failed attempt, if one does.

    `was_up`: there was a connection before; a gateway that was there and now takes connections without a word waits
    for its login, and what hangs up in its place is a forwarder (socat) that does not reach it. The broker resets its
    servers each night around midnight in New York, longer on Friday night, and ends every login on Sunday from 01:00.
    """
    if trouble is Trouble.MUTE:
        return WEEKLY_LOGIN if was_up or _is_sunday(at) else None
    if trouble is Trouble.CLOSED:
        return BEHIND_A_FORWARDER if was_up else None
    if trouble is Trouble.REFUSED and not was_up:
        return None
    ends_by_itself = trouble in {Trouble.LOST, Trouble.REFUSED, Trouble.NO_ACCOUNTS, Trouble.NOT_ENDED}
    return NIGHTLY_RESET if ends_by_itself and in_nightly_reset(at) else None


def in_nightly_reset(at: datetime) -> bool:
    """Whether the broker may be resetting its servers at this instant."""
    local = at.astimezone(NEW_YORK)
    start, end = NIGHTLY
    if local.time() >= start or local.time() < end:
        return True
    start, end = FRIDAY_NIGHT
    return (local.weekday() == FRIDAY and local.time() >= start) or (
        local.weekday() == SATURDAY and local.time() < end
    )


def _is_sunday(at: datetime) -> bool:
    local = at.astimezone(NEW_YORK)
    return local.weekday() == SUNDAY and local.time() >= time(1)
