"""The declared expectations as values: topics, their questions in SQL, what is expected of the answers. No judging."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DECLARED = Path(__file__).with_name("expectations.toml")


@dataclass(frozen=True)
class Expectation:
    """One expectation of a topic's answer: Great Expectations' class, its arguments, and a sentence for people."""

    topic: str
    name: str
    says: str
    type: str
    arguments: Mapping[str, Any]
    severity: str = "critical"

    @property
    def check_name(self) -> str:
        """The name of its check in Dagster, and in reports."""
        return f"{self.topic}__{self.name}"


@dataclass(frozen=True)
class Topic:
    """A question in SQL to the published marts, and what is expected of its answer.

    `each`: a query whose rows are put into the question's braces, one after another, and the answers united: so
    that a new table is asked about without a new line here.
    """

    name: str
    title: str
    sql: str
    each: str | None
    expectations: tuple[Expectation, ...]


@cache
def topics() -> tuple[Topic, ...]:
    """All topics, in the order in which they are declared."""
    return tuple(_topic(entry) for entry in tomllib.loads(DECLARED.read_text(encoding="utf-8"))["topics"])


def expectations() -> Iterator[Expectation]:
    """Every expectation of every topic."""
    for topic in topics():
        yield from topic.expectations


def _topic(entry: Mapping[str, Any]) -> Topic:
    name = entry["name"]
    return Topic(
        name,
        entry["title"],
        entry["sql"],
        entry.get("each"),
        tuple(Expectation(topic=name, **expected) for expected in entry["expectations"]),
    )
