"""Column lineage: from a published column to the sections and attributes it is read from. No dbt, no files."""
