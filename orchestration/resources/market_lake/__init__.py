"""The market data lake: Parquet partitions on a disk or an object store. What rows mean is transforms/market."""

from orchestration.resources.market_lake.facts import Facts
from orchestration.resources.market_lake.lake import MarketLake, Partition
from orchestration.resources.market_lake.parquet import UnreadableError
from orchestration.resources.market_lake.stores import LostRaceError
from orchestration.resources.market_lake.tables import by_year

__all__ = ["Facts", "LostRaceError", "MarketLake", "Partition", "UnreadableError", "by_year"]
