"""What is expected of a published version, declared in expectations.toml, and how Great Expectations judges it."""
