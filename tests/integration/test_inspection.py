"""`tieout inspect` on a published demo, in a process that can reach no other machine: what holds, what is found."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from apps.published import current_version, inspected
from orchestration.build import build_defs
from orchestration.keys import INSPECT_JOB, REFRESH_JOB
from orchestration.quality.answers import InspectionError, answer, published_file
from orchestration.quality.suite import Topic, expectations, topics
from tests.support.command import ROOT, environment, tieout

GUARD = '''
"""Refuses every connection that leaves this machine, and writes down that it was tried."""
import os, socket

_connect, _look_up = socket.socket.connect, socket.getaddrinfo

def refuse(where):
    with open(os.environ["GUARD_LOG"], "a") as log:
        log.write(f"{where}\\n")
    raise OSError(f"no way out: {where}")

def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        refuse(address)
    return _connect(self, address)

def look_up(host, *more, **named):
    if host not in (None, "127.0.0.1", "::1", "localhost"):
        refuse(host)
    return _look_up(host, *more, **named)

socket.socket.connect, socket.getaddrinfo = connect, look_up
'''


@pytest.fixture
def published(demo: Path, tmp_path: Path) -> Path:
    """A data folder of its own with the demo's published version; returns its database file."""
    version = current_version(demo / "published")
    folder = tmp_path / "data" / "published" / version.id
    folder.mkdir(parents=True)
    shutil.copy(version.path, folder)
    (folder.parent / "CURRENT").symlink_to(version.id)
    return folder / "tieout.duckdb"


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, str]:
    """Settings under which every Python process refuses to leave the machine."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    (tmp_path / "home").mkdir()
    return {
        "PYTHONPATH": f"{tmp_path / 'guard'}:{ROOT}",
        "GUARD_LOG": str(tmp_path / "tried.txt"),
        "HOME": str(tmp_path / "home"),
    }


def test_the_guard_guards(tmp_path: Path, guarded: dict[str, str]) -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path, **guarded),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no way out" in done.stderr
    assert "192.0.2.1" in Path(guarded["GUARD_LOG"]).read_text()


@pytest.mark.slow
def test_the_demo_is_as_expected_and_nothing_leaves_the_machine(
    published: Path, guarded: dict[str, str]
) -> None:
    data = published.parents[2]
    told = json.loads(tieout(data, "inspect", "--json", settings=guarded).stdout)
    assert [v["check_name"] for v in told["expectations"]] == [e.check_name for e in expectations()]
    assert [v for v in told["expectations"] if not v["passed"]] == []
    page = Path(told["page"])
    assert (
        page
        == data / "quality" / published.parent.name / "index.html"
        == inspected(current_version(data / "published"))
    )
    pages = list(page.parent.rglob("*.html"))
    assert len(pages) > 2 * len(topics())
    assert all("://" not in path.read_text() for path in (*pages, *page.parent.rglob("*.css")))
    first = page.read_text()
    assert first.count(">holds<") == len(told["expectations"])
    linked = set(re.findall(r'href="([^"]+)"', first))
    assert len(linked) == len(topics())
    assert all((page.parent / address).is_file() for address in linked)
    assert any("Each account has a net asset value on its last day." in path.read_text() for path in pages)
    assert [path.name for path in (data / "quality").iterdir() if path.name != ".lock"] == [
        published.parent.name
    ]
    assert not Path(guarded["GUARD_LOG"]).exists()
    assert list(Path(guarded["HOME"]).iterdir()) == []


@pytest.mark.slow
def test_each_thing_that_is_wrong_is_found_by_its_expectation(published: Path) -> None:
    with duckdb.connect(str(published)) as connection:
        connection.execute("set schema = 'marts'")
        connection.execute(
            "delete from fct_nav_daily where account_id = 'U1000001' and nav_date = '2025-12-31'"
        )
        connection.execute(
            "update performance_metric set value = 'nan' where value is not null and rowid % 7 = 0"
        )
        connection.execute(
            "update fct_return_daily set nav_start_base = nav_start_base + 1 where return_date = '2024-07-01'"
        )
        connection.execute("update fct_closed_lot set document_id = 'nobody' where rowid = 3")
        connection.execute("comment on column fct_trade.price is null")
        connection.execute(
            "update reconciliation set status = 'broken'"
            " where rowid = (select min(rowid) from reconciliation where status = 'tied')"
        )
    data = published.parents[2]
    done = tieout(data, "inspect", expect=1)
    told = json.loads((data / "quality" / published.parent.name / "verdicts.json").read_text())
    broken = {verdict["check_name"]: verdict["observed"] for verdict in told if not verdict["passed"]}
    assert broken.keys() == {
        "accounts__nav_on_last_day", "accounts__all_tied", "doubles__finite", "returns__carried_over",
        "references__point_somewhere", "described__columns_commented",
    }  # fmt: skip
    assert "U1000001" in broken["accounts__nav_on_last_day"]
    assert "performance_metric" in broken["doubles__finite"]
    assert "2024-07-01" in broken["returns__carried_over"]
    assert "fct_closed_lot" in broken["references__point_somewhere"]
    assert "fct_trade, column_name price" in broken["described__columns_commented"]
    for sentence in (
        "Each account has a net asset value on its last day.",
        "Pages: ",
        "28 of 34 expectations hold",
    ):
        assert sentence in done.stdout


def test_without_a_published_version_it_says_what_to_do(tmp_path: Path) -> None:
    done = tieout(tmp_path, "inspect", expect=2)
    assert done.stderr.strip().splitlines() == [
        f"tieout: nothing is published in {tmp_path / 'published'}: `tieout run` first"
    ]


def test_every_question_can_be_asked_and_has_an_answer(demo: Path) -> None:
    with published_file(current_version(demo / "published").path) as connection:
        for topic in topics():
            assert len(answer(connection, topic)), topic.name
        wrong = Topic("wrong", "Wrong.", "select nothing from dim_account", None, ())
        with pytest.raises(InspectionError, match="topic wrong"):
            answer(connection, wrong)


def test_a_refresh_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    defs = build_defs()
    docs = {("published", "data_docs")}

    def assets(job: str) -> set[tuple[str, ...]]:
        return {tuple(key.path) for key in defs.resolve_job_def(job).asset_layer.executable_asset_keys}

    assert not docs & assets(REFRESH_JOB)
    assert assets(INSPECT_JOB) == docs
    code = (
        "import sys; from orchestration.build import build_defs; build_defs();"
        " print('great_expectations' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
