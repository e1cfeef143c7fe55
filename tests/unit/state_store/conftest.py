"""Databases of the state store: a file, and where there is one on the machine a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.check.postgres import MISSING, Server, binaries, running_postgres
from state_store.database import StateStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tieout.sqlite"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    if binaries() is None:
        pytest.skip(MISSING)
    with running_postgres("tieout", "a word with spaces, / and @") as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, path: Path) -> Iterator[str]:
    """A database that nobody has written to."""
    if request.param == "sqlite":
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgres")
    server.run("--command=create database books")
    yield server.url("books")
    server.run("--command=drop database books with (force)")


@pytest.fixture
def store(url: str) -> StateStore:
    return StateStore(url)
