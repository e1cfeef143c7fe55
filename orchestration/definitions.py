"""What Dagster loads: `dagster dev` and `workspace.yaml` point here. Nothing but the call."""

from orchestration.build import build_defs

defs = build_defs()
