"""Files that the feed writes in one step, and the lock that only one feed of a data folder holds. No contents."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_A_LOOK_TAKES_SECONDS = 1.0
"""`tieout live --status` holds the lock for an instant: a feed that starts just then waits for it."""


class FeedRunningError(Exception):
    """Another feed holds the data folder."""


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file under a hidden name beside it, then rename it: a reader sees all of it or nothing.

    Without `durable` a power failure may leave the file of before. A write that fails leaves nothing behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def the_only_feed(lock_file: Path) -> Iterator[None]:
    """Hold the lock for the block; raises `FeedRunningError` if another feed does. The kernel frees it when we die."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _A_LOOK_TAKES_SECONDS
    with lock_file.open("a") as stream:
        while not _locked(stream.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                folder = lock_file.parent.parent
                raise FeedRunningError(
                    f"a live feed of {folder} is running already; `tieout live --status` says how it does"
                )
            time.sleep(0.05)
        yield


def feed_runs(lock_file: Path) -> bool:
    """Whether a feed holds the lock."""
    try:
        with lock_file.open("r") as stream:
            return not _locked(stream.fileno(), fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
