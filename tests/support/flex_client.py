"""A client of the Flex Web Service for tests, with a clock that nobody waits for."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from config.flex_query import FlexQuery
from orchestration.resources.flex_web_service import FlexServiceError, FlexWebService
from tests.fakes.flex_server import FlexServer

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


def made(server: FlexServer, clock: Clock, folder: Path, token: str = TOKEN) -> FlexWebService:
    file = folder / "state" / "flex.json"
    return FlexWebService(server.base_url, token, file, deadline=300, now=clock.now, sleep=clock.sleep)


def refusal_of(service: FlexWebService) -> FlexServiceError:
    with pytest.raises(FlexServiceError) as caught:
        service.fetch(QUERY)
    return caught.value
