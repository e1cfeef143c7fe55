"""The asset `raw/documents`: everything in the inbox, taken into the raw layer."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.defs.raw.flex_documents import FLEX_FETCH, FLEX_HISTORY
from orchestration.keys import OWNERS, RAW
from orchestration.resources.dagster_resources import DataResource
from orchestration.resources.raw_store import IngestReport

DOCUMENTS = dg.AssetKey([RAW, "documents"])
READABLE = dg.AssetCheckSpec(
    "readable",
    asset=DOCUMENTS,
    description="Every document that came in could be read; the others are in quarantine.",
)


@dg.asset(
    key=DOCUMENTS,
    group_name=RAW,
    owners=OWNERS,
    kinds={"file", "parquet"},
    check_specs=[READABLE],
    deps=[FLEX_FETCH, FLEX_HISTORY],
    description="The broker's documents: their bytes under their SHA-256, and their rows as text, by section. "
    "Extract only. A document that came before is a duplicate and changes nothing; one that cannot be read goes to "
    "`quarantine/` with the reason beside it, and the others go on.",
)
def documents(data: DataResource) -> dg.MaterializeResult:
    """Take what lies in the inbox."""
    report = data.raw.ingest(lambda: datetime.now(UTC))
    manifest = data.raw.manifest()
    return dg.MaterializeResult(
        metadata={
            "loaded": report.count("loaded"),
            "duplicates": report.count("duplicate"),
            "quarantined": report.count("quarantined"),
            "documents": len(manifest.loaded),
            "batches": len(manifest.batches),
            "received": dg.MetadataValue.md(_table(report)),
        },
        check_results=[_readable(report)],
    )


def _readable(report: IngestReport) -> dg.AssetCheckResult:
    unreadable = {r.file_name: str(r.reason) for r in report.receipts if r.status == "quarantined"}
    return dg.AssetCheckResult(
        check_name=READABLE.name,
        passed=not unreadable,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=unreadable,
    )


def _table(report: IngestReport) -> str:
    if not report.receipts:
        return "The inbox was empty."
    lines = [f"| {r.file_name} | {r.status} | {r.reason or ''} |" for r in report.receipts]
    return "\n".join(["| file | status | reason |", "|---|---|---|", *lines])
