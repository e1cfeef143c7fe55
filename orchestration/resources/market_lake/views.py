"""DuckDB's views over the lake's files. They read the files of the moment of the question; nothing is copied."""

from __future__ import annotations

from typing import Final

import duckdb

from orchestration.resources.market_lake.stores import PART, Store
from orchestration.resources.market_lake.tables import LakeTable, table_of
from transforms.market.adjust import SERIES_KEY
from transforms.market.adjust_sql import adjusted_sql, factors_sql
from transforms.market.series import Kind, Layer
from transforms.schemas.market import BARS, CORPORATE_ACTION, SYMBOL_MAP

_VIEWS: Final[dict[str, tuple[Layer, Kind]]] = {
    "bars": ("clean", "bars"),
    "trades": ("clean", "trades"),
    "quotes": ("clean", "quotes"),
    "observations": ("clean", "observations"),
    "corporate_action": ("clean", "actions"),
    "features": ("features", "bars"),
}
CATALOG: Final = f"catalog/{PART}"
"""The file of the catalogue: what there is, written after each update."""
SYMBOLS: Final = f"symbol_map/{PART}"
"""The file of the map of symbols."""
_UNIVERSE: Final = "Universe of the dataset that holds the row; an instrument may be in several."
_PROVIDER: Final = "Vendor of the dataset that holds the row."
_KEY: Final = ("universe", *SERIES_KEY)
_ADJUSTED_COLUMNS: Final = {
    "split_factor": "Split-adjusted price for one of the price as traded; NULL where a split is not known.",
    "dividend_factor": "Total-return price for one of the split-adjusted price; NULL where a dividend is not known.",
    "raw_close": "Close as traded.",
    "split_open": "First price, adjusted for splits.",
    "split_high": "Highest price, adjusted for splits.",
    "split_low": "Lowest price, adjusted for splits.",
    "split_close": "Last price, adjusted for splits.",
    "split_volume": "Volume in the shares of today.",
    "total_return_close": "Last price, adjusted for splits and dividends; those bought shares at the ex-date's close.",
}


def prepare(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Let a connection read the views: instants in UTC, and objects through their filesystem of fsspec.

    DuckDB's own way to objects is an extension, which it would download.
    """
    connection.execute("set TimeZone = 'UTC'")
    # a footer is read again when its file is newer; reading all of them is half of the time of a small question
    connection.execute("set parquet_metadata_cache = true")
    filesystem = store.filesystem
    if filesystem is not None:
        protocols = filesystem.protocol if isinstance(filesystem.protocol, tuple) else (filesystem.protocol,)
        if not set(protocols) & set(connection.list_filesystems()):
            connection.register_filesystem(filesystem)


def make_views(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Make or replace the views `bars`, `trades`, `quotes`, `observations`, `corporate_action` and `features`.

    Their columns are those of the contracts, `universe`, and `provider` where the rows do not name it. Of each kind
    there is a file at least, if one without rows (`MarketLake.views` sees to it). A later connection to the same
    database needs `prepare` alone.

    `bars_adjusted` has the bars and what transforms/market/adjust.py makes of them. It reads all bars to know what
    adjusts them; `bars_adjusted_of(symbol)`, a table macro, reads those of one symbol. `symbol_map` is the map of
    symbols as it was kept last.
    """
    prepare(connection, store)
    connection.begin()  # one write to the disk for all views and comments, not one for each
    try:
        _make(connection, store)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _make(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    if store.filesystem is None:
        root = store.address("").replace("'", "''")
        connection.execute(f"create or replace macro lake_root() as '{root}'")
    for view, (layer, kind) in _VIEWS.items():
        table = table_of(layer, kind)
        connection.execute(f"create or replace view {view} as {_reading(store, layer, kind, table)}")
        told_by = {} if "provider" in table.schema.names() else {"provider": _PROVIDER}
        _describe(connection, view, {**told_by, **{f.name: f.description for f in table.fields}})
    symbols = store.address(SYMBOLS).replace("'", "''")
    columns = ", ".join(SYMBOL_MAP.columns)
    connection.execute(
        f"create or replace view symbol_map as select {columns} from read_parquet('{symbols}')"
    )
    _comment(connection, "symbol_map", {f.name: f.description for f in SYMBOL_MAP.fields})
    if store.read(CATALOG)[0] is not None:
        catalog = store.address(CATALOG).replace("'", "''")
        connection.execute(f"create or replace view dataset_catalog as from read_parquet('{catalog}')")
    (name,) = connection.sql("select current_schema()").fetchall()[0]
    schema = '"' + name.replace('"', '""') + '"'
    adjusting = _adjusting("bars_here", f"{schema}.corporate_action")
    connection.execute(
        f"create or replace view bars_adjusted as with bars_here as (from {schema}.bars) {adjusting}"
    )
    _describe(connection, "bars_adjusted", {f.name: f.description for f in BARS.fields} | _ADJUSTED_COLUMNS)
    # a macro is bound where it is called: its names need their schema
    connection.execute(
        "create or replace macro bars_adjusted_of(of_symbol) as table "
        f"with bars_here as (from {schema}.bars where symbol = of_symbol) {adjusting}"
    )


def _reading(store: Store, layer: Layer, kind: Kind, table: LakeTable) -> str:
    pattern = store.address(f"{layer}/*/{kind}/*/*/year=*/{PART}").replace("'", "''")
    columns = ", ".join(table.schema.names())
    # the columns stand in the files: without hive partitioning no type is guessed from a folder's name
    provider = "" if "provider" in table.schema.names() else "split_part(filename, '/', -6) as provider, "
    return (
        f"select split_part(filename, '/', -4) as universe, {provider}{columns} from read_parquet('{pattern}', "
        "hive_partitioning = false, union_by_name = true, filename = true)"
    )


def _adjusting(bars: str, actions: str) -> str:
    """A query over these bars that adjusts them.

    An action that several universes of a provider tell is one action: the one that came last stands.
    """
    key = ", ".join(CORPORATE_ACTION.key)
    return (
        f"select * from (with action_once as (select * exclude (universe) from {actions} "
        f"qualify row_number() over (partition by {key} order by ingested_at desc, universe) = 1), "
        f"factor as ({factors_sql(bars, 'action_once', key=_KEY)}) {adjusted_sql(bars, 'factor', key=_KEY)})"
    )


def _describe(connection: duckdb.DuckDBPyConnection, view: str, columns: dict[str, str]) -> None:
    _comment(connection, view, {"universe": _UNIVERSE, **columns})


def _comment(connection: duckdb.DuckDBPyConnection, view: str, columns: dict[str, str]) -> None:
    for name, text in columns.items():
        told = text.replace("'", "''")
        connection.execute(f"comment on column {view}.{name} is '{told}'")
