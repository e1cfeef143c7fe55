"""Yahoo's host through the library yfinance, which follows its cookies; only bytes are taken. No reading here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestration.resources.vendors.client import VendorClient
from orchestration.resources.vendors.secrecy import Secrecy
from orchestration.resources.vendors.wire import UnreachableError, Wire
from transforms.market.vendors.contract import Answer, Reach, Request, VendorError

_TOO_MANY: Final = 429

Fetch = Callable[[str, Mapping[str, str], float], Answer]
"""An address, its parameters and the most seconds to wait; gives the answer, or raises `VendorError`."""


def through_yfinance(
    address: str, params: Mapping[str, str], seconds: float, session: Any | None = None
) -> Answer:
    """What Yahoo answers to yfinance. `session` is a `requests.Session` in the place of the library's own.

    Raises `VendorError` where the library is not installed, cannot reach Yahoo, or fails in a way of its own.
    """
    try:
        from yfinance.config import YfConfig
        from yfinance.data import YfData
        from yfinance.exceptions import YFException, YFRateLimitError
    except ImportError:
        raise VendorError(
            Reach.SOURCE,
            "Yahoo is reached through the library yfinance, which is not installed in this environment",
            "Install it with pip install 'tieout[yahoo]', or take another vendor.",
        ) from None
    YfConfig.debug.hide_exceptions = False
    failed = None
    try:
        answer = YfData(session=session).get(address, params=dict(params), timeout=seconds)
        headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
        return Answer(answer.status_code, answer.content, headers)
    except YFRateLimitError:
        return Answer(_TOO_MANY, b"")
    # OSError has the errors of its HTTP libraries below it; the others are what it trips over when Yahoo changes.
    except (YFException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        failed = type(error).__name__
    raise UnreachableError(
        Reach.AGAIN,
        f"Yahoo did not answer yfinance ({failed})",
        "Try again later; if it stays so, a newer yfinance may know why.",
    )


@dataclass(frozen=True)
class YahooWire(Wire):
    """The way to Yahoo's host: the library sends, follows redirects and unpacks."""

    fetch: Fetch = through_yfinance

    def get(self, request: Request) -> Answer:
        """The answer, whatever its status. Raises `VendorError` that has no other error behind it."""
        address = self.base_url.rstrip("/") + "/" + request.path.lstrip("/")
        answer = self.fetch(address, dict(request.params), self.read)
        if len(answer.content) > self.most_bytes:
            raise VendorError(
                Reach.SERIES,
                f"{self.host} sent more than {self.most_bytes:,} bytes in one answer",
                "Ask for fewer days at once; what came was dropped.",
            )
        return answer


@dataclass(frozen=True)
class YahooClient(VendorClient):
    """The client of every vendor, but for the way to the host."""

    fetch: Fetch = through_yfinance

    def __post_init__(self) -> None:
        secrecy = Secrecy(self.vendor.key, self.key)
        wire = YahooWire(self.base_url, self.vendor.base_url_setting, secrecy, self.session, fetch=self.fetch)
        object.__setattr__(self, "wire", wire)
