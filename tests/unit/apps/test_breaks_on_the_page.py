"""What the page counts: acknowledged breaks apart from open ones, and all of them open when the store is unreadable."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.dashboard import data
from apps.published import current_version, open_version
from state_store.acknowledgements import acknowledge
from state_store.database import StateStore
from tests.support.invented_books import EUR_ACCOUNT
from tests.support.invented_marts import make_books
from tests.support.published_fixture import write_published


@pytest.fixture
def state(tmp_path: Path) -> data.Health:
    with open_version(current_version(write_published(tmp_path / "published", make_books()))) as reader:
        return data.read_health(reader, EUR_ACCOUNT)


def test_an_acknowledged_break_is_counted_apart_and_shows_its_note(
    state: data.Health, tmp_path: Path
) -> None:
    from apps.breaks import break_of

    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    before = data.acknowledged_apart(state, url)
    assert (before.counts["broken"], before.counts["acknowledged"]) == (1, 0)
    (row,) = (row for row in state.open_checks if row["status"] == "broken")
    acknowledge(StateStore(url), break_of(row), "known", datetime(2026, 3, 13, tzinfo=UTC))
    after = data.acknowledged_apart(state, url)
    assert (after.counts["broken"], after.counts["acknowledged"]) == (0, 1)
    assert {row["acknowledged"] for row in after.open_checks} == {"known", None}
    assert after.counts["tied"] == state.counts["tied"]


def test_an_unreadable_store_is_a_problem_to_show(state: data.Health, tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"no database" * 500)
    shown = data.acknowledged_apart(state, f"sqlite:///{tmp_path / 'state.sqlite'}")
    assert shown.counts["broken"] == 1
    assert shown.problems[0]["check_name"] == "state_store"
    assert "cannot be used" in shown.problems[0]["detail"]
    assert shown.problems[0].keys() == state.problems[0].keys()
