"""The names that the asset graph is made of: groups, kinds, jobs, pools, tags, the writer's lock. No logic."""

RAW = "raw"
CLEAN = "clean"
MARTS = "marts"
PUBLISH = "publish"

WAREHOUSE_POOL = "warehouse"

# In the data folder's root: who holds it is the one that writes.
WRITER_LOCK = ".writer.lock"

INGEST_JOB = "ingest"
REFRESH_JOB = "refresh"

OWNERS = ["team:books"]
