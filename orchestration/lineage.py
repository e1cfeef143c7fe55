"""`python -m orchestration.lineage`: writes the column lineage that is packaged with the models; `--check` compares.

It is computed when a model or a contract changes, never in a run: a run reads the files.
"""

import csv
import io
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.packaged_lineage import PACKAGED, packaged
from orchestration.resources.dbt import PROJECT, Dbt
from transforms.lineage.graph import Model, column_lineage
from transforms.lineage.model_sql import BUILD_FACT, LineageError
from transforms.lineage.packed import HEADERS, Row, pack, unpack
from transforms.lineage.row import LineageRow, as_texts

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


def as_csv(header: Row, rows: Sequence[Row]) -> str:
    """A table as its packaged file holds it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def packaged_rows() -> list[LineageRow]:
    """The lineage as it is packaged; none where it was never computed."""
    return unpack({name: packaged(name, PACKAGED) for name in HEADERS})


def differences() -> list[str]:
    """What the packaged files say otherwise than the models, a line each; none when they are up to date."""
    now, then = (set(as_csv((), as_texts(rows)).splitlines()) for rows in (computed(), packaged_rows()))
    return [f"- {line}" for line in sorted(then - now)] + [f"+ {line}" for line in sorted(now - then)]


def write(rows: list[LineageRow], folder: Path) -> None:
    """The packaged files, anew. Raises LineageError, and writes nothing, if they would not give the rows back."""
    tables = pack(rows)
    if unpack(tables) != rows:
        raise LineageError("packed, the rows are other ones: a clean column has other origins in some rows")
    folder.mkdir(exist_ok=True)
    for name, header in HEADERS.items():
        (folder / f"{name}.csv").write_text(as_csv(header, tables[name]), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` exit 1 if it would change."""
    try:
        if "--check" in arguments:
            return _check()
        rows = computed()
        write(rows, PACKAGED)
    except LineageError as error:
        print(f"column lineage cannot be told:\n{error}", file=sys.stderr)
        return 1
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
