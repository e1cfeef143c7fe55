"""What the Flex Web Service client remembers between fetches: what is not sent again, what was begun, its pace."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
from tests.fakes.flex_server import FlexServer, refused
from tests.support.flex_client import DOCUMENT, FEBRUARY, JANUARY, QUERY, TOKEN, Clock, made, refusal_of


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
