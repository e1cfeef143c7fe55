"""A body put together from the pieces in which it comes, packed by gzip or not, up to a size. Nothing is read here."""

import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


class TooLargeError(Exception):
    """The body is larger than it may be."""


class Collecting:
    """A body that is not packed."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._size = most_bytes, 0
        self._pieces: list[bytes] = []

    def take(self, piece: bytes) -> None:
        """The next piece. Raises `TooLargeError`."""
        self._size += len(piece)
        if self._size > self._most:
            raise TooLargeError
        self._pieces.append(piece)

    def whole(self) -> bytes:
        """The body, after the last piece."""
        return b"".join(self._pieces)


class Unpacking(Collecting):
    """A body packed by gzip. HTTP libraries take one that ends too early for whole, so it is unpacked here.

    No more is unpacked than the body may hold, however small it came.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes)
        self._member = zlib.decompressobj(_GZIP)

    def take(self, piece: bytes) -> None:
        """The next packed piece. Raises `TooLargeError`, or `zlib.error` for what is no gzip."""
        while piece:
            if self._member.eof:  # a body may be several files one after another
                self._member = zlib.decompressobj(_GZIP)
            super().take(self._member.decompress(piece, self._most - self._size + 1))
            piece = self._member.unconsumed_tail or self._member.unused_data

    def whole(self) -> bytes:
        """The body, after the last piece. Raises `zlib.error` if it is not at its end."""
        if not self._member.eof:
            raise zlib.error("the packed body ends too early")
        return super().whole()
