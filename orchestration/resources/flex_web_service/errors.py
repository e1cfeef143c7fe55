"""What each error code of the Flex Web Service asks for, as data, and the error that a person sees."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from config.flex_token import RENEW


class Reaction(StrEnum):
    """What to do about an answer."""

    RETRY = "retry"
    """Ask again after a while; nothing is wrong."""
    WAIT = "wait"
    """Do not send this query again before the next schedule: the broker locks out who insists."""
    EMPTY = "empty"
    """There is no such statement, perhaps because nothing happened: the end, and no alarm."""
    FIX = "fix"
    """A person has to correct something; asking again changes nothing."""
    TOKEN = "token"
    """The token is no longer good: a person has to make a new one."""
    LOCKED = "locked"
    """The broker refuses this token for hours."""


ASKED_AGAIN: Final = "Nothing to do: it is asked for again."
_NEXT_TIME: Final = "Wait for the next schedule; sending the query again now can lead to a lock-out of hours."


@dataclass(frozen=True)
class Code:
    """An error code: what it asks for, what it means, what a person should do."""

    reaction: Reaction
    meaning: str
    fix: str


CODES: Final[dict[int, Code]] = {
    1001: Code(Reaction.WAIT, "the statement could not be generated at this time", _NEXT_TIME),
    1003: Code(
        Reaction.EMPTY,
        "there is no statement for this period",
        "Nothing to do if the account did nothing then; else widen the period.",
    ),
    1004: Code(Reaction.RETRY, "the statement is incomplete at this time", ASKED_AGAIN),
    1005: Code(Reaction.RETRY, "the settlement data is not ready", ASKED_AGAIN),
    1006: Code(Reaction.RETRY, "the FIFO profit and loss data is not ready", ASKED_AGAIN),
    1007: Code(Reaction.RETRY, "the mark-to-market profit and loss data is not ready", ASKED_AGAIN),
    1008: Code(Reaction.RETRY, "the mark-to-market and FIFO data are not ready", ASKED_AGAIN),
    1009: Code(Reaction.RETRY, "the server is under heavy load", ASKED_AGAIN),
    1010: Code(
        Reaction.FIX,
        "legacy Flex queries are no longer supported",
        "Convert the query to an Activity Flex query in Client Portal and use its new id.",
    ),
    1011: Code(
        Reaction.FIX,
        "the service account is inactive",
        "Switch the Flex Web Service on in Client Portal under Flex Web Service Configuration.",
    ),
    1012: Code(Reaction.TOKEN, "the token has expired", RENEW),
    1013: Code(
        Reaction.FIX,
        "this address may not use the token",
        "The token is restricted to other IP addresses: add this machine's, or make a token without the restriction.",
    ),
    1014: Code(
        Reaction.FIX,
        "the query is invalid",
        "Check the id in FLEX_QUERY_IDS: it stands behind the i beside the query in Client Portal.",
    ),
    1015: Code(Reaction.TOKEN, "the token is invalid", RENEW),
    1016: Code(
        Reaction.FIX,
        "the account of this request is invalid",
        "The token belongs to a user without this account: make the token as the account's own user.",
    ),
    1017: Code(
        Reaction.FIX,
        "the reference code is invalid",
        "Fetch again: the broker no longer knows the statement that it had begun.",
    ),
    1018: Code(Reaction.RETRY, "too many requests were made with this token", ASKED_AGAIN),
    1019: Code(Reaction.RETRY, "the statement is being generated", ASKED_AGAIN),
    1020: Code(
        Reaction.FIX,
        "the request is invalid",
        "Check FLEX_TOKEN and FLEX_QUERY_IDS for stray characters.",
    ),
    1021: Code(Reaction.RETRY, "the statement could not be retrieved at this time", ASKED_AGAIN),
    1025: Code(
        Reaction.LOCKED,
        "too many failed attempts were made: the broker has locked the token out",
        "Wait; nothing is sent until the lock-out is over.",
    ),
}


class FlexServiceError(Exception):
    """Why a query gave no document: one sentence with what to do. It never holds the token.

    `until`: nothing is sent before this instant.
    """

    def __init__(
        self,
        reaction: Reaction,
        problem: str,
        fix: str,
        code: int | None = None,
        until: datetime | None = None,
    ) -> None:
        self.reaction, self.problem, self.fix, self.code, self.until = reaction, problem, fix, code, until
        number = f" (code {code})" if code else ""
        super().__init__(f"{problem}{number}. {fix}")

    def without(self, secret: str) -> "FlexServiceError":
        """The same error with the secret left out: an answer may say what it was asked with."""
        problem = self.problem.replace(secret, "[token]") if secret else self.problem
        return FlexServiceError(self.reaction, problem, self.fix, self.code, self.until)

    def holding(self, until: datetime) -> "FlexServiceError":
        """The same error, and until when nothing is sent because of it."""
        return FlexServiceError(self.reaction, self.problem, self.fix, self.code, until)


def refusal(code: int, message: str) -> FlexServiceError:
    """The error of an answer with a code; one that is not known is for a person to look at."""
    known = CODES.get(code)
    if known is None:
        said = message.strip().rstrip(".") or "nothing more"
        return FlexServiceError(
            Reaction.FIX,
            f"the broker answered with a code that is not known here and said: {said}",
            "Look the code up in the broker's documentation of the Flex Web Service.",
            code,
        )
    return FlexServiceError(known.reaction, known.meaning, known.fix, code)
