"""`tieout doctor`: what it finds in folders that are set up, half set up, or broken, and what it says to do."""

import json
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from apps.cli import doctor
from apps.cli.context import CommandContext
from apps.live.files import the_only_feed
from apps.live.health import RUNNING, STOPPED, Health, write_health
from config.data_folder import DataFolder
from config.settings import Settings
from state_store.acknowledgements import Break, acknowledge
from state_store.database import StateStore
from tests.support.invented_books import Books
from tests.support.published_fixture import write_published

Finding = dict[str, str]

SECTIONS = (
    "AccountInformation", "EquitySummaryInBase", "ChangeInNAV", "CashReport", "StmtFunds", "Trades",
    "CashTransactions", "OpenPositions", "PriorPeriodPositions", "CorporateActions", "Transfers",
    "FIFOPerformanceSummaryInBase", "SecuritiesInfo", "ConversionRates",
)  # fmt: skip


def run_doctor(data: Path, *arguments: str, expect: int = 0) -> str:
    """What the command prints for a data folder."""
    app = typer.Typer()

    @app.callback()
    def callback(context: typer.Context) -> None:
        context.obj = CommandContext(Settings.model_validate({"TIEOUT_DATA_DIR": data}))

    doctor.register(app)
    result = CliRunner().invoke(app, ["doctor", *arguments], env={"COLUMNS": "300"})
    assert result.exit_code == expect, result.output
    return result.stdout


def findings(data: Path, expect: int = 0) -> list[Finding]:
    return list(json.loads(run_doctor(data, "--json", expect=expect)))


def about(found: Iterable[Finding], subject: str) -> list[Finding]:
    return [finding for finding in found if finding["subject"] == subject]


def books(documents: dict[str, tuple[str, ...]], loaded: int | None = None) -> Books:
    """Published books of documents: the accounts that each names → the sections that it has."""
    result = Books()
    for number, (accounts, sections) in enumerate(documents.items()):
        result.add("document", document_id=str(number), receipt_ordinal=1, accounts=accounts, status="loaded")
        for section in sections:
            result.add("document_section", document_id=str(number), section=section, rows_read=1)
    result.add(
        "build_info",
        version_id="000001-3fa9c1d2",
        built_at=datetime(2026, 3, 13, 6, 14, tzinfo=UTC),
        documents_loaded=len(documents) if loaded is None else loaded,
        last_date=date(2026, 3, 12),
    )
    return result


def check(status: str, account: str = "U1") -> dict[str, object]:
    return {"account_id": account, "check_name": "cash", "section": "CashReport", "status": status}


def test_nothing_published_says_what_to_do(tmp_path: Path) -> None:
    found = findings(tmp_path)
    (version,) = about(found, "published version")
    assert version["state"] == "warning"
    assert "tieout run" in version["fix"]
    assert about(found, "inbox") == [{"subject": "inbox", "state": "ok", "detail": "empty", "fix": ""}]
    assert about(found, "Python")[0]["state"] == about(found, "data folder")[0]["state"] == "ok"


def test_words_in_brackets_are_printed_as_they_are(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "[bold]statement[1] [").touch()
    assert "such as [bold]statement[1] [" in run_doctor(tmp_path)


def live_health(**changes: object) -> Health:
    now = datetime.now(UTC)
    fine = Health(
        RUNNING, 4711, now, now, "up", now, "connected", None, now, now, now, 0.0, 0, 9, 9, 0, 0, None
    )
    return replace(fine, **changes)


@pytest.mark.parametrize(
    ("health", "runs", "state", "says"),
    [
        (live_health(), True, "ok", "up: connected"),
        (live_health(problem="/data/inbox: Permission denied"), True, "warning", "Permission denied"),
        (live_health(link="down", reason="start TWS"), True, "warning", "down: start TWS"),
        (live_health(), False, "warning", "the live feed died"),
        (live_health(process=STOPPED, reason="the live feed was ended"), False, "ok", "was ended"),
    ],
)
def test_it_says_how_the_live_feed_does(
    tmp_path: Path, health: Health, runs: bool, state: str, says: str
) -> None:
    data = DataFolder(tmp_path)
    write_health(data.live_health, replace(health, said_at=datetime.now(UTC)))
    with the_only_feed(data.live_lock) if runs else nullcontext():
        (found,) = about(findings(tmp_path), "live feed")
    assert (found["state"], says in found["detail"]) == (state, True), found
    assert bool(found["fix"]) == (state != "ok")


def test_where_no_feed_ever_ran_it_is_not_missed(tmp_path: Path) -> None:
    assert about(findings(tmp_path), "live feed") == []


def test_it_changes_nothing(tmp_path: Path) -> None:
    run_doctor(tmp_path / "not yet there")
    assert list(tmp_path.iterdir()) == []


def test_a_version_without_a_document_is_no_finished_setup(tmp_path: Path) -> None:
    write_published(tmp_path / "published", books({}))
    (version,) = about(findings(tmp_path), "published version")
    assert version["state"] == "warning"
    assert "no document" in version["detail"]
    assert "tieout run" in version["fix"]


def test_all_sections_there_is_said_in_one_line_an_account(tmp_path: Path) -> None:
    """One account in one document, another whose sections come from two documents."""
    write_published(
        tmp_path / "published", books({"U1": SECTIONS, "U2, U3": SECTIONS[:7], "U3": SECTIONS[7:]})
    )
    found = findings(tmp_path)
    for account in ("U1", "U3"):
        assert [f["state"] for f in about(found, f"account {account}")] == ["ok"]
    assert len(about(found, "account U2")) == len(SECTIONS) - 7


@pytest.mark.parametrize(
    ("section", "cost"),
    [
        ("EquitySummaryInBase", "no NAV"),
        ("OpenPositions", "no positions"),
        ("CashTransactions", "no deposits"),
        ("AccountInformation", "BASE_CURRENCY"),
    ],
)
def test_a_missing_section_is_named_with_what_it_costs(tmp_path: Path, section: str, cost: str) -> None:
    write_published(
        tmp_path / "published",
        books({"U1": tuple(s for s in SECTIONS if s != section), "U2": SECTIONS}),
    )
    found = findings(tmp_path)
    (missing,) = about(found, "account U1")
    assert missing["state"] == "warning"
    assert section in missing["detail"]
    assert cost in missing["detail"]
    assert "docs/guides/flex-query.md" in missing["fix"]
    assert [f["state"] for f in about(found, "account U2")] == ["ok"]


def test_the_guide_that_it_points_to_exists_and_names_every_section() -> None:
    guide = (Path(__file__).parents[3] / doctor.GUIDE).read_text()
    assert set(doctor.WANTED) == set(SECTIONS)
    assert [section for section in SECTIONS if section not in guide] == []


def test_broken_checks_are_a_problem_and_exit_1(tmp_path: Path) -> None:
    published = books({"U1": SECTIONS, "U2": SECTIONS})
    for status in ("broken", "tied", "broken", "not_reported"):
        published.add("reconciliation", **check(status))
    published.add("reconciliation", **check("tied", "U2"))
    write_published(tmp_path / "published", published)

    found = findings(tmp_path, expect=1)

    problems = [f for f in found if f["state"] == "problem"]
    assert [(f["subject"], f["detail"]) for f in problems] == [("account U1", "2 check(s) do not tie")]
    assert "tieout reconcile" in problems[0]["fix"]
    printed = run_doctor(tmp_path, expect=1)
    assert "✗" in printed
    assert "2 check(s) do not tie" in printed


def test_acknowledged_breaks_are_no_problem(tmp_path: Path) -> None:
    published = books({"U1": SECTIONS})
    day = date(2026, 2, 28)
    for amount in ("1", "2"):
        difference = Decimal(amount)
        published.add(
            "reconciliation", **check("broken"), period_start=day, period_end=day, difference=difference
        )
    write_published(tmp_path / "published", published)
    store = StateStore(f"sqlite:///{tmp_path / 'state' / 'tieout.sqlite'}")
    acknowledge(
        store, Break("U1", "cash", day, day, None, Decimal(1)), "known", datetime(2026, 3, 1, tzinfo=UTC)
    )
    problems = [f for f in findings(tmp_path, expect=1) if f["state"] == "problem"]
    assert [f["detail"] for f in problems] == ["1 check(s) do not tie"]
    acknowledge(
        store, Break("U1", "cash", day, day, None, Decimal(2)), "known", datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert [f for f in findings(tmp_path) if f["state"] == "problem"] == []


def test_what_is_wrong_with_the_data_is_gathered_by_kind(tmp_path: Path) -> None:
    """Errors are problems, warnings are warnings, remarks are left to the page."""
    published = books({"U1": SECTIONS})
    for row in range(3):
        published.add(
            "data_health", check_name="typing_issue", severity="error", subject="Trades", row_ordinal=row,
            detail=f"row {row} was not read", suggestion="fetch the document again",
        )  # fmt: skip
    published.add(
        "data_health",
        check_name="nav_gap",
        severity="warning",
        subject="U1",
        detail="a gap",
        suggestion="fill it",
    )
    published.add(
        "data_health", check_name="note", severity="info", subject="U1", detail="fine", suggestion="-"
    )
    write_published(tmp_path / "published", published)

    found = findings(tmp_path, expect=1)

    (typing,) = about(found, "typing issue")
    assert typing == {
        "subject": "typing issue",
        "state": "problem",
        "detail": "row 0 was not read (and 2 more like it)",
        "fix": "fetch the document again",
    }
    assert [f["state"] for f in about(found, "nav gap")] == ["warning"]
    assert about(found, "note") == []


def test_documents_that_wait_and_documents_set_aside(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    for name in ("b.xml", "a.xml", ".DS_Store"):
        (tmp_path / "inbox" / name).touch()
    quarantine = tmp_path / "quarantine"
    quarantine.mkdir()
    (quarantine / "0123456789ab-cut.xml").touch()
    (quarantine / "0123456789ab-cut.xml.reason.json").write_text(
        json.dumps(
            {"file_name": "cut.xml", "document_id": "0" * 64, "place": "line 7", "reason": "It is truncated"}
        )
    )
    # A document that bears the name of a reason, and a reason whose document a person has removed.
    (quarantine / "cdef-U1.reason.json").write_text("[]")
    (quarantine / "gone.xml.reason.json").write_text("[]")

    found = findings(tmp_path)

    (inbox,) = about(found, "inbox")
    assert (inbox["state"], inbox["detail"]) == ("warning", "2 file(s) waiting, such as a.xml")
    assert "tieout run" in inbox["fix"]
    (aside,) = about(found, "quarantine")
    assert (aside["state"], aside["detail"]) == ("warning", "cut.xml: It is truncated")
    assert "0123456789ab-cut.xml" in aside["fix"]
