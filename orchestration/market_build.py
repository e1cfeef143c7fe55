"""What the command may do with market data: the public entry beside build.py, which has that of the books.

Imports of Dagster and polars stand inside the functions: who asks for help must not pay for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings
from orchestration.command_run import QUIET_CONSOLE, failure_of, instance_for_command
from orchestration.instance import BY_COMMAND
from orchestration.keys import MARKET_JOBS
from orchestration.market.errors import PlanError as PlanError

if TYPE_CHECKING:
    import polars as pl
    import requests

    from orchestration.market.importing import Imported
    from orchestration.market.outcome import DatasetOutcome
    from orchestration.market.plan import Wanted
    from orchestration.market.progress import Tell
    from orchestration.market.work import MarketData


@dataclass(frozen=True)
class MarketOutcome:
    """What became of each dataset that was brought up to date. `failure`: the run itself failed, and it lacks some."""

    datasets: tuple["DatasetOutcome", ...]
    failure: str | None = None


def run_market_update(
    settings: Settings,
    universes: Sequence[str] = (),
    simulated: "Callable[[], requests.Session] | None" = None,
    tell: "Tell | None" = None,
) -> MarketOutcome:
    """Ask the vendors for what is new of some universes (of all without one), as Dagster runs, one for each kind.

    `simulated` makes sessions that lead to the demo's market in place of the network; that is asked once a day.
    `tell` hears how far it is. Raises `PlanError` for what `market.toml` does not name, or cannot be read of it.
    """
    from orchestration.market.progress import nobody
    from orchestration.market.work import MarketData
    from orchestration.resources.vendors import Way

    market = MarketData(settings, Way(simulated, paced=False) if simulated else None, tell or nobody)
    begun = datetime.now(UTC)
    wanted = market.chosen(universes)
    if simulated:
        wanted = tuple(one for one in wanted if not market.went_well_since(one, begun - timedelta(days=1)))
    failures = _run_market(settings, wanted, market) if wanted else []
    records = [market.records.of(one.dataset) for one in wanted]
    told = tuple(record.outcome for record in records if record is not None and record.at >= begun)
    return MarketOutcome(told, "\n".join(failures) or None)


def want_market_data(
    settings: Settings,
    provider: str,
    universe: str,
    symbols: Sequence[str],
    frequency: str = "1d",
    first: date | None = None,
) -> None:
    """Keep these symbols up to date from now on. Raises `PlanError`; `market.toml` then stays as it is."""
    from orchestration.market.work import MarketData

    market = MarketData(settings)
    market.refuse_the_demo()
    market.plan.add(provider, universe, symbols, frequency, first)


def import_market_file(
    settings: Settings, path: Path, universe: str, symbols: Sequence[str] = ()
) -> "Imported":
    """Bring a file of Stooq's that a person downloaded into a universe, and tell Dagster which years it wrote.

    Raises `PlanError` for a file that cannot be imported.
    """
    from orchestration.market.work import MarketData

    done = MarketData(settings).import_file(path, universe, symbols)
    if done.outcome.years:
        from orchestration.defs.market.automation import tell_of_import

        with instance_for_command(settings) as instance:
            tell_of_import(instance, done)
    return done


def market_catalog(settings: Settings) -> "pl.DataFrame":
    """A row per dataset of market data that is wanted or stored. Raises `PlanError`."""
    from orchestration.market.catalog import catalog_table
    from orchestration.market.work import MarketData

    return catalog_table(MarketData(settings).catalog())


def market_rows(
    settings: Settings, symbol: str, first: date | None, last: date | None, adjusted: bool = False
) -> "pl.DataFrame":
    """The bars of a symbol, or its observations where it has no bars, of every provider, by day.

    `adjusted`: bars with their closes adjusted for splits, and with dividends reinvested.
    """
    from orchestration.market.catalog import rows_of
    from orchestration.market.work import MarketData

    return rows_of(MarketData(settings).lake, symbol, first, last, adjusted)


def market_symbols(settings: Settings) -> "pl.DataFrame":
    """What each instrument is called by whom, with the broker's contract id. Raises `PlanError`."""
    from orchestration.market.symbols import symbol_table
    from orchestration.market.work import MarketData

    market = MarketData(settings)
    return symbol_table(settings.data, market.plan.wanted(), market.lake)


def _run_market(settings: Settings, wanted: "Sequence[Wanted]", market: "MarketData") -> list[str]:
    """Run the jobs of the kinds that are wanted; gives why they failed.

    Of the assets only those of market data are put together: the books' need dbt's manifest, and play no part.
    """
    with instance_for_command(settings) as instance:
        from orchestration.defs.market.automation import market_definitions, update_request

        definitions = market_definitions(market)
        requests = [update_request(instance, kind, wanted, market) for kind in MARKET_JOBS]
        results = [
            definitions.resolve_job_def(str(request.job_name)).execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config={**QUIET_CONSOLE, **request.run_config},
                tags={**BY_COMMAND, **request.tags},
            )
            for request in requests
            if request is not None
        ]
    return [failure_of(result) for result in results if not result.success]
