"""The names that the asset graph is made of: groups, kinds, jobs, pools, tags, locks. No logic."""

RAW = "raw"
CLEAN = "clean"
FEATURES = "features"
MARTS = "marts"
PUBLISH = "publish"

WAREHOUSE_POOL = "warehouse"
FLEX_POOL = "flex"
MARKET_POOL = "market"

# In the data folder's root: who holds the first is the one run that writes, the second the one `tieout up`.
WRITER_LOCK = ".writer.lock"
SERVICES_LOCK = ".services.lock"

INGEST_JOB = "ingest"
REFRESH_JOB = "refresh"
INSPECT_JOB = "inspect"
SNAPSHOT_JOB = "snapshot"
FETCH_JOB = "fetch"
BACKFILL_JOB = "backfill"
VENDOR_TAG = "tieout/vendor"
MARKET_JOBS = {"bars": "update_bars", "observations": "update_observations"}

OWNERS = ["team:books"]
