"""Whatever a server sends: an answer within its limits, or an error of ours that holds no key. Never another."""

import gzip

import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.resources.vendors.pieces import Collecting, TooLargeError, Unpacking
from orchestration.resources.vendors.secrecy import Secrecy
from orchestration.resources.vendors.wire import DirectSession, Wire
from tests.support.odd_server import odd_server
from transforms.market.vendors.contract import Answer, Key, Request, VendorError

KEY = "k3y+/=of-the-wire-0123"
MOST = 5000

HEADERS = st.sampled_from(
    [b"Content-Length: 5", b"Content-Length: 99999", b"Content-Length: -1", b"Content-Length: x", b"Connection: close",
     b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Content-Encoding: br", b"Location: /elsewhere",
     b"Location: //[", f"Location: /?k={KEY}".encode(), b"Retry-After: 5", b"X: \xff\x00", b"no colon", b" folded"]
)  # fmt: skip
STATUS = st.sampled_from(
    [b"200 OK", b"204 No", b"301 Moved", b"304 Same", b"418 Tea", b"999 ?", b"100 More", b"20", b""]
)
BODY = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(gzip.compress),
    st.integers(0, 8000).map(lambda size: b"x" * size),
    st.just(f"echo {KEY}".encode()),
    st.just(b"5\r\nabcde\r\n0\r\n\r\n"),
    st.just(b"ffffffff\r\nabc"),
)


def as_http(status: bytes, headers: list[bytes], body: bytes) -> bytes:
    """An answer, well formed as far as its parts are."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers, b"", body])


SAID = st.builds(as_http, STATUS, st.lists(HEADERS, max_size=4), BODY) | st.binary(max_size=300)


def outcome_of(wire: Wire) -> Answer | VendorError:
    """What asking once gives; any other error is a failure of the test."""
    try:
        return wire.get(Request("/words"))
    except VendorError as error:
        return error


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SAID)
@example(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 10_000_000))
@example(b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n")
def test_a_server_may_send_anything(said: bytes) -> None:
    place = Key("STOOQ_API_KEY", "parameter", "apikey")
    with odd_server(said, hangs_up=True) as port, DirectSession() as session:
        wire = Wire(
            f"http://127.0.0.1:{port}", "STOOQ_BASE_URL", Secrecy(place, KEY), session, most_bytes=MOST
        )
        outcome = outcome_of(wire)
    if isinstance(outcome, VendorError):
        assert KEY not in str(outcome)
        assert not isinstance(outcome.__context__ or outcome.__cause__, requests.RequestException)
    else:
        assert len(outcome.content) <= MOST
        assert KEY.encode() not in outcome.content
        assert KEY not in repr(outcome.headers)


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=4), st.integers(1, 700), st.integers(0, 9000))
def test_a_packed_body_is_the_same_in_any_pieces_and_never_larger(
    parts: list[bytes], piece: int, most: int
) -> None:
    content, packed = b"".join(parts), b"".join(gzip.compress(part) for part in parts)
    body, plain = Unpacking(most), Collecting(most)
    fits = len(content) <= most
    try:
        for start in range(0, len(packed), piece):
            body.take(packed[start : start + piece])
        for start in range(0, len(content), piece):
            plain.take(content[start : start + piece])
    except TooLargeError:
        assert not fits
    else:
        assert fits
        assert body.whole() == plain.whole() == content
