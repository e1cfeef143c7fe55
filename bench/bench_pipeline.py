"""The pipeline against an empty Dagster + dbt run of two models in one process, as the tools' own documents show it."""

import shutil
import sys
import tempfile
from pathlib import Path

from bench.measure import Figure, median_seconds, run
from tests.support.command import command, environment
from transforms.broker_simulator import simulate

RUNS = 3

_EMPTY_RUN = """
from pathlib import Path
import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

project = DbtProject(project_dir=Path("project"), profiles_dir=Path("project"))

@dbt_assets(manifest=project.manifest_path)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource):
    yield from dbt.cli(["build"], context=context).stream()

assert dg.materialize([models], resources={"dbt": DbtCliResource(project_dir=project)}).success
"""
_PROJECT = {
    "dbt_project.yml": "name: empty\nversion: '1.0'\nconfig-version: 2\nprofile: empty\n",
    "profiles.yml": "empty:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: empty.duckdb}\n",
    "models/one.sql": "select 1 as a",
    "models/two.sql": "select a + 1 as b from {{ ref('one') }}",
}


def main() -> None:
    """Print the seconds of each leg and its ratio to the empty run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = median_seconds(_empty_runs(folder))
        print(f"empty Dagster + dbt run, two models:         {empty:6.2f} s  (median of {RUNS})")
        demo = median_seconds([_demo(folder / f"demo{n}") for n in range(RUNS)])
        print(f"demo, ingest to publish:                     {demo:6.2f} s  {demo / empty:5.2f} ×  (limit 4)")
        daily, nothing = _one_more_day(folder)
        print(
            f"one more daily document:                     {daily:6.2f} s  {daily / empty:5.2f} ×  (limit 2)"
        )
        print(
            f"nothing new:                                 {nothing:6.2f} s  {nothing / empty:5.2f} ×  (limit 0.5)"
        )


def _empty_runs(folder: Path) -> list[Figure]:
    for name, text in _PROJECT.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "empty.py").write_text(_EMPTY_RUN)
    bin_folder = str(Path(sys.executable).parent)
    variables = environment(folder)
    variables = variables | {
        "PATH": f"{bin_folder}:{variables['PATH']}",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DAGSTER_DISABLE_TELEMETRY": "true",
    }
    run(
        [f"{bin_folder}/dbt", "parse", "--project-dir", "project", "--profiles-dir", "project"],
        variables,
        folder,
    )
    return [run([sys.executable, "empty.py"], variables, folder) for _ in range(RUNS)]


def _demo(data: Path) -> Figure:
    data.mkdir()
    return run(command("demo"), environment(data), data)


def _one_more_day(folder: Path) -> tuple[float, float]:
    """The demo's documents but the last day's, published; then that day comes; then nothing."""
    documents = folder / "documents"
    documents.mkdir()
    files = sorted(simulate().write(documents), key=lambda path: path.stat().st_mtime_ns)
    daily = sorted(path for path in files if path.stem.startswith("U1000001_2025") and len(path.stem) == 17)
    last = daily[-1]
    days, nothings = [], []
    for number in range(RUNS):
        data = folder / f"daily{number}"
        shutil.copytree(documents, data / "inbox")
        (data / "inbox" / last.name).unlink()
        run(command("run"), environment(data), data)
        shutil.copy(last, data / "inbox" / last.name)
        days.append(run(command("run"), environment(data), data))
        nothings.append(run(command("run"), environment(data), data))
    return median_seconds(days), median_seconds(nothings)


if __name__ == "__main__":
    main()
