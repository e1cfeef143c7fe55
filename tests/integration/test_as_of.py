"""`tieout run --as-of`: the marts of an earlier instant are those of a folder that had only the documents of then."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from config.data_folder import DataFolder
from orchestration.resources.market_lake import MarketLake, by_year
from orchestration.resources.raw_manifest import RawManifest, Receipt
from orchestration.resources.raw_store import RawStore
from orchestration.resources.raw_subset import KnownBy, copy_subset, known_then
from tests.support.command import tieout
from tests.support.flex_text import cash_row, flex_document
from tests.support.lake_rows import BARS_OF, bars, weekdays
from transforms.broker_simulator import simulate

ACCOUNT = "U1000001"
# Each document with the instant the broker generated it. The last two tell the corrected commission and dividend.
PERIODS = (
    ("october.xml", date(2023, 10, 1), date(2023, 10, 31), datetime(2023, 11, 1, 3)),
    ("november.xml", date(2023, 11, 1), date(2023, 11, 30), datetime(2023, 12, 1, 3)),
    ("autumn.xml", date(2023, 10, 1), date(2023, 11, 30), datetime(2023, 12, 20, 3)),
)
BETWEEN = "2023-12-10T00:00:00Z"
TIMES = {"document": ("received_at",)}


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder with a hash of its bytes; locks hold nothing."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


def tables(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {
            name: connection.execute(
                f"select * exclude ({', '.join(TIMES[name])}) from marts.{name} order by all"
                if name in TIMES
                else f"select * from marts.{name} order by all"
            ).fetchall()
            for (name,) in names
        }


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    life = simulate(seed=3, years=1)
    for name, first, last, generated in PERIODS:
        (folder / name).write_bytes(life.document([ACCOUNT], first, last, generated).content())
    return folder


@pytest.fixture(scope="module")
def everything(papers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with all documents, the newest first, published."""
    data = tmp_path_factory.mktemp("everything")
    tieout(data, "ingest", str(papers / "autumn.xml"))
    tieout(data, "ingest", str(papers / "october.xml"), str(papers / "november.xml"))
    tieout(data, "run")
    return data


def test_the_marts_of_then_are_those_of_a_folder_with_the_documents_of_then(
    papers: Path, everything: Path, tmp_path: Path
) -> None:
    before = contents(everything)
    out = tmp_path / "then.duckdb"
    said = tieout(everything, "run", "--as-of", BETWEEN, "--out", str(out), "--json").stdout
    assert {k: v for k, v in json.loads(said).items() if k.startswith("documents")} == {
        "documents": 2,
        "documents_loaded": 3,
    }
    assert contents(everything) == before
    assert [path.name for path in tmp_path.iterdir()] == ["then.duckdb"]

    fresh = tmp_path / "fresh"
    fresh.mkdir()
    tieout(fresh, "ingest", *(str(papers / name) for name, *_ in PERIODS[:2]))
    tieout(fresh, "run")
    then, expected = tables(out), tables(fresh / "published" / "current.duckdb")
    assert then.pop("build_info")[0][0] == "as-of-20231210T000000Z-generated"
    expected.pop("build_info")
    assert then.keys() == expected.keys()
    assert {name for name in then if then[name] != expected[name]} == set()
    (history,) = then["coverage_gap"]
    assert history[:4] == (ACCOUNT, "missing_history", date(2023, 1, 2), date(2023, 9, 30))
    assert "fd=20230102&td=20230930" in history
    now = tables(everything / "published" / "current.duckdb")
    assert now["fct_nav_daily"] != then["fct_nav_daily"], "the later document changed what was known"

    refused = tieout(everything, "run", "--as-of", BETWEEN, "--out", str(out), expect=2)
    assert "exists; --force overwrites it" in refused.stderr


def test_market_data_stay_as_they_are_and_the_benchmark_is_that_of_then(
    everything: Path, tmp_path: Path
) -> None:
    """The file stands for itself: no view of it reads the lake, which knows what came later."""
    days = weekdays(date(2023, 9, 25), 100)
    lake = MarketLake(str(tmp_path / "lake"))
    for year, rows in by_year("bars", bars(("SPY",), days)).items():
        lake.update("clean", BARS_OF, year, lambda _, rows=rows: rows)  # type: ignore[misc]
    before = contents(tmp_path / "lake")
    out = tmp_path / "then.duckdb"
    known = {"TIEOUT_LAKE_URL": str(tmp_path / "lake"), "BENCHMARK": "SPY"}

    tieout(everything, "run", "--as-of", BETWEEN, "--out", str(out), settings=known)

    assert contents(tmp_path / "lake") == before
    with duckdb.connect(str(out), read_only=True) as connection:
        views = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
        macros = connection.execute(
            "select function_name from duckdb_functions() where not internal"
        ).fetchall()
        beta = connection.execute(
            "select count(value) > 0 from marts.performance_metric where metric = 'beta'"
        ).fetchall()
    assert (views, macros) == ([], [])
    assert beta == [(True,)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--as-of", BETWEEN), "--as-of and --out belong together"),
        (("--as-of", "yesterday", "--out", "x.duckdb"), "'yesterday' is no instant"),
        (("--as-of", "2020-01-01", "--out", "x.duckdb"), "none of the 3 loaded documents was generated"),
        (("--as-of", BETWEEN, "--out", "nowhere/x.duckdb"), "does not exist"),
        (
            ("--as-of", "2023-12-10", "--known-by", "received", "--out", "x.duckdb"),
            "was received at or before",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_built_is_said_in_one_sentence(
    everything: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = tieout(everything, "run", *arguments, expect=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (everything / "x.duckdb").exists()


def receipt(name: str, generated: str | None, received: str, status: Any = "loaded") -> Receipt:
    return Receipt(name, 1, name, "flex_xml", status, None, received, 1, when_generated_at=generated)


def test_known_is_generated_or_else_received_by_then() -> None:
    noon = datetime(2024, 1, 2, 12, tzinfo=UTC)
    early, late = (noon - timedelta(1)).isoformat(), (noon + timedelta(1)).isoformat()
    manifest = RawManifest(
        receipts=(
            receipt("exactly", noon.isoformat(), late),
            receipt("later", late, early),
            receipt("silent", None, early),
            receipt("silent and late", None, late),
            receipt("unreadable", None, early, "quarantined"),
        )
    )
    generated = [r.document_id for r in known_then(manifest, noon, KnownBy.GENERATED)]
    assert generated == ["exactly", "silent", "unreadable"]
    received = [r.document_id for r in known_then(manifest, noon, KnownBy.RECEIVED)]
    assert received == ["later", "silent", "unreadable"]


def test_the_subset_has_the_rows_of_its_documents_alone(tmp_path: Path) -> None:
    store = RawStore(DataFolder(tmp_path / "all"), "America/New_York")
    store.data.inbox.mkdir(parents=True)
    for name, generated in (("a", "20240103;010000"), ("b", "20240104;010000")):
        document = flex_document({"CashTransactions": [cash_row(name, "1")]}, generated=generated)
        (store.data.inbox / f"{name}.xml").write_bytes(document)
    store.ingest(lambda: datetime(2024, 1, 5, tzinfo=UTC))
    receipts = known_then(store.manifest(), datetime(2024, 1, 3, 12, tzinfo=UTC), KnownBy.GENERATED)
    target = DataFolder(tmp_path / "then")
    copy_subset(store, receipts, target)
    subset = RawStore(target, "America/New_York")
    rows = subset.scan("CashTransactions")
    assert rows is not None
    assert rows.select("transactionID").collect().to_series().to_list() == ["a"]
    assert subset.manifest().loaded == {receipts[0].document_id}
