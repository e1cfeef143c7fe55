"""Object stores that cannot be reached: their clients' own errors become one, which is an `OSError`."""

from collections.abc import Iterator
from contextlib import contextmanager


class UnreachableError(OSError):
    """A place for files cannot be reached; the message names it and says what to do."""


@contextmanager
def reaching(root: str, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Around what a filesystem of fsspec does. An `OSError`, such as of a file that is not there, stays as it is; so do
    errors of the kinds `but`, which are of what was read.
    """
    try:
        yield
    except (OSError, *but):
        raise
    # each kind of store brings a client of its own (botocore, gcsfs, adlfs), whose errors have nothing else in common
    except Exception as error:
        raise UnreachableError(
            f"{root} cannot be reached ({error}). Check TIEOUT_LAKE_URL, the store's address and its credentials"
        ) from error
