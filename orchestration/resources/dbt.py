"""Running dbt inside this process. Why not its command in a process of its own: docs/adr/0004-dbt-in-process.md."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.resources.files import exclusive

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"

log = logging.getLogger("tieout")


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test. `failures` counts the offending rows of a test."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    message: str | None
    seconds: float
    failures: int | None


class DbtError(Exception):
    """dbt could not start, or could not read the project."""


@dataclass(frozen=True)
class Dbt:
    """The dbt project against one warehouse file."""

    warehouse: Path
    project: Path = PROJECT

    @property
    def manifest_path(self) -> Path:
        """The compiled project that Dagster's asset definitions come from."""
        return self.project / "target" / "manifest.json"

    def manifest(self) -> Mapping[str, Any]:
        """The manifest, made anew when a file of the project is newer than it."""
        self._parse_if_stale()
        content: Mapping[str, Any] = json.loads(self.manifest_path.read_bytes())
        return content

    def parse(self) -> None:
        """Parse the project, and write what the parsing gave beside it."""
        with exclusive(self.project / "target" / ".lock"):
            self._parse()

    def build(self, variables: Mapping[str, Any], *arguments: str) -> list[NodeResult]:
        """Build all models and run their tests (unit tests of the project's logic apart); returns each result.

        More of dbt's `arguments` may choose some of them. A model behind a failed test of severity error is skipped by
        dbt. Raises `DbtError` only if dbt itself fails.
        """
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        # All of it is built again. In a new file that is faster than beside the tables of the last build.
        for left_over in (self.warehouse, self.warehouse.with_name(f"{self.warehouse.name}.wal")):
            left_over.unlink(missing_ok=True)
        self._parse_if_stale()
        outcome = self._invoke(
            [
                "build",
                "--exclude-resource-type=unit_test",
                "--no-write-json",
                f"--target-path={self.warehouse.parent / 'target'}",
                f"--vars={json.dumps(dict(variables))}",
                *arguments,
            ],
            self._parsed(),
        )
        return [
            NodeResult(
                result.node.unique_id,
                result.node.name,
                str(result.node.resource_type),
                str(result.status),
                result.message,
                result.execution_time,
                result.failures,
            )
            for result in outcome.results
        ]

    def compiled(self, target: Path, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The manifest with the SQL of every model written out, made in the folder `target`; runs none of it."""
        self._invoke(
            [
                "compile",
                "--no-partial-parse",
                f"--target-path={target}",
                f"--vars={json.dumps(dict(variables))}",
            ]
        )
        content: Mapping[str, Any] = json.loads((target / "manifest.json").read_bytes())
        return content

    def row_counts(self) -> dict[str, int]:
        """Rows of each table that stands in the warehouse, by `schema.table`."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables()"
            ).fetchall()
        return {f"{schema}.{table}": rows for schema, table, rows in tables}

    def _parse_if_stale(self) -> None:
        """Processes that start together parse once."""
        with exclusive(self.project / "target" / ".lock"):
            path = self.manifest_path
            if not path.exists() or self._newest_source() > path.stat().st_mtime_ns:
                self._parse()

    def _parse(self) -> None:
        self._invoke(["parse", "--no-partial-parse", f"--target-path={self.project / 'target'}"])

    def _parsed(self) -> Any:
        """dbt's own form of the manifest: given to dbt, it need not parse (with other variables it would, wholly)."""
        from dbt.contracts.graph.manifest import Manifest

        return Manifest.from_msgpack((self.project / "target" / "partial_parse.msgpack").read_bytes())

    def _invoke(self, arguments: list[str], manifest: Any = None) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        with self._environment():
            try:
                outcome = dbtRunner(manifest=manifest).invoke(
                    [
                        # The results and the errors come back to us; standard output belongs to the command.
                        "--log-level=none",
                        "--log-level-file=none",
                        "--no-send-anonymous-usage-stats",
                        "--no-version-check",
                        *arguments,
                        f"--project-dir={self.project}",
                        f"--profiles-dir={self.project}",
                    ]
                )
            finally:
                # DuckDB keeps a file locked as long as a connection lives, and the publisher reads it next.
                DuckDBConnectionManager.close_all_connections()
        if outcome.exception is not None:
            raise DbtError(f"dbt could not run: {outcome.exception}") from outcome.exception
        return outcome.result

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """dbt's profile takes the warehouse's path from the environment; put it there for the call only."""
        before = os.environ.get("TIEOUT_WAREHOUSE")
        os.environ["TIEOUT_WAREHOUSE"] = str(self.warehouse)
        try:
            yield
        finally:
            if before is None:
                del os.environ["TIEOUT_WAREHOUSE"]
            else:
                os.environ["TIEOUT_WAREHOUSE"] = before

    def _newest_source(self) -> int:
        built = self.project / "target"
        return max(
            path.stat().st_mtime_ns
            for path in self.project.rglob("*")
            if path.suffix in {".sql", ".yml"} and built not in path.parents
        )
