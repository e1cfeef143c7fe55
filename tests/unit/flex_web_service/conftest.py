"""The Flex Web Service on loopback, a clock, and a client of both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.resources.flex_web_service import FlexWebService
from tests.fakes.flex_server import FlexServer, flex_server
from tests.support.flex_client import DOCUMENT, QUERY, Clock, made


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
