"""The invented marts have columns that the real ones have: otherwise the readers' tests prove nothing."""

from pathlib import Path

import pytest
import yaml

from tests.support.published_fixture import MARTS

MODELS = Path(__file__).parents[3] / "dbt_project" / "models" / "marts"
TYPES = {
    "t": {"varchar"},
    "d": {"date"},
    "n": {"decimal(38,10)"},
    "f": {"double"},
    "i": {"integer", "bigint"},
    "l": {"integer", "bigint"},
    "b": {"boolean"},
    "@": {"timestamp with time zone", "timestamptz"},
}


@pytest.mark.parametrize("table", sorted(MARTS))
def test_columns_and_types_are_those_of_the_dbt_model(table: str) -> None:
    models = yaml.safe_load((MODELS / f"{table}.yml").read_text())["models"]
    real = {column["name"]: column["data_type"] for model in models for column in model["columns"]}
    for column in MARTS[table].split():
        name, letter = column.split(":")
        assert real.get(name, "absent") in TYPES[letter], f"{table}.{name}"
