"""Where the lake's files lie: a folder, or an object store that fsspec knows. Bytes and names, no tables.

What the two promise is the same: a reader sees a file's old bytes or its new ones, and of two writers that read the
same bytes only one can replace them. A folder holds a lock while a partition is rewritten. On S3 the write is
conditional on what was read: the loser gets `LostRaceError`. Other object stores (`memory://`, ...) serialise the
writers of one process only.
"""

from __future__ import annotations

import errno
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from orchestration.resources.files import exclusive, write_atomically
from orchestration.resources.remote import UnreachableError, reaching

PART: Final = "part.parquet"

# a single PUT takes no more; s3fs would cut what is larger than a chunk into parts, which are not conditional
_LARGEST_PUT: Final = 5 * 2**30 - 1
# what S3 says when the condition of a write does not hold; the last where the object was deleted meanwhile
_LOST: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})

_READ_ATTEMPTS: Final = 5

Result = TypeVar("Result")

_process_locks: Final[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)
_process_locks_guard: Final = threading.Lock()


class LostRaceError(RuntimeError):
    """Another writer replaced the partition since it was read; nothing was written. Read it again, then write."""


@dataclass(frozen=True)
class Version:
    """Which bytes of a file a write replaces: whether there are any, and what the store calls them, where it does."""

    exists: bool
    tag: str | None = None


class Store(Protocol):
    """The files below a root, by names such as `clean/stooq/bars/us/1d/year=2024/part.parquet`."""

    def address(self, name: str) -> str:
        """What polars, pyarrow and DuckDB call the file, or a pattern of files."""

    def parts(self, folder: str) -> list[str]:
        """Names of the partitions' files below a folder, sorted; none where there is no folder."""

    def size(self, name: str) -> int:
        """Bytes of a file."""

    def holding(self, name: str) -> Any:
        """A context: what other writers that can be kept waiting do with the file waits until it ends."""

    def read(self, name: str) -> tuple[bytes | None, Version]:
        """The bytes of a file as they are now, none where there is no file; and their version."""

    def write(self, name: str, content: bytes, over: Version) -> Version:
        """Replace what was read, and give the new version. Raises LostRaceError when it is no longer what is there."""

    @property
    def filesystem(self) -> AbstractFileSystem | None:
        """What reads its addresses, where it is not the disk."""


class LocalStore:
    """A folder on a disk. The lock is the kernel's: it is freed when its holder dies."""

    filesystem = None

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def address(self, name: str) -> str:
        """The file's path."""
        return str(self.root / name)

    def parts(self, folder: str) -> list[str]:
        """Names of the partitions' files below a folder, sorted."""
        found = (self.root / folder).rglob(f"year=*/{PART}")
        return sorted(str(path.relative_to(self.root)) for path in found)

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return (self.root / name).stat().st_size

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """The one writer of the file; what a killed writer left is removed."""
        path = self.root / name
        with exclusive(path.with_name(".lock")):
            path.with_name(path.name + ".tmp").unlink(missing_ok=True)
            yield

    def read(self, name: str) -> tuple[bytes | None, Version]:
        """The bytes of a file as they are now; and their version."""
        path = self.root / name
        content = path.read_bytes() if path.exists() else None
        return content, Version(content is not None)

    def write(self, name: str, content: bytes, over: Version) -> Version:
        """Replace what was read, under the lock of `holding`."""
        write_atomically(self.root / name, content)
        return Version(True)


class ObjectStore:
    """Objects below a URL."""

    def __init__(self, root: str, options: Mapping[str, Any]) -> None:
        try:
            # a remembered listing says of a file that was replaced since what no longer holds, and reading it fails
            filesystem, path = url_to_fs(root, **{**options, "use_listings_cache": False})
        except ImportError as missing:
            raise UnreachableError(
                f"the lake at {root} needs a package: {missing}. For S3 it is the extra: pip install tieout[s3]"
            ) from missing
        self.root = root
        self._filesystem: AbstractFileSystem = filesystem
        self._path = path.rstrip("/")
        self._protocol = root.split("://", 1)[0]
        self._conditions_hold = False

    @property
    def filesystem(self) -> AbstractFileSystem:
        """What reads its addresses."""
        return self._filesystem

    @property
    def conditional(self) -> bool:
        """The store refuses a write that is conditional on what is no longer there."""
        return self._protocol in ("s3", "s3a")

    def address(self, name: str) -> str:
        """The object's URL."""
        return f"{self._protocol}://{self._key(name).lstrip('/')}"

    def parts(self, folder: str) -> list[str]:
        """Names of the partitions' objects below a folder, sorted."""
        with reaching(self.root):
            found = self._filesystem.glob(f"{self._key(folder)}/**/{PART}")
        return sorted(str(path)[len(self._path) :].lstrip("/") for path in found)

    def size(self, name: str) -> int:
        """Bytes of an object."""
        with reaching(self.root):
            return int(self._filesystem.info(self._key(name))["size"])

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """The one writer of the object in this process. Those of others meet at `write`."""
        with _process_locks_guard:
            lock = _process_locks[self.address(name)]
        with lock:
            yield

    def read(self, name: str) -> tuple[bytes | None, Version]:
        """The bytes of an object as they are now; and their version."""
        try:
            with reaching(self.root):
                # the version first: bytes that are newer than it make the write fail, never the other way round
                tag = self._filesystem.info(self._key(name)).get("ETag")
                return self._filesystem.cat_file(self._key(name)), Version(True, tag)
        except FileNotFoundError:
            return None, Version(False)

    def write(self, name: str, content: bytes, over: Version) -> Version:
        """Replace what was read, in one request, and give the new version.

        Raises LostRaceError when it is no longer what is there.
        """
        if not self.conditional:
            with reaching(self.root):
                self._filesystem.pipe_file(self._key(name), content)
            return Version(True)
        self._refuse_a_store_without_conditions()
        condition = {"IfMatch": over.tag} if over.tag else {"IfNoneMatch": "*"}
        return Version(True, self._put(name, content, condition))

    def _put(self, name: str, content: bytes, condition: Mapping[str, str]) -> str:
        """Put an object in one request on a condition; gives its tag."""
        try:
            with reaching(self.root):
                key = self._key(name)
                done = self._filesystem.pipe_file(key, content, chunksize=_LARGEST_PUT, **condition)
        except OSError as refused:
            if _code(refused) in _LOST:
                raise LostRaceError(
                    f"another writer replaced {self.address(name)}; read it again"
                ) from refused
            raise
        tag: str = done["ETag"]
        return tag

    def _refuse_a_store_without_conditions(self) -> None:
        """Some stores that speak S3 ignore conditions, so that two writers would lose rows. Asked once of each."""
        if self._conditions_hold:
            return
        try:
            self._put(".conditional-writes", b"", {"IfMatch": '"0"'})
        except LostRaceError:
            self._conditions_hold = True
            return
        raise ValueError(
            f"{self._protocol}://{self._path} ignores conditions of a write (If-Match), so that two writers would "
            "lose rows. Use a store that knows them, or a folder"
        )

    def _key(self, name: str) -> str:
        return f"{self._path}/{name}"


def _code(error: OSError) -> str | None:
    """The code of the answer that an error of s3fs was made of."""
    response = getattr(error.__cause__, "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code


def settled(read: Callable[[], Result]) -> Result:
    """What `read` gives; again where an object was replaced between two of its requests, which s3fs tells as busy."""
    for _ in range(_READ_ATTEMPTS - 1):
        try:
            return read()
        except OSError as replaced:
            if replaced.errno != errno.EBUSY:
                raise
    return read()


def store_at(root: str, options: Mapping[str, Any] | None = None) -> Store:
    """The store at a path or URL; `options` are those of its fsspec filesystem."""
    if "://" not in root or root.startswith("file://"):
        return LocalStore(Path(root.removeprefix("file://")))
    return ObjectStore(root, options or {})
