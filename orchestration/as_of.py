"""The marts as of an earlier instant, in one file: a refresh of a folder of its own. Why so: docs/adr/0009-as-of.md."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from config.data_folder import DataFolder
from config.settings import Settings
from orchestration.keys import WRITER_LOCK
from orchestration.resources.files import exclusive, replace_atomically

if TYPE_CHECKING:
    import duckdb

    from orchestration.build import RunOutcome
    from orchestration.resources.raw_subset import KnownBy

_OF_A_RUN = ("TIEOUT_DATA_DIR", "TIEOUT_DAGSTER_HOME", "DAGSTER_HOME", "TIEOUT_LAKE_URL", "BENCHMARK")
_FILE_NAME = "tieout.duckdb"


class AsOfError(Exception):
    """The file cannot be made from what was asked; the message says why and what to do."""


@dataclass(frozen=True)
class AsOfOutcome:
    """What was built: the file, from how many of the loaded documents; or why it was not."""

    success: bool
    path: Path
    instant: datetime
    known_by: str
    documents: int
    documents_loaded: int
    failure: str | None = None


def build_as_of(
    settings: Settings,
    instant: datetime,
    out: Path,
    known_by: "KnownBy",
    refresh: "Callable[[Settings], RunOutcome]",
    overwrite: bool = False,
) -> AsOfOutcome:
    """Build all marts from the documents known at `instant` into `out`. Nothing in the data folder changes.

    `refresh` is the normal run over a data folder. Raises `AsOfError` if nothing was known then, or `out` exists
    and `overwrite` is not given.
    """
    from orchestration.resources.raw_store import RawStore
    from orchestration.resources.raw_subset import copy_subset, known_then

    _refuse(out, overwrite)
    with tempfile.TemporaryDirectory(prefix="tieout-as-of-") as folder:
        then = settings.model_copy(update={"data_dir": Path(folder), "dagster_home": None})
        with exclusive(settings.data.root / WRITER_LOCK):
            store = RawStore(settings.data, settings.flex_timezone)
            receipts = known_then(store.manifest(), instant, known_by)
            known = sum(r.status == "loaded" for r in receipts)
            loaded = len(store.manifest().loaded)
            if not known:
                raise AsOfError(
                    f"none of the {loaded} loaded documents was {known_by.value} at or before {instant.isoformat()}"
                )
            copy_subset(store, receipts, then.data)
        with _environment_put_back():
            os.environ["BENCHMARK"] = _keep_benchmark(settings, then.data, instant) or ""
            os.environ["TIEOUT_LAKE_URL"] = ""  # a lake of its own: what is published writes into the lake
            outcome = refresh(then)
        if outcome.success:
            _refuse(out, overwrite)
            _hand_over(
                then.data, str(outcome.version), out, f"as-of-{instant:%Y%m%dT%H%M%SZ}-{known_by.value}"
            )
    return AsOfOutcome(outcome.success, out, instant, known_by.value, known, loaded, outcome.failure)


def parse_instant(text: str) -> datetime:
    """An ISO date or instant; without a zone it is UTC, a date is its midnight. Raises `AsOfError`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise AsOfError(
            f"{text!r} is no instant: write one like 2025-03-01, 2025-03-01T06:00 or 2025-03-01T06:00-05:00"
        ) from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _refuse(out: Path, overwrite: bool) -> None:
    if out.is_dir():
        raise AsOfError(f"{out} is a folder; name a file")
    if not out.parent.is_dir():
        raise AsOfError(f"the folder {out.parent} does not exist")
    if out.exists() and not overwrite:
        raise AsOfError(f"{out} exists; --force overwrites it")


def _keep_benchmark(settings: Settings, target: DataFolder, instant: datetime) -> str | None:
    """Put the benchmark's closes until then into the folder, as the file that a person would; gives its name."""
    from orchestration.market.benchmark import benchmark_of
    from orchestration.market.benchmark_name import benchmark_name
    from orchestration.staleness import benchmark_file

    name = benchmark_name(settings)
    if name is None:
        return None
    kept = target.benchmark / f"{name}.csv"
    file = benchmark_file(settings, name)
    if file.is_file():
        kept.parent.mkdir(parents=True)
        shutil.copyfile(file, kept)
    elif (found := benchmark_of(settings, name)) is not None:
        kept.parent.mkdir(parents=True)
        closes = found.prices.select("close", date="price_date")
        closes.filter(closes["date"] <= instant.date()).write_csv(kept)
    return name


def _without_views(connection: "duckdb.DuckDBPyConnection") -> None:
    """The views of market data read the lake, which is not that of then and goes with the folder."""
    made = {
        "view": "select schema_name, view_name from duckdb_views() where not internal",
        "macro": "select distinct schema_name, function_name from duckdb_functions() "
        "where not internal and function_type = 'macro'",
        "macro table": "select distinct schema_name, function_name from duckdb_functions() "
        "where not internal and function_type = 'table_macro'",
    }
    for kind, query in made.items():
        for schema, name in connection.execute(query).fetchall():
            connection.execute(f'drop {kind} "{schema}"."{name}"')


def _hand_over(data: DataFolder, version: str, out: Path, name: str) -> None:
    """Give the published file of the folder its place, under a name that says what it is."""
    import duckdb

    temporary = out.with_name(out.name + ".tmp")
    try:
        shutil.copyfile(data.published / version / _FILE_NAME, temporary)
        with duckdb.connect(str(temporary)) as connection:
            connection.execute("update marts.build_info set version_id = ?", [name])
            _without_views(connection)
            connection.execute("checkpoint")
        replace_atomically(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _environment_put_back() -> Iterator[None]:
    """A run fixes its data folder in the environment; ours is gone after the block."""
    before = {name: os.environ.get(name) for name in _OF_A_RUN}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
