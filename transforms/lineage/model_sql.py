"""What one model's SQL says about its columns: which columns of which relations each one comes from.

The SQL is the compiled one, in DuckDB's dialect. How it is read is in qualified_sql.py, how models hang
together in graph.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope

from transforms.lineage.qualified_sql import USING, Relation, qualified


class Kind(IntEnum):
    """How a source counts: its value flows, it decides the figure, or it decides which rows stand."""

    VALUE = 0
    DERIVED = 1
    FILTER = 2


NO_TABLE: Final = "no table"
"""In place of a schema: the figure is made here, of no column. The relation's name says how."""

BUILD_FACT: Final = "tieout build fact"
"""A text literal that begins with these words is a fact of the build, put in by the orchestration."""

Sources = dict[tuple[Relation, str], Kind]
"""Columns that something comes from, each with the strongest way in which it does."""


class LineageError(ValueError):
    """The lineage of a column cannot be told; the message names the model, the column and what is in the way."""


def model_columns(sql: str, known: Mapping[Relation, Iterable[str]]) -> dict[str, Sources]:
    """The columns of a SELECT in their order, each with what it comes from.

    `known` gives the columns of every relation that the SQL may read, so that stars can be written out.
    Raises LineageError for SQL that cannot be read, and for a column that cannot be followed.
    """
    try:
        root = qualified(sql, known)
    except (SqlglotError, ValueError) as error:
        raise LineageError(f"the SQL cannot be read: {error}") from error
    if root is None:
        raise LineageError("the SQL is no SELECT")
    return _Walk(known).columns(root)


def merge(into: Sources, more: Sources, at_least: Kind = Kind.VALUE) -> None:
    """Add sources; none of the added ones counts stronger than `at_least`, and the strongest way stays."""
    for source, kind in more.items():
        weaker = max(kind, at_least)
        into[source] = min(into.get(source, weaker), weaker)


# Comparisons tell something about a value; the value itself does not go on.
_COMPARISONS: Final = (exp.Predicate, exp.Contains, exp.StartsWith, exp.EndsWith, exp.ArrayContainsAll)
_THROUGH: Final = (exp.And, exp.Or, exp.Not, exp.Paren)
_OUTER: Final = frozenset({"LEFT", "RIGHT", "FULL"})
_ROWS: Final = -1
"""In place of a column's place: what decides which rows stand."""
_CHOOSERS: Final = {
    "arg_max",
    "arg_min",
    "max_by",
    "min_by",
    "arg_max_null",
    "arg_min_null",
    "argmax",
    "argmin",
}


@dataclass
class _Walk:
    """One walk over a qualified statement. `assumed` holds what is known so far of recursive CTEs."""

    known: Mapping[Relation, Iterable[str]]
    assumed: dict[tuple[int, int], Sources] = field(default_factory=dict)
    found: dict[tuple[int, int], Sources] = field(default_factory=dict)
    unions: dict[int, Scope] = field(default_factory=dict)
    asked: dict[tuple[int, int], Scope] = field(default_factory=dict)

    def columns(self, root: Scope) -> dict[str, Sources]:
        """All output columns; repeated until what recursive CTEs say of themselves no longer grows."""
        for scope in root.traverse():
            cte = scope.expression.parent
            with_ = cte.parent if isinstance(cte, exp.CTE) else None
            if isinstance(with_, exp.With) and with_.recursive and scope.set_operation_scopes:
                self.unions[id(scope.expression.this)] = scope
        while True:
            self.found = {}
            columns = {name: self.column(root, place) for place, name in enumerate(_names(root))}
            said = {key: self.column(union, key[1]) for key, union in list(self.asked.items())}
            if said == self.assumed:
                return columns
            self.assumed = said

    def column(self, scope: Scope, place: int) -> Sources:
        """The sources of one output column of a scope, by its place: parts of a union may repeat names."""
        key = (id(scope), place)
        if key not in self.found:
            self.found[key] = self._column(scope, place)
        return self.found[key]

    def _column(self, scope: Scope, place: int) -> Sources:
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            return self._of_union(scope, expression, place)
        if isinstance(expression, exp.Select):
            projection = expression.selects[place]
            if projection.is_star:
                raise LineageError(f"the star of {expression.sql('duckdb')[:80]} cannot be written out")
            sources = self.expression(projection, scope)
            merge(sources, self._row_choice(scope, expression), Kind.FILTER)
            return sources
        if isinstance(expression, exp.Subquery) and scope.subquery_scopes:
            return self.column(scope.subquery_scopes[0], place)
        # VALUES, UNNEST and other table functions: each column comes from all that goes in.
        return self.expression(expression, scope)

    def _of_union(self, scope: Scope, union: exp.SetOperation, place: int) -> Sources:
        sources: Sources = {}
        name = union.named_selects[place]
        for side in scope.set_operation_scopes:
            names = _names(side)
            if isinstance(union, (exp.Except, exp.Intersect)) and side is not scope.set_operation_scopes[0]:
                merge(sources, self.column(side, place), Kind.FILTER)
            elif not union.args.get("by_name"):
                merge(sources, self.column(side, place))
            elif name in names:
                merge(sources, self.column(side, names.index(name)))
        return sources

    def _row_choice(self, scope: Scope, select: exp.Select) -> Sources:
        """What decides which rows of a SELECT stand, and which go into one group."""
        key = (id(scope), _ROWS)
        if key in self.found:
            return self.found[key]
        sources: Sources = {}
        self.found[key] = sources
        conditions: list[exp.Expr] = [
            clause.this for name in ("where", "having", "qualify") if (clause := select.args.get(name))
        ]
        joins = select.args.get("joins") or ()
        conditions += [join.args["on"] for join in joins if join.args.get("on") and join.side not in _OUTER]
        distinct = select.args.get("distinct")
        first_of = distinct.args.get("on") if distinct is not None else None
        if first_of is not None:
            conditions += first_of.expressions
        if (first_of is not None or select.args.get("limit")) and select.args.get("order"):
            conditions += [ordered.this for ordered in select.args["order"].expressions]
        group = select.args.get("group")
        if group is not None:
            whole = group.expressions or [p for p in select.selects if not p.find(exp.AggFunc)]
            conditions += [_projection(select, key) for key in whole]
        for condition in conditions:
            merge(sources, self.expression(condition, scope), Kind.FILTER)
        return sources

    def expression(self, node: exp.Expr, scope: Scope) -> Sources:
        """The sources of an expression within a scope."""
        if isinstance(node, (exp.Columns, exp.Star)):
            raise LineageError(f"{node.sql('duckdb')}: name the columns, a star here cannot be written out")
        sources: Sources = {}
        made = _made_here(node)
        if made:
            sources[(NO_TABLE, made), ""] = Kind.VALUE
        for part, kind in _parts(node):
            if isinstance(part, exp.Column):
                merge(sources, self._of_column(part, scope), kind)
            elif (
                isinstance(part, (exp.Subquery, exp.Query)) and (inner := _scope_of(part, scope)) is not None
            ):
                for place in range(len(_names(inner))):
                    merge(sources, self.column(inner, place), kind)
            else:
                merge(sources, self.expression(part, scope), kind)
        return dict.fromkeys(sources, Kind.DERIVED) if isinstance(node, exp.Exists) else sources

    def _of_column(self, column: exp.Column, scope: Scope) -> Sources:
        if not column.table:
            return self._unqualified(column, scope)
        holder: Scope | None = scope
        while holder is not None and column.table not in holder.sources:
            holder = holder.parent
        if holder is None:
            raise LineageError(f"{column.sql('duckdb')}: no relation of that name")
        sources = dict(self._of_source(holder.sources[column.table], column, holder))
        merge(sources, self._match(column.table, holder), Kind.FILTER)
        return sources

    def _match(self, alias: str, scope: Scope) -> Sources:
        """What decides which row of an outer-joined relation stands beside a row."""
        for join in scope.expression.args.get("joins") or ():
            if join.alias_or_name == alias and join.side and join.args.get("on"):
                key = (id(join), _ROWS)
                if key not in self.found:
                    self.found[key] = {}
                    self.found[key] = self.expression(join.args["on"], scope)
                return self.found[key]
        return {}

    def _of_source(self, source: exp.Expr | Scope, column: exp.Column, scope: Scope) -> Sources:
        if isinstance(source, Scope):
            place = self._place(source, column)
            union = self.unions.get(id(source.expression))
            if union is not None:
                self.asked[id(union), place] = union
                return self.assumed.get((id(union), place), {})
            return self.column(source, place)
        if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
            return self.expression(source, scope)
        relation = (source.db, source.name)
        if relation not in self.known:
            raise LineageError(f"{column.sql('duckdb')}: the relation {'.'.join(relation)} is not known")
        if column.name not in self.known[relation] and source.args.get("pivots"):
            return self._of_pivot(source.args["pivots"], relation)
        if column.name not in self.known[relation]:
            raise LineageError(f"{column.sql('duckdb')}: {'.'.join(relation)} has no such column")
        return {(relation, column.name): Kind.VALUE}

    def _of_pivot(self, pivots: Iterable[exp.Expr], relation: Relation) -> Sources:
        """A column that PIVOT or UNPIVOT makes comes from every column that it names."""
        named = {part.name for pivot in pivots for part in pivot.find_all(exp.Column, exp.Identifier)}
        return {(relation, name): Kind.VALUE for name in self.known[relation] if name in named}

    def _place(self, source: Scope, column: exp.Column) -> int:
        if not isinstance(source.expression, exp.Query):
            return 0
        names = source.expression.named_selects
        if column.name not in names:
            raise LineageError(
                f"{column.sql('duckdb')}: no such column in {source.expression.sql('duckdb')[:80]}"
            )
        return names.index(column.name)

    def _unqualified(self, column: exp.Column, scope: Scope) -> Sources:
        """A name without a relation is a column of the same SELECT (in HAVING, QUALIFY, ORDER BY)."""
        if isinstance(scope.expression, exp.Select):
            for projection in scope.expression.selects:
                if isinstance(projection, exp.Alias) and projection.alias == column.name:
                    return self.expression(projection.this, scope)
        raise LineageError(f"{column.name}: it cannot be told which relation it is a column of")


def _projection(select: exp.Select, key: exp.Expr) -> exp.Expr:
    """A group key that is written as the number of a projection."""
    if isinstance(key, exp.Literal) and not key.is_string:
        return select.selects[int(key.this) - 1]
    return key


def _names(scope: Scope) -> list[str]:
    """The output columns of a scope."""
    return list(scope.expression.named_selects) if isinstance(scope.expression, exp.Query) else []


def _scope_of(query: exp.Expr, scope: Scope) -> Scope | None:
    inner = query.unnest()
    for child in (*scope.subquery_scopes, *scope.derived_table_scopes, *scope.udtf_scopes):
        if child.expression is inner or child.expression is query:
            return child
    return None


def _parts(node: exp.Expr) -> list[tuple[exp.Expr, Kind]]:
    """The parts of an expression, each with how it counts for the whole."""
    if isinstance(node, exp.Column):
        return [(node, Kind.VALUE)]
    if isinstance(node, exp.ReadCSV):  # its options look like columns
        return []
    if isinstance(node, exp.Count):
        return [(part, Kind.DERIVED) for part in _children(node) if not isinstance(part, exp.Star)]
    if isinstance(node, _COMPARISONS) and not isinstance(node, _THROUGH):
        return [(part, Kind.DERIVED) for part in _children(node)]
    if isinstance(node, exp.Coalesce) and _joined_by_using(node):
        return [(node.this, Kind.VALUE)]
    if isinstance(node, exp.Nullif):
        return [(node.this, Kind.VALUE), (node.expression, Kind.DERIVED)]
    deciding: set[int] = set()
    if isinstance(node, exp.Case):
        deciding = {id(node.args.get("this"))}
    elif isinstance(node, exp.If):  # the branches of CASE are these, too
        deciding = {id(node.this)}
    elif isinstance(node, exp.Filter):
        deciding = {id(node.expression)}
    elif isinstance(node, exp.Window):
        named = _named_window(node)
        deciding = {
            id(part) for part in (*(node.args.get("partition_by") or ()), node.args.get("order"), named)
        }
        return [
            (part, Kind.DERIVED if id(part) in deciding else Kind.VALUE)
            for part in (*_children(node), *([named] if named is not None else []))
        ]
    elif isinstance(node, exp.Bracket):
        deciding = {id(part) for part in node.expressions}
    elif isinstance(node, exp.Order):
        deciding = set() if isinstance(node.parent, exp.WithinGroup) else {id(p) for p in node.expressions}
    elif isinstance(node, (exp.ArgMax, exp.ArgMin)) or (
        isinstance(node, exp.Func) and node.name.lower() in _CHOOSERS
    ):
        deciding = {id(part) for part in list(_children(node))[1:]}
    return [(part, Kind.DERIVED if id(part) in deciding else Kind.VALUE) for part in _children(node)]


def _named_window(node: exp.Window) -> exp.Expr | None:
    """The window that `over name` means: a definition of the clause WINDOW."""
    select = node.find_ancestor(exp.Select)
    name = node.alias
    windows: list[exp.Expr] = select.args.get("windows") or [] if select is not None and name else []
    return next((window for window in windows if window.name == name), None)


def _joined_by_using(node: exp.Coalesce) -> bool:
    select = node.find_ancestor(exp.Select)
    parts = list(_children(node))
    names = {part.name for part in parts if isinstance(part, exp.Column)}
    return (
        select is not None
        and len(names) == 1
        and all(isinstance(part, exp.Column) for part in parts)
        and names <= select.meta.get(USING, set())
    )


def _made_here(node: exp.Expr) -> str | None:
    """How an expression makes a figure of no column's value, or None."""
    if isinstance(node, (exp.Count, exp.CountIf)):
        return "count of rows"
    if isinstance(node, (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)):
        return "place in an order"
    if isinstance(node, exp.ReadCSV):
        return "packaged with the code"
    if isinstance(node, exp.Literal) and node.is_string and node.name.startswith(BUILD_FACT):
        return f"fact of the build{node.name.removeprefix(BUILD_FACT)}"
    return None


def _children(node: exp.Expr) -> Iterable[exp.Expr]:
    return [part for part in node.iter_expressions() if isinstance(part, exp.Expr)]
