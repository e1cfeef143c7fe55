"""The Flex Web Service client against a server on loopback: each code, each way an answer can be broken."""

import logging
import traceback
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from orchestration.resources.flex_web_service import FlexServiceError, FlexWebService
from orchestration.resources.flex_web_service.errors import CODES
from tests.fakes.flex_server import HTML_ERROR, Answer, FlexServer, refused
from tests.support.flex_client import DOCUMENT, QUERY, TOKEN, Clock, refusal_of


@pytest.mark.parametrize("element", ["Url", "url"])
def test_a_document_comes_from_the_address_that_the_answer_names(
    server: FlexServer, service: FlexWebService, element: str
) -> None:
    server.url_element = element

    fetched = service.fetch(QUERY, (date(2026, 1, 1), date(2026, 1, 31)))

    assert fetched.content == DOCUMENT
    (sent,) = server.calls("SendRequest")
    assert sent == {"t": TOKEN, "v": "3", "q": "777", "fd": "20260101", "td": "20260131"}
    (got,) = server.calls("GetStatement")
    assert got["q"] == "0000000001"


def test_csv_comes_as_it_is(server: FlexServer, service: FlexWebService) -> None:
    server.documents[QUERY.id] = b'"ClientAccountID","CurrencyPrimary"\n"U1","EUR"\n'
    assert service.fetch(QUERY).content == server.documents[QUERY.id]


def test_the_statement_is_polled_until_it_is_ready(
    server: FlexServer, service: FlexWebService, clock: Clock
) -> None:
    server.polls_before_ready = 4

    assert service.fetch(QUERY).content == DOCUMENT

    assert len(server.calls("SendRequest")) == 1
    assert len(server.calls("GetStatement")) == 5
    assert max(clock.slept) <= 60 * 1.25


RETRIED = [1004, 1005, 1006, 1007, 1008, 1009, 1018, 1019, 1021]


ENDING = {
    1001: "wait",
    1003: "empty",
    **dict.fromkeys([1010, 1011, 1013, 1014, 1016, 1017, 1020], "fix"),
    1012: "token",
    1015: "token",
    1025: "locked",
}


def test_every_code_of_the_broker_is_known() -> None:
    assert sorted(CODES) == sorted([*RETRIED, *ENDING])


@pytest.mark.parametrize("code", RETRIED)
def test_a_passing_trouble_is_asked_again(server: FlexServer, service: FlexWebService, code: int) -> None:
    server.sends.append(refused(code))
    server.gets.append(refused(code, status="Warn"))

    assert service.fetch(QUERY).content == DOCUMENT
    assert len(server.calls("SendRequest")) == 2
    assert len(server.calls("GetStatement")) == 2


@pytest.mark.parametrize("code", ENDING)
@pytest.mark.parametrize("call", ["SendRequest", "GetStatement"])
def test_what_asking_again_cannot_mend_ends_at_once_and_says_what_to_do(
    server: FlexServer, service: FlexWebService, code: int, call: str
) -> None:
    (server.sends if call == "SendRequest" else server.gets).append(refused(code))

    error = refusal_of(service)

    assert (error.code, error.reaction) == (code, ENDING[code])
    assert str(error) == f"{CODES[code].meaning} (code {code}). {CODES[code].fix}"
    assert len(server.calls(call)) == 1


def test_an_unknown_code_is_told_with_the_brokers_words(server: FlexServer, service: FlexWebService) -> None:
    server.sends.append(refused(1999, "The moon is full."))
    assert "said: The moon is full (code 1999)." in str(refusal_of(service))


def test_an_answer_that_repeats_the_token_is_told_without_it(
    server: FlexServer, service: FlexWebService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broken = f"<FlexStatementResponse><Status>Odd</Status><ErrorMessage>{TOKEN}</ErrorMessage></FlexStatementResponse>"
    server.sends.extend([Answer(broken.encode()), refused(1999, f"{TOKEN} is unknown.")])
    error = refusal_of(service)
    assert "[token] is unknown (code 1999)" in str(error)
    told = "".join(traceback.format_exception(error))
    assert "[token]" in caplog.text
    assert TOKEN not in told + caplog.text


BROKEN = {
    "a web page": Answer(HTML_ERROR),
    "a web page with a status": Answer(HTML_ERROR, 503),
    "too many": Answer(b"", 429),
    "nothing": Answer(b""),
    "cut off by the connection": Answer(DOCUMENT, cut=30),
    "cut off before": Answer(DOCUMENT[:60]),
    "an envelope that breaks off": Answer(b"<FlexStatementResponse><Status>Succ"),
    "no status": Answer(b"<FlexStatementResponse></FlexStatementResponse>"),
    "other XML": Answer(b"<Rss><Item/></Rss>"),
    "bytes": Answer(b"\x00\x01\x02,\x03" * 40),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_asked_again(server: FlexServer, service: FlexWebService, answer: Answer) -> None:
    server.sends.append(answer)
    server.gets.append(answer)
    assert service.fetch(QUERY).content == DOCUMENT


def test_an_envelope_with_entities_is_no_answer(server: FlexServer, service: FlexWebService) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><FlexStatementResponse><Status>&a;</Status></FlexStatementResponse>'
    server.sends.append(Answer(bomb))
    assert service.fetch(QUERY).content == DOCUMENT


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/x",
        "http://interactivebrokers.com/x",
        "https://notinteractivebrokers.com/x",
        "x",
        "https://example.com\\@interactivebrokers.com/x",
        "https://interactivebrokers.com\\x",
        "https://somebody@interactivebrokers.com/x",
        "https://interactivebrokers.com:port/x",
    ],
)
def test_the_token_goes_to_nobody_but_the_broker(
    server: FlexServer, service: FlexWebService, address: str
) -> None:
    server.url_of_statements = address
    error = refusal_of(service)
    assert "is not the broker's" in str(error)
    assert len(server.asked) == 1


def test_a_redirect_is_not_followed(server: FlexServer, service: FlexWebService) -> None:
    server.sends.append(Answer(b"", 302, location="https://example.com/"))
    assert "HTTP status 302" in str(refusal_of(service))


def test_a_server_that_is_not_there_is_told_without_the_token(
    clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = FlexWebService(
        "http://127.0.0.1:9/x", TOKEN, tmp_path / "flex.json", deadline=20, now=clock.now, sleep=clock.sleep
    )
    error = refusal_of(service)
    assert "127.0.0.1:9 could not be reached" in str(error)
    told = "".join(traceback.format_exception(error))
    assert TOKEN not in f"{error!r} {told} {caplog.text} {service!r}"


def test_the_token_is_in_no_log(
    server: FlexServer, service: FlexWebService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    envelope = refused(1009)
    server.sends.append(replace(envelope, header=b"a line that is no header"))
    service.fetch(QUERY)
    assert "heavy load" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("first", "last", "problem"),
    [(date(2026, 2, 1), date(2026, 1, 1), "ends"), (date(2025, 1, 1), date(2026, 1, 1), "longer than 365")],
)
def test_a_period_that_cannot_be_is_not_sent(
    server: FlexServer, service: FlexWebService, first: date, last: date, problem: str
) -> None:
    with pytest.raises(FlexServiceError, match=problem):
        service.fetch(QUERY, (first, last))
    assert not server.asked
