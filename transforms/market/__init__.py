"""Market data: what vendors answer, read into canonical tables; judged, merged, adjusted. No network, no files."""
