"""Dagster, and thin: an asset reads, calls one pure function, returns."""
