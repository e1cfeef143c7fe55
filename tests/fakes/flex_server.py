"""A Flex Web Service on loopback: SendRequest, GetStatement, every error code, and servers that misbehave.

It refuses who asks too often, and locks out who insists.
"""

import re
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATH = "/AccountManagement/FlexWebService"
_STAMP = re.compile(rb'(?<=whenGenerated=")\d{8};\d{6}')
HTML_ERROR = b"<!DOCTYPE html><html><head><title>503</title></head><body>Maintenance</body></html>"


@dataclass(frozen=True)
class Answer:
    """What the server sends once: `body` with `status`; `cut` closes the connection after so many bytes of it.

    `header` is a line that stands among the headers as it is.
    """

    body: bytes
    status: int = 200
    cut: int | None = None
    location: str | None = None
    header: bytes = b""


def refused(code: int, message: str = "no reason", status: str = "Fail") -> Answer:
    """An envelope with an error code, as the broker sends it: with HTTP status 200."""
    return Answer(
        f'<FlexStatementResponse timestamp="23 November, 2026 06:00 AM EST"><Status>{status}</Status>'
        f"<ErrorCode>{code}</ErrorCode><ErrorMessage>{message}</ErrorMessage></FlexStatementResponse>".encode()
    )


@dataclass
class FlexServer:
    """The state of the fake: documents by query, and answers that come before the right one.

    `windows`: by query what it answers for a window of days (first, last); without one the document is always the same.

    Each document is made anew: the first of a run when its text says, each later one a minute after the one before.

    `now` is the client's clock in seconds: by it a token may ask once a second and ten times a minute, and is answered
    1018 beyond (`too_fast` counts how often). After `most_failures` failed attempts a token is answered 1025.

    `url_of_statements` is what SendRequest names; by default a second port, as the broker may name another host.
    """

    documents: dict[str, bytes] = field(default_factory=dict)
    windows: dict[str, Callable[[date, date], Answer]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {"24681357"})
    sends: deque[Answer] = field(default_factory=deque)
    gets: deque[Answer] = field(default_factory=deque)
    polls_before_ready: int = 0
    url_element: str = "Url"
    url_of_statements: str = ""
    now: Callable[[], float] | None = None
    most_failures: int = 100
    too_fast: int = 0
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    base_url: str = ""
    _references: dict[str, Answer] = field(default_factory=dict)
    _turns: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _failures: Counter[str] = field(default_factory=Counter)
    _polled: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def calls(self, name: str) -> list[dict[str, str]]:
        """The parameters of each call of `SendRequest` or `GetStatement`, in order."""
        return [parameters for call, parameters, _ in self.asked if call == name]

    def answer(self, call: str, parameters: dict[str, str]) -> Answer:
        """The answer to one call."""
        token = parameters.get("t", "")
        if self._is_too_fast(token):
            self.too_fast += 1
            return refused(1018, "Too many requests have been made from this token.")
        if self._failures[token] >= self.most_failures:
            return refused(1025, "Too many failed attempts.")
        answer = self._answer(call, parameters)
        self._failures[token] += b"<Status>Fail</Status>" in answer.body
        return answer

    def _is_too_fast(self, token: str) -> bool:
        if self.now is None:
            return False
        at, turns = self.now(), self._turns[token]
        turns.append(at)
        second, minute = (sum(at - span < turn <= at for turn in turns) for span in (1, 60))
        return second > 1 or minute > 10

    def _answer(self, call: str, parameters: dict[str, str]) -> Answer:
        scripted = self.sends if call == "SendRequest" else self.gets
        if scripted:
            return scripted.popleft()
        if parameters.get("v") != "3":
            return refused(1020, "Invalid request or unable to validate request.")
        if parameters.get("t") not in self.tokens:
            return refused(1015, "Token is invalid.")
        return self._send(parameters) if call == "SendRequest" else self._get(parameters)

    def _send(self, parameters: dict[str, str]) -> Answer:
        query = parameters.get("q", "")
        if query not in self.documents and query not in self.windows:
            return refused(1014, "Query is invalid.")
        reference = f"{len(self._references) + 1:010d}"
        self._references[reference] = self._document(query, parameters)
        return Answer(
            f'<FlexStatementResponse timestamp="23 November, 2026 06:00 AM EST"><Status>Success</Status>'
            f"<ReferenceCode>{reference}</ReferenceCode><{self.url_element}>{self.url_of_statements}</{self.url_element}>"
            "</FlexStatementResponse>".encode()
        )

    def _get(self, parameters: dict[str, str]) -> Answer:
        reference = parameters.get("q", "")
        if reference not in self._references:
            return refused(1017, "Reference code is invalid.")
        self._polled[reference] += 1
        if self._polled[reference] <= self.polls_before_ready:
            return refused(1019, "Statement generation in progress. Please try again shortly.", "Warn")
        return self._references[reference]

    def _document(self, query: str, parameters: dict[str, str]) -> Answer:
        if query in self.windows and "fd" in parameters:
            first, last = (date.fromisoformat(parameters[name]) for name in ("fd", "td"))
            answer = self.windows[query](first, last)
        else:
            answer = Answer(self.documents[query])
        later = timedelta(minutes=len(self._references))
        return replace(answer, body=_STAMP.sub(lambda told: _stamp(told[0], later), answer.body))


def _stamp(told: bytes, later: timedelta) -> bytes:
    """The second in which a document is made."""
    form = "%Y%m%d;%H%M%S"
    return f"{datetime.strptime(told.decode(), form) + later:{form}}".encode()


@contextmanager
def flex_server() -> Iterator[FlexServer]:
    """The fake on two ports: one takes the requests, the other has the statements."""
    state = FlexServer()
    with _listening(state) as first, _listening(state) as second:
        state.base_url = f"http://127.0.0.1:{first}{PATH}"
        state.url_of_statements = f"http://127.0.0.1:{second}{PATH}/GetStatement"
        yield state


@contextmanager
def _listening(state: FlexServer) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: FlexServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            call = address.path.rsplit("/", 1)[-1]
            parameters = {name: values[0] for name, values in parse_qs(address.query).items()}
            state.asked.append((call, parameters, dict(self.headers)))
            if "User-Agent" not in self.headers or self.headers["User-Agent"].startswith("python-requests"):
                self._send(Answer(b"<html>Forbidden</html>", 403))
            else:
                self._send(state.answer(call, parameters))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            if answer.location:
                self.send_header("Location", answer.location)
            if answer.header:
                self.flush_headers()
                self.wfile.write(answer.header + b"\r\n")
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])
            if answer.cut is not None:
                self.wfile.flush()
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing: the tests look at `asked`."""

    return Handler
