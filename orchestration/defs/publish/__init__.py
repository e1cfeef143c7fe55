"""The published version, and the checks on what it says."""
