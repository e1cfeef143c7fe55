"""Assets of the raw layer: what the broker said, word for word."""
