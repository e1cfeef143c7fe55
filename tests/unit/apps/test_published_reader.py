"""Reading published versions: one whole version, whatever is published, pruned or asked meanwhile."""

import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from apps.published import (
    NothingPublishedError,
    QueryError,
    VersionGoneError,
    current_version,
    open_current,
    open_version,
)
from tests.support.command import ROOT, environment


def publish(published: Path, version: str, value: int, rows: int = 10) -> None:
    """A version of two tables that hold the same number, so that a mixture would show."""
    folder = published / version
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "tieout.duckdb")) as connection:
        connection.execute("CREATE SCHEMA marts")
        for table in ("first", "second"):
            connection.execute(f"CREATE TABLE marts.{table} AS SELECT {value} AS value FROM range({rows})")
    link = published / "CURRENT.tmp"
    link.symlink_to(version)
    link.replace(published / "CURRENT")


def test_reads_the_version_that_current_names(tmp_path: Path) -> None:
    publish(tmp_path, "000001-aa", 1)
    publish(tmp_path, "000002-bb", 2)
    with open_current(tmp_path) as reader:
        assert reader.version.id == "000002-bb"
        assert reader.records("SELECT DISTINCT value FROM marts.first") == [{"value": 2}]


def test_nothing_published_says_where_and_what_to_do(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(NothingPublishedError, match="make demo") as caught, open_current(folder):
            pass
        assert str(folder) in str(caught.value)


def test_a_current_that_points_nowhere_is_nothing_published(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").symlink_to("000009-gone")
    with pytest.raises(NothingPublishedError), open_current(tmp_path):
        pass


def test_a_current_that_is_no_link_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("000001-aa")
    with pytest.raises(NothingPublishedError, match="link"), open_current(tmp_path):
        pass


def test_a_reader_keeps_its_version_over_a_publish_and_a_prune(tmp_path: Path) -> None:
    publish(tmp_path, "000001-aa", 1, rows=1_000_000)
    with open_current(tmp_path) as reader:
        assert reader.result("SELECT min(value) FROM marts.first").rows == [(1,)]
        publish(tmp_path, "000002-bb", 2)
        shutil.rmtree(tmp_path / "000001-aa")
        assert reader.result("SELECT count(*), max(value) FROM marts.second").rows == [(1_000_000, 1)]
    with open_current(tmp_path) as reader:
        assert reader.version.id == "000002-bb"


def test_a_version_pruned_before_opening_is_gone_and_the_next_one_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, "000001-aa", 1)
    old = current_version(tmp_path)
    publish(tmp_path, "000002-bb", 2)
    shutil.rmtree(tmp_path / "000001-aa")
    with pytest.raises(VersionGoneError), open_version(old):
        pass
    seen = iter([old, old])
    monkeypatch.setattr(
        "apps.published.current_version", lambda published: next(seen, None) or current_version(published)
    )
    with open_current(tmp_path) as reader:
        assert reader.version.id == "000002-bb"


def test_a_broken_file_is_an_error_and_not_an_endless_retry(tmp_path: Path) -> None:
    publish(tmp_path, "000001-aa", 1)
    (tmp_path / "000001-aa" / "tieout.duckdb").write_bytes(b"no database" * 2000)
    with pytest.raises(duckdb.Error), open_current(tmp_path):
        pass


def test_the_cache_token_changes_when_the_same_id_is_published_again(tmp_path: Path) -> None:
    publish(tmp_path, "000001-aa", 1)
    token = current_version(tmp_path).token
    assert current_version(tmp_path).token == token
    (tmp_path / "000001-aa").rename(tmp_path / "kept")  # keeps the inode, so that it cannot be reused
    publish(tmp_path, "000001-aa", 2)
    assert current_version(tmp_path).token != token


_READ_IN_A_LOOP = """
import sys
from pathlib import Path
from apps.published import open_current

published, stop = Path(sys.argv[1]), Path(sys.argv[2])
seen = set()
while not stop.exists() or len(seen) == 0:
    with open_current(published) as reader:
        rows = [reader.result(f"SELECT min(value), max(value), count(*) FROM marts.{table}").rows[0]
                for table in ("first", "second")]
        number = int(reader.version.id[:6])
    assert rows == [(number, number, 10)] * 2, (number, rows)
    seen.add(number)
    print(number, flush=True)
"""


def test_readers_in_a_loop_see_whole_versions_while_versions_come_and_go(tmp_path: Path) -> None:
    publish(tmp_path, "000001-aa", 1)
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", _READ_IN_A_LOOP, str(tmp_path), str(stop)],
            cwd=ROOT,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for process in readers:
            assert process.stdout is not None
            assert process.stdout.readline() == "1\n"  # both are reading before anything changes
        for number in range(2, 9):
            publish(tmp_path, f"{number:06}-aa", number)
            shutil.rmtree(tmp_path / f"{number - 1:06}-aa")
    finally:
        stop.touch()
        outputs = [process.communicate(timeout=60) for process in readers]
    for process, (_, errors) in zip(readers, outputs, strict=True):
        assert process.returncode == 0, errors


class TestQuery:
    """A person's SQL."""

    @pytest.fixture
    def published(self, tmp_path: Path) -> Path:
        publish(tmp_path, "000001-aa", 7)
        return tmp_path

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT count(*) FROM marts.first",
            "FROM first LIMIT 1",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "SHOW TABLES",
            "DESCRIBE marts.first",
            "SUMMARIZE first",
            "EXPLAIN SELECT 1",
            "VALUES (1)",
            "SELECT 1;",
        ],
    )
    def test_reading_statements_are_answered(self, published: Path, sql: str) -> None:
        with open_current(published) as reader:
            assert reader.query(sql).rows

    @pytest.mark.parametrize(
        "sql",
        [
            "",
            "-- nothing",
            "SELECT 1; SELECT 2",
            "CREATE TABLE marts.x AS SELECT 1",
            "CREATE TEMP TABLE x AS SELECT 1",
            "DROP TABLE marts.first",
            "DELETE FROM marts.first",
            "ATTACH '{other}'",
            "COPY (SELECT 1) TO '{other}'",
            "COPY marts.first FROM '{other}'",
            "EXPORT DATABASE '{other}'",
            "SET enable_external_access = true",
            "RESET lock_configuration",
            "INSTALL httpfs",
            "LOAD httpfs",
            "CHECKPOINT",
            "CALL pragma_version()",
            "SELECT * FROM read_text('{secret}')",
            "SELECT * FROM read_csv('{secret}')",
            "SELECT * FROM '{secret}'",
            "SELECT * FROM glob('{folder}/*')",
            "EXPLAIN ANALYZE SELECT * FROM read_text('{secret}')",
            "SELECT nonsense",
            "SELEC 1",
        ],
    )
    def test_everything_else_is_refused_and_touches_no_file(
        self, published: Path, sql: str, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret.csv"
        secret.write_text("a,b\n1,2\n")
        other = tmp_path / "other.out"
        with open_current(published) as reader:
            with pytest.raises(QueryError) as caught:
                reader.query(sql.format(other=other, secret=secret, folder=tmp_path))
            assert str(caught.value)
            assert reader.query("SELECT max(value) FROM marts.first").rows == [(7,)]
        assert not other.exists()

    def test_a_limit_cuts_and_says_so(self, published: Path) -> None:
        with open_current(published) as reader:
            cut = reader.query("FROM first", limit=9)
            assert (len(cut.rows), cut.truncated) == (9, True)
            whole = reader.query("FROM first", limit=10)
            assert (len(whole.rows), whole.truncated) == (10, False)

    def test_decimals_stay_exact_and_instants_are_utc(self, published: Path) -> None:
        with open_current(published) as reader:
            row = reader.query(
                "SELECT 12345678901234567890.0000000001::DECIMAL(38, 10),"
                " TIMESTAMPTZ '2026-03-12 08:00:00+02'"
            ).rows[0]
        assert row[0] == Decimal("12345678901234567890.0000000001")
        assert row[1].isoformat() == "2026-03-12T06:00:00+00:00"
