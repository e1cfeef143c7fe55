"""The edges to the world: the raw store, the lake, dbt, the published versions. No business logic."""
