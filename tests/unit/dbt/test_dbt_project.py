"""The dbt project against the clean layer's contracts and its own rules: drift, layers, docs. Runs no dbt."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.schemas import CONTRACTS, FEATURES, RAW_FACTS
from transforms.schemas.cash import CASH_COMPONENTS
from transforms.schemas.common_fields import snake_case
from transforms.schemas.valuation import NAV_CHANGE_COMPONENTS, NAV_COMPONENTS

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
LAYERS = ("staging", "intermediate", "marts")
ALLOWED = {"staging": set(), "intermediate": {"staging", "intermediate"}, "marts": set(LAYERS)}

PUBLISHED = {
    "dim_account", "dim_instrument", "fct_trade", "fct_closed_lot", "fct_cash_transaction", "fct_position_daily",
    "fct_nav_daily", "fct_return_daily", "account_summary", "position_current", "performance_metric",
    "monthly_return", "drawdown", "reconciliation", "reconciliation_row", "data_health", "document",
    "document_section", "build_info", "restatement", "coverage", "coverage_gap",
    "fct_pnl_daily", "pnl_by_instrument", "income", "allocation", "fct_tax_lot", "fct_wash_sale", "benchmark_close",
}  # fmt: skip


def name(model: Path) -> str:
    return model.stem


@cache
def documented(model: Path) -> dict[str, Any]:
    (found,) = yaml.safe_load(model.with_suffix(".yml").read_text())["models"]
    return found


def refs(model: Path) -> set[str]:
    return set(re.findall(r"ref\('(\w+)'\)", model.read_text()))


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_every_model_is_documented_in_a_file_of_its_own(model: Path) -> None:
    docs = documented(model)
    assert docs["name"] == model.stem
    assert len(docs["description"]) > 10
    assert docs["columns"]
    assert all(len(column["description"]) > 4 for column in docs["columns"])


@pytest.mark.parametrize("model", [m for m in MODELS if m.parent.name == "staging"], ids=name)
def test_staging_is_the_clean_contract(model: Path) -> None:
    (table,) = re.findall(r"{{ (?:(?:clean|features)\('|(?=clean_))(\w+)", model.read_text())
    contract = {**CONTRACTS, **RAW_FACTS, **FEATURES}[table]
    assert [column["name"] for column in documented(model)["columns"]] == list(contract.columns)
    selected = re.search(r"renamed as \(\s*select(.*?)from source", model.read_text(), re.DOTALL)
    assert selected is not None
    assert [part.strip(' \n"') for part in selected[1].split(",")] == list(contract.columns)


def test_every_clean_table_has_a_staging_model() -> None:
    text = "".join(m.read_text() for m in MODELS if m.parent.name == "staging")
    assert set(re.findall(r"clean\('(\w+)'\)", text)) | {"clean_issues", "clean_restatements"} == {
        *CONTRACTS,
        *RAW_FACTS,
    }
    sources = yaml.safe_load((PROJECT / "models/staging/_sources.yml").read_text())["sources"][0]["tables"]
    assert {source["name"] for source in sources} == {*CONTRACTS, *RAW_FACTS}


def test_every_features_table_has_a_staging_model() -> None:
    text = "".join(m.read_text() for m in MODELS if m.parent.name == "staging")
    assert set(re.findall(r"features\('(\w+)'\)", text)) == {*FEATURES}
    sources = yaml.safe_load((PROJECT / "models/staging/_sources.yml").read_text())["sources"]
    (tables,) = (source["tables"] for source in sources if source["name"] == "features")
    assert {table["name"]: table["description"] for table in tables} == {
        name: contract.description for name, contract in FEATURES.items()
    }


@pytest.mark.parametrize("model", MODELS, ids=name)
def test_no_layer_is_skipped(model: Path) -> None:
    layer = model.parent.name
    layer_of = {m.stem: m.parent.name for m in MODELS}
    assert {layer_of[ref] for ref in refs(model)} <= ALLOWED[layer]
    reads = "{{ clean" in model.read_text() or "{{ features" in model.read_text()
    assert reads == (layer == "staging"), "only staging reads the layers before"
    assert "read_parquet" not in model.read_text()
    pattern = {
        "staging": r"stg_(clean|features)__\w+",
        "intermediate": r"int_[a-z]+__\w+",
        "marts": r"(?!stg_|int_)\w+",
    }[layer]
    assert re.fullmatch(pattern, model.stem)


def test_the_promised_marts_are_there() -> None:
    assert {m.stem for m in MODELS if m.parent.name == "marts"} >= PUBLISHED


@pytest.mark.parametrize("model", [m for m in MODELS if m.parent.name == "marts"], ids=name)
def test_marts_say_the_type_of_each_column(model: Path) -> None:
    assert all("data_type" in column for column in documented(model)["columns"])
    for column in documented(model)["columns"]:
        ending = {"_at": "timestamp with time zone", "_date": "date", "_base": "decimal(38,10)"}
        for suffix, expected in ending.items():
            if column["name"].endswith(suffix):
                assert column["data_type"] == expected


def listed(macro: str) -> set[str]:
    text = (PROJECT / "macros" / "reconciliation.sql").read_text()
    found = re.search(rf"macro {macro}\(\).*?return\(\[(.*?)\]\)", text, re.DOTALL)
    assert found is not None
    return set(re.findall(r"'(\w+)'", found[1]))


def test_the_components_are_those_of_the_contracts() -> None:
    two_views = {"mtm", "realized", "change_in_unrealized"}
    assert listed("change_in_nav_components") == {snake_case(c) for c in NAV_CHANGE_COMPONENTS} - two_views
    assert listed("nav_components") == {snake_case(c) for c in NAV_COMPONENTS}
    not_added = {"deposit_withdrawals", "deposits", "withdrawals", "avg_credit_balance", "avg_debit_balance"}
    cash = {snake_case(c) for c in CASH_COMPONENTS if not c.startswith("slb")} - not_added
    assert listed("cash_report_components") == cash


def test_statistics_stay_at_home() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert project["flags"]["send_anonymous_usage_stats"] is False
    assert project["models"]["tieout"]["marts"]["+contract"]["enforced"] is True
