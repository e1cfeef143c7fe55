"""What the tests against servers need: an S3 on loopback. `make test-scale` has an environment of its own for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

NEEDED = "moto is not here; `make test-scale` has it"


@dataclass
class S3Server:
    """The address of an S3, what was asked of it, and what is called with each request before it is answered."""

    address: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[str, str], object] = lambda method, path: None


@dataclass(frozen=True)
class Bucket:
    """A bucket of its own for a test: the root of a lake below it, and the options to reach it."""

    root: str
    options: dict[str, Any]
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path with query of each request that the server answered, in their order."""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 in this process."""
    server_module = pytest.importorskip("moto.server", reason=NEEDED)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        answer = server._server.app

        found = S3Server(f"http://{host}:{port}")

        def note(environ: dict[str, Any], start_response: Any) -> Any:
            request = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
            found.before(*request)
            found.asked.append(request)
            return answer(environ, start_response)

        server._server.app = note
        yield found
    finally:
        server.stop()


@pytest.fixture
def bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket."""
    import s3fs

    # nothing of this machine may change where requests go, or sign them with real credentials
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    name = f"lake-{uuid4().hex}"
    options = {"key": "test", "secret": "test", "endpoint_url": s3_server.address}
    s3fs.S3FileSystem(**options).call_s3("create_bucket", Bucket=name)
    s3_server.asked.clear()
    return Bucket(f"s3://{name}/market", options, s3_server.asked)
