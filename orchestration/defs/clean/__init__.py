"""Assets of the clean layer: one canonical table each."""
