"""Market data in Dagster: assets by dataset and year, the job that keeps them up to date, its schedule."""
