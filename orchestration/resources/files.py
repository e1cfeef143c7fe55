"""Writing that survives a kill at any moment: a temporary name in the same folder, fsync, then one rename."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

log = logging.getLogger("tieout")


def sync_folder(folder: Path) -> None:
    """Make the renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file's bytes durable."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def replace_atomically(temporary: Path, path: Path) -> None:
    """Give a finished temporary file its name: a reader sees the old bytes or the new, nothing between."""
    sync_file(temporary)
    temporary.replace(path)
    sync_folder(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    replace_atomically(temporary, path)


def flip_symlink(link: Path, target: str) -> None:
    """Point a symlink somewhere else in one step."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    temporary = link.with_name(link.name + ".tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
    sync_folder(link.parent)


@contextmanager
def exclusive(lock_file: Path, announce: bool = True) -> Iterator[None]:
    """Hold a lock between processes; waits for the other writer and says so. The kernel frees it when we die.

    Without `announce` nothing is said: for locks that are held for moments.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if announce:
                log.info("another run is writing to %s; waiting for it to end", lock_file.parent)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def try_exclusive(lock_file: Path) -> Iterator[TextIO | None]:
    """Hold a lock between processes if nobody has it; None if another does. Waits for nobody.

    A child that inherits the file's descriptor holds the lock as long as it lives.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield stream
