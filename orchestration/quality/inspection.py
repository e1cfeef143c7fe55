"""Judging a published version with Great Expectations, and keeping its pages. The only module that imports it.

The import costs seconds: it stands in a function, and nothing of a refresh calls it.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.settings import NO_STATISTICS
from orchestration.quality.answers import answer, published_file
from orchestration.quality.pages import first_page, make_local
from orchestration.quality.suite import Expectation, Topic, topics
from orchestration.resources.files import exclusive, sync_folder

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = "verdicts.json"
INDEX = "index.html"
_SITE = Path("gx/uncommitted/data_docs/local_site")
_EXAMPLES = 5


@dataclass(frozen=True)
class Verdict:
    """What became of one expectation. `observed`: what was found instead, in a few words; empty if it holds."""

    check_name: str
    says: str
    severity: str
    passed: bool
    observed: str


@dataclass(frozen=True)
class Inspector:
    """The one writer of `quality/`. `keep` versions' pages stay."""

    folder: Path
    keep: int

    def inspect(self, published: Path, version: str) -> list[Verdict]:
        """Judge a published file; its pages and verdicts stand in `<folder>/<version>` when this returns."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self.folder / ".lock"):
            return self._inspect(published, version)

    def _inspect(self, published: Path, version: str) -> list[Verdict]:
        for left_over in self.folder.glob("*.tmp"):
            shutil.rmtree(left_over)
        work = self.folder / f"{version}.tmp"
        work.mkdir()
        verdicts = _judge(published, work)
        site = work / _SITE
        make_local(site)
        (site / INDEX).write_text(_first_page(site, version, verdicts), encoding="utf-8")
        (site / VERDICTS).write_text(json.dumps([asdict(v) for v in verdicts], indent=1), encoding="utf-8")
        final = self.folder / version
        if final.exists():
            shutil.rmtree(final)
        site.replace(final)
        sync_folder(self.folder)
        shutil.rmtree(work)
        for old in self.versions()[: -self.keep]:
            shutil.rmtree(self.folder / old)
        return verdicts

    def versions(self) -> list[str]:
        """The versions whose pages stand, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path.parent.name for path in self.folder.glob(f"[0-9]*/{VERDICTS}"))

    def verdicts(self, version: str) -> list[Verdict]:
        """What was found of a version; raises `FileNotFoundError` if it was not inspected."""
        return [Verdict(**entry) for entry in json.loads((self.folder / version / VERDICTS).read_bytes())]


def _first_page(site: Path, version: str, verdicts: list[Verdict]) -> str:
    """What does not hold comes first."""
    pages = {
        path.parts[-4]: path.relative_to(site).as_posix() for path in site.glob("validations/*/*/*/*.html")
    }
    return first_page(
        version,
        [
            (v.passed, v.severity, v.says, v.observed, pages[v.check_name.split("__")[0]])
            for v in sorted(verdicts, key=lambda verdict: verdict.passed)
        ],
    )


def _judge(published: Path, work: Path) -> list[Verdict]:
    """All topics, judged in a Great Expectations project of its own below `work`, which gets its pages."""
    os.environ.update(NO_STATISTICS)  # before the import: it looks once
    import great_expectations as gx

    context = gx.get_context(mode="file", project_root_dir=work)
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("published")
    verdicts = []
    with published_file(published) as connection:
        for topic in topics():
            asset = source.add_dataframe_asset(topic.name)
            suite = context.suites.add(
                gx.ExpectationSuite(
                    name=topic.name,
                    expectations=[_expectation(gx, e) for e in topic.expectations],
                    notes=topic.title,
                )
            )
            definition = gx.ValidationDefinition(
                name=topic.name, data=asset.add_batch_definition_whole_dataframe("answer"), suite=suite
            )
            validation = context.validation_definitions.add(definition)
            frame = answer(connection, topic)
            results = validation.run(batch_parameters={"dataframe": frame})
            verdicts += _verdicts(topic, results.to_json_dict()["results"], frame)
    context.build_data_docs()
    return verdicts


def _expectation(gx: Any, declared: Expectation) -> Any:
    return getattr(gx.expectations, declared.type)(
        **declared.arguments,
        severity=declared.severity,
        description=declared.says,
        meta={"name": declared.name},
    )


def _verdicts(topic: Topic, results: list[Mapping[str, Any]], frame: "pd.DataFrame") -> list[Verdict]:
    """One verdict per declared expectation, in the declared order."""
    by_name = {result["expectation_config"]["meta"]["name"]: result for result in results}
    return [
        Verdict(
            expected.check_name,
            expected.says,
            expected.severity,
            bool(by_name[expected.name]["success"]),
            "" if by_name[expected.name]["success"] else _observed(by_name[expected.name], frame),
        )
        for expected in topic.expectations
    ]


def _observed(result: Mapping[str, Any], frame: "pd.DataFrame") -> str:
    """The rows that do not hold, named by their first columns; else the value that was seen, or the error."""
    error = result["exception_info"].get("exception_message")
    if error:
        return str(error)
    found = result["result"]
    places = found.get("partial_unexpected_index_list") or []
    if not places:
        return f"observed {found.get('observed_value')}"
    rows = [_row(frame, place) for place in places[:_EXAMPLES]]
    more = found["unexpected_count"] - len(rows)
    return "; ".join(rows) + (f"; and {more} more" if more > 0 else "")


def _row(frame: "pd.DataFrame", place: int) -> str:
    return ", ".join(f"{name} {frame[name].iloc[place]}" for name in frame.columns)
