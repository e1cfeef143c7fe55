"""Putting files into the inbox so that nobody takes one before it is whole. Reading them is the raw store's work."""

import os
import shutil
from pathlib import Path

_NOT_TAKEN = {".part", ".tmp"}


def put(file: Path, inbox: Path, name: str | None = None) -> None:
    """Copy a file into the inbox, under `name` or its own, numbered if another file has that name already."""
    inbox.mkdir(parents=True, exist_ok=True)
    wanted = Path(_taken_name(name or file.name))
    target = inbox / wanted
    number = 1
    while target.exists() and not target.samefile(file):
        number += 1
        target = inbox / f"{wanted.stem}-{number}{wanted.suffix}"
    if target.exists():
        return
    part = inbox / f".{os.getpid()}.part"
    shutil.copyfile(file, part)
    part.replace(target)


def _taken_name(name: str) -> str:
    """The inbox passes over hidden files and unfinished ones; a file that a person names is neither."""
    visible = name.lstrip(".") or "document"
    return f"{visible}.xml" if Path(visible).suffix in _NOT_TAKEN else visible
