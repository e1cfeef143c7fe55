"""The Flex Web Service client against a server on loopback: each code, each way an answer can be broken."""

import json
import logging
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from config.flex_query import FlexQuery
from orchestration.resources.flex_web_service import FlexServiceError, FlexWebService, Reaction
from orchestration.resources.flex_web_service.client import (
    LOCKED_SECONDS,
    REFERENCE_SECONDS,
    REFUSED_SECONDS,
    TOKEN_SECONDS,
    WAIT_SECONDS,
)
from orchestration.resources.flex_web_service.errors import CODES
from tests.fakes.flex_server import HTML_ERROR, Answer, FlexServer, flex_server, refused

TOKEN = "24681357"
QUERY = FlexQuery("777", "activity")
JANUARY, FEBRUARY = ((date(2026, month, 1), date(2026, month, 28)) for month in (1, 2))
DOCUMENT = (
    b'<FlexQueryResponse queryName="activity" type="AF"><FlexStatements count="0"/></FlexQueryResponse>\n'
)


@dataclass
class Clock:
    """A clock that moves when somebody sleeps."""

    time: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def server(clock: Clock) -> Iterator[FlexServer]:
    with flex_server() as running:
        running.documents[QUERY.id] = DOCUMENT
        running.now = clock.now
        yield running
        assert not running.too_fast


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(server: FlexServer, clock: Clock, tmp_path: Path) -> FlexWebService:
    return made(server, clock, tmp_path)


def made(server: FlexServer, clock: Clock, folder: Path, token: str = TOKEN) -> FlexWebService:
    file = folder / "state" / "flex.json"
    return FlexWebService(server.base_url, token, file, deadline=300, now=clock.now, sleep=clock.sleep)


def refusal_of(service: FlexWebService) -> FlexServiceError:
    with pytest.raises(FlexServiceError) as caught:
        service.fetch(QUERY)
    return caught.value


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


def test_after_1001_the_query_is_not_sent_again_for_a_while(
    server: FlexServer, service: FlexWebService, clock: Clock, tmp_path: Path
) -> None:
    server.sends.append(refused(1001))
    refusal_of(service)

    again = refusal_of(made(server, clock, tmp_path))  # another process
    assert "nothing is sent before" in str(again)
    assert len(server.calls("SendRequest")) == 1
    clock.time += WAIT_SECONDS
    assert service.fetch(QUERY).content == DOCUMENT


def test_after_1001_no_window_of_the_query_is_sent_either(
    server: FlexServer, service: FlexWebService, clock: Clock
) -> None:
    server.documents["888"] = DOCUMENT
    server.sends.append(refused(1001))
    with pytest.raises(FlexServiceError, match="code 1001"):
        service.fetch(QUERY, JANUARY)

    for period in (FEBRUARY, None):
        with pytest.raises(FlexServiceError, match="nothing is sent before"):
            service.fetch(QUERY, period)
    assert len(server.asked) == 1
    assert service.fetch(FlexQuery("888", "other"), FEBRUARY).content == DOCUMENT
    clock.time += WAIT_SECONDS
    assert service.fetch(QUERY, FEBRUARY).content == DOCUMENT


def test_a_window_that_does_not_come_holds_the_others_for_minutes(
    server: FlexServer, service: FlexWebService, clock: Clock
) -> None:
    """Each of a hundred months that hang would wait for a quarter of an hour, and nothing else would run."""
    server.polls_before_ready = 100
    with pytest.raises(FlexServiceError, match="no document within") as late:
        service.fetch(QUERY, JANUARY)
    assert late.value.until is not None
    server.polls_before_ready = 0

    with pytest.raises(FlexServiceError, match=r"no document within .*; nothing is sent before"):
        service.fetch(QUERY, FEBRUARY)
    assert service.fetch(QUERY).content == DOCUMENT
    clock.time += REFUSED_SECONDS
    assert service.fetch(QUERY, JANUARY).content == DOCUMENT
    assert len(server.calls("SendRequest")) == 2, "what was begun is asked for and not begun again"


def test_a_lock_out_holds_for_every_query_of_the_token_and_no_other(
    server: FlexServer, service: FlexWebService, clock: Clock, tmp_path: Path
) -> None:
    server.documents["888"] = DOCUMENT
    server.tokens.add("11112222")
    server.sends.append(refused(1025))
    refusal_of(service)

    with pytest.raises(FlexServiceError, match="nothing is sent before"):
        made(server, clock, tmp_path).fetch(FlexQuery("888", "other"))
    assert len(server.asked) == 1
    assert made(server, clock, tmp_path, "11112222").fetch(QUERY).content == DOCUMENT
    clock.time += LOCKED_SECONDS
    assert service.fetch(QUERY).content == DOCUMENT


def test_a_token_that_was_refused_is_not_sent_again_that_morning_but_a_new_one_is(
    server: FlexServer, service: FlexWebService, clock: Clock, tmp_path: Path
) -> None:
    server.tokens.add("11112222")
    server.sends.append(refused(1012))
    first = refusal_of(service)

    again = refusal_of(made(server, clock, tmp_path))
    assert again.reaction == Reaction.TOKEN
    assert str(again).endswith(first.fix), "the steps to renew it are told again"
    assert again.until == first.until
    assert len(server.asked) == 1
    assert made(server, clock, tmp_path, "11112222").fetch(QUERY).content == DOCUMENT
    clock.time += TOKEN_SECONDS
    assert service.fetch(QUERY).content == DOCUMENT


def test_a_refused_window_holds_the_other_windows_of_the_query_for_minutes(
    server: FlexServer, service: FlexWebService, clock: Clock
) -> None:
    """A history of a hundred months of a query that is wrong would be a hundred failed attempts."""
    server.sends.append(refused(1014))
    with pytest.raises(FlexServiceError, match="the query is invalid"):
        service.fetch(QUERY, JANUARY)

    with pytest.raises(FlexServiceError, match="the query is invalid; nothing is sent before") as held:
        service.fetch(QUERY, FEBRUARY)
    assert held.value.reaction == Reaction.FIX
    assert len(server.asked) == 1
    assert service.fetch(QUERY).content == DOCUMENT, "a person who mended it can fetch"
    clock.time += REFUSED_SECONDS
    assert service.fetch(QUERY, FEBRUARY).content == DOCUMENT


def test_a_reference_that_was_refused_is_not_polled_again(
    server: FlexServer, service: FlexWebService
) -> None:
    server.gets.append(refused(1017))
    assert refusal_of(service).code == 1017
    assert service.fetch(QUERY).content == DOCUMENT
    assert len(server.calls("SendRequest")) == 2


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


def test_a_statement_that_was_begun_is_polled_and_not_begun_again(
    server: FlexServer, service: FlexWebService, clock: Clock, tmp_path: Path
) -> None:
    server.polls_before_ready = 100
    error = refusal_of(service)
    assert error.reaction == Reaction.RETRY
    assert "no document within 300 seconds" in str(error)

    server.polls_before_ready = 0
    assert made(server, clock, tmp_path).fetch(QUERY).content == DOCUMENT
    assert len(server.calls("SendRequest")) == 1
    assert made(server, clock, tmp_path).fetch(QUERY).content == DOCUMENT
    assert len(server.calls("SendRequest")) == 2


def test_an_old_reference_is_not_asked_for(server: FlexServer, service: FlexWebService, clock: Clock) -> None:
    server.polls_before_ready = 100
    refusal_of(service)
    server.polls_before_ready = 0
    clock.time += REFERENCE_SECONDS
    service.fetch(QUERY)
    assert len(server.calls("SendRequest")) == 2


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


def test_the_pace_of_a_token_is_kept_over_restarts(server: FlexServer, clock: Clock, tmp_path: Path) -> None:
    instants = []
    for _ in range(8):  # sixteen requests, each pair by another process
        made(server, clock, tmp_path).fetch(QUERY)
        instants.append(clock.time)
    kept = json.loads((tmp_path / "state" / "flex.json").read_text())
    (token,) = kept.values()
    assert TOKEN not in json.dumps(kept)
    assert len(token["turns"]) == 10
    gaps = [b - a for a, b in zip(token["turns"], token["turns"][1:], strict=False)]
    assert min(gaps) >= 1
    assert instants[-1] - 1_800_000_000.0 >= 60


def test_one_fetch_at_a_time_whoever_asks(server: FlexServer, clock: Clock, tmp_path: Path) -> None:
    """The second one waits while the first one polls, and only then sends its query."""
    polling, go, waiting = threading.Event(), threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        polling.set()
        assert go.wait(30)

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "waiting for it to end" in record.getMessage():
                waiting.set()

    server.polls_before_ready = 1
    told, log = Told(logging.INFO), logging.getLogger("tieout")
    before = log.level
    log.addHandler(told)
    log.setLevel(logging.INFO)
    try:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(replace(made(server, clock, tmp_path), sleep=sleep).fetch, QUERY)
            assert polling.wait(30)
            second = pool.submit(made(server, clock, tmp_path).fetch, QUERY)
            assert waiting.wait(30)
            assert len(server.calls("SendRequest")) == 1
            go.set()
            assert first.result(30).content == second.result(30).content == DOCUMENT
    finally:
        go.set()
        log.removeHandler(told)
        log.setLevel(before)
    calls = [call for call, _, _ in server.asked]
    assert calls == ["SendRequest", "GetStatement", "GetStatement"] * 2


def test_a_clock_that_was_set_back_stops_no_fetch(server: FlexServer, clock: Clock, tmp_path: Path) -> None:
    clock.time += 86_400
    made(server, clock, tmp_path).fetch(QUERY)
    clock.time -= 86_400
    clock.slept.clear()
    assert made(server, clock, tmp_path).fetch(QUERY).content == DOCUMENT
    assert sum(clock.slept) < 60


def test_a_pace_file_that_cannot_be_read_does_not_stop_a_fetch(
    server: FlexServer, service: FlexWebService, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "flex.json"
    file.parent.mkdir()
    file.write_text("{")
    assert service.fetch(QUERY).content == DOCUMENT


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
