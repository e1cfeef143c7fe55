"""Telling the service's answers apart: a reference, a refusal, a document, or something that is neither."""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

from orchestration.resources.flex_web_service.errors import ASKED_AGAIN, FlexServiceError, Reaction, refusal

_ENVELOPE: Final = b"FlexStatementResponse"
_DOCUMENT: Final = b"FlexQueryResponse"
_HEAD: Final = 2048
_STATUS_PAGE: Final = "https://www.interactivebrokers.com/en/software/systemStatus.php"
_NOT_AN_ANSWER: Final = f"{_STATUS_PAGE} says whether the broker's systems are up."


@dataclass(frozen=True)
class Reference:
    """A statement that the broker generates: its code, and the address that gives it."""

    code: str
    url: str


def reference_of(body: bytes) -> Reference:
    """The reference in an answer to SendRequest. Raises `FlexServiceError`."""
    fields = _envelope(body)
    code, url = fields.get("referencecode", ""), fields.get("url", "")
    if fields.get("status", "").lower() == "success" and code and url:
        return Reference(code, url)
    raise _refused(fields)


def document_of(body: bytes) -> bytes:
    """The document in an answer to GetStatement. Raises `FlexServiceError`."""
    head = body[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if _is_root(head, _ENVELOPE):
        raise _refused(_envelope(body))
    if _is_root(head, _DOCUMENT):
        if not body.rstrip().endswith(b"</FlexQueryResponse>"):
            raise FlexServiceError(Reaction.RETRY, "the document broke off on its way", ASKED_AGAIN)
        return body
    if not head or head.startswith(b"<") or b"\x00" in head or b"," not in head:
        raise _no_answer(head)
    return body


def _is_root(head: bytes, name: bytes) -> bool:
    return re.match(rb"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<" + name + rb"[\s>/]", head, re.DOTALL) is not None


def _envelope(body: bytes) -> dict[str, str]:
    """The elements of an envelope, names in small letters: the address is `Url` in some and `url` in others."""
    head = body[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not _is_root(head, _ENVELOPE) or b"<!" in head.replace(b"<!--", b""):
        raise _no_answer(head)
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise FlexServiceError(Reaction.RETRY, "the answer broke off on its way", ASKED_AGAIN) from error
    return {child.tag.lower(): (child.text or "").strip() for child in root}


def _refused(fields: dict[str, str]) -> FlexServiceError:
    code, message = fields.get("errorcode", ""), fields.get("errormessage", "")
    if code.isdigit():
        return refusal(int(code), message)
    return FlexServiceError(
        Reaction.RETRY,
        f"the broker answered {fields.get('status') or 'without a status'} and said: {message or 'nothing more'}",
        ASKED_AGAIN,
    )


def _no_answer(head: bytes) -> FlexServiceError:
    what = "a web page" if head[:200].lower().startswith((b"<!doctype html", b"<html")) else "something"
    return FlexServiceError(
        Reaction.RETRY,
        f"the broker's server answered with {what} that is no answer of the service",
        _NOT_AN_ANSWER,
    )
