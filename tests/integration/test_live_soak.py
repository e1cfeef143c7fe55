"""A short soak of the live feed; `make soak` runs the long one, with another seed each time."""

from pathlib import Path

import pytest

from tests.support.live_soak import soak


@pytest.mark.slow
def test_after_many_faults_the_state_is_the_book_and_no_fill_is_lost_or_doubled(tmp_path: Path) -> None:
    run = soak(tmp_path / "data", seed=5, seconds=10, reconnects=10)
    assert run.reconciled >= 10
    assert run.done["fill"] >= 10
