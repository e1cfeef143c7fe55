"""Exact decimals as Python integers of 10⁻¹⁰ and back, without a Decimal object per cell. No lots here."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from transforms.schemas.contract import EXACT

PLACES: Final = 10
UNIT: Final = 10**PLACES

_LIMIT: Final = 2**63
_WIDE: Final = Context(prec=60)


def to_units(column: pl.Series) -> list[int | None]:
    """The values of an exact column in units of 10⁻¹⁰; None where null."""
    array = pa.array(column.cast(EXACT).to_arrow(compat_level=pl.CompatLevel.oldest()))
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    words = np.frombuffer(array.buffers()[1], dtype=np.int64)[2 * array.offset :][: 2 * len(array)]
    low, high = words[0::2], words[1::2]
    values: list[int | None] = low.tolist()
    if not np.array_equal(high, low >> 63):
        wide = np.flatnonzero(high != low >> 63)
        for at in wide.tolist():
            values[at] = (int(high[at]) << 64) + (int(low[at]) & (2**64 - 1))
    if array.null_count:
        for at in np.flatnonzero(column.is_null().to_numpy()).tolist():
            values[at] = None
    return values


def units(value: Decimal | None) -> int | None:
    """One exact decimal in units of 10⁻¹⁰."""
    return None if value is None else int(value.scaleb(PLACES, _WIDE))


def from_units(name: str, values: Sequence[int | None]) -> pl.Series:
    """A column of exact decimals from units of 10⁻¹⁰. Raises OverflowError beyond 38 digits."""
    nulls = [value is None for value in values]
    known = [value or 0 for value in values]
    if known and (max(known) >= _LIMIT or min(known) < -_LIMIT):
        if max(map(abs, known)) >= 10**38:
            raise OverflowError(f"{name}: an amount has more than 38 digits")
        exact = [None if v is None else Decimal(v).scaleb(-PLACES, _WIDE) for v in values]
        return pl.Series(name, exact, dtype=EXACT)
    low = np.array(known, dtype=np.int64)
    words = np.empty((len(known), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = low, low >> 63
    valid = np.packbits(~np.array(nulls, dtype=bool), bitorder="little").tobytes() if any(nulls) else None
    array = pa.Array.from_buffers(
        pa.decimal128(EXACT.precision, EXACT.scale),
        len(known),
        [pa.py_buffer(valid) if valid else None, pa.py_buffer(words.tobytes())],
    )
    return pl.Series(name, pl.from_arrow(array), dtype=EXACT)


def share(amount: int, part: int, whole: int, unit: int = 1) -> int:
    """`amount` x part / whole, rounded half away from zero to a multiple of `unit`. `whole` is not 0."""
    top, bottom = amount * part, whole * unit
    if bottom < 0:
        top, bottom = -top, -bottom
    rounded = (2 * abs(top) + bottom) // (2 * bottom)
    return (rounded if top >= 0 else -rounded) * unit
