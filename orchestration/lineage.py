"""`python -m orchestration.lineage`: writes the column lineage that is packaged with the models; `--check` compares.

It is computed when a model or a contract changes, never in a run: a run reads the file.
"""

import csv
import io
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.packaged_lineage import PACKAGED
from orchestration.resources.dbt import PROJECT, Dbt
from transforms.lineage.graph import Model, column_lineage
from transforms.lineage.model_sql import BUILD_FACT, LineageError
from transforms.lineage.row import COLUMNS, LineageRow, as_texts

# What the orchestration knows of a build and hands to dbt: recognised in the SQL by these words.
_BUILD_FACTS = ("version_id", "fingerprint", "built_at", "code_version")
_SHOWN = 10


def computed() -> list[LineageRow]:
    """The lineage of every published column, from the models as they stand. Raises `LineageError`."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {
            "clean_dir": "clean",
            **{name: f"{BUILD_FACT}: {name}" for name in _BUILD_FACTS},
        }
        dbt = Dbt(Path(folder) / "warehouse.duckdb")
        return column_lineage(_models(dbt.compiled(Path(folder) / "target", variables)))


def as_csv(rows: list[LineageRow]) -> str:
    """The rows as the packaged file holds them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(as_texts(rows))
    return text.getvalue()


def differences() -> list[str]:
    """What the packaged file says otherwise than the models, a line each; none when it is up to date."""
    now = set(as_csv(computed()).splitlines())
    then = set(PACKAGED.read_text(encoding="utf-8").splitlines()) if PACKAGED.exists() else set()
    return [f"- {line}" for line in sorted(then - now)] + [f"+ {line}" for line in sorted(now - then)]


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` exit 1 if it would change."""
    try:
        if "--check" in arguments:
            return _check()
        rows = computed()
    except LineageError as error:
        print(f"column lineage cannot be told:\n{error}", file=sys.stderr)
        return 1
    PACKAGED.parent.mkdir(exist_ok=True)
    PACKAGED.write_text(as_csv(rows), encoding="utf-8")
    columns = {(row.mart, row.column_name) for row in rows}
    print(f"column lineage: {len(rows)} rows for {len(columns)} published columns")
    return 0


def _check() -> int:
    found = differences()
    if not found:
        print("column lineage: ok")
        return 0
    shown = "\n".join([*found[:_SHOWN], *(["…"] if len(found) > _SHOWN else [])])
    print(f"column lineage is not up to date; run `make lineage`\n{shown}", file=sys.stderr)
    return 1


def _models(manifest: Mapping[str, Any]) -> list[Model]:
    nodes = {
        key: node for key, node in manifest["nodes"].items() if node["resource_type"] in {"model", "seed"}
    }
    return [
        _seed(node) if node["resource_type"] == "seed" else _model(node, nodes) for node in nodes.values()
    ]


def _model(node: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]]) -> Model:
    reads = tuple(nodes[key]["name"] for key in node["depends_on"]["nodes"] if key in nodes)
    return Model(node["schema"], node["name"], node["compiled_code"], reads, tuple(node["columns"]))


def _seed(node: Mapping[str, Any]) -> Model:
    """A seed as the SELECT that dbt makes of it: all its columns come out of a file beside the models."""
    path = PROJECT / node["original_file_path"]
    with path.open(encoding="utf-8", newline="") as lines:
        columns = tuple(next(csv.reader(lines)))
    sql = f"select {', '.join(columns)} from read_csv('{path.name}')"
    return Model(node["schema"], node["name"], sql, (), columns)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
