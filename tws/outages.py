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


def planned_outage(at: datetime, trouble: Trouble, broker_was_lost: bool, was_up: bool) -> str | None:
    """Name the planned outage that explains a lost connection or a failed attempt, if one does.

    `broker_was_lost`: TWS said so (1100) before it hung up. `was_up`: there was a connection before; a gateway that
    was there and now takes connections without a word waits for its login. The broker resets its servers each
    night around midnight in New York, longer on Friday night, and ends every login on Sunday from 01:00.
    """
    if trouble is Trouble.MUTE:
        return WEEKLY_LOGIN if was_up or _is_sunday(at) else None
    if trouble not in {Trouble.LOST, Trouble.REFUSED, Trouble.NO_ACCOUNTS, Trouble.NOT_ENDED}:
        return None
    if broker_was_lost or in_nightly_reset(at):
        return NIGHTLY_RESET
    return None


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
