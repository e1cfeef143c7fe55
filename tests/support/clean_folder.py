"""Hand-written clean tables as Parquet, and dbt over them, for tests of the marts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from orchestration.resources.dbt import Dbt
from transforms.features.tax_lots import INPUTS, build_tax_lots
from transforms.schemas import CONTRACTS, FEATURES, RAW_FACTS

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"

Row = dict[str, Any]

_IN_FOLDERS = {"clean_issues": "_issues", "clean_restatements": "_restatements"}


def write_clean(folder: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    """Write every clean table: the rows given, in the contract's columns and types; absent columns are null."""
    (folder / "_issues").mkdir(parents=True)
    (folder / "_restatements").mkdir()
    contracts = {**CONTRACTS, **RAW_FACTS}
    assert tables.keys() <= contracts.keys()
    for name, contract in contracts.items():
        rows = [{**_lineage(name, ordinal), **row} for ordinal, row in enumerate(tables.get(name, []))]
        unknown = {column for row in tables.get(name, []) for column in row} - set(contract.columns)
        assert not unknown, f"{name} has no columns {unknown}"
        frame = pl.DataFrame(rows, schema=contract.polars_schema)
        if name in _IN_FOLDERS:
            frame.write_parquet(folder / _IN_FOLDERS[name] / "hand_written.parquet")
        else:
            frame.write_parquet(folder / f"{name}.parquet")
    write_features(folder)


def write_features(clean: Path) -> None:
    """Write the tables that are derived from the clean ones beside their folder."""
    made = build_tax_lots({name: pl.read_parquet(clean / f"{name}.parquet") for name in INPUTS})
    features = clean.with_name("features")
    features.mkdir(exist_ok=True)
    for name in FEATURES:
        getattr(made, name).write_parquet(features / f"{name}.parquet")


def _lineage(table: str, ordinal: int) -> Row:
    """Where a row says it comes from when the test does not care."""
    has_lineage = "row_ordinal" in CONTRACTS[table].columns if table in CONTRACTS else False
    return {"document_id": "doc", "section": table, "row_ordinal": ordinal} if has_lineage else {}


@dataclass(frozen=True)
class DbtRun:
    """A finished run of dbt: the warehouse, and the status of each node by name."""

    warehouse: Path
    statuses: dict[str, str]
    output: str
    returncode: int

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query; the schema `marts` need not be named."""
        with self._connect() as connection:
            return connection.execute(sql).fetchall()

    def dicts(self, sql: str) -> list[Row]:
        """The same, as a dict per row."""
        with self._connect() as connection:
            found = connection.execute(sql)
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @contextmanager
    def _connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("set schema = 'marts'")
            yield connection


def _folders(clean: Path) -> dict[str, str]:
    return {"clean_dir": str(clean), "features_dir": str(clean.with_name("features"))}


def run_dbt(folder: Path, clean: Path, *arguments: str, **variables: Any) -> DbtRun:
    """Run `dbt build` into `folder` as the pipeline does, from the project as it was parsed last; no unit tests."""
    warehouse = folder / "warehouse.duckdb"
    results = Dbt(warehouse).build({**_folders(clean), **variables}, *arguments)
    statuses = {result.unique_id.split(".", 2)[2]: result.status for result in results}
    bad = [result for result in results if result.status not in {"success", "pass", "warn"}]
    return DbtRun(warehouse, statuses, "\n".join(f"{r.name}: {r.message}" for r in bad), int(bool(bad)))


def run_dbt_and_unit_tests(folder: Path, clean: Path, **variables: Any) -> DbtRun:
    """Run `dbt build` into `folder` with all that the project has, in a process of its own that parses it anew."""
    folder.mkdir(parents=True, exist_ok=True)
    warehouse, target = folder / "warehouse.duckdb", folder / "target"
    environment = {**os.environ, "TIEOUT_WAREHOUSE": str(warehouse), "DO_NOT_TRACK": "1"}
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-level-file=none", "build"),
        *(f"--project-dir={PROJECT}", f"--profiles-dir={PROJECT}", f"--target-path={target}"),
        f"--vars={json.dumps({**_folders(clean), **variables})}",
    ]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    results = target / "run_results.json"
    statuses = {}
    if results.exists():
        found = json.loads(results.read_text())["results"]
        statuses = {result["unique_id"].split(".", 2)[2]: result["status"] for result in found}
    return DbtRun(warehouse, statuses, done.stdout + done.stderr, done.returncode)
