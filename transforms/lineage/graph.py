"""From the models' SQL to the table of column lineage: every published column, followed to the documents."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from transforms.lineage.feature_sources import feature_columns, feature_sources
from transforms.lineage.model_sql import (
    NO_TABLE,
    Kind,
    LineageError,
    model_columns,
)
from transforms.lineage.origins import clean_columns, origins
from transforms.lineage.qualified_sql import CLEAN_SCHEMA, Relation
from transforms.lineage.row import LineageRow

PUBLISHED_SCHEMA: Final = "marts"
CONSTANT: Final = "constant"

Node = tuple[Relation, str]
Edges = Sequence[tuple[Node, Kind]]


class Place(NamedTuple):
    """Where a column comes from; an empty text for what does not apply."""

    clean_table: str = ""
    clean_column: str = ""
    section: str = ""
    attribute: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Model:
    """A dbt model: its schema and name, its compiled SQL, the models it reads, and its described columns."""

    schema: str
    name: str
    sql: str
    reads: tuple[str, ...]
    described: tuple[str, ...]


def column_lineage(models: Iterable[Model]) -> list[LineageRow]:
    """The lineage of every column of every published mart, sorted.

    Raises LineageError that names every model and column whose lineage cannot be told.
    """
    edges: dict[Node, Edges] = {
        ((CLEAN_SCHEMA, table), column): sorted(feature_sources(table, column).items())
        for table, column in feature_columns()
    }
    known: dict[Relation, Sequence[str]] = {
        (CLEAN_SCHEMA, table): columns for table, columns in clean_columns().items()
    }
    ordered = _in_order(list(models))
    problems = []
    for model in ordered:
        relation = (model.schema, model.name)
        try:
            columns = model_columns(model.sql, known)
        except LineageError as error:
            problems.append(f"model {model.name}: {error}")
            known[relation] = model.described
            continue
        if set(columns) != set(model.described):
            differ = ", ".join(sorted(set(columns) ^ set(model.described)))
            problems.append(f"model {model.name}: its SQL and its yml differ in the columns {differ}")
        known[relation] = tuple(columns)
        edges.update({(relation, name): sorted(sources.items()) for name, sources in columns.items()})
    rows: list[LineageRow] = []
    for model in ordered if not problems else ():
        if model.schema == PUBLISHED_SCHEMA:
            for column in model.described:
                try:
                    rows += _rows(model.name, column, edges)
                except LineageError as error:
                    problems.append(f"{model.name}.{column}: {error}")
    if problems:
        raise LineageError("\n".join(sorted(set(problems))))
    return sorted(rows)


def _in_order(models: Sequence[Model]) -> list[Model]:
    """Every model after those that it reads."""
    by_name = {model.name: model for model in models}
    done: dict[str, Model] = {}

    def visit(model: Model) -> None:
        if model.name not in done:
            for name in model.reads:
                if name in by_name:
                    visit(by_name[name])
            done[model.name] = model

    for model in sorted(models, key=lambda model: model.name):
        visit(model)
    return list(done.values())


def _rows(mart: str, column: str, edges: Mapping[Node, Edges]) -> list[LineageRow]:
    start: Node = ((PUBLISHED_SCHEMA, mart), column)
    found: dict[Place, tuple[Kind, str]] = {}
    reached: set[Node] = set()
    values = _breadth_first([start], edges, Kind.VALUE)
    for kind, before in ((Kind.VALUE, values), (Kind.DERIVED, _breadth_first([start], edges, Kind.DERIVED))):
        leaves = [node for node in before if node not in edges and node not in reached]
        reached.update(leaves)
        for leaf in leaves:
            via = (
                _every_way(start, leaf, edges, before) if kind is Kind.VALUE else _shortest_way(leaf, before)
            )
            for place, own in _places(leaf):
                counts = max(kind, own)
                if place not in found or counts < found[place][0]:
                    found[place] = (counts, via)
    if not found:
        found[Place(reason=CONSTANT)] = (Kind.VALUE, "")
    for leaf in _row_choice(values, edges) - reached:
        found[Place(*_clean(leaf))] = (Kind.FILTER, "")
    return [LineageRow(mart, column, kind.name.lower(), *place, via) for place, (kind, via) in found.items()]


def _row_choice(values: Iterable[Node], edges: Mapping[Node, Edges]) -> set[Node]:
    """The clean columns that a value meets on its way in WHERE, JOIN, GROUP BY and the like."""
    met = [source for node in values for source, kind in edges.get(node, ()) if kind is Kind.FILTER]
    leaves = (node for node in _breadth_first(met, edges, Kind.VALUE) if node not in edges)
    return {leaf for leaf in leaves if leaf[0][0] == CLEAN_SCHEMA}


def _places(leaf: Node) -> list[tuple[Place, Kind]]:
    (schema, table), column = leaf
    if schema == NO_TABLE:
        return [(Place(reason=table), Kind.VALUE)]
    return [
        (Place(table, column, o.section or "", o.attribute or "", o.reason or ""), o.kind)
        for o in origins(*_clean(leaf))
    ]


def _clean(leaf: Node) -> tuple[str, str]:
    (schema, table), column = leaf
    if schema != CLEAN_SCHEMA:
        raise LineageError(f"it comes from {schema}.{table}.{column}, which no model makes")
    return table, column


def _breadth_first(
    starts: Iterable[Node], edges: Mapping[Node, Edges], weakest: Kind
) -> dict[Node, Node | None]:
    """All nodes that are reached over edges at least that strong, each with the node it was reached from."""
    before: dict[Node, Node | None] = dict.fromkeys(starts)
    queue = deque(before)
    while queue:
        node = queue.popleft()
        for source, kind in edges.get(node, ()):
            if kind <= weakest and source not in before:
                before[source] = node
                queue.append(source)
    return before


def _every_way(start: Node, leaf: Node, edges: Mapping[Node, Edges], before: Iterable[Node]) -> str:
    """The models that the value passes, the nearest to the mart first, on whichever way."""
    onward: dict[Node, list[Node]] = {}
    for node in before:
        for source, kind in edges.get(node, ()):
            if kind is Kind.VALUE:
                onward.setdefault(source, []).append(node)
    way, queue = {leaf}, deque([leaf])
    while queue:
        for node in onward.get(queue.popleft(), []):
            if node not in way:
                way.add(node)
                queue.append(node)
    return _models(node for node in before if node in way and node not in (start, leaf))


def _shortest_way(leaf: Node, before: Mapping[Node, Node | None]) -> str:
    nodes: list[Node] = []
    node = before[leaf]
    while node is not None and before[node] is not None:
        nodes.insert(0, node)
        node = before[node]
    return _models(nodes)


def _models(nodes: Iterable[Node]) -> str:
    return ", ".join(dict.fromkeys(name for (_, name), _ in nodes))
