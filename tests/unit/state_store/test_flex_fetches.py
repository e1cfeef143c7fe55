"""What is kept of the fetches of Flex queries: one row per query and period, and the last document that came."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from state_store.database import StateStore
from state_store.flex_fetches import FlexFetch, record, recorded

AT = datetime(2026, 3, 6, 10, 15, tzinfo=UTC)
CAME = FlexFetch("777", "", "daily", "3fa9", AT, 2.5, "fetched", None, "", None, "d1", AT)
REFUSED = replace(
    CAME,
    asked_at=AT.replace(hour=11),
    result="locked",
    code=1025,
    said="locked out",
    until=AT.replace(hour=15),
    document_id=None,
    fetched_at=None,
)


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(f"sqlite:///{tmp_path / 'state' / 'tieout.sqlite'}")


def test_before_anything_is_kept_nothing_is_there_and_nothing_is_made(
    store: StateStore, tmp_path: Path
) -> None:
    assert recorded(store) == []
    assert not (tmp_path / "state").exists()


def test_an_attempt_takes_the_place_of_the_last_one_and_the_last_document_stays(store: StateStore) -> None:
    record(store, CAME)
    assert recorded(store) == [CAME]
    record(store, REFUSED)
    assert recorded(store) == [replace(REFUSED, document_id="d1", fetched_at=AT)]
    newer = replace(CAME, asked_at=AT.replace(hour=16), document_id="d2", fetched_at=AT.replace(hour=16))
    record(store, newer)
    assert recorded(store) == [newer]


def test_queries_and_periods_stand_apart_the_newest_first(store: StateStore) -> None:
    month = replace(CAME, period="20260201-20260228", asked_at=AT.replace(hour=9))
    other = replace(REFUSED, query_id="888")
    for fetch in (CAME, month, other):
        record(store, fetch)
    assert recorded(store) == [other, CAME, month]
