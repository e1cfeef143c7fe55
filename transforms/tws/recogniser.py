"""Telling a document of TWS by how it begins. Nothing else is read here."""

from __future__ import annotations

import re
from typing import Final

from transforms.tws.known_sections import KIND

_BEGINNING: Final = re.compile(rf'\s*\{{\s*"kind"\s*:\s*"{KIND}"')


def is_tws_snapshot(text: str) -> bool:
    """Whether a document that begins with `text` says that it is one of TWS."""
    return _BEGINNING.match(text.lstrip("\ufeff")) is not None
