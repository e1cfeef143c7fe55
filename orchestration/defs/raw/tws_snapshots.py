"""The asset `raw/tws_snapshots`: what TWS tells now, taken into the raw layer as a document."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.keys import OWNERS, RAW
from orchestration.resources.dagster_resources import DataResource
from orchestration.resources.raw_store import RawStore
from orchestration.resources.tws import TwsResource
from tws.document import KIND, content_of, document_of
from tws.errors import TwsError
from tws.values import Snapshot

TWS_SNAPSHOTS = dg.AssetKey([RAW, "tws_snapshots"])


@dg.asset(
    key=TWS_SNAPSHOTS,
    group_name=RAW,
    owners=OWNERS,
    kinds={"json", "parquet"},
    description="What TWS or IB Gateway tells of accounts, positions, PnL and the day's fills, asked at one time: a "
    "document like those of the inbox. One that tells what the last one told is not kept: nights and weekends would "
    "be thousands of documents that say nothing; the run says since when nothing changed.",
)
def tws_snapshots(data: DataResource, tws: TwsResource) -> dg.MaterializeResult:
    """Ask TWS, and keep what it told."""
    try:
        snapshot = tws.snapshot()
    except TwsError as error:
        raise dg.Failure(
            str(error),
            metadata={"trouble": str(error.trouble), **({} if error.code is None else {"code": error.code})},
            allow_retries=False,
        ) from error
    metadata: dict[str, str | int] = {
        "accounts": len(snapshot.accounts),
        "positions": len(snapshot.positions),
        "fills": len(snapshot.executions),
    }
    document = document_of(snapshot)
    unchanged = _unchanged_since(data.raw, document)
    if unchanged:
        return dg.MaterializeResult(metadata={**metadata, "unchanged_since": unchanged})
    receipt = data.raw.take(_name(snapshot), document, lambda: datetime.now(UTC))
    news = len(receipt.news)
    return dg.MaterializeResult(metadata={**metadata, "document": receipt.document_id, "news": news})


def _name(snapshot: Snapshot) -> str:
    return f"tws-{snapshot.taken_at.astimezone(UTC):%Y%m%dT%H%M%S}.json"


def _unchanged_since(raw: RawStore, document: bytes) -> str | None:
    """When the last document of TWS was taken, if this one tells the same but for the clocks."""
    last = raw.newest(KIND)
    if last is None:
        return None
    same = content_of(raw.document_bytes(last.document_id)) == content_of(document)
    return last.when_generated_at if same else None
