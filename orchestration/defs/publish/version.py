"""The asset `published/version`: the marts as every reader sees them, and the checks of what they say."""

from collections.abc import Iterator

import dagster as dg
import duckdb

from orchestration.keys import OWNERS, PUBLISH, WAREHOUSE_POOL
from orchestration.resources.dagster_resources import DataResource
from orchestration.resources.publisher import FILE_NAME
from orchestration.staleness import inputs_fingerprint

VERSION = dg.AssetKey(["published", "version"])
TIED = dg.AssetCheckSpec(
    "ties_to_the_broker",
    asset=VERSION,
    description="Our figures equal the broker's own totals. A break does not block: it is published with its rows.",
)
SHOWN_BREAKS = 50


def published_version(marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that publishes these marts."""

    @dg.asset(
        key=VERSION,
        deps=marts,
        group_name=PUBLISH,
        owners=OWNERS,
        kinds={"duckdb"},
        pool=WAREHOUSE_POOL,
        check_specs=[TIED],
        description="A new version folder with a copy of all marts, then CURRENT flips to it. Readers keep the version "
        "that they have open.",
    )
    def version(data: DataResource) -> Iterator[dg.MaterializeResult]:
        fingerprint = inputs_fingerprint(data.raw.manifest(), data.settings)
        name = data.publisher.next_version(fingerprint)
        rows = data.publisher.publish(data.folder.warehouse, name)
        yield dg.MaterializeResult(
            metadata={
                "version": name,
                "path": dg.MetadataValue.path(data.folder.published / name / FILE_NAME),
                "tables": len(rows),
                "dagster/row_count": sum(rows.values()),
                "rows": dg.MetadataValue.json(rows),
            },
            check_results=[_tied(str(data.folder.published / name / FILE_NAME))],
        )

    return version


def _tied(path: str) -> dg.AssetCheckResult:
    with duckdb.connect(path, read_only=True) as connection:
        counts = dict(
            connection.execute("select status, count(*) from marts.reconciliation group by status").fetchall()
        )
        broken = connection.execute(
            "select account_id, period_start, period_end, check_name, currency"
            " from marts.reconciliation where status = 'broken' order by all limit ?",
            [SHOWN_BREAKS],
        ).fetchall()
    lines = ["| account | from | to | check | currency |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(str(value) for value in row) + " |" for row in broken]
    return dg.AssetCheckResult(
        check_name=TIED.name,
        passed=not broken,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "tied": counts.get("tied", 0),
            "broken": counts.get("broken", 0),
            "not_reported": counts.get("not_reported", 0),
            # Amounts stay out of the run's metadata: `tieout reconcile` shows them.
            "breaks": dg.MetadataValue.md("\n".join(lines) if broken else "Everything ties."),
        },
    )
