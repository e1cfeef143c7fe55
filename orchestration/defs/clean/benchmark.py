"""The clean table of the benchmark's closes. The only clean table that no document of the broker feeds."""

import logging

import dagster as dg

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.keys import CLEAN, OWNERS
from orchestration.resources.dagster_resources import DataResource
from orchestration.staleness import benchmark_file
from transforms.clean.benchmark import build_benchmark_prices
from transforms.clean.model import ISSUES, Cleaned
from transforms.schemas import RAW_FACTS

_PRICES = RAW_FACTS["benchmark_prices"]

log = logging.getLogger("tieout")


@dg.asset(
    key=[CLEAN, "benchmark_prices"],
    group_name=CLEAN,
    owners=OWNERS,
    kinds={"polars", "parquet"},
    description=_PRICES.description,
    metadata=contract_metadata(_PRICES),
)
def clean_benchmark_prices(data: DataResource) -> dg.MaterializeResult:
    """Write the series that BENCHMARK names; an empty table where there is none, for the books do not need it."""
    settings = data.settings
    cleaned = Cleaned(_PRICES.empty(), ISSUES.empty())
    if settings.benchmark is not None:
        path = benchmark_file(settings)
        if path.is_file():
            cleaned = build_benchmark_prices(settings.benchmark, path.read_bytes())
        else:
            log.warning("BENCHMARK is %s, and there is no file %s", settings.benchmark, path)
    data.clean.write("benchmark_prices", cleaned.table)
    data.clean.write("_issues/benchmark_prices", cleaned.issues)
    return dg.MaterializeResult(metadata={"dagster/row_count": cleaned.table.height})
