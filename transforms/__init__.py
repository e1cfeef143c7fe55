"""Pure functions and types: no orchestrator, no network, no clock, no environment."""
