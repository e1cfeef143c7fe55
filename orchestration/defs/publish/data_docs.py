"""The asset `published/data_docs`: what Great Expectations finds of the published version. No part of a refresh."""

import logging
from collections.abc import Iterator

import dagster as dg

from orchestration.defs.publish.version import VERSION
from orchestration.keys import OWNERS, PUBLISH
from orchestration.quality.answers import InspectionError
from orchestration.quality.inspection import INDEX, Verdict
from orchestration.quality.suite import Expectation, expectations
from orchestration.resources.dagster_resources import DataView
from orchestration.resources.publisher import FILE_NAME

DATA_DOCS = dg.AssetKey(["published", "data_docs"])

log = logging.getLogger("tieout")


def data_docs() -> dg.AssetsDefinition:
    """The asset, with a check per declared expectation."""

    @dg.asset(
        key=DATA_DOCS,
        deps=[VERSION],
        group_name=PUBLISH,
        owners=OWNERS,
        kinds={"greatexpectations"},
        check_specs=[_spec(expected) for expected in expectations()],
        description="Pages that say what was expected of the published version, and what was found. They are made "
        "after a publish, beside it: a version stands whatever is found.",
    )
    def pages(data_view: DataView) -> Iterator[dg.MaterializeResult]:
        version = data_view.publisher.current()
        if version is None:
            raise dg.Failure("Nothing is published yet: `tieout run` first.", allow_retries=False)
        try:
            verdicts = data_view.inspector.inspect(data_view.folder.published / version / FILE_NAME, version)
        except InspectionError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        log.info("inspected %s", version)
        yield dg.MaterializeResult(
            metadata={
                "version": version,
                "pages": dg.MetadataValue.path(data_view.folder.quality / version / INDEX),
                "expectations": len(verdicts),
                "not_met": sum(not verdict.passed for verdict in verdicts),
            },
            check_results=[_result(verdict) for verdict in verdicts],
        )

    return pages


def _spec(expected: Expectation) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(expected.check_name, asset=DATA_DOCS, description=expected.says)


def _result(verdict: Verdict) -> dg.AssetCheckResult:
    """What was observed stays out of the run's metadata: it holds amounts. The pages have it."""
    severity = dg.AssetCheckSeverity.WARN if verdict.severity == "warning" else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(check_name=verdict.check_name, passed=verdict.passed, severity=severity)
