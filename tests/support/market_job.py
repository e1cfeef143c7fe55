"""The job of observations as a function, so that another process can build it again."""

import dagster as dg

from orchestration.build import build_defs


def update_observations() -> dg.JobDefinition:
    """The job as the settings of this process make it."""
    return build_defs().resolve_job_def("update_observations")
