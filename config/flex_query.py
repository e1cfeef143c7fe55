"""A Flex query as the settings name it."""

from dataclasses import dataclass


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
        if not number.isdigit() or "/" in name or name.startswith("."):
            raise ValueError(f"{part!r} is no query; write its number, or name=number, with commas between")
        queries.append(FlexQuery(number, name or number))
    if len({query.name for query in queries}) < len(queries):
        raise ValueError("two queries have the same name")
    return tuple(queries)
