"""An HTTP server on loopback that says exactly what a test wrote down, byte by byte if need be. It knows no vendor."""

import contextlib
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Said:
    """One answer. `cut`: the connection ends after so many bytes of the body; `drips`: seconds before each byte.

    `hangs_up`: the connection ends without an answer. `chunked`: the body comes in pieces, its length is not told.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    drips: float | None = None
    hangs_up: bool = False
    chunked: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came. `headers` by lower-case name."""

    path: str
    params: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]


Answering = Callable[[Asked], Said]


@dataclass
class ScriptedServer:
    """What is said: first what stands in `script`, then what `otherwise` makes of the request."""

    base_url: str = ""
    script: deque[Said] = field(default_factory=deque)
    otherwise: Answering = field(default=lambda asked: Said(b"not scripted", 500))
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> Said:
        """The answer to one request, which is written down."""
        self.asked.append(asked)
        return self.script.popleft() if self.script else self.otherwise(asked)


@contextlib.contextmanager
def scripted_server(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Such a server, ended with the block; it speaks TLS if it is given a context."""
    state = ScriptedServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.base_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            params = tuple(parse_qsl(parts.query, keep_blank_values=True))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = state.answer(Asked(parts.path, params, headers))
            self.close_connection = True
            if said.hangs_up:
                return
            self.send_response(said.status)
            self.send_header("Connection", "close")
            for name, value in said.headers.items():
                self.send_header(name, value)
            if said.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._send_body(said)

        def _send_body(self, said: Said) -> None:
            body = said.body[: said.cut]
            if said.drips is not None:
                for byte in body:
                    time.sleep(said.drips)
                    self.wfile.write(bytes([byte]))
            elif said.chunked:
                for start in range(0, len(body), 1000):
                    piece = body[start : start + 1000]
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                if said.cut is None:
                    self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests look at `asked`."""

    return Handler
