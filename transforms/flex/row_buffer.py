"""Collecting a section's rows into column batches of bounded size. No XML here, and nothing is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from transforms.flex.flex_document import MAX_BATCH_CELLS, OWN_COLUMNS, TEXT_COLUMN, SectionBatch

_SETTLE_ROWS = 4_096
_SETTLE_CELLS = 400_000
_FEW_ROWS = 1_000
_TEXT_MARK = " text"  # no attribute can have this name
_PER_ROW = tuple(name for name in OWN_COLUMNS if name != "_document_id")

Column = pl.Series | str | int | None
"""The values of a column over some rows: one each, or one for all of them."""


@dataclass
class Pending:
    """How many cells all sections together hold as Python objects (these weigh far more than columns)."""

    cells: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to turn them into columns."""
        return self.cells >= _SETTLE_CELLS


@dataclass(frozen=True)
class RowOrigin:
    """Where rows stand: the statement's index and account, and the ordinal of the enclosing row if rows
    nest."""

    statement: int
    account_id: str | None
    parent: int | None


@dataclass(frozen=True)
class FastRows:
    """Rows of one shape: their tag, their ordinals (Int32), and their attributes' values by name."""

    element: str
    rows: pl.Series
    columns: Mapping[str, pl.Series | str]


@dataclass
class _Piece:
    """Some rows in columns."""

    height: int
    columns: dict[str, Column]


class SectionRows:
    """The rows of one section of one document, on their way into batches.

    Rows come one by one (`add_row`) or many at once (`add_fast`); `emit` gets a batch whenever enough are
    held. A batch is in document order, and its columns are the attributes seen in it.
    """

    def __init__(
        self,
        section: str,
        document_id: str,
        emit: Callable[[SectionBatch], None],
        batch_rows: int,
        pending: Pending,
    ) -> None:
        self.section = section
        self.count = 0
        self.attributes: set[str] = set()
        self._document_id = document_id
        self._emit = emit
        self._batch_rows = batch_rows
        self._pending = pending
        self._pieces: list[_Piece] = []
        self._piece_rows = 0
        self._piece_columns: set[str] = set()
        self._own: dict[str, list[int | str | None]] = {}
        self._columns: dict[str, list[str | None]] = {}
        self._run_attributes: tuple[str, ...] | None = None
        self._run: list[Sequence[str]] = []
        self._held_rows = 0
        self._held_cells = 0

    def next_row(self, rows: int = 1) -> int:
        """Give out the next ordinal, or the first of the next `rows` ordinals."""
        first = self.count
        self.count += rows
        return first

    def add_row(
        self, origin: RowOrigin, row: int, element: str, attributes: Sequence[str], text: str | None = None
    ) -> None:
        """Add one row; `attributes` is name, value, name, value… and `text` its character data, if any."""
        names = tuple(attributes[::2])
        values = attributes[1::2]
        if text is not None:
            names, values = (*names, _TEXT_MARK), [*values, text]
        if names != self._run_attributes:
            self._end_run()
            self._run_attributes = names
            self.attributes.update(names)
            self.attributes.discard(_TEXT_MARK)
        self._run.append(values)
        if not self._own:
            self._own = {name: [] for name in _PER_ROW}
        for column, value in zip(
            self._own.values(),
            (origin.statement, origin.account_id, row, element, origin.parent),
            strict=True,
        ):
            column.append(value)
        self._held_rows += 1
        self._held_cells += len(values) + len(_PER_ROW)
        self._pending.cells += len(values) + len(_PER_ROW)
        if self._held_rows >= _SETTLE_ROWS or self._held_rows + self._piece_rows >= self._batch_rows:
            self.settle()

    def add_fast(self, origin: RowOrigin, groups: Sequence[FastRows]) -> None:
        """Add rows that came as columns; all have the same origin."""
        self.settle()
        for group in groups:
            self.attributes.update(group.columns)
            own: dict[str, Column] = {
                "_document_id": self._document_id,
                "_statement": origin.statement,
                "_account_id": origin.account_id,
                "_row": group.rows,
                "_element": group.element,
                "_parent": origin.parent,
            }
            self._add_piece(_Piece(group.rows.len(), own | dict(group.columns)))
        self._emit_while_full()

    def settle(self) -> None:
        """Turn the rows held as Python objects into columns, and emit what makes a batch."""
        self._end_run()
        if self._held_rows:
            rows = self._held_rows
            columns: dict[str, Column] = {"_document_id": self._document_id}
            columns |= {name: pl.Series(name, self._own[name], dtype=OWN_COLUMNS[name]) for name in _PER_ROW}
            for name, values in self._columns.items():
                values.extend([None] * (rows - len(values)))
                columns[name] = pl.Series(name, values, dtype=pl.String)
            self._pending.cells -= self._held_cells
            self._held_rows = self._held_cells = 0
            self._own, self._columns = {}, {}
            self._add_piece(_Piece(rows, columns))
        self._emit_while_full()

    def finish(self) -> None:
        """Emit all that is left."""
        self.settle()
        if self._piece_rows:
            self._emit_pieces(self._piece_rows)

    def _end_run(self) -> None:
        """Move the run of rows with equal attributes into the columns."""
        if self._run and self._run_attributes:
            before = self._held_rows - len(self._run)
            for name, values in zip(self._run_attributes, zip(*self._run, strict=True), strict=True):
                column = self._columns.setdefault(_column(name), [])
                column.extend([None] * (before - len(column)))
                column.extend(values)
        self._run = []
        self._run_attributes = None

    def _add_piece(self, piece: _Piece) -> None:
        self._pieces.append(piece)
        self._piece_rows += piece.height
        self._piece_columns.update(piece.columns)

    def _emit_while_full(self) -> None:
        limit = max(1, min(self._batch_rows, MAX_BATCH_CELLS // max(1, len(self._piece_columns))))
        while self._piece_rows >= limit:
            self._emit_pieces(limit)

    def _emit_pieces(self, rows: int) -> None:
        """Emit the first `rows` rows held."""
        taken: list[_Piece] = []
        missing = rows
        while missing:
            piece = self._pieces.pop(0)
            if piece.height > missing:
                self._pieces.insert(0, _slice(piece, missing, piece.height - missing))
                piece = _slice(piece, 0, missing)
            missing -= piece.height
            taken.append(piece)
        self._piece_rows -= rows
        self._piece_columns = {name for piece in self._pieces for name in piece.columns}
        join = _join_few if rows <= _FEW_ROWS else _join
        self._emit(SectionBatch(self.section, join(taken)))


def _join_few(pieces: list[_Piece]) -> pl.DataFrame:
    """As `_join`, for so few rows that looking for columns of one value costs more than it saves."""
    frames = []
    for piece in pieces:
        columns = [
            column
            if isinstance(column, pl.Series)
            else pl.Series(values=[column] * piece.height, dtype=dtype)
            for column, dtype in (
                (c, OWN_COLUMNS.get(name, pl.String())) for name, c in piece.columns.items()
            )
        ]
        frames.append(
            pl.DataFrame(
                [
                    column.alias(name)
                    for name, column in zip(piece.columns, columns, strict=True)
                    if name in OWN_COLUMNS or column.null_count() < piece.height
                ]
            )
        )
    frame = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")
    return frame if frame["_row"].is_sorted() else frame.sort("_row")


def _join(pieces: list[_Piece]) -> pl.DataFrame:
    """The pieces as one frame in document order, without columns of nothing but nulls.

    Takes the pieces apart column by column, so that no more than one column exists twice. A column of one
    value stays one value: polars keeps it so until somebody needs all of it.
    """
    names = list(dict.fromkeys(name for piece in pieces for name in (*OWN_COLUMNS, *piece.columns)))
    series: list[pl.Series] = []
    constants: list[pl.Expr] = []
    for name in names:
        dtype = OWN_COLUMNS.get(name, pl.String())
        parts = [(piece.columns.pop(name, None), piece.height) for piece in pieces]
        joined = _join_column(name, parts, dtype)
        if isinstance(joined, pl.Series):
            series.append(joined)
        elif joined is not None or name in OWN_COLUMNS:
            constants.append(pl.lit(joined, dtype=dtype).alias(name))
        else:
            names = [other for other in names if other != name]
    frame = pl.DataFrame(series)
    if not frame["_row"].is_sorted():
        frame = frame.sort("_row")
    return frame.with_columns(constants).select(names)


def _join_column(name: str, parts: list[tuple[Column, int]], dtype: pl.DataType) -> Column:
    """One column of all pieces: a series, or the one value that all rows have (`_row` is always a series)."""
    first = parts[0][0]
    if not isinstance(first, pl.Series) and all(
        not isinstance(v, pl.Series) and v == first for v, _ in parts
    ):
        return first
    joined = pl.concat(
        [
            v if isinstance(v, pl.Series) else pl.repeat(v, n, dtype=dtype, eager=True).alias(name)
            for v, n in parts
        ]
    ).rechunk()
    if name != "_row" and joined.eq_missing(joined.first()).all():
        value = joined.first()
        return value if isinstance(value, (str, int)) else None
    return joined.alias(name)


def _slice(piece: _Piece, offset: int, length: int) -> _Piece:
    """Some of a piece's rows."""
    return _Piece(
        length,
        {n: v.slice(offset, length) if isinstance(v, pl.Series) else v for n, v in piece.columns.items()},
    )


def _column(attribute: str) -> str:
    """The column of an attribute: its own name, but one underscore more if it begins with one (those are
    ours)."""
    if attribute == _TEXT_MARK:
        return TEXT_COLUMN
    return "_" + attribute if attribute.startswith("_") else attribute
