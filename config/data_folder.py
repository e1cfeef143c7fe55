"""Where everything lies in the data folder: names of folders and files, and nothing that reads or writes them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataFolder:
    """The root that `TIEOUT_DATA_DIR` names, and the places below it."""

    root: Path
    instance: Path | None = None
    """The folder of a Dagster instance that is made elsewhere; without it, it is made in the data folder."""

    @property
    def inbox(self) -> Path:
        """Documents are dropped here."""
        return self.root / "inbox"

    @property
    def benchmark(self) -> Path:
        """Series to compare with, one `<name>.csv` each; put there by a person, never written by us."""
        return self.root / "benchmark"

    @property
    def raw(self) -> Path:
        """The broker's bytes and what was parsed from them, as text."""
        return self.root / "raw"

    @property
    def live_changes(self) -> Path:
        """What the live feed streamed, conflated: a folder for each day. No document, and no book is made of it."""
        return self.raw / "live"

    @property
    def clean(self) -> Path:
        """One Parquet file per canonical table."""
        return self.root / "clean"

    @property
    def features(self) -> Path:
        """One Parquet file per table derived from the clean ones."""
        return self.root / "features"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that only dbt writes."""
        return self.root / "warehouse" / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Version folders; `CURRENT` points to the one that readers open."""
        return self.root / "published"

    @property
    def quality(self) -> Path:
        """What Great Expectations found of each published version, as pages."""
        return self.root / "quality"

    @property
    def quarantine(self) -> Path:
        """What could not be read, with the reason beside it."""
        return self.root / "quarantine"

    @property
    def state(self) -> Path:
        """Operational state."""
        return self.root / "state"

    @property
    def flex_pace(self) -> Path:
        """When the Flex Web Service was asked, and what must not be asked again yet."""
        return self.state / "flex_web_service.json"

    @property
    def lake(self) -> Path:
        """The market data lake, where TIEOUT_LAKE_URL names no other."""
        return self.root / "lake"

    @property
    def market_plan(self) -> Path:
        """The market data that is kept up to date; a person may edit it."""
        return self.root / "market.toml"

    @property
    def market_symbols(self) -> Path:
        """What a person knows of symbols: changes of ticker, and what two vendors call differently."""
        return self.root / "symbols.csv"

    @property
    def market_records(self) -> Path:
        """How the last update of each dataset of market data went."""
        return self.state / "market"

    @property
    def market_pull(self) -> Path:
        """The last update of market data that the page started: its lock, what it said, and how far it is."""
        return self.state / "market_pull"

    @property
    def vendor_pace(self) -> Path:
        """When each vendor of market data was asked, and what must not be asked again yet."""
        return self.state / "vendors"

    @property
    def vendor_journals(self) -> Path:
        """Receipts of vendors' answers, until the run that writes them ends."""
        return self.state / "vendor_receipts"

    @property
    def live_health(self) -> Path:
        """How the live feed does, as it last said."""
        return self.state / "live.json"

    @property
    def live_lock(self) -> Path:
        """Held by the live feed as long as it runs."""
        return self.state / "live.lock"

    @property
    def state_url(self) -> str:
        """The state store's database, where DB_URL names no other."""
        return f"sqlite:///{self.state / 'tieout.sqlite'}"

    @property
    def dagster(self) -> Path:
        """What Dagster keeps here: runs, events, schedules, what runs printed."""
        return self.root / "dagster"

    @property
    def dagster_home(self) -> Path:
        """The folder of the `dagster.yaml` that counts."""
        return self.instance or self.dagster
