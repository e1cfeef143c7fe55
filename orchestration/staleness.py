"""Whether there is anything to do, decided from content hashes alone, without starting Dagster or dbt."""

import hashlib
from functools import cache
from pathlib import Path

from config.settings import Settings
from orchestration.market.benchmark_name import benchmark_name
from orchestration.resources.raw_manifest import RawManifest

ROOT = Path(__file__).resolve().parents[1]
_CODE = (("transforms", {".py", ".toml"}), ("dbt_project", {".sql", ".yml", ".csv"}))
_NO_PRODUCT = {"broker_simulator", "probe", "target", "logs", "__pycache__"}


@cache
def code_version() -> str:
    """A hash of the code that turns raw documents into marts."""
    digest = hashlib.sha256()
    for folder, suffixes in _CODE:
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if path.suffix in suffixes and not _NO_PRODUCT.intersection(parts):
                digest.update("/".join(parts).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def inputs_fingerprint(manifest: RawManifest, settings: Settings) -> str:
    """A hash of everything that the marts depend on: the documents, the code, the settings that change a figure."""
    facts = [
        manifest.fingerprint(),
        code_version(),
        settings.flex_timezone,
        str(settings.base_currency),
        str(settings.risk_free_rate),
        str(settings.reporting_currency),
        _benchmark(settings),
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _benchmark(settings: Settings) -> str:
    """The name and the content of the benchmark's series; its absence is a fact too."""
    name = benchmark_name(settings)
    if name is None:
        return "None"
    path = benchmark_file(settings, name)
    if path.is_file():
        return f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    from orchestration.market.benchmark import fingerprint

    return f"{name} {fingerprint(settings, name)}"


def benchmark_file(settings: Settings, name: str) -> Path:
    """Where a benchmark's series lies that a person put there, or would lie."""
    return settings.data.benchmark / f"{name}.csv"


def is_fresh(manifest: RawManifest, current_version: str | None, settings: Settings) -> bool:
    """Whether the published version was made from exactly these inputs."""
    return current_version is not None and current_version.endswith(
        "-" + inputs_fingerprint(manifest, settings)[:8]
    )
