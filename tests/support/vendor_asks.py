"""How these tests ask a vendor: an ask, an answer, what was read. No body of a vendor's here."""

from __future__ import annotations

from datetime import UTC, date, datetime

from transforms.market.series import Ask, DatasetId, Series
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Answer, Page, Request, VendorError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ask_for(
    vendor: str, *symbols: str, first: str, last: str, frequency: str = "1d", asked_at: datetime = NOON
) -> Ask:
    """An ask for series that the vendor calls `symbols`."""
    (kind,) = VENDORS[vendor].kinds
    dataset = DatasetId(vendor, kind, "test", frequency)
    series = tuple(Series(dataset, symbol, symbol, f"{vendor}:{symbol}") for symbol in symbols)
    return Ask(series, date.fromisoformat(first), date.fromisoformat(last), asked_at)


def read(
    ask: Ask,
    body: str | bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
    request: Request | None = None,
) -> Page:
    """What the vendor's module reads in a body, as the answer to its first request."""
    vendor = VENDORS[ask.dataset.provider]
    content = body.encode() if isinstance(body, str) else body
    return vendor.read(Answer(status, content, headers or {}), request or vendor.requests(ask)[0], ask)


def failure(
    ask: Ask,
    body: str | bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
    request: Request | None = None,
) -> VendorError:
    """The error in the place of a page; fails where there is none."""
    try:
        page = read(ask, body, status, headers, request)
    except VendorError as error:
        return error
    raise AssertionError(f"it was read: {page.rows}")
