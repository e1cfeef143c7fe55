"""Files below a root that is a folder or an fsspec URL, written whole or not at all. What they hold is archive.py's."""

import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from orchestration.resources.files import replace_atomically, sync_folder
from orchestration.resources.remote import UnreachableError, reaching

_UNFINISHED: Final = "raw/vendors/unfinished"
_LEFT_BEHIND_SECONDS: Final = 24 * 3600.0


@dataclass(frozen=True)
class FileStore:
    """Whole files by their path below the root. `options` are those of the root's kind (`key`, `endpoint_url`, ...)."""

    root: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def put(self, path: str, content: bytes) -> None:
        """Write a file in one step: by a rename on a disk, by a single upload elsewhere."""
        system, target = self._at(path)
        if not isinstance(system, LocalFileSystem):
            with reaching(self.root):
                system.pipe_file(target, content)
            return
        with self.writing(path) as stream:
            stream.write(content)

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """A stream whose bytes are the file when the `with` ends without an error, and are nothing otherwise."""
        system, target = self._at(path)
        if not isinstance(system, LocalFileSystem):
            # what an error interrupts is not closed: the parts that were sent become no object
            with system.transaction, system.open(target, "wb") as stream:
                yield stream
            return
        unfinished = Path(self._at(_UNFINISHED)[1])
        unfinished.mkdir(parents=True, exist_ok=True)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        # Two processes may write the same file at once, so a temporary name belongs to one of them. They are all in
        # one folder: what a killed one left there is found without a search.
        temporary = unfinished / f"{os.getpid()}-{uuid.uuid4().hex}.tmp"
        with temporary.open("wb") as stream:
            yield stream
        replace_atomically(temporary, Path(target))

    def get(self, path: str) -> bytes:
        """The bytes of a file. Raises `FileNotFoundError`."""
        system, target = self._at(path)
        with reaching(self.root):
            content: bytes = system.cat_file(target)
        return content

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        system, target = self._at(path)
        with reaching(self.root):
            return bool(system.exists(target))

    def files(self, folder: str) -> list[str]:
        """The paths of all files below a folder, in order; none if it is not there."""
        system, target = self._at(folder)
        system.invalidate_cache(target)
        root = self._at("")[1].rstrip("/")
        with reaching(self.root):
            found = system.find(target)
        return sorted(str(PurePosixPath(path).relative_to(root)) for path in found)

    def delete(self, path: str) -> None:
        """Remove a file; one that is gone already is as good."""
        system, target = self._at(path)
        try:
            with reaching(self.root):
                system.rm_file(target)
        except FileNotFoundError:
            return
        if isinstance(system, LocalFileSystem):
            sync_folder(Path(target).parent)

    def sweep(self) -> None:
        """Remove what writers left unfinished that were killed more than a day ago."""
        system, folder = self._at(_UNFINISHED)
        if not isinstance(system, LocalFileSystem):
            return
        for temporary in Path(folder).glob("*.tmp"):
            try:
                if time.time() - temporary.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                    temporary.unlink()
            except FileNotFoundError:
                continue  # its writer has finished it, or another process swept

    def _at(self, path: str) -> tuple[AbstractFileSystem, str]:
        try:
            system, root = url_to_fs(self.root, **self.options)
        except ImportError as missing:
            raise UnreachableError(
                f"TIEOUT_LAKE_URL is {self.root}, which needs a package: {missing}. Install tieout[s3]"
            ) from missing
        return system, f"{root.rstrip('/')}/{path}" if path else root
