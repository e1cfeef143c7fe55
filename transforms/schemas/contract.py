"""What a clean table's contract is: fields, dtypes, key, units, checks. No table's own fields here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

EXACT: Final = pl.Decimal(38, 10)
INSTANT: Final = pl.Datetime("us", "UTC")

FieldKind = Literal["text", "id", "conid", "integer", "long", "exact", "double", "date", "instant", "boolean"]

_DTYPES: Final[dict[FieldKind, pl.DataType]] = {
    "text": pl.String(),
    "id": pl.String(),
    "conid": pl.Int64(),
    "integer": pl.Int32(),
    "long": pl.Int64(),
    "exact": EXACT,
    "double": pl.Float64(),
    "date": pl.Date(),
    "instant": INSTANT,
    "boolean": pl.Boolean(),
}

_ROWS_NAMED: Final = 5


class ContractError(ValueError):
    """A table does not keep its contract; the message names the table, the column and the offending rows."""


@dataclass(frozen=True)
class Field:
    """One column of a clean table, and the raw attributes it is read from.

    `source` lists XML attribute names, tried left to right; it is empty where the column is derived.
    `unit` is plain words ("account base currency", "fraction"); `allowed` closes a vocabulary.
    """

    name: str
    kind: FieldKind
    description: str
    source: tuple[str, ...] = ()
    unit: str = ""
    nullable: bool = True
    allowed: tuple[str, ...] = ()

    @property
    def dtype(self) -> pl.DataType:
        """The polars dtype of the column."""
        return _DTYPES[self.kind]


LINEAGE: Final[tuple[Field, ...]] = (
    Field("document_id", "id", "sha256 of the raw document that the row was read from.", nullable=False),
    Field("section", "text", "Flex section (the container's tag) that holds the row.", nullable=False),
    Field(
        "row_ordinal",
        "integer",
        "Ordinal of the row within its document and section, from 0.",
        nullable=False,
    ),
)


@dataclass(frozen=True)
class TableContract:
    """The contract of one clean table: every column in order, and the key that tells two rows apart."""

    name: str
    description: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in their order."""
        return tuple(field.name for field in self.fields)

    @property
    def polars_schema(self) -> pl.Schema:
        """Column names and dtypes in their order."""
        return pl.Schema({field.name: field.dtype for field in self.fields})

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema: strict, ordered, unique by the key; unit and source stand in the metadata."""
        return pa.DataFrameSchema(
            {field.name: _column(field) for field in self.fields},
            name=self.name,
            description=self.description,
            strict=True,
            ordered=True,
            unique=list(self.key),
        )

    def field(self, name: str) -> Field:
        """The field of that name (KeyError when there is none)."""
        return {field.name: field for field in self.fields}[name]

    def empty(self) -> pl.DataFrame:
        """The table without rows, with every column typed."""
        return pl.DataFrame(schema=self.polars_schema)

    def validate(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give the frame back if it keeps the contract, else raise ContractError naming the rows."""
        try:
            self.schema.validate(frame, lazy=True)
        except SchemaErrors as broken:
            raise ContractError(self._explain(frame, broken.failure_cases)) from broken
        return frame

    def _explain(self, frame: pl.DataFrame, failures: pl.DataFrame) -> str:
        lines = [f"table {self.name} breaks its contract ({failures.height} findings):"]
        for failure in failures.head(_ROWS_NAMED).iter_rows(named=True):
            column, check, index = failure["column"], failure["check"], failure["index"]
            if check == "multiple_fields_uniqueness":
                what = f"key ({', '.join(self.key)}) is not unique"
            else:
                what = f"column {column}: {check}, found {failure['failure_case']!r}"
            lines.append(f"  {what}{self._place(frame, index)}")
        return "\n".join(lines)

    def _place(self, frame: pl.DataFrame, index: int | None) -> str:
        if index is None or index >= frame.height:
            return ""
        named = [name for name in (*self.key, *(field.name for field in LINEAGE)) if name in frame.columns]
        row = frame.row(index, named=True)
        return " in row " + ", ".join(f"{name}={row[name]}" for name in named)


def _column(field: Field) -> pa.Column:
    checks = [pa.Check.isin(list(field.allowed))] if field.allowed else None
    return pa.Column(
        field.dtype,
        checks,
        nullable=field.nullable,
        description=field.description,
        metadata={"unit": field.unit, "source": list(field.source)},
    )


def table(
    name: str, description: str, key: Iterable[str], fields: Iterable[Field], *, lineage: bool = True
) -> TableContract:
    """Put a contract together; the lineage columns come last."""
    every = (*fields, *LINEAGE) if lineage else tuple(fields)
    return TableContract(name, description, tuple(key), every)
