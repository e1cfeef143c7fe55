"""What makes the published version old: here, the settings that change a figure and the benchmark's file."""

from pathlib import Path

import pytest

from config.settings import load_settings
from orchestration.resources.raw_manifest import RawManifest
from orchestration.staleness import inputs_fingerprint


def fingerprint() -> str:
    return inputs_fingerprint(RawManifest(), load_settings())


def test_a_benchmark_or_a_reporting_currency_makes_a_new_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path / "data"))
    for name in ("BENCHMARK", "REPORTING_CURRENCY"):
        monkeypatch.delenv(name, raising=False)
    seen = [fingerprint()]
    monkeypatch.setenv("REPORTING_CURRENCY", "USD")
    seen.append(fingerprint())
    monkeypatch.setenv("BENCHMARK", "SPY")
    seen.append(fingerprint())
    path = tmp_path / "data" / "benchmark" / "SPY.csv"
    path.parent.mkdir(parents=True)
    path.write_text("date,close\n2024-01-02,100\n")
    seen.append(fingerprint())
    path.write_text("date,close\n2024-01-02,101\n")
    seen.append(fingerprint())
    assert len(set(seen)) == len(seen)
    assert fingerprint() == seen[-1]
