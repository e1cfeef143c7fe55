"""The HTTP client of market data against a server on loopback: walks, troubles, waits, what ends a source."""

import gzip
import re
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.resources.vendors import Received, VendorClient
from orchestration.resources.vendors.client import LONGEST_WAIT
from orchestration.resources.vendors.pace import LONGEST_HOLD
from orchestration.resources.vendors.wire import Wire
from tests.support.odd_server import free_port, odd_server
from tests.support.scripted_http import Asked, Said, ScriptedServer, scripted_server
from tests.support.vendor_walks import KEY, Clock, ask, opened, words
from transforms.market.vendors.contract import Key, Limit, Reach, Request, VendorError

ROWS = Said(b"rows:one,two")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(server: ScriptedServer, clock: Clock, tmp_path: Path) -> Iterator[VendorClient]:
    with opened(tmp_path, server.base_url, clock) as made:
        yield made


def words_of(received: list[Received]) -> list[str]:
    return [word for one in received for word in one.page.rows["word"]]


def refusal(client: VendorClient, symbol: str = "abc") -> VendorError:
    with pytest.raises(VendorError) as caught:
        list(client.pages(ask(symbol)))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def changed(client: VendorClient, **limits: Any) -> VendorClient:
    """The same client with a wire that has other limits."""
    told = {name: getattr(client.wire, name) for name in ("base_url", "setting", "secrecy", "session")}
    object.__setattr__(client, "wire", Wire(**told, **limits))
    return client


def test_a_page_comes_with_the_hash_of_its_answer_and_its_instant(
    server: ScriptedServer, client: VendorClient, clock: Clock
) -> None:
    server.script.append(ROWS)

    (received,) = client.pages(ask())

    assert words_of([received]) == ["one", "two"]
    assert received.ingested_at == datetime.fromtimestamp(clock.time, UTC)
    assert client.archive.body("words", received.document_id) == ROWS.body
    (asked,) = server.asked
    assert (asked.path, asked.params) == ("/words", (("s", "abc"), ("apikey", KEY)))
    assert asked.headers["user-agent"] == "Tieout"


def test_a_key_goes_into_its_header(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    server.script.append(ROWS)
    vendor = words(key=Key("POLYGON_API_KEY", "header", "Authorization", "Bearer "))
    with opened(tmp_path, server.base_url, clock, vendor) as client:
        list(client.pages(ask()))
    (asked,) = server.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.params == (("s", "abc"),)


def test_a_netrc_of_the_user_is_not_sent(
    server: ScriptedServer, client: VendorClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.script.append(ROWS)
    list(client.pages(ask()))
    assert "authorization" not in server.asked[0].headers


def test_a_key_that_may_lack_is_left_out(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    server.script.append(ROWS)
    vendor = words(key=Key("STOOQ_API_KEY", "parameter", "apikey", needed=False))
    with opened(tmp_path, server.base_url, clock, vendor, key="") as client:
        list(client.pages(ask()))
    assert server.asked[0].params == (("s", "abc"),)


def test_without_a_key_that_is_needed_nothing_is_sent(
    server: ScriptedServer, clock: Clock, tmp_path: Path
) -> None:
    with opened(tmp_path, server.base_url, clock, key="") as client:
        error = refusal(client)
        assert (error.reach, refusal(client, "xyz").problem) == (Reach.SOURCE, error.problem)
    assert "STOOQ_API_KEY is not set" in error.problem
    assert "STOOQ_API_KEY_FILE" in error.fix
    assert server.asked == []


@pytest.mark.parametrize(
    "following",
    [
        "https://api.elsewhere.example/words?cursor=2&apikey={key}",
        "//elsewhere.example/words?cursor=2",
        "/words?cursor=2",
    ],
)
def test_what_follows_is_asked_of_the_configured_host_and_kept_without_the_key(
    server: ScriptedServer, client: VendorClient, following: str
) -> None:
    server.script.extend([Said(f"rows:one\nnext:{following.format(key=KEY)}".encode()), ROWS])

    assert words_of(list(client.pages(ask()))) == ["one", "one", "two"]

    assert (server.asked[1].path, server.asked[1].params) == ("/words", (("cursor", "2"), ("apikey", KEY)))
    assert set(client.archive.receipts()["request"]) == {"/words?s=abc", "/words?cursor=2"}


def test_a_base_url_may_have_a_path(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    server.script.extend([Said(b"rows:one\nnext:https://api.example/words?cursor=2"), ROWS])
    with opened(tmp_path, server.base_url + "/mirror", clock) as client:
        list(client.pages(ask()))
    assert [asked.path for asked in server.asked] == ["/mirror/words", "/mirror/words"]


def test_each_walk_of_an_ask_is_walked(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    server.otherwise = lambda asked: Said(f"rows:{asked.path}".encode())
    vendor = words(requests=lambda ask: (Request("/bars"), Request("/splits")))
    with opened(tmp_path, server.base_url, clock, vendor) as client:
        assert words_of(list(client.pages(ask()))) == ["/bars", "/splits"]


def test_a_walk_in_a_circle_ends(server: ScriptedServer, client: VendorClient) -> None:
    server.otherwise = lambda asked: Said(
        b"rows:%d\nnext:/words?cursor=" % len(server.asked) + (b"2" if asked.params[0][1] != "2" else b"3")
    )
    error = refusal(client)
    assert (error.reach, len(server.asked)) == (Reach.SERIES, 3)
    assert "pages of Words for abc do not end" in error.problem


def test_a_walk_of_too_many_pages_ends(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    server.otherwise = lambda asked: Said(
        f"rows:{len(server.asked)}\nnext:/words?n={len(server.asked)}".encode()
    )
    with opened(tmp_path, server.base_url, clock, most_pages=7) as client:
        error = refusal(client)
    assert (error.reach, len(server.asked)) == (Reach.SERIES, 7)
    assert "no end after 7 pages" in error.problem


def test_a_page_that_comes_again_under_another_address_ends_the_walk(
    server: ScriptedServer, client: VendorClient
) -> None:
    server.otherwise = lambda asked: Said(f"rows:one,two\nnext:/words?n={len(server.asked)}".encode())
    error = refusal(client)
    assert (error.reach, len(server.asked)) == (Reach.SERIES, 2)
    assert "a page tells what the one before it told" in error.problem


# What passes when it is asked again.


@pytest.mark.parametrize(
    "trouble",
    [
        Said(b"rows:one,two", cut=5),
        Said(b"rows:one,two" * 1000, cut=5000, chunked=True),
        Said(hangs_up=True),
        Said(b"no gzip", headers={"Content-Encoding": "gzip"}),
        Said(gzip.compress(b"rows:" + b"word," * 10_000)[:-30], headers={"Content-Encoding": "gzip"}),
        Said(b"", headers={"Content-Encoding": "gzip"}),
        Said(b"rows:one,two", headers={"Content-Encoding": "br"}),
        Said(b"", 503),
        Said(b"again:half an answer"),
        Said(b"rows:one,two", 429),
        Said(b"rows:one,two", 429, {"Retry-After": "17"}),
        Said(
            b"rows:one,two", 503, {"Retry-After": format_datetime(datetime.fromtimestamp(1_800_000_017, UTC))}
        ),
    ],
)
def test_a_passing_trouble_is_asked_again(
    server: ScriptedServer, client: VendorClient, clock: Clock, trouble: Said
) -> None:
    server.script.extend([trouble, trouble, ROWS])
    assert words_of(list(client.pages(ask()))) == ["one", "two"]
    assert len(server.asked) == 3
    assert client.state.ended is None


def test_waits_grow_and_are_never_the_same(
    server: ScriptedServer, client: VendorClient, clock: Clock
) -> None:
    server.otherwise = lambda asked: Said(b"", 500)
    refusal(client)
    assert len(server.asked) == client.attempts == 6
    for nominal, slept in zip((2, 4, 8, 16, 32), clock.slept, strict=True):
        assert 0.75 * nominal <= slept <= 1.25 * nominal
    assert len({slept / nominal for nominal, slept in zip((2, 4, 8, 16, 32), clock.slept, strict=True)}) == 5


@pytest.mark.parametrize(
    "told", ["17", format_datetime(datetime.fromtimestamp(1_800_000_017, UTC), usegmt=True)]
)
def test_the_vendors_own_wait_is_kept_to(
    server: ScriptedServer, client: VendorClient, clock: Clock, told: str
) -> None:
    server.script.extend([Said(b"", 429, {"Retry-After": told}), ROWS])
    list(client.pages(ask()))
    assert sum(clock.slept) == pytest.approx(17, abs=0.1)


def test_a_429_without_a_time_waits_long_enough_for_a_minute_to_pass(
    server: ScriptedServer, client: VendorClient, clock: Clock
) -> None:
    server.otherwise = lambda asked: Said(b"", 429)
    error = refusal(client)
    assert (error.reach, len(server.asked)) == (Reach.SOURCE, 6)
    assert sum(clock.slept) > 60


@pytest.mark.parametrize("status", [429, 418, 503])
def test_a_longer_wait_ends_the_source_now_and_in_later_runs(
    server: ScriptedServer, clock: Clock, tmp_path: Path, status: int
) -> None:
    server.script.append(Said(b"", status, {"Retry-After": str(int(LONGEST_WAIT) + 3600)}))
    with opened(tmp_path, server.base_url, clock) as client:
        error = refusal(client)
        assert error.reach is Reach.SOURCE
        assert "it wants no request before 2027-01-15 09:02 UTC" in error.problem
        assert refusal(client, "xyz").problem == error.problem
    with opened(tmp_path, server.base_url, clock) as client:
        later = refusal(client)
        assert (later.reach, len(server.asked)) == (Reach.SOURCE, 1)
        assert "nothing is sent before 2027-01-15 09:02 UTC" in later.problem
    assert clock.slept == []
    clock.time += LONGEST_WAIT + 3601
    server.script.append(ROWS)
    with opened(tmp_path, server.base_url, clock) as client:
        assert words_of(list(client.pages(ask()))) == ["one", "two"]


def test_no_answer_locks_a_vendor_out_for_ever(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    server.script.extend([Said(b"", 429, {"Retry-After": "999999999999"}), ROWS])
    with opened(tmp_path, server.base_url, clock) as client:
        assert "2027-01-18" in refusal(client).problem
    clock.time += LONGEST_HOLD + 1
    with opened(tmp_path, server.base_url, clock) as client:
        assert words_of(list(client.pages(ask()))) == ["one", "two"]


@pytest.mark.parametrize(
    "told",
    [
        "soon",
        "-5",
        "٣",
        "",
        "17.5 seconds",
        "Mon, 99 Nov 2026 25:00:00 GMT",
        "Mon, 23 Nov 2026 12:00:00 +99999999999999999999",
    ],
)
def test_a_wait_that_cannot_be_read_is_none(
    server: ScriptedServer, client: VendorClient, clock: Clock, told: str
) -> None:
    server.script.extend([Said(b"", 503, {"Retry-After": told.encode().decode("latin-1")}), ROWS])
    list(client.pages(ask()))
    assert sum(clock.slept) <= 2.5


# What ends a series, and what ends the source.


def test_an_error_of_a_series_leaves_the_others(server: ScriptedServer, client: VendorClient) -> None:
    server.script.extend([Said(b"series:nobody knows abc"), ROWS])
    error = refusal(client)
    assert (error.reach, str(error)) == (Reach.SERIES, "nobody knows abc. Do something else.")
    assert words_of(list(client.pages(ask("xyz")))) == ["one", "two"]


def test_a_source_that_has_ended_is_not_asked_again(server: ScriptedServer, client: VendorClient) -> None:
    server.script.append(Said(b"source:the quota is used up"))
    first = refusal(client)
    second = refusal(client, "xyz")
    assert (str(first), second.reach) == (str(second), Reach.SOURCE)
    assert len(server.asked) == 1
    assert client.state.ended is first


def test_series_that_fail_one_after_another_end_the_source(
    server: ScriptedServer, client: VendorClient
) -> None:
    server.otherwise = lambda asked: Said(b"", 500)
    assert [refusal(client).reach for _ in range(4)] == [
        Reach.SERIES,
        Reach.SERIES,
        Reach.SOURCE,
        Reach.SOURCE,
    ]
    assert len(server.asked) == 3 * 6


def test_a_series_that_comes_starts_the_count_anew(server: ScriptedServer, client: VendorClient) -> None:
    server.otherwise = lambda asked: ROWS if ("s", "good") in asked.params else Said(b"", 500)
    for _ in range(3):
        assert refusal(client).reach is Reach.SERIES
        assert refusal(client).reach is Reach.SERIES
        assert words_of(list(client.pages(ask("good")))) == ["one", "two"]


def test_a_refusal_in_good_order_starts_the_count_anew(server: ScriptedServer, client: VendorClient) -> None:
    unknown = Said(b"series:nobody knows it")
    server.otherwise = lambda asked: unknown if ("s", "unknown") in asked.params else Said(b"", 500)
    for _ in range(3):
        assert refusal(client).reach is Reach.SERIES
        assert refusal(client).reach is Reach.SERIES
        assert refusal(client, "unknown").reach is Reach.SERIES


def test_a_host_where_nobody_listens_ends_the_source(clock: Clock, tmp_path: Path) -> None:
    with opened(tmp_path, f"http://127.0.0.1:{free_port()}", clock) as client:
        error = refusal(client)
    assert error.reach is Reach.SOURCE
    assert re.fullmatch(r"127.0.0.1:\d+ did not answer: there is no connection \(6 attempts\)", error.problem)
    assert error.fix == "Check the network. Check STOOQ_BASE_URL if you set it."


def test_a_name_that_does_not_resolve_is_told(clock: Clock, tmp_path: Path) -> None:
    with opened(tmp_path, "http://nobody.invalid", clock) as client:
        assert "nobody.invalid did not answer: there is no connection" in refusal(client).problem


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nrows:one\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nrows:one\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nrows:one",
    ],
)
def test_what_is_no_http_is_no_answer(clock: Clock, tmp_path: Path, told: bytes) -> None:
    with (
        odd_server(told, hangs_up=True) as port,
        opened(tmp_path, f"http://127.0.0.1:{port}", clock) as client,
    ):
        error = refusal(client)
    assert error.reach is Reach.SOURCE
    assert "did not answer: it hung up, or what it sent is no HTTP (6 attempts)" in error.problem


def test_a_silent_server_is_left(clock: Clock, tmp_path: Path) -> None:
    with odd_server() as port, opened(tmp_path, f"http://127.0.0.1:{port}", clock) as client:
        error = refusal(changed(client, read=0.05))
    assert error.reach is Reach.SOURCE
    assert "it said nothing for 0 seconds" in error.problem


def test_a_proxy_that_is_away_is_told(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with opened(tmp_path, "http://words.invalid", clock) as client:
        error = refusal(client)
    assert "words.invalid did not answer: the proxy did not let it through" in error.problem
    assert error.fix.startswith("Check HTTPS_PROXY and NO_PROXY.")


def test_an_answer_that_drips_is_left(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    server.otherwise = lambda asked: Said(b"rows:" + b"x" * 1000, drips=0.02)
    with opened(tmp_path, server.base_url, clock, attempts=2) as client:
        error = refusal(changed(client, whole=0.1))
    assert "had not sent the whole answer" in error.problem


def test_an_answer_that_is_too_large_is_left(server: ScriptedServer, client: VendorClient) -> None:
    bomb = gzip.compress(b"rows:" + b"a" * 50_000_000)
    assert len(bomb) < 100_000
    server.script.extend(
        [
            Said(b"rows:" + b"x" * 2000),
            Said(b"rows:" + b"x" * 2000, chunked=True),
            Said(bomb, headers={"Content-Encoding": "gzip"}),
            Said(b"x" * 2000, 302, headers={"Location": "/moved"}),
        ]
    )
    for _ in range(4):
        error = refusal(changed(client, most_bytes=1000))
        assert error.reach is Reach.SERIES
        assert "sent more than 1000 bytes in one answer" in error.problem
    assert len(server.asked) == 4
    assert client.archive.receipts().height == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_a_packed_answer_is_unpacked(server: ScriptedServer, client: VendorClient, chunked: bool) -> None:
    content = b"rows:" + b",".join(b"%d" % n for n in range(100_000))
    packed = gzip.compress(content[:1000]) + gzip.compress(content[1000:])
    server.script.append(Said(packed, headers={"Content-Encoding": "gzip"}, chunked=chunked))
    (received,) = client.pages(ask())
    assert "gzip" in server.asked[0].headers["accept-encoding"]
    assert received.page.rows.height == 100_000
    assert client.archive.body("words", received.document_id) == content


# Redirects.


@pytest.mark.parametrize("location", ["/moved?x=1&apikey={key}", "{base}/moved?x=1", "moved?x=1"])
def test_a_redirect_within_the_host_is_followed(
    server: ScriptedServer, client: VendorClient, location: str
) -> None:
    told = location.format(base=server.base_url, key="stale")
    server.script.extend([Said(b"", 301, {"Location": told}), ROWS])
    assert words_of(list(client.pages(ask()))) == ["one", "two"]
    assert (server.asked[1].path, server.asked[1].params) == ("/moved", (("x", "1"), ("apikey", KEY)))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(
    server: ScriptedServer, client: VendorClient, status: int
) -> None:
    with scripted_server() as other:
        server.script.append(Said(b"", status, {"Location": f"{other.base_url}/words?apikey={KEY}"}))
        error = refusal(client)
        assert other.asked == []
    assert error.reach is Reach.SOURCE
    assert "sends us on to http://127.0.0.1, and nothing was sent there" in error.problem


@pytest.mark.parametrize("location", ["http://[::1", "https://", "javascript:alert(1)", "//[", "mailto:me"])
def test_a_redirect_to_nowhere_is_not_followed(
    server: ScriptedServer, client: VendorClient, location: str
) -> None:
    server.script.append(Said(b"", 302, {"Location": location}))
    assert refusal(client).reach is Reach.SOURCE
    assert len(server.asked) == 1


@pytest.mark.parametrize("following", ["http://[::1/words", "//["])
def test_a_next_page_that_is_no_address_ends_the_series(
    server: ScriptedServer, client: VendorClient, following: str
) -> None:
    server.script.append(Said(f"rows:one\nnext:{following}".encode()))
    error = refusal(client)
    assert error.reach is Reach.SERIES
    assert "no address" in error.problem


def test_redirects_without_end_are_left(server: ScriptedServer, client: VendorClient) -> None:
    server.otherwise = lambda asked: Said(b"", 302, {"Location": f"/x{len(server.asked)}"})
    error = refusal(client)
    assert (error.reach, len(server.asked)) == (Reach.SOURCE, 4)


# TLS.


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[[], ssl.SSLContext]:
    """A server's context with a certificate that nobody trusts, for 127.0.0.1."""

    def made() -> ssl.SSLContext:
        pem = tmp_path / "own.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", tmp_path / "cert.pem"],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", pem)
        return context

    return made


def test_a_certificate_that_nobody_trusts_is_told_in_plain_words(
    certificate: Callable[[], ssl.SSLContext], clock: Clock, tmp_path: Path
) -> None:
    with scripted_server(certificate()) as server:
        base_url = server.base_url.replace("http:", "https:")
        with opened(tmp_path, base_url, clock) as client:
            error = refusal(client)
        assert server.asked == []
    assert error.reach is Reach.SOURCE
    assert "is not secure: its certificate was not accepted, so nothing was sent" in error.problem
    assert clock.slept == []


def test_a_server_without_tls_is_told(server: ScriptedServer, clock: Clock, tmp_path: Path) -> None:
    with opened(tmp_path, server.base_url.replace("http:", "https:"), clock) as client:
        error = refusal(client)
    assert error.reach is Reach.SOURCE
    assert "did not answer: the secure connection broke (6 attempts)" in error.problem
    assert server.asked == []


# The pace.


def test_a_burst_goes_at_once_and_the_rest_at_the_vendors_pace(
    server: ScriptedServer, clock: Clock, tmp_path: Path
) -> None:
    came: list[float] = []

    def answer(asked: Asked) -> Said:
        came.append(clock.time - 1_800_000_000)
        return ROWS

    server.otherwise = answer
    vendor = words(limit=Limit(per_minute=5, burst=2))
    for _ in range(2):  # a restart in between
        with opened(tmp_path, server.base_url, clock, vendor) as client:
            for symbol in ("a", "b"):
                list(client.pages(ask(symbol)))
    assert came == pytest.approx([0, 0, 30.5, 30.5])
