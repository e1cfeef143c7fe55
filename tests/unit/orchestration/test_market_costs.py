"""What the market data lake may cost who does not use it: nothing of it is imported before it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from orchestration.build import build_defs
from orchestration.defs.market.automation import market_definitions
from orchestration.keys import MARKET_JOBS
from orchestration.market.work import MarketData
from tests.support.command import ROOT, environment

LAKE = {
    "orchestration.market.work",
    "orchestration.resources.market_lake",
    "orchestration.resources.vendors",
    "transforms.market",
    "exchange_calendars",
    "fsspec",
    "pandas",
    "tomlkit",
}
NOTHING_NEW = """
from config.settings import load_settings
from orchestration.resources.raw_store import RawStore
from orchestration.staleness import is_fresh
settings = load_settings()
assert not is_fresh(RawStore(settings.data, settings.flex_timezone).manifest(), "000001-00000000", settings)
"""


def imported(code: str, data: Path, *names: str) -> set[str]:
    """Which of these modules a process of a user without a `market.toml` has imported after this code."""
    told = f"{code}\nimport sys; print('|'.join({set(names)!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", told],
        env=environment(data),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(done.stdout.strip().split("|")) - {""}


@pytest.mark.parametrize("code", ["import apps.cli.main", "import apps.dashboard.main", NOTHING_NEW])
def test_who_has_no_market_data_imports_nothing_of_it(code: str, tmp_path: Path) -> None:
    assert imported(code, tmp_path, *LAKE) == set()


def test_an_update_of_market_data_needs_no_model_of_the_books(tmp_path: Path) -> None:
    code = """
from config.settings import load_settings
from orchestration.defs.market.automation import market_definitions
from orchestration.market.work import MarketData
market_definitions(MarketData(load_settings())).resolve_job_def("update_bars")
"""
    names = ("dagster_dbt", "dbt", "exchange_calendars", "orchestration.market.work")
    assert imported(code, tmp_path, *names) == {"orchestration.market.work"}


def test_the_command_runs_the_jobs_that_the_services_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    market = MarketData(Settings.model_validate({"TIEOUT_DATA_DIR": tmp_path}))
    whole, alone = build_defs(), market_definitions(market)
    for job in MARKET_JOBS.values():
        layers = [defs.resolve_job_def(job).asset_layer for defs in (whole, alone)]
        assert layers[0].executable_asset_keys == layers[1].executable_asset_keys
        assert layers[0].asset_graph.asset_check_keys >= layers[1].asset_graph.asset_check_keys > set()
