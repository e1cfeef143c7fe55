"""The command from end to end, in processes of its own: ingest, run, what a broken contract and a break do.

Its refusals are in test_command_refuses.py, the demo is in test_demo.py. Documents come from the synthetic broker;
what Dagster keeps of a run is read through Dagster's own instance.
"""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT, environment, query, runs, tieout, version, without_a_traceback
from tests.support.papers import write_papers

CODE = ("apps", "config", "orchestration", "transforms", "tws", "dbt_project")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good documents of one account, the second overlapping the first, and one that was cut off."""
    return write_papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def published(papers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with January published. Read only: tests that change it take a copy."""
    data = tmp_path_factory.mktemp("published")
    tieout(data, "ingest", str(papers / "january.xml"))
    first = tieout(data, "run")
    assert re.fullmatch(r"Published version 000001-[0-9a-f]{8}\.\n", first.stdout)
    return data


@pytest.fixture
def data(published: Path, tmp_path: Path) -> Path:
    """A copy of the published folder, to be changed."""
    return Path(shutil.copytree(published, tmp_path / "data", symlinks=True))


def nav(data: Path) -> list[dict[str, Any]]:
    return query(data, "select nav_date, nav_base from marts.fct_nav_daily order by nav_date")


# Ingest


def test_ingest_says_what_became_of_each_document(papers: Path, tmp_path: Path) -> None:
    done = tieout(
        tmp_path, "ingest", str(papers / "january.xml"), str(papers / "cut.xml"), str(papers / "february.xml"),
        expect=2,
    )  # fmt: skip

    lines = {line.split(":")[0]: line for line in done.stdout.splitlines()}
    assert lines["january.xml"] == "january.xml: loaded, account U1000001, 2023-01-02 to 2023-01-31"
    assert lines["february.xml"] == "february.xml: loaded, account U1000001, 2023-01-16 to 2023-02-10"
    assert "cannot be read, set aside in quarantine: " in lines["cut.xml"]
    assert "truncated" in lines["cut.xml"]
    assert re.search(r"\((line|byte) \d+", lines["cut.xml"])
    assert lines["Next"].startswith("Next: `tieout run`")
    without_a_traceback(done)
    assert list((tmp_path / "inbox").iterdir()) == []
    (kept,) = (tmp_path / "quarantine").glob("*-cut.xml")
    assert kept.read_bytes() == (papers / "cut.xml").read_bytes()
    assert runs(tmp_path) == [("ingest", "SUCCESS")]

    again = tieout(tmp_path, "ingest", str(papers / "february.xml"))
    assert again.stdout == "february.xml: already loaded as february.xml; nothing changed\n"


def test_ingest_as_json_with_a_log_in_json(papers: Path, tmp_path: Path) -> None:
    """Every line of the log is JSON, also when a name holds quotation marks and backslashes."""
    quoted = 'a "quoted" \\ name.xml'
    shutil.copy(papers / "january.xml", tmp_path / quoted)
    done = tieout(
        tmp_path / "data", "ingest", "--json",
        *(str(p) for p in (papers / "january.xml", tmp_path / quoted, papers / "cut.xml")),
        expect=2,
        settings={"LOG_FORMAT": "json"},
    )  # fmt: skip

    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert any(quoted in record["message"] for record in records)
    assert {"at", "level", "message"} == set(records[0])
    outcome = json.loads(done.stdout)
    assert (outcome["success"], outcome["nothing_new"], outcome["version"]) == (True, False, None)
    told = {r["file_name"]: r for r in outcome["receipts"]}
    assert {name: r["status"] for name, r in told.items()} == {
        quoted: "loaded",  # taken in the order of their names
        "cut.xml": "quarantined",
        "january.xml": "duplicate",
    }
    loaded = told[quoted]
    assert loaded["accounts"] == ["U1000001"]
    assert (loaded["period_start_date"], loaded["period_end_date"]) == ("2023-01-02", "2023-01-31")
    assert loaded["document_id"] == told["january.xml"]["document_id"]
    assert loaded["size_bytes"] == (papers / "january.xml").stat().st_size


def test_names_that_the_inbox_passes_over_are_taken_when_a_person_gives_them(
    papers: Path, tmp_path: Path
) -> None:
    """Hidden and unfinished files are left alone in the inbox; a file named on the command line is meant."""
    names = [".hidden.xml", "statement.tmp", "n" * 251 + ".xml"]
    for name in names:
        shutil.copy(papers / "cut.xml", tmp_path / name)

    done = tieout(tmp_path / "data", "ingest", "--json", *(str(tmp_path / name) for name in names), expect=2)

    receipts = json.loads(done.stdout)["receipts"]
    assert [(r["file_name"], r["status"]) for r in receipts] == [
        ("hidden.xml", "quarantined"),
        ("n" * 251 + ".xml", "quarantined"),
        ("statement.tmp.xml", "quarantined"),
    ]


def test_ingest_refuses_what_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for argument in (folder, tmp_path / "absent.xml"):
        done = tieout(tmp_path / "data", "ingest", str(argument), expect=2)
        assert str(argument.name) in done.stderr.replace("\n", "").replace("│", "").replace(" ", "")
        without_a_traceback(done)
    assert not (tmp_path / "data" / "raw").exists()


# Run


def test_a_second_run_says_nothing_new_and_starts_no_run(published: Path) -> None:
    before = runs(published)
    done = tieout(published, "run")
    assert (
        done.stdout
        == f"Nothing new: version {version(published)} is made from all documents that are here.\n"
    )
    as_json = json.loads(tieout(published, "run", "--json").stdout)
    assert as_json == {
        "success": True,
        "nothing_new": True,
        "receipts": [],
        "version": version(published),
        "failure": None,
        "snapshots_waiting": 0,
    }
    assert runs(published) == before == [("ingest", "SUCCESS"), ("refresh", "SUCCESS")]


@pytest.mark.parametrize("way", ["ingest", "inbox"])
def test_a_document_that_comes_again_does_not_make_a_new_version(data: Path, papers: Path, way: str) -> None:
    """Whether it is given to `ingest` or dropped into the inbox, under whatever name."""
    before, standing = runs(data), version(data)
    if way == "ingest":
        tieout(data, "ingest", str(papers / "january.xml"))
    else:
        shutil.copy(papers / "january.xml", data / "inbox" / "again.xml")

    done = tieout(data, "run")

    assert done.stdout.splitlines()[-1].startswith(f"Nothing new: version {standing}")
    if way == "inbox":
        assert done.stdout.startswith("again.xml: already loaded as january.xml; nothing changed\n")
    assert list((data / "inbox").iterdir()) == []
    assert version(data) == standing
    assert runs(data) == [*before, ("ingest", "SUCCESS")]


SEEN_BY_DAGSTER = """
import json, dagster as dg
with dg.DagsterInstance.get() as instance:
    run = instance.get_runs(filters=dg.RunsFilter(job_name="refresh"), limit=1)[0]
    events = [e.dagster_event for e in instance.all_logs(run.run_id) if e.is_dagster_event]
made = [e.step_materialization_data.materialization for e in events if e.is_step_materialization]
checks = [e.asset_check_evaluation_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
print(json.dumps({
    "status": run.status.value,
    "assets": [m.asset_key.to_user_string() for m in made],
    "rows": {
        m.asset_key.to_user_string(): m.metadata["dagster/row_count"].value
        for m in made
        if "dagster/row_count" in m.metadata
    },
    "checks": [[c.asset_key.to_user_string(), c.check_name, c.passed] for c in checks],
}))
"""


def newest_refresh(data: Path) -> dict[str, Any]:
    """What Dagster's instance in the data folder holds of the newest refresh, asked through Dagster itself."""
    done = subprocess.run(
        [sys.executable, "-c", SEEN_BY_DAGSTER],
        env=environment(data, DAGSTER_HOME=str(data / "dagster")),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return dict(json.loads(done.stdout))


def test_the_run_is_visible_to_dagster_with_everything_it_did(published: Path) -> None:
    seen = newest_refresh(published)

    assert seen["status"] == "SUCCESS"
    clean = {f"clean/{path.stem}" for path in (published / "clean").glob("*.parquet")}
    marts = {f"marts/{path.stem}" for path in (ROOT / "dbt_project" / "models" / "marts").glob("*.sql")}
    assert len(clean) > 15
    assert len(marts) > 15
    features = {f"features/{path.stem}" for path in (published / "features").glob("*.parquet")}
    assert features == {"features/tax_lots", "features/lot_balances", "features/lot_issues"}
    assert {"raw/documents", "published/version"} | clean | features | marts <= set(seen["assets"])
    assert max(Counter(seen["assets"]).values()) == 1

    checks = {(asset, name) for asset, name, _ in seen["checks"]}
    assert all(passed for _, _, passed in seen["checks"])
    assert ("raw/documents", "readable") in checks
    assert {"ties_to_ChangeInNAV", "ties_to_CashReport", "ties_to_Trades"} <= {
        name for asset, name in checks if asset == "published/version"
    }
    facts_about_documents = {"clean/documents", "clean/document_sections"}
    assert {(asset, "contract") for asset in (clean - facts_about_documents) | features} <= checks
    tested = {asset for asset, name in checks if name.startswith(("primary_key", "no_row"))}
    assert {"marts/fct_trade", "marts/reconciliation", "marts/document_section"} <= tested

    (trades,) = query(published, "select count(*) as n from marts.fct_trade")
    assert seen["rows"]["clean/trades"] == trades["n"] > 0


# A broken contract, a break


@pytest.fixture(scope="module")
def copied_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, to be made defective: an upgrade that went wrong."""
    root = tmp_path_factory.mktemp("code")
    for package in CODE:
        shutil.copytree(
            ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", "target")
        )
    return root


def with_defect(code: Path, file: str, old: str, new: str, target: Path) -> dict[str, str]:
    """The setting that makes the command run a copy of the code with one text in one file exchanged."""
    shutil.copytree(code, target)
    path = target / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return {"PYTHONPATH": str(target)}


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "said"),
    [
        pytest.param(
            "transforms/clean/trading.py",
            "    return build_transactions(_with_clock(raw), context, _TRADE_RULES)",
            "    cleaned = build_transactions(_with_clock(raw), context, _TRADE_RULES)\n"
            "    return Cleaned(cleaned.table.vstack(cleaned.table.tail(1)), cleaned.issues)",
            ["clean/trades", "contract", False],
            r"table trades breaks its contract.*\n +key \(account_id, trade_key\) is not unique in row .*row_ordinal",
            id="a clean table",
        ),
        pytest.param(
            "dbt_project/models/marts/fct_trade.sql",
            "from {{ ref('int_trades__convert') }}",
            "from (from {{ ref('int_trades__convert') }}"
            " union all (from {{ ref('int_trades__convert') }} limit 1))",
            ["marts/fct_trade", "primary_key_fct_trade_account_id__trade_key", False],
            r"dbt refused to build the marts:\n +test primary_key_fct_trade_account_id__trade_key: Got 1 result",
            id="a mart",
        ),
    ],
)
def test_a_broken_contract_leaves_the_old_version_standing(
    data: Path,
    papers: Path,
    copied_code: Path,
    tmp_path: Path,
    file: str,
    old: str,
    new: str,
    check: list[object],
    said: str,
) -> None:
    """The document is kept, the version that readers see is not touched, and the repaired code goes on from there."""
    standing, figures = version(data), nav(data)
    shutil.copy(papers / "february.xml", data / "inbox")
    defect = with_defect(copied_code, file, old, new, tmp_path / "code")

    done = tieout(data, "run", "--json", expect=1, settings=defect)

    outcome = json.loads(done.stdout)
    assert (outcome["success"], outcome["version"]) == (False, standing)
    assert [r["status"] for r in outcome["receipts"]] == ["loaded"]
    assert re.match(said, outcome["failure"])
    assert "the run failed; the published version stands as it was" in done.stderr
    without_a_traceback(done)
    assert version(data) == standing
    assert nav(data) == figures
    assert [p.name for p in (data / "published").iterdir() if p.is_dir() and not p.is_symlink()] == [standing]
    assert runs(data)[-1] == ("refresh", "FAILURE")
    assert [c for c in newest_refresh(data)["checks"] if not c[2]] == [check]


def test_a_failed_run_goes_on_where_it_stood_and_force_rebuilds(
    data: Path, papers: Path, copied_code: Path, tmp_path: Path
) -> None:
    """No document has to be given again after a failure; a forced run makes the same figures again."""
    first = version(data)
    shutil.copy(papers / "february.xml", data / "inbox")
    shutil.copy(papers / "cut.xml", data / "inbox")
    defect = with_defect(
        copied_code,
        "transforms/clean/trading.py",
        "    return build_transactions(_with_clock(raw), context, _TRADE_RULES)",
        "    raise ArithmeticError('two and two')",
        tmp_path / "code",
    )
    failed = tieout(data, "run", expect=1, settings=defect)
    assert "february.xml: loaded" in failed.stdout
    assert "cut.xml: cannot be read" in failed.stdout
    assert "ArithmeticError: two and two" in failed.stderr
    without_a_traceback(failed)
    assert list((data / "inbox").iterdir()) == []
    assert version(data) == first

    mended = tieout(data, "run")

    second, figures = version(data), nav(data)
    assert mended.stdout == f"Published version {second}.\n"
    assert second.startswith("000002-")
    assert second[7:] != first[7:]
    assert figures[-1]["nav_date"] == "2023-02-10"
    assert tieout(data, "run").stdout.startswith("Nothing new")

    forced = tieout(data, "run", "--force")

    assert forced.stdout == f"Published version 000003-{second[7:]}.\n"
    assert nav(data) == figures
    assert [status for job, status in runs(data) if job == "refresh"] == ["SUCCESS", "FAILURE"] + [
        "SUCCESS"
    ] * 2


def test_a_break_against_the_broker_is_published_and_shown(papers: Path, tmp_path: Path) -> None:
    """The broker's ending value is one unit of currency higher than its own components."""
    text = (papers / "january.xml").read_text()
    match = re.search(r'<ChangeInNAV [^>]*?\bendingValue="([^"]+)"', text)
    assert match
    wrong = Decimal(match[1]) + 1
    start, end = match.span(1)
    (tmp_path / "wrong.xml").write_text(f"{text[:start]}{wrong}{text[end:]}")
    data = tmp_path / "data"
    shutil.copytree(tmp_path, data / "inbox", ignore=shutil.ignore_patterns("data"))

    done = tieout(data, "run")
    assert done.stdout.splitlines()[-1].startswith("Published version 000001-")

    reconciled = tieout(data, "reconcile", "--json", expect=1)
    checks = json.loads(reconciled.stdout, parse_float=Decimal)
    broken = [row for row in checks if row["status"] == "broken"]
    assert broken
    assert {abs(Decimal(row["difference"])) for row in broken} == {Decimal(1)}
    assert {(row["period_start"], row["period_end"]) for row in broken} == {("2023-01-02", "2023-01-31")}
    assert any(row["status"] == "tied" for row in checks)
    shown = tieout(data, "reconcile", expect=1, settings={"COLUMNS": "250"}).stdout
    assert f"{len(broken)} broken" in shown
    assert all(row["check_name"] in shown and row["explanation"] in shown for row in broken)
    assert "broken" in tieout(data, "summary").stdout
    assert any(f["state"] == "problem" for f in json.loads(tieout(data, "doctor", "--json", expect=1).stdout))
