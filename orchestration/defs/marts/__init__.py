"""Assets that dbt builds: staging, intermediate, marts."""
