"""A table's contract as Dagster's UI shows it: columns with types and descriptions, the key. Nothing else."""

from typing import Any

import dagster as dg

from transforms.schemas import TableContract


def contract_metadata(contract: TableContract) -> dict[str, Any]:
    """The asset metadata of a clean table."""
    columns = [
        dg.TableColumn(
            field.name,
            type=str(field.dtype),
            description=f"{field.description} Unit: {field.unit}." if field.unit else field.description,
            constraints=dg.TableColumnConstraints(nullable=field.nullable),
        )
        for field in contract.fields
    ]
    return {"dagster/column_schema": dg.TableSchema(columns), "key": ", ".join(contract.key)}
