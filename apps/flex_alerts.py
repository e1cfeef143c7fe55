"""What a person should know of the Flex Web Service: the token's end, a lock-out, a refusal. Nothing is asked here."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from config.flex_token import RENEW, expiry, token_name
from config.settings import Settings

if TYPE_CHECKING:
    from state_store.flex_fetches import FlexFetch

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
    alerts = [*_refusals(fetches, settings, now), *_expiry(settings, now)]
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
    refused = {}
    for fetch in told:
        refused.setdefault(fetch.query_name, fetch)
    return [
        FlexAlert(
            "problem", f"Flex query {query} refused", f"Flex query {query}: {_HELD.sub('', fetch.said)}"
        )
        for query, fetch in refused.items()
        if fetch.result == "fix"
    ]


def _expiry(settings: Settings, now: datetime) -> list[FlexAlert]:
    known = expiry(settings.flex_token_expires, now.date())
    if known is None or known.state == "ok":
        return []
    short = "Flex token expired" if known.state == "problem" else "Flex token expires soon"
    return [FlexAlert(known.state, short, known.text[0].upper() + known.text[1:] + ".", RENEW)]
