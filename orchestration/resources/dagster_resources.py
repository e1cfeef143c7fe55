"""The resources as Dagster sees them: configuration in, plain objects out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from config.data_folder import DataFolder
from config.settings import Settings, load_settings
from orchestration.keys import WRITER_LOCK
from orchestration.quality.inspection import Inspector
from orchestration.resources.dbt import Dbt
from orchestration.resources.files import exclusive
from orchestration.resources.lake import Lake
from orchestration.resources.publisher import Publisher
from orchestration.resources.raw_store import RawStore


class DataView(dg.ConfigurableResource):
    """The data folder, for looking only (sensors and schedules): it waits for nobody."""

    root: str
    timezone: str
    keep_versions: int

    @property
    def folder(self) -> DataFolder:
        """The places below the root."""
        return DataFolder(Path(self.root))

    @property
    def raw(self) -> RawStore:
        """The raw layer."""
        return RawStore(self.folder, self.timezone)

    @property
    def clean(self) -> Lake:
        """The clean layer."""
        return Lake(self.folder.clean)

    @property
    def features(self) -> Lake:
        """The features layer."""
        return Lake(self.folder.features)

    @property
    def dbt(self) -> Dbt:
        """The dbt project against this folder's warehouse."""
        return Dbt(self.folder.warehouse)

    @property
    def publisher(self) -> Publisher:
        """The published versions."""
        return Publisher(self.folder.published, self.keep_versions)

    @property
    def inspector(self) -> Inspector:
        """The pages of what was found of published versions."""
        return Inspector(self.folder.quality, self.keep_versions)

    @property
    def settings(self) -> Settings:
        """The settings of this process, for figures that depend on them."""
        return load_settings()


class DataResource(DataView):
    """The data folder, for writing. One run at a time holds it: a second one waits."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["DataResource"]:
        """Hold the data folder for the run (for the step, under an executor that starts processes)."""
        with exclusive(self.folder.root / WRITER_LOCK):
            yield self


def data_resources(settings: Settings) -> dict[str, DataView]:
    """The resources for these settings: `data` to write, `data_view` to look."""
    where = {
        "root": str(settings.data.root),
        "timezone": settings.flex_timezone,
        "keep_versions": settings.keep_versions,
    }
    return {"data": DataResource(**where), "data_view": DataView(**where)}
