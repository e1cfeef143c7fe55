"""What a person should know of the Flex Web Service: the token's end, a lock-out, a refusal, days without a document.

Nothing is asked here.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from config.flex_token import RENEW, expiry, token_name
from config.settings import Settings

if TYPE_CHECKING:
    from state_store.flex_fetches import FlexFetch

QUIET_WEEKDAYS: Final = 3

# What a refusal said of its pause, which is over within minutes.
_HELD = re.compile(r"; nothing is sent before [-0-9: ]+ UTC")


@dataclass(frozen=True)
class FlexAlert:
    """One thing to know. `short` fits a badge, `text` is the sentence, `fix` what to do."""

    state: Literal["warning", "problem"]
    short: str
    text: str
    fix: str = ""


def flex_alerts(settings: Settings, state_url: str, now: datetime) -> list[FlexAlert]:
    """What should be known now, the most serious first; nothing where no Flex query was ever fetched or set."""
    from state_store.database import StateError, StateStore
    from state_store.flex_fetches import recorded

    try:
        fetches = recorded(StateStore(state_url))
    except StateError as error:
        return [FlexAlert("warning", "Flex state unknown", str(error))]
    refused = _refusals(fetches, settings, now)
    alerts = [*refused, *_expiry(settings, now), *([] if refused else _quiet(fetches, settings, now))]
    return sorted(alerts, key=lambda alert: alert.state != "problem")


def _refusals(fetches: list["FlexFetch"], settings: Settings, now: datetime) -> list[FlexAlert]:
    """What the broker said last, of the token that is set (of any, where this process does not know it)."""
    name = token_name(settings.flex_token_text) if settings.flex_token_text else None
    told = [fetch for fetch in fetches if name in (None, fetch.token_name)]
    if not told:
        return []
    last = told[0]
    if last.result == "token":
        said = last.said.split(". In Client Portal")[0].rstrip(".")
        return [FlexAlert("problem", "Flex token refused", f"Flex Web Service: {said}.", RENEW)]
    if last.result == "locked" and last.until is not None and last.until > now:
        until = f"{last.until:%Y-%m-%d %H:%M} UTC"
        text = "Flex Web Service: the broker has locked the token out after too many failed attempts."
        return [
            FlexAlert("warning", f"Flex locked out until {until}", text, f"Nothing is sent before {until}.")
        ]
    return [
        FlexAlert(
            "problem", f"Flex query {query} refused", f"Flex query {query}: {_HELD.sub('', fetch.said)}"
        )
        for query, fetch in _last_of_each(told, settings).items()
        if fetch.result == "fix"
    ]


def _last_of_each(fetches: list["FlexFetch"], settings: Settings) -> dict[str, "FlexFetch"]:
    """The last attempt by the name of its query, for those of the settings (for all where they name none)."""
    names = {query.id: query.name for query in settings.flex_queries}
    found: dict[str, FlexFetch] = {}
    for fetch in fetches:
        if not names or fetch.query_id in names:
            found.setdefault(names.get(fetch.query_id, fetch.query_name), fetch)
    return found


def _quiet(fetches: list["FlexFetch"], settings: Settings, now: datetime) -> list[FlexAlert]:
    """The queries that brought a document once, and none for days; one that has nothing to tell says so itself."""
    alerts = []
    for name, last in _last_of_each(fetches, settings).items():
        came = [f.fetched_at for f in fetches if f.query_id == last.query_id and f.fetched_at]
        if last.result != "empty" and came and _weekdays(max(came).date(), now.date()) > QUIET_WEEKDAYS:
            text = f"Flex query {name}: the last document came on {max(came):%Y-%m-%d}."
            fix = "`tieout doctor flex` asks for it; the ticks of flex_schedule in Dagster say why none came."
            alerts.append(FlexAlert("warning", f"Flex query {name} is quiet", text, fix))
    return alerts


def _weekdays(first: date, last: date) -> int:
    """How many days from Monday to Friday there are after the first day, up to the last."""
    return sum((first + timedelta(days=n)).weekday() < 5 for n in range(1, (last - first).days + 1))


def _expiry(settings: Settings, now: datetime) -> list[FlexAlert]:
    known = expiry(settings.flex_token_expires, now.date())
    if known is None or known.state == "ok":
        return []
    short = "Flex token expired" if known.state == "problem" else "Flex token expires soon"
    return [FlexAlert(known.state, short, known.text[0].upper() + known.text[1:] + ".", RENEW)]
