"""From documents to marts without Dagster: for tests that need many small books."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from config.data_folder import DataFolder
from orchestration.defs.clean.documents import document_sections_table, documents_table
from orchestration.resources.dbt import Dbt, NodeResult
from orchestration.resources.lake import Lake
from orchestration.resources.raw_store import RawStore
from transforms.clean import CLEAN_TABLES, CleanContext
from transforms.features.tax_lots import INPUTS, build_tax_lots
from transforms.schemas import CONTRACTS, FEATURES, RAW_FACTS

TIMEZONE = "America/New_York"
NOW = datetime(2026, 1, 2, 6, tzinfo=UTC)


def build_marts(
    documents: Iterable[tuple[str, bytes]],
    folder: Path,
    one_by_one: bool = False,
    only: Iterable[str] = (),
) -> Path:
    """Take the documents in (all at once, or each as it comes), build everything, return the warehouse file.

    With `only`, dbt builds these marts alone and what they are made of, without its tests.
    """
    data = DataFolder(folder)
    build_clean(take_in(documents, data, one_by_one), Lake(data.clean))
    models = [f"+{name}" for name in only]
    build_marts_of_clean(data, *(["--resource-type=model", "--select", *models] if models else []))
    return data.warehouse


def take_in(documents: Iterable[tuple[str, bytes]], data: DataFolder, one_by_one: bool = False) -> RawStore:
    """Take the documents into the raw layer, all at once, or each as it comes."""
    store = RawStore(data, TIMEZONE)
    data.inbox.mkdir(parents=True)
    for name, content in documents:
        (data.inbox / name).write_bytes(content)
        if one_by_one:
            store.ingest(lambda: NOW)
    store.ingest(lambda: NOW)
    return store


def build_marts_of_clean(data: DataFolder, *arguments: str) -> None:
    """Features and marts of the clean tables that are there."""
    build_features(Lake(data.clean), Lake(data.features))
    failed = [r for r in build_warehouse(data, *arguments) if r.status not in {"success", "pass", "warn"}]
    assert failed == []


def build_clean(store: RawStore, lake: Lake) -> None:
    """All clean tables, under their contracts."""
    for name, table in CLEAN_TABLES.items():
        cleaned = table.build(store.scan, CleanContext(TIMEZONE, None))
        lake.write(name, CONTRACTS[name].validate(cleaned.table))
        lake.write(f"_issues/{name}", cleaned.issues)
        lake.write(f"_restatements/{name}", cleaned.restatements)
    lake.write("benchmark_prices", RAW_FACTS["benchmark_prices"].empty())
    lake.write("documents", documents_table(store.manifest().receipts))
    lake.write("document_sections", document_sections_table(store.scan("_document_sections")))


def build_features(clean: Lake, features: Lake) -> None:
    """All tables that are derived from the clean ones, under their contracts."""
    made = build_tax_lots({name: clean.read(name, columns) for name, columns in INPUTS.items()})
    for name in FEATURES:
        features.write(name, getattr(made, name))


def build_warehouse(data: DataFolder, *arguments: str) -> list[NodeResult]:
    """All models and their tests, or those that dbt's arguments choose."""
    return Dbt(data.warehouse).build(
        {
            "clean_dir": str(data.clean),
            "features_dir": str(data.features),
            "version_id": "000001-00000000",
            "fingerprint": "0" * 64,
            "built_at": NOW.isoformat(),
            "code_version": "test",
        },
        *arguments,
    )


def mart(warehouse: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query over the marts."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        return connection.execute(sql).fetchall()
