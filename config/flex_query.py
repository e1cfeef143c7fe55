"""A Flex query as the settings name it."""

from dataclasses import dataclass
from datetime import date
from typing import Final

_WHOLE_MONTHS: Final = 12
_NO_PARTITIONS: Final = ("|", "[", "]", "...")  # Dagster names the parts of the history by query and month


@dataclass(frozen=True)
class FlexQuery:
    """A query that the account's owner made in Client Portal: its number, and what it is called here."""

    id: str
    name: str


def parse_queries(text: str) -> tuple[FlexQuery, ...]:
    """`activity=123456, 234567`: queries with or without a name. Raises ValueError that names the part."""
    queries = []
    for part in (piece.strip() for piece in text.split(",")):
        name, _, number = (side.strip() for side in part.rpartition("="))
        if not number.isdigit() or "/" in name or name.startswith(".") or not _is_plain(name):
            raise ValueError(f"{part!r} is no query; write its number, or name=number, with commas between")
        queries.append(FlexQuery(number, name or number))
    if len({query.name for query in queries}) < len(queries):
        raise ValueError("two queries have the same name")
    return tuple(queries)


def first_month(since: date | None, today: date) -> date:
    """The first day of the month that the history begins with: `since`, or the twelve whole months before `today`."""
    if since is not None:
        return since.replace(day=1)
    months = today.year * 12 + today.month - 1 - _WHOLE_MONTHS
    return date(months // 12, months % 12 + 1, 1)


def _is_plain(name: str) -> bool:
    return name.isprintable() and not any(part in name for part in _NO_PARTITIONS)
