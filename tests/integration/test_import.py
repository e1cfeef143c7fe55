"""Files that a person downloaded, brought into the lake: what is stored and told, and what a kill leaves."""

import json
import signal
import subprocess
import sys
from datetime import UTC, date, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from config.settings import Settings
from orchestration.defs.market.automation import tell_of_import
from orchestration.defs.market.data import BARS_KEY
from orchestration.market.errors import ImportFileError
from orchestration.market.importing import Imported
from orchestration.market.work import MarketData
from orchestration.resources.vendors import FileStore, open_archive
from tests.support.command import ROOT, environment, tieout
from tests.support.stooq_files import FOLDER, MADE, closes, days, member, saved, zipped
from transforms.market import stooq_bulk
from transforms.market.series import DatasetId

DATASET = DatasetId("stooq", "bars", "us", "1d")
EVERY = days(2019, 2026)
HALF = timedelta(days=1)


class Folder:
    """A data folder that files are imported into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.settings = Settings.model_validate({"TIEOUT_DATA_DIR": root / "data"})
        self.market = MarketData(self.settings)

    def take(self, path: Path, *symbols: str) -> Imported:
        return self.market.import_file(path, "us", symbols)

    def rows(self) -> pl.DataFrame:
        return self.market.lake.read("clean", DATASET)

    def bars(self, symbol: str) -> dict[date, float]:
        rows = self.market.lake.read("clean", DATASET, symbols=[symbol])
        return dict(rows.select("session_date", "close").iter_rows())

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Every file of the data folder but locks, with when it was written."""
        found = (
            path for path in (self.root / "data").rglob("*") if path.is_file() and path.suffix != ".lock"
        )
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in found if path.name != ".lock"
        }


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "f")


def test_a_zip_is_archived_and_its_bars_are_those_of_the_dataset(folder: Folder) -> None:
    path = zipped(
        folder.root / "d_us_txt.zip",
        member("MSFT.US", closes(EVERY)),
        member("BRK-B.US", closes(EVERY, 300.0)),
    )
    done = folder.take(path)
    assert done.problems == done.outcome.problems == ()
    assert done.outcome.added == 2 * len(EVERY)
    assert done.outcome.years == tuple(range(2019, 2027))
    assert folder.bars("BRK.B") == closes(EVERY, 300.0)
    (one,) = folder.rows().select(
        "instrument_id", "venue", "currency", "volume_unit", "adjustment", "provider_symbol", "is_final", "document_id"
    ).filter(pl.col("provider_symbol") == "brk-b.us").unique().rows()  # fmt: skip
    assert one == ("XNYS:BRK.B", "XNYS", "USD", "shares", "unknown", "brk-b.us", True, done.document_id)
    assert folder.rows()["ingested_at"].unique().to_list() == [MADE.replace(tzinfo=UTC)]
    with open_archive(FileStore(folder.settings.lake_url), folder.settings.data.vendor_journals) as archive:
        assert archive.body("stooq", done.document_id) == path.read_bytes()
        (receipt,) = archive.receipts().to_dicts()
    assert (receipt["request"], receipt["status"]) == ("file d_us_txt.zip", 0)
    (catalogued,) = folder.market.catalog()
    assert (catalogued.facts.rows, len(catalogued.updated.outcome.series)) == (2 * len(EVERY), 2)


def test_the_same_file_again_is_nothing_new_and_writes_nothing(folder: Folder) -> None:
    path = zipped(folder.root / "a.zip", member("MSFT.US", closes(EVERY)))
    first = folder.take(path)
    before = folder.files()
    again = folder.take(path)
    assert first.before is None
    assert again.before is not None
    assert folder.files() == before
    rows = folder.rows()
    # a year that somebody moved away comes again
    year = Path(folder.settings.lake_url) / DATASET.partition("clean", 2020)
    year.unlink()
    assert folder.take(path).outcome.years == (2020,)
    assert_frame_equal(folder.rows(), rows)


def test_a_bad_line_is_named_and_the_rest_goes_on(folder: Folder) -> None:
    told = closes(EVERY)
    path = zipped(
        folder.root / "a.zip",
        member("MSFT.US", told, ["MSFT.US,D,20261001,000000,x,11,9,10,1000,0"]),
        member("KO.US", {**told, date(2026, 9, 3): -5.0}),
        member("AAPL.US", told),
    )
    done = folder.take(path)
    (line,) = done.problems
    assert line == f"{FOLDER}msft.us.txt, line {len(EVERY) + 2}: open is 'x', which is no number"
    (refused,) = done.outcome.problems
    assert refused.startswith("KO: non_positive_price")
    assert sorted(folder.rows()["symbol"].unique()) == ["AAPL", "MSFT"]
    assert folder.bars("MSFT") == told
    assert done.outcome.findings["symbol"].unique().to_list()[:1] != []


def test_bars_of_the_day_of_the_zip_are_left_out(folder: Folder) -> None:
    told = closes([*EVERY, date(2026, 10, 2), MADE.date()])
    done = folder.take(zipped(folder.root / "a.zip", member("MSFT.US", told)))
    assert done.outcome.problems == ()
    assert max(folder.bars("MSFT")) == date(2026, 10, 2)


def test_an_older_file_corrects_nothing_and_adds_what_is_not_there(folder: Folder) -> None:
    told = closes(EVERY)
    wrong = {**told, EVERY[5]: 99.0, date(2018, 1, 2): 9.0}
    newer = zipped(folder.root / "new.zip", member("MSFT.US", told))
    older = zipped(folder.root / "old.zip", member("MSFT.US", dict(sorted(wrong.items()))), made=MADE - HALF)
    folder.take(newer)
    done = folder.take(older)
    assert done.outcome.added == 1
    assert folder.bars("MSFT") == {date(2018, 1, 2): 9.0, **told}


def test_a_correction_reaches_its_year_alone(folder: Folder) -> None:
    told = closes(EVERY)
    folder.take(zipped(folder.root / "a.zip", member("MSFT.US", told), member("KO.US", told)))
    corrected = {**told, EVERY[7]: 99.0}
    later = zipped(
        folder.root / "b.zip", member("MSFT.US", corrected), member("KO.US", told), made=MADE + HALF
    )
    done = folder.take(later)
    assert done.outcome.years == (EVERY[7].year,)
    assert [(one.symbol, one.restated) for one in done.outcome.series] == [("KO", 0), ("MSFT", 1)]
    assert folder.bars("MSFT") == corrected


def test_a_restated_history_is_replaced_as_a_whole(folder: Folder) -> None:
    """Halved by a split; and one day less, which is gone then."""
    told = closes(EVERY)
    folder.take(zipped(folder.root / "a.zip", member("MSFT.US", told), member("KO.US", told)))
    halved = {day: close / 2 for day, close in told.items() if day != EVERY[4]}
    members = member("MSFT.US", halved), member("KO.US", told)
    done = folder.take(zipped(folder.root / "b.zip", *members, made=MADE + HALF))
    assert [(one.symbol, one.refetched, one.problem) for one in done.outcome.series] == [
        ("KO", False, None), ("MSFT", True, None)
    ]  # fmt: skip
    assert folder.bars("MSFT") == halved
    assert folder.bars("KO") == told
    # a file from before it, which ends earlier, does not bring the old prices back
    old = zipped(folder.root / "c.zip", member("MSFT.US", dict(list(told.items())[:-1])), made=MADE - HALF)
    assert "the history that came reaches from" in folder.take(old).outcome.problems[0]
    assert folder.bars("MSFT") == halved


def test_a_year_that_is_gone_comes_again_after_later_bars(folder: Folder) -> None:
    """A history that was replaced by a file is not replaced by the same file once there is more of it."""
    told = closes(EVERY, 40.0)
    folder.take(zipped(folder.root / "a.zip", member("MSFT.US", told)))
    halved = {day: close / 2 for day, close in told.items()}
    restated = zipped(folder.root / "b.zip", member("MSFT.US", halved), made=MADE + HALF)
    assert folder.take(restated).outcome.series[0].refetched
    later = {**halved, date(2026, 10, 5): 19.0}
    folder.take(zipped(folder.root / "c.zip", member("MSFT.US", later), made=MADE + 7 * HALF))
    (Path(folder.settings.lake_url) / DATASET.partition("clean", 2021)).unlink()
    assert folder.take(restated).outcome.problems == ()
    assert folder.bars("MSFT") == later


def test_a_lake_on_an_object_store(tmp_path: Path) -> None:
    root = f"memory://{tmp_path.name}"
    market = MarketData(Settings.model_validate({"TIEOUT_DATA_DIR": tmp_path, "TIEOUT_LAKE_URL": root}))
    path = zipped(tmp_path / "a.zip", member("MSFT.US", closes(EVERY)))
    done = market.import_file(path, "us")
    assert market.lake.read("clean", DATASET).height == done.outcome.added == len(EVERY)
    with open_archive(FileStore(root), market.settings.data.vendor_journals) as archive:
        assert archive.body("stooq", done.document_id) == path.read_bytes()
    assert market.import_file(path, "us").before is not None


def test_what_is_of_another_market_is_told_once(folder: Folder) -> None:
    some = [
        member(name, closes(EVERY))
        for name in ("VOD.UK", "^SPX", "EURUSD", "CDR", "MSFT.US", "BRK-B.US", "BRK.B.US")
    ]
    done = folder.take(zipped(folder.root / "a.zip", *some))
    assert any(
        "(^spx, cdr, eurusd, …) are not of the market of stooq/bars/us/1d" in line for line in done.problems
    )
    assert any("brk.b.us means XNYS:BRK.B, as brk-b.us does" in line for line in done.problems)
    assert sorted(folder.rows()["symbol"].unique()) == ["BRK.B", "MSFT"]
    (folder.root / "data").joinpath("market.toml").write_text(
        '[[dataset]]\nprovider = "stooq"\nuniverse = "london"\nvenue = "XLON"\ncurrency = "GBX"\nsymbols = []\n'
    )
    told = folder.market.import_file(folder.root / "a.zip", "london", ["VOD"])
    assert told.problems[0].startswith("VOD: a.zip has no vod.us. Check the symbol")
    there = folder.market.import_file(zipped(folder.root / "b.zip", some[0]), "london")
    assert there.problems == ()
    rows = folder.market.lake.read("clean", DatasetId("stooq", "bars", "london", "1d"))
    assert rows.select("instrument_id", "venue", "currency").unique().rows() == [("XLON:VOD", "XLON", "GBX")]


def test_chosen_symbols_of_a_zip(folder: Folder) -> None:
    path = zipped(folder.root / "a.zip", *(member(f"{name}.US", closes(EVERY)) for name in "ABC"))
    assert [one.symbol for one in folder.take(path, "B").outcome.series] == ["B"]
    assert [one.symbol for one in folder.take(path).outcome.series if one.added] == ["A", "C"]


@pytest.mark.parametrize("name", ["aapl_us_d.csv", "aapl.us.csv", "AAPL.csv"])
def test_a_csv_saved_by_hand(folder: Folder, name: str) -> None:
    path = saved(folder.root / name, closes(EVERY), ["2026-10-01,1,2", "2026-10-02,10,11,9,ten,5"])
    done = folder.take(path)
    assert folder.bars("AAPL") == closes(EVERY)
    assert done.problems == (
        f"{name}, line {len(EVERY) + 2}: there are 3 cells, and not 6",
        f"{name}, line {len(EVERY) + 3}: close is 'ten', which is no number",
    )
    assert folder.take(path).before is not None


def test_a_text_file_out_of_the_zip(folder: Folder) -> None:
    name, text = member("KO.US", closes(EVERY))
    path = folder.root / Path(name).name
    path.write_text(text)
    folder.take(path)
    assert folder.bars("KO") == closes(EVERY)


def test_what_cannot_be_imported_is_one_sentence(folder: Folder) -> None:
    with pytest.raises(ImportFileError, match=r"no\.zip cannot be read: No such file"):
        folder.take(folder.root / "no.zip")
    weeks = saved(folder.root / "aapl_us_w.csv", closes(EVERY))
    with pytest.raises(ImportFileError, match="say which symbol it is of: --symbol AAPL"):
        folder.take(weeks)
    half = zipped(folder.root / "half.zip", member("A.US", closes(EVERY)))
    half.write_bytes(half.read_bytes()[:-40])
    with pytest.raises(ImportFileError, match="no zip file, or only a part of one"):
        folder.take(half)
    with (folder.root / "long.csv").open("wb") as stream:
        stream.truncate(stooq_bulk.LONGEST_FILE + 1)
    with pytest.raises(ImportFileError, match="is longer than 67,108,864 bytes"):
        folder.take(folder.root / "long.csv")
    other = folder.root / "AAPL.csv"
    other.write_text("Data,Otwarcie\n1,2\n")
    with pytest.raises(ImportFileError, match=r"The first line of AAPL\.csv is 'Data,Otwarcie'"):
        folder.take(other)
    assert folder.market.lake.datasets("clean") == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(5)), batch=st.sampled_from([1, 700, 1 << 26]))
def test_the_order_of_members_and_the_size_of_batches_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], batch: int
) -> None:
    members = [member(f"{name}.US", closes(EVERY[at:], 20.0 + at)) for at, name in enumerate("ABCD")]
    _, text = member("D.US", closes(days(2010, 2012)))
    members.append((f"{FOLDER}2/d.us.txt", text))
    first, second = (Folder(tmp_path_factory.mktemp(name)) for name in ("one", "two"))
    first.take(zipped(first.root / "a.zip", *members))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stooq_bulk, "BATCH_BYTES", batch)
        second.take(zipped(second.root / "a.zip", *(members[place] for place in order)))
    assert_frame_equal(first.rows().drop("document_id"), second.rows().drop("document_id"))


IMPORTS_UNTIL_IT_IS_HELD = """
import sys
from pathlib import Path
from config.settings import Settings
from orchestration.market.work import MarketData
from orchestration.resources.market_lake import MarketLake

data, path, stored_years = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
update, written = MarketLake.update, []

def held(lake, layer, dataset, year, change):
    if len(written) == stored_years:
        print("held", flush=True)
        sys.stdin.read()
    written.append(year)
    return update(lake, layer, dataset, year, change)

MarketLake.update = held
MarketData(Settings.model_validate({"TIEOUT_DATA_DIR": data})).import_file(path, "us")
"""


@pytest.mark.parametrize("stored_years", [0, 3])
@pytest.mark.parametrize("restated", [False, True])
def test_killed_in_the_middle_and_imported_again(tmp_path: Path, stored_years: int, restated: bool) -> None:
    killed, whole = Folder(tmp_path / "killed"), Folder(tmp_path / "whole")
    told = closes(EVERY, 40.0)
    first = zipped(tmp_path / "first.zip", member("MSFT.US", told), member("KO.US", told))
    now = (
        {day: close / 2 for day, close in told.items() if day != EVERY[-2]}
        if restated
        else {**told, date(2020, 3, 2): 7.0}
    )
    second = zipped(tmp_path / "second.zip", member("MSFT.US", now), member("PEP.US", told), made=MADE + HALF)
    for one in (killed, whole):
        one.take(first)
    before = killed.rows()
    whole.take(second)
    with subprocess.Popen(
        [sys.executable, "-c", IMPORTS_UNTIL_IT_IS_HELD, str(killed.root / "data"), str(second), str(stored_years)],
        env=environment(killed.root / "data"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = pl.col("session_date").dt.year() < 2019 + stored_years
    assert_frame_equal(killed.rows().filter(done), whole.rows().filter(done))
    assert_frame_equal(killed.rows().filter(~done), before.filter(~done))

    again = killed.take(second)
    assert again.before is None
    assert_frame_equal(killed.rows(), whole.rows())
    assert killed.take(second).before is not None
    imports = killed.settings.data.market_records / "imports"
    assert {path.suffix for path in imports.iterdir()} == {".json"}


def test_dagster_is_told_which_years_came(folder: Folder) -> None:
    done = folder.take(zipped(folder.root / "a.zip", member("MSFT.US", closes(days(1958, 1961)))))
    with dg.DagsterInstance.ephemeral() as instance:
        tell_of_import(instance, done)
        assert instance.get_dynamic_partitions("market_bars") == ["stooq.us.1d"]
        assert instance.get_materialized_partitions(BARS_KEY) == {"stooq.us.1d|1960", "stooq.us.1d|1961"}


def test_the_command(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    path = zipped(
        tmp_path / "d_us_txt.zip",
        member("MSFT.US", closes(EVERY)),
        member("KO.US", closes(EVERY), ["KO.US,D"]),
    )
    first = tieout(data, "data", "import", str(path), "--universe", "us", expect=1)
    assert f"stooq/bars/us/1d: {2 * len(EVERY)} rows added to 2 of 2 series" in first.stdout
    assert f"ko.us.txt, line {len(EVERY) + 2}: there are 2 cells, and not 10" in first.stderr
    again = tieout(data, "data", "import", str(path), "--universe", "us")
    assert "stooq/bars/us/1d: nothing new; d_us_txt.zip was imported on " in again.stdout
    csv = saved(tmp_path / "save.csv", closes(EVERY))
    told = json.loads(tieout(data, "data", "import", str(csv), "--symbol", "PEP", "--json").stdout)
    assert (told["dataset"], told["series"][0]["added"], told["problems"]) == (
        "stooq/bars/main/1d",
        len(EVERY),
        [],
    )
    catalog = {row["dataset"]: row for row in json.loads(tieout(data, "data", "catalog", "--json").stdout)}
    assert catalog["stooq/bars/us/1d"]["row_count"] == 2 * len(EVERY)
    nothing = tieout(data, "data", "import", str(tmp_path / "no.zip"), expect=2)
    assert "no.zip cannot be read" in nothing.stderr
    (data / "market.toml").write_text("simulated = true\n")
    assert "whose market is invented" in tieout(data, "data", "import", str(csv), expect=2).stderr
