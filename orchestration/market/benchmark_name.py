"""What the books are compared with. Importing this costs nothing: it is asked before anything else is."""

import tomllib

from config.market_data import is_series_name
from config.settings import Settings


def benchmark_name(settings: Settings) -> str | None:
    """BENCHMARK, else what `market.toml` names, else nothing.

    A `market.toml` that cannot be read names nothing here; `tieout data` says what is wrong with it.
    """
    if settings.benchmark is not None:
        return settings.benchmark
    try:
        with settings.data.market_plan.open("rb") as stream:
            name = tomllib.load(stream).get("benchmark")
    except (FileNotFoundError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return name if is_series_name(name) else None
