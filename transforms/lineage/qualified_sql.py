"""A model's SQL read so that every column names its relation and stars are written out. No lineage yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

Relation = tuple[str, str]
"""Schema and name of a table."""

CATALOG: Final = "lineage"
"""The one catalog that relations stand in here, whatever the warehouse's file is called."""

CLEAN_SCHEMA: Final = "clean"
"""The schema under which the clean layer's Parquet files are read."""

USING: Final = "columns of using"
"""Under this key a SELECT's `meta` holds the names that its joins are USING, where the left side's value stands."""


def qualified(sql: str, known: Mapping[Relation, Iterable[str]]) -> Scope | None:
    """The outermost scope of a statement; None for one that is no SELECT.

    `known` gives the columns of every relation that the SQL may read. Raises SqlglotError or ValueError for SQL that
    cannot be read.
    """
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    _read_files_as_tables(tree)
    _one_catalog(tree)
    _name_projections(tree)
    _mark_using(tree)
    return build_scope(
        qualify(
            tree,
            dialect="duckdb",
            schema=_schema(known),
            quote_identifiers=False,
            validate_qualify_columns=False,
        )
    )


def _schema(known: Mapping[Relation, Iterable[str]]) -> dict[str, object]:
    schemas: dict[str, dict[str, dict[str, str]]] = {}
    for (schema, name), columns in known.items():
        schemas.setdefault(schema, {})[name] = dict.fromkeys(columns, "unknown")
    return {CATALOG: schemas}


def _read_files_as_tables(tree: exp.Expr) -> None:
    """`read_parquet('<folder>/trades.parquet')` is the clean table trades, `…/_issues/*.parquet` clean_issues."""
    for call in list(tree.find_all(exp.ReadParquet)):
        table = call.parent
        path = call.expressions[0].name.split("/")
        stem = path[-1].removesuffix(".parquet")
        name = f"clean{path[-2]}" if stem == "*" else stem
        if isinstance(table, exp.Table):
            alias = table.alias or None
            table.replace(exp.table_(name, db=CLEAN_SCHEMA, catalog=CATALOG, alias=alias))


def _one_catalog(tree: exp.Expr) -> None:
    for table in tree.find_all(exp.Table):
        if table.args.get("db") and isinstance(table.this, exp.Identifier):
            table.set("catalog", exp.to_identifier(CATALOG))


def _name_projections(tree: exp.Expr) -> None:
    """Names for projections that have none, or one that another has: a star over such a SELECT needs them.

    They are never read by name: in a union the first part names the columns, and the places count.
    """
    for select in tree.find_all(exp.Select):
        taken: set[str] = set()
        for place, projection in enumerate(select.expressions):
            named = isinstance(projection, (exp.Alias, exp.Column)) or projection.is_star
            name = projection.alias_or_name.lower()
            if not projection.is_star and (not named or name in taken):
                bare = projection.this if isinstance(projection, exp.Alias) else projection
                projection.replace(exp.alias_(bare.copy(), f"_unnamed_{place}"))
            taken.add(name)


def _mark_using(tree: exp.Expr) -> None:
    """Remember the columns of USING: they are written out as a COALESCE, but the left side's value stands."""
    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or ()
        if not any(join.side in {"FULL", "RIGHT"} for join in joins):
            select.meta[USING] = {key.name for join in joins for key in join.args.get("using") or ()}
