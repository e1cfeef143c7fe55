"""Asking a published file the topics' questions, read-only. What the answers are worth is not judged here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration.quality.suite import Topic

if TYPE_CHECKING:
    import pandas as pd


class InspectionError(Exception):
    """A question could not be asked; the message names the topic and the database's words."""


@contextmanager
def published_file(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published file, opened for reading, that can reach nothing else."""
    with duckdb.connect(str(path), read_only=True, config={"enable_external_access": False}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set schema = 'marts'")
        yield connection


def answer(connection: duckdb.DuckDBPyConnection, topic: Topic) -> "pd.DataFrame":
    """A topic's answer as a frame. Raises `InspectionError`."""
    try:
        return connection.execute(_question(connection, topic)).df()
    except duckdb.Error as error:
        raise InspectionError(f"topic {topic.name} of expectations.toml: {error}") from error


def _question(connection: duckdb.DuckDBPyConnection, topic: Topic) -> str:
    if topic.each is None:
        return topic.sql
    found = connection.execute(topic.each)
    names = [column[0] for column in found.description or []]
    parts = [topic.sql.format(**dict(zip(names, row, strict=True))) for row in found.fetchall()]
    if not parts:
        raise InspectionError(f"topic {topic.name} of expectations.toml: there is nothing to ask about")
    return " union all ".join(parts)
