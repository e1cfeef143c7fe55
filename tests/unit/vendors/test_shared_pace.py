"""A vendor's pace that two machines share: neither asks more often than both may."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.settings import Settings
from orchestration.resources.market_state import MarketState, market_state
from orchestration.resources.vendors import Bucket
from transforms.market.vendors.contract import Limit

LIMIT = Limit(per_minute=60, burst=3)


def bucket(root: Path, machine: str, waits: list[float]) -> Bucket:
    """The bucket as a machine has it at second 1000: its own files are elsewhere, `root` is shared."""
    return Bucket(
        root / machine / "stooq.json", "host", LIMIT, lambda: 1000.0, waits.append, MarketState(str(root))
    )


def test_two_machines_take_from_one_bucket(tmp_path: Path) -> None:
    waits: list[float] = []
    machines = [bucket(tmp_path, name, waits) for name in ("one", "two")]
    for turn in range(6):
        assert machines[turn % 2].wait_for_turn() is None
    assert waits == pytest.approx([3.05, 3.05, 3.05], abs=1e-5), "three at once, then three more"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".json"] == ["stooq.json"]


def test_what_one_was_told_to_wait_for_holds_for_the_other(tmp_path: Path) -> None:
    one, two = (bucket(tmp_path, name, []) for name in ("one", "two"))
    one.hold(5000.0, "Stooq is asked too often", "Wait.")
    held = two.wait_for_turn(longest_hold=60.0)
    assert held is not None
    assert (held.until, held.why) == (5000.0, "Stooq is asked too often")


def test_machines_at_once_lose_no_turn(tmp_path: Path) -> None:
    waits: list[float] = []
    machines = [bucket(tmp_path, f"m{number}", waits) for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda turn: machines[turn % 4].wait_for_turn(), range(40)))
    assert sorted(waits) == pytest.approx([turn // 3 * 3.05 for turn in range(3, 40)], abs=1e-5)


def test_a_file_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "stooq.json").write_text("[broken")
    assert bucket(tmp_path, "one", []).wait_for_turn() is None


@pytest.mark.parametrize(
    ("executor", "below"), [("in_process", "data/state/market"), ("celery", "lake/state")]
)
def test_where_what_runs_share_is_kept(executor: str, below: str, tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "TIEOUT_DATA_DIR": tmp_path / "data",
            "TIEOUT_LAKE_URL": str(tmp_path / "lake"),
            "TIEOUT_EXECUTOR": executor,
            "TIEOUT_CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        }
    )
    market_state(settings).keep("a.json", b"{}")
    assert (tmp_path / below / "a.json").read_bytes() == b"{}"
