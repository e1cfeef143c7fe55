"""Which version is published. Apart from the publisher, so that asking does not import DuckDB."""

from pathlib import Path


def current_version(published: Path) -> str | None:
    """The version that readers open, or None before the first publish."""
    link = published / "CURRENT"
    return str(link.readlink()) if link.is_symlink() else None
