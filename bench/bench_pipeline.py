"""The pipeline against an empty Dagster + dbt run of two models in one process, as the tools' own documents show it."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.measure import run
from tests.support.command import command, environment
from transforms.broker_simulator import simulate

ROUNDS = 3
LEGS = (
    ("demo", "demo, ingest to publish:", "4"),
    ("day", "one more daily document:", "2"),
    ("nothing", "nothing new:", "0.5"),
)

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
    """Print the median seconds of each leg, and the median over rounds of its ratio to the same round's empty run.

    Each round runs everything once, because a machine's speed changes within minutes; the empty run stands at
    both ends of a round and counts as their mean.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = _EmptyRun(folder / "empty")
        documents = folder / "documents"
        last = _write_documents(documents)
        rounds = [_round(empty, documents, last, folder / f"round{n}") for n in range(ROUNDS)]
    print(f"empty Dagster + dbt run, two models:         {_median(rounds, 'empty'):6.2f} s")
    for leg, name, limit in LEGS:
        ratio = statistics.median(row[leg] / row["empty"] for row in rounds)
        print(f"{name:44} {_median(rounds, leg):6.2f} s  {ratio:5.2f} ×  (limit {limit})")
    print(f"medians of {ROUNDS} rounds; a ratio is taken within its round")


def _median(rounds: list[dict[str, float]], leg: str) -> float:
    return statistics.median(row[leg] for row in rounds)


class _EmptyRun:
    """A Dagster + dbt project of two models, made once and run as often as wanted."""

    def __init__(self, folder: Path) -> None:
        for name, text in _PROJECT.items():
            path = folder / "project" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "empty.py").write_text(_EMPTY_RUN)
        bin_folder = str(Path(sys.executable).parent)
        variables = environment(folder)
        self._folder = folder
        self._variables = variables | {
            "PATH": f"{bin_folder}:{variables['PATH']}",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DAGSTER_DISABLE_TELEMETRY": "true",
        }
        parse = [f"{bin_folder}/dbt", "parse", "--project-dir", "project", "--profiles-dir", "project"]
        run(parse, self._variables, folder)

    def __call__(self) -> float:
        return run([sys.executable, "empty.py"], self._variables, self._folder).seconds


def _write_documents(folder: Path) -> Path:
    """The demo's documents, and which of them is the last day's."""
    folder.mkdir()
    files = simulate().write(folder)
    daily = [path for path in files if path.stem.startswith("U1000001_2025") and len(path.stem) == 17]
    return max(daily)


def _round(empty: _EmptyRun, documents: Path, last: Path, data: Path) -> dict[str, float]:
    """Seconds of each leg: the demo; then all documents but the last day's, published, that day, nothing."""
    before = empty()
    (data / "demo").mkdir(parents=True)
    demo = run(command("demo"), environment(data / "demo"), data / "demo").seconds
    daily = data / "daily"
    shutil.copytree(documents, daily / "inbox", ignore=lambda _, names: [n for n in names if n == last.name])
    _tieout_run(daily)
    shutil.copy(last, daily / "inbox" / last.name)
    day, nothing = _tieout_run(daily), _tieout_run(daily)
    return {"empty": (before + empty()) / 2, "demo": demo, "day": day, "nothing": nothing}


def _tieout_run(data: Path) -> float:
    return run(command("run"), environment(data), data).seconds


if __name__ == "__main__":
    main()
