"""That a vendor's key is never told: in errors, chains, logs, receipts, archived bodies; whatever a server does."""

import html
import io
import json
import logging
import string
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import requests

from orchestration.resources.vendors.secrecy import Secrecy
from orchestration.resources.vendors.wire import Wire
from tests.support.odd_server import free_port
from tests.support.scripted_http import Said, ScriptedServer, scripted_server
from tests.support.vendor_walks import KEY, Clock, ask, opened, words
from transforms.market.vendors.contract import Key, Reach, Request, VendorError

SPELLINGS = [
    KEY,
    quote(KEY),
    quote(KEY, safe=""),
    quote_plus(KEY),
    quote(KEY, safe="").lower(),
    html.escape(KEY),
]
PARAMETER = Key("STOOQ_API_KEY", "parameter", "apikey")
HEADER = Key("POLYGON_API_KEY", "header", "Authorization", "Bearer ")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """All that any logger says while the libraries are told to say everything."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "urllib3.connectionpool", "tieout")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield told
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def told_of(error: BaseException) -> str:
    """Everything that can be read off an exception: its chain, with contexts that `from None` hides."""
    seen: list[str] = []
    at: BaseException | None = error
    while at is not None:
        seen += [str(at), repr(at), repr(getattr(at, "__dict__", "")), repr(at.args)]
        at = at.__cause__ or at.__context__
    return "\n".join([*seen, *traceback.format_exception(error)])


def holds_key(text: str) -> bool:
    return any(spelling in text for spelling in SPELLINGS)


def test_a_text_loses_the_key_in_every_spelling() -> None:
    secrecy = Secrecy(PARAMETER, KEY)
    for spelling in SPELLINGS:
        assert secrecy.text(f"GET /q?s=abc&apikey={spelling}&i=d") == "GET /q?s=abc&apikey=[key]&i=d"
    assert not holds_key(repr(secrecy))


def test_a_body_loses_a_key_of_digits_where_it_is_no_part_of_a_figure() -> None:
    secrecy = Secrecy(PARAMETER, "12345678")
    body = b'{"key":"12345678","volume":123456789.0,"other":912345678,"url":"?k=12345678&x"}'
    assert secrecy.body(body) == b'{"key":"[key]","volume":123456789.0,"other":912345678,"url":"?k=[key]&x"}'


def test_a_key_of_few_signs_and_none_leave_a_body_as_it_is() -> None:
    body = b'{"volume":1234,"key":"demo123"}'
    assert Secrecy(PARAMETER, "1234").body(body) == body
    assert Secrecy(PARAMETER, "demo123").body(body) == body
    assert Secrecy(None, "").body(body) == body


@pytest.mark.parametrize("written", [json.dumps, lambda key: json.dumps(key).replace("/", "\\/")])
def test_a_body_loses_the_key_as_json_writes_it(written: Callable[[str], str]) -> None:
    key = "a\"b\\c/01234567'&<"
    body = f'{{"k": {written(key)}}}'
    assert Secrecy(PARAMETER, key).body(body.encode()) == b'{"k": "[key]"}'


def test_any_key_is_taken_out_however_it_is_written() -> None:
    for sign in string.punctuation:
        key = f"abc{sign}012345{sign}z"
        for written in (key, quote(key, safe=""), quote(key), html.escape(key), json.dumps(key)[1:-1]):
            assert Secrecy(PARAMETER, key).text(f"<{written}>") == "<[key]>"
            assert Secrecy(PARAMETER, key).body(f"<{written}>".encode()) == b"<[key]>"


def test_a_request_loses_the_parameter_whatever_it_holds() -> None:
    request = Request("/q", (("s", "abc"), ("apikey", "an older one"), ("note", f"my {KEY}")))
    assert Secrecy(PARAMETER, KEY).request(request) == Request("/q", (("s", "abc"), ("note", "my [key]")))


def test_an_error_of_a_vendors_module_loses_the_key() -> None:
    error = Secrecy(HEADER, KEY).error(VendorError(Reach.SOURCE, f"Unknown key {KEY}", f"Check {KEY}", 3))
    assert (str(error), error.reach, error.wait) == ("Unknown key [key]. Check [key]", Reach.SOURCE, 3)


@pytest.mark.parametrize("place", [PARAMETER, HEADER])
@pytest.mark.parametrize(
    "said",
    [
        Said(f"source:Unknown API Key {KEY}".encode(), 401),
        Said(f"source:{quote_plus(KEY)}".encode(), headers={"X-Echo": KEY}),
        Said(b"", 302, {"Location": f"https://elsewhere.example/?apikey={quote(KEY)}"}),
        Said(b"", 302, {"Location": f"//{KEY.partition('+')[0]}.example/{quote(KEY)}"}),
        Said(b"rows:one", cut=3),
        Said(hangs_up=True),
        Said(f"rows:one\nnext:/words?apikey={quote(KEY)}&note={quote(KEY)}".encode()),
    ],
)
def test_no_answer_makes_us_tell_the_key(
    server: ScriptedServer, tmp_path: Path, everything_logged: io.StringIO, place: Key, said: Said
) -> None:
    server.otherwise = lambda asked: said
    with opened(tmp_path, server.base_url, Clock(), words(key=place)) as client:
        with pytest.raises(VendorError) as caught:
            list(client.pages(ask()))
        assert not holds_key(repr(client))
    assert any(holds_key(repr(asked.params)) or holds_key(repr(asked.headers)) for asked in server.asked)
    assert not holds_key(told_of(caught.value))
    assert "Starting new HTTP connection" in everything_logged.getvalue()
    assert said.hangs_up or '"GET /words?[…] HTTP' in everything_logged.getvalue()
    assert not holds_key(everything_logged.getvalue())
    for path in (found for found in tmp_path.rglob("*") if found.is_file()):
        content = path.read_bytes()
        if path.suffix == ".zst":
            content = client.archive.body("words", path.stem)
        assert not holds_key(content.decode("latin-1")), path
    assert not holds_key(str(client.archive.receipts().to_dicts()))


def test_a_trouble_of_the_network_does_not_tell_the_address(
    tmp_path: Path, everything_logged: io.StringIO
) -> None:
    base_url = f"http://127.0.0.1:{free_port()}"
    # The library's own error does: that is what must not be passed on.
    with pytest.raises(requests.ConnectionError) as naive:
        requests.get(base_url, params={"apikey": KEY}, timeout=5)
    assert holds_key(told_of(naive.value))

    wire = Wire(base_url, "STOOQ_BASE_URL", Secrecy(PARAMETER, KEY), requests.Session())
    with pytest.raises(VendorError) as caught:
        wire.get(Request("/words"))
    assert not holds_key(told_of(caught.value))
    assert "did not answer: there is no connection" in str(caught.value)
    assert not holds_key(everything_logged.getvalue())


def test_an_echoed_key_is_not_in_the_answer_that_is_read(server: ScriptedServer, tmp_path: Path) -> None:
    server.script.append(Said(f"rows:your-key,{KEY},end".encode()))
    with opened(tmp_path, server.base_url, Clock()) as client:
        (received,) = client.pages(ask())
        assert received.page.rows["word"].to_list() == ["your-key", "[key]", "end"]
        assert client.archive.body("words", received.document_id) == b"rows:your-key,[key],end"
