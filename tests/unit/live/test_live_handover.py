"""Fills on their way to the inbox: gathered, each in one document, also when the process dies on the way."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from apps.live import handover
from apps.live.handover import COMMISSION_SECONDS, GATHER_SECONDS, Handover
from state_store.database import StateStore
from state_store.live import Changes, fills, write
from tests.support.told_by_tws import NOON, commission, execution, later

FILL = "0000e0d5.00000001.01.01"


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(f"sqlite:///{tmp_path / 'state' / 'tieout.sqlite'}")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


def tell(store: StateStore, *executions: str, commissions: tuple[str, ...] = ()) -> None:
    changes = Changes(
        executions={one: (execution(one), NOON) for one in executions},
        commissions={one: (commission(one), NOON) for one in commissions},
    )
    write(store, changes, NOON)


def documents(inbox: Path) -> list[tuple[list[str], list[str]]]:
    """The execution ids and the commissions' ids of each document, by name."""
    found = []
    for path in sorted(inbox.iterdir()):
        assert path.suffix == ".json"
        content = json.loads(path.read_bytes())
        found.append(
            tuple([row["execution_id"] for row in content[s]] for s in ("executions", "commissions"))
        )
    return found


def test_fills_with_their_commissions_are_gathered_into_one_document(store: StateStore, inbox: Path) -> None:
    way = Handover(store, inbox)
    tell(store, "1.01", commissions=("1.01",))
    way.look(NOON)
    assert way.waits
    assert not inbox.exists()
    tell(store, "2.01", commissions=("2.01",))
    way.look(later(GATHER_SECONDS))
    assert documents(inbox) == [(["1.01", "2.01"], ["1.01", "2.01"])]
    assert (way.documents, way.fills, way.waits) == (1, 2, False)
    way.look(later(100), at_once=True)
    assert len(documents(inbox)) == 1


def test_a_commission_is_waited_for_and_comes_alone_if_it_is_late(store: StateStore, inbox: Path) -> None:
    way = Handover(store, inbox)
    tell(store, FILL)
    way.look(NOON)
    way.look(later(COMMISSION_SECONDS - 1))
    assert not inbox.exists()
    way.look(later(COMMISSION_SECONDS))
    assert documents(inbox) == [([FILL], [])]
    tell(store, commissions=(FILL,))
    way.look(later(50))
    way.look(later(50 + GATHER_SECONDS))
    assert sorted(documents(inbox)) == [([], [FILL]), ([FILL], [])]


def test_no_fill_waits_a_minute(store: StateStore, inbox: Path) -> None:
    """Even with a new fill each second, each without its commission."""
    way = Handover(store, inbox)
    first_seen = None
    for second in range(60):
        tell(store, f"{second}.01")
        way.look(later(second))
        if first_seen is None and inbox.exists():
            first_seen = second
    assert first_seen is not None
    assert first_seen <= COMMISSION_SECONDS


def test_the_end_waits_for_nothing(store: StateStore, inbox: Path) -> None:
    tell(store, FILL)
    Handover(store, inbox).look(NOON, at_once=True)
    assert documents(inbox) == [([FILL], [])]


@pytest.mark.parametrize("dies_at", ["write_atomically", "delivered"])
def test_who_dies_on_the_way_lays_the_same_bytes_there_again(
    store: StateStore, inbox: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    tell(store, FILL, commissions=(FILL,))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(handover, dies_at, die)
        with pytest.raises(KeyboardInterrupt):
            Handover(store, inbox).look(NOON, at_once=True)
    laid = {path.name: path.read_bytes() for path in inbox.iterdir()} if inbox.exists() else {}
    assert bool(laid) == (dies_at == "delivered")
    again = Handover(store, inbox)
    assert again.waits
    again.look(later(60), at_once=True)
    assert documents(inbox) == [([FILL], [FILL])]
    now = {path.name: path.read_bytes() for path in inbox.iterdir()}
    assert laid in ({}, now)
    again.look(later(120), at_once=True)
    assert again.documents == 1


def test_the_brokers_day_ends_in_new_york(store: StateStore, inbox: Path) -> None:
    tell(store, FILL, commissions=(FILL,))
    way = Handover(store, inbox)
    way.look(NOON, at_once=True)
    midnight = NOON + timedelta(hours=12)
    way.prune(midnight - timedelta(seconds=1))
    assert len(fills(store)) == 1
    way.prune(midnight)
    assert fills(store) == []
