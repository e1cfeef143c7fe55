"""The clean table of the benchmark's closes. The only clean table that no document of the broker feeds."""

import logging
from collections.abc import Iterator

import dagster as dg

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.defs.clean.tables import contract_check, contract_check_spec
from orchestration.keys import CLEAN, OWNERS
from orchestration.market.benchmark import benchmark_of
from orchestration.market.benchmark_name import benchmark_name
from orchestration.resources.dagster_resources import DataResource
from orchestration.staleness import benchmark_file
from transforms.clean.benchmark import build_benchmark_prices
from transforms.clean.model import ISSUES, Cleaned
from transforms.schemas import RAW_FACTS, ContractError

_PRICES = RAW_FACTS["benchmark_prices"]
_KEY = dg.AssetKey([CLEAN, "benchmark_prices"])

log = logging.getLogger("tieout")


@dg.asset(
    key=_KEY,
    group_name=CLEAN,
    owners=OWNERS,
    kinds={"polars", "parquet"},
    description=_PRICES.description,
    metadata=contract_metadata(_PRICES),
    check_specs=[contract_check_spec(_KEY)],
)
def clean_benchmark_prices(data: DataResource) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Write the series that BENCHMARK names, from its file or else from the lake.

    An empty table where there is none, for the books do not need it.
    """
    settings = data.settings
    cleaned = Cleaned(_PRICES.empty(), ISSUES.empty())
    told: dict[str, str] = {}
    name = benchmark_name(settings)
    if name is not None:
        path = benchmark_file(settings, name)
        if path.is_file():
            cleaned = build_benchmark_prices(name, path.read_bytes())
            told = {"from": str(path)}
        elif (found := benchmark_of(settings, name)) is not None:
            cleaned = Cleaned(found.prices, ISSUES.empty())
            told = {
                "from": str(found.dataset or "the books, for the lake cannot be reached"),
                "closes": found.basis,
                "currency": found.currency or "not told",
            }
        else:
            log.warning(
                "the benchmark is %s, and there is neither market data of it (`tieout data pull`) nor a file %s",
                name,
                path,
            )
    try:
        valid = _PRICES.validate(cleaned.table)
    except ContractError as error:
        yield contract_check(_KEY, error)
        raise dg.Failure(str(error), allow_retries=False) from error
    data.clean.write("benchmark_prices", valid)
    data.clean.write("_issues/benchmark_prices", cleaned.issues)
    yield dg.MaterializeResult(
        metadata={"dagster/row_count": valid.height, **told}, check_results=[contract_check(_KEY)]
    )
