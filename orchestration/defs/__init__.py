"""Everything that Dagster shows: assets, checks, jobs, sensors, schedules. One folder per layer."""
