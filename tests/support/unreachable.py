"""An object store that is not there: each call fails with an error of its client's own, as botocore's are."""

from typing import Any

import fsspec
from fsspec import AbstractFileSystem


class ClientError(Exception):
    """No `OSError`."""


class _Gone(AbstractFileSystem):  # type: ignore[misc]
    protocol = "gone"
    cachable = False

    def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        raise ClientError("Could not connect to the endpoint URL")

    info = glob = find = cat_file = pipe_file = exists = rm_file = _open = ls


def unreachable() -> str:
    """Its address."""
    fsspec.register_implementation("gone", _Gone, clobber=True)
    return "gone://bucket"
