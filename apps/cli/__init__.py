"""The `tieout` command. Its reading commands see nothing but the published version."""
