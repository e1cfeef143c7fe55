"""What a person is told of the Flex Web Service: on the page, by `tieout doctor`, from settings and state alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from apps.flex_alerts import FlexAlert, flex_alerts
from config.flex_token import token_name
from config.settings import Settings
from state_store.database import StateStore
from state_store.flex_fetches import FlexFetch, record
from tests.support.published_fixture import write_published
from tests.unit.apps.test_doctor import about, findings
from tests.unit.apps.test_overview_page import badge, body, open_page

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOKEN = "24681357"
CAME = FlexFetch(
    "777", "", "daily", token_name(TOKEN), NOW - timedelta(hours=1), 1.0, "fetched", None, "", None, "d1", NOW
)
EXPIRED = replace(
    CAME,
    result="token",
    code=1012,
    said="the token has expired (code 1012). In Client Portal open …",
    document_id=None,
)


def alerts(folder: Path, *fetches: FlexFetch, **settings: object) -> list[FlexAlert]:
    """What is told after these fetches."""
    url = f"sqlite:///{folder / 'state' / 'tieout.sqlite'}"
    for fetch in fetches:
        record(StateStore(url), fetch)
    return flex_alerts(Settings.model_validate({"FLEX_TOKEN": TOKEN, **settings}), url, NOW)


def test_without_a_fetch_and_without_a_date_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert alerts(tmp_path) == []
    assert not (tmp_path / "state").exists()
    assert alerts(tmp_path, CAME) == []


def test_a_refused_token_is_a_problem_with_the_steps_until_it_is_another(tmp_path: Path) -> None:
    (alert,) = alerts(tmp_path, EXPIRED)
    assert (alert.state, alert.short) == ("problem", "Flex token refused")
    assert alert.text == "Flex Web Service: the token has expired (code 1012)."
    assert alert.fix.startswith("In Client Portal open")
    assert alerts(tmp_path, FLEX_TOKEN="a new one") == []
    assert alerts(tmp_path, FLEX_TOKEN="") == [alert], "a process that does not know the token tells it too"
    assert alerts(tmp_path, replace(CAME, query_id="888", asked_at=NOW)) == [], "it was accepted since"


def test_a_lock_out_is_shown_with_its_end_until_then(tmp_path: Path) -> None:
    locked = replace(CAME, result="locked", code=1025, until=NOW + timedelta(hours=3))
    (alert,) = alerts(tmp_path, locked)
    assert (alert.state, alert.short) == ("warning", "Flex locked out until 2026-11-23 15:00 UTC")
    assert alert.fix == "Nothing is sent before 2026-11-23 15:00 UTC."
    assert alerts(tmp_path, replace(locked, until=NOW)) == []


def test_a_query_that_a_person_has_to_mend_is_named(tmp_path: Path) -> None:
    said = "the query is invalid; nothing is sent before 2026-11-23 11:05 UTC. Check the id."
    refused = replace(CAME, query_id="999", query_name="wrong", result="fix", said=said)
    (alert,) = alerts(tmp_path, CAME, refused, FLEX_QUERY_IDS="daily=777, wrong=999")
    assert (alert.state, alert.text) == ("problem", "Flex query wrong: the query is invalid. Check the id.")
    assert alerts(tmp_path, FLEX_TOKEN="") == [alert], "a process that knows no query tells of all"
    (renamed,) = alerts(tmp_path, FLEX_QUERY_IDS="daily=777, other=999")
    assert renamed.short == "Flex query other refused"
    assert alerts(tmp_path, FLEX_QUERY_IDS="daily=777, wrong=998") == [], "that query is no longer fetched"


def test_a_query_that_brought_no_document_for_days_is_told(tmp_path: Path) -> None:
    """The documents came on a Tuesday; NOW is the Monday after."""
    tuesday = NOW - timedelta(days=6)
    late = replace(CAME, fetched_at=tuesday, result="retry", document_id=None)
    daily = {"FLEX_QUERY_IDS": "daily=777"}
    (alert,) = alerts(tmp_path, replace(late, asked_at=tuesday, document_id="d1"), late, **daily)
    assert (alert.state, alert.text) == (
        "warning",
        "Flex query daily: the last document came on 2026-11-17.",
    )
    assert alerts(tmp_path, FLEX_QUERY_IDS="other=888") == []
    assert alerts(tmp_path, replace(late, result="empty"), **daily) == [], "there is nothing to tell"
    (refused,) = alerts(tmp_path, replace(late, result="fix"), **daily)
    assert refused.state == "problem", "the refusal says enough"
    wednesday = replace(CAME, period="20261101-20261117", fetched_at=tuesday + timedelta(days=1))
    assert alerts(tmp_path, late, wednesday, **daily) == []


@pytest.mark.parametrize(
    ("expires", "state"),
    [(date(2026, 12, 8), None), (date(2026, 12, 7), "warning"), (date(2026, 11, 23), "problem")],
)
def test_the_end_of_the_token_is_told_before(tmp_path: Path, expires: date, state: str | None) -> None:
    found = alerts(tmp_path, CAME, FLEX_TOKEN_EXPIRES=expires)
    assert [alert.state for alert in found] == ([state] if state else [])
    assert all("make a new token" in alert.fix for alert in found)


def test_a_state_store_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no database" * 100)
    (alert,) = flex_alerts(Settings(), f"sqlite:///{tmp_path / 'x'}", NOW)
    assert "cannot be used" in alert.text


def test_the_doctor_tells_it(tmp_path: Path) -> None:
    record(StateStore(f"sqlite:///{tmp_path / 'state' / 'tieout.sqlite'}"), EXPIRED)
    (found,) = about(findings(tmp_path, expect=1), "Flex Web Service")
    assert found["state"] == "problem"
    assert "the token has expired" in found["detail"]
    assert "make a new token" in found["fix"]


def test_the_overview_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLEX_TOKEN", raising=False)
    published = write_published(tmp_path / "published")
    assert 'data-testid="badge-flex"' not in body(open_page(monkeypatch, published))

    record(StateStore(f"sqlite:///{tmp_path / 'state' / 'tieout.sqlite'}"), EXPIRED)
    from apps.dashboard.page import read_flex_alerts

    read_flex_alerts.clear()
    page = open_page(monkeypatch, published)
    assert badge(page, "flex") == "Flex token refused"
    assert "make a new token" in body(page)
