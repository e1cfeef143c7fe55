"""The names that the asset graph is made of: groups, kinds, jobs, pools, tags. No logic."""

RAW = "raw"
CLEAN = "clean"
MARTS = "marts"
PUBLISH = "publish"

WAREHOUSE_POOL = "warehouse"

INGEST_JOB = "ingest"
REFRESH_JOB = "refresh"

OWNERS = ["team:books"]
