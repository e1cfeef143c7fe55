"""One GET of a vendor: key, deadlines, the size of the answer, and troubles of the network in plain words. No walk."""

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

import requests
import urllib3
from requests.models import PreparedRequest

from orchestration.resources.vendors.pieces import Collecting, TooLargeError, Unpacking
from orchestration.resources.vendors.secrecy import Secrecy, keep_queries_out_of_logs
from transforms.market.vendors.contract import Answer, Reach, Request, VendorError

_HEADERS: Final = {"User-Agent": "Tieout", "Accept-Encoding": "gzip"}
_MOST_REDIRECTS: Final = 3
_PIECE: Final = 1 << 16
_UNTRUSTED: Final = "CERTIFICATE_VERIFY_FAILED"
_TROUBLES: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, zlib.error)

keep_queries_out_of_logs()


class UnreachableError(VendorError):
    """No answer came, or not all of it: whoever is asked next at this host will hardly fare better."""


class DirectSession(requests.Session):
    """A session that leaves redirects alone. Told not to follow one, the library still reads all of its body."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: a redirect is an answer like any other."""
        return None


@dataclass(frozen=True)
class Wire:
    """The way to one vendor's host. `connect`, `read`: the most seconds without a byte; `whole`: for a whole answer."""

    base_url: str
    setting: str
    secrecy: Secrecy
    session: requests.Session = field(repr=False)
    most_bytes: int = 256 * 1024 * 1024
    connect: float = 15.0
    read: float = 60.0
    whole: float = 600.0
    elapsed: Callable[[], float] = time.monotonic

    @property
    def host(self) -> str:
        """The host and port of the base URL."""
        return host_of(self.base_url)

    def rebased(self, request: Request) -> Request:
        """A request with the path and the query alone, and without the key: an answer may name a whole address."""
        parts = _parts(request.path)
        if parts is None:
            raise VendorError(
                Reach.SERIES,
                f"{self.host} names something as the page that follows that is no address",
                "What came was dropped; ask again later.",
            )
        params = (*parse_qsl(parts.query, keep_blank_values=True), *request.params)
        return self.secrecy.request(Request(parts.path, params))

    def get(self, request: Request) -> Answer:
        """The answer, whatever its status. Raises `VendorError` that holds no key and has no other error behind it."""
        address = self.base_url.rstrip("/") + "/" + request.path.lstrip("/")
        params = request.params
        for _ in range(_MOST_REDIRECTS + 1):
            answer, trouble = self._exchange(address, params)
            if trouble is not None:
                raise self._told(trouble)
            location = answer.headers.get("location", "") if 300 <= answer.status < 400 else ""
            if not location:
                return answer
            address, params = self._elsewhere(address, location)
        raise VendorError(
            Reach.SOURCE,
            f"{self.host} sends every request on to another address, more than {_MOST_REDIRECTS} times",
            f"Check {self.setting} if you set it.",
        )

    def _exchange(self, address: str, params: tuple[tuple[str, str], ...]) -> tuple[Answer, Exception | None]:
        """What came, and what went wrong. That is given back, not raised: its text holds the address and the key."""
        nothing = Answer(0, b"")
        try:
            with self.session.get(
                address,
                params=[*params, *self._key_parameter()],
                headers=_HEADERS,
                auth=self._with_key,
                timeout=(self.connect, self.read),
                allow_redirects=False,
                stream=True,
            ) as answer:
                headers = {name.lower(): self.secrecy.text(value) for name, value in answer.headers.items()}
                return Answer(answer.status_code, self._body(answer), headers), None
        except VendorError as error:
            return nothing, error
        except _TROUBLES as error:
            return nothing, error

    def _body(self, answer: requests.Response) -> bytes:
        """The body, unpacked and without the key; no longer and no later than it may be."""
        packed = answer.headers.get("content-encoding", "").strip().lower()
        if packed not in ("", "identity", "gzip", "x-gzip"):
            raise UnreachableError(
                Reach.AGAIN,
                f"{self.host} packed its answer in a way that was not asked for ({packed[:20]})",
                "Try again later.",
            )
        end = self.elapsed() + self.whole
        body = Unpacking(self.most_bytes) if packed in ("gzip", "x-gzip") else Collecting(self.most_bytes)
        try:
            while piece := answer.raw.read1(_PIECE, decode_content=False):
                body.take(piece)
                if self.elapsed() > end:
                    raise UnreachableError(
                        Reach.AGAIN,
                        f"{self.host} had not sent the whole answer after {self.whole:.0f} seconds",
                        "Try again later.",
                    )
            return self.secrecy.body(body.whole())
        except TooLargeError:
            raise VendorError(
                Reach.SERIES,
                f"{self.host} sent more than {_megabytes(self.most_bytes)} in one answer",
                "Ask for fewer days at once; what came was dropped.",
            ) from None

    def _elsewhere(self, address: str, location: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Where a redirect leads, if it stays at the host: the key goes nowhere else."""
        base, given = urlsplit(self.base_url), _parts(location, address) or urlsplit("")
        if (given.scheme, given.netloc) != (base.scheme, base.netloc):
            to = f"{given.scheme}://{given.hostname}" if given.hostname else "something that is no address"
            raise VendorError(
                Reach.SOURCE,
                f"{self.host} sends us on to {to}, and nothing was sent there",
                f"If the vendor has moved, set {self.setting} to its new address.",
            )
        params = tuple(parse_qsl(given.query, keep_blank_values=True))
        return f"{given.scheme}://{given.netloc}{given.path}", self.secrecy.request(
            Request("", params)
        ).params

    def _key_parameter(self) -> tuple[tuple[str, str], ...]:
        place = self.secrecy.place
        if place is None or place.place != "parameter" or not self.secrecy.key:
            return ()
        return ((place.name, place.prefix + self.secrecy.key),)

    def _with_key(self, prepared: PreparedRequest) -> PreparedRequest:
        """Puts the key into its header. That there is such a function also keeps a .netrc of the user out of it."""
        place = self.secrecy.place
        if place is not None and place.place == "header" and self.secrecy.key:
            prepared.headers[place.name] = place.prefix + self.secrecy.key
        return prepared

    def _told(self, trouble: Exception) -> VendorError:
        """A trouble of the network as one sentence. Only its kind is taken over, for its text holds the address."""
        if isinstance(trouble, VendorError):
            return trouble
        if _UNTRUSTED in str(trouble):
            return VendorError(
                Reach.SOURCE,
                f"the connection to {self.host} is not secure: its certificate was not accepted, so nothing was sent",
                "Check this machine's clock; a proxy that opens connections needs a certificate in REQUESTS_CA_BUNDLE.",
            )
        if isinstance(trouble, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
            return VendorError(
                Reach.SOURCE, f"{self.host} cannot be asked: the address is none", f"Check {self.setting}."
            )
        if isinstance(trouble, requests.exceptions.ProxyError):
            happened, fix = "the proxy did not let it through", "Check HTTPS_PROXY and NO_PROXY."
        elif isinstance(trouble, requests.exceptions.ConnectTimeout):
            happened, fix = f"no connection within {self.connect:.0f} seconds", "Check the network."
        elif isinstance(trouble, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
            happened, fix = f"it said nothing for {self.read:.0f} seconds", "Try again later."
        elif isinstance(trouble, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
            happened, fix = "the secure connection broke", "Try again later."
        elif isinstance(trouble, zlib.error):
            happened, fix = "what it sent could not be unpacked", "Try again later."
        elif any(isinstance(cause, urllib3.exceptions.MaxRetryError) for cause in trouble.args):
            happened, fix = "there is no connection", "Check the network."
        else:
            happened, fix = "it hung up, or what it sent is no HTTP", "Try again later."
        return UnreachableError(
            Reach.AGAIN,
            f"{self.host} did not answer: {happened}",
            f"{fix} Check {self.setting} if you set it.",
        )


def _parts(address: str, base: str = "") -> SplitResult | None:
    """An address, maybe relative to another, in its parts; None for what is no address."""
    try:
        return urlsplit(urljoin(base, address))
    except ValueError:
        return None


def host_of(base_url: str) -> str:
    """The host and port of a base URL."""
    return urlsplit(base_url).netloc


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.0f} MB" if size >= 1024 * 1024 else f"{size} bytes"
