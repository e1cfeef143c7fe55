"""The containers' commands, run as one stack with a real PostgreSQL: the check of `make compose-check`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.check.compose import ROOT
from deploy.check.postgres import MISSING, binaries
from deploy.check.started import check_started


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made; the containers' user may enter it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.mark.slow
@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_the_stack_starts_works_and_ends(temporary: Path) -> None:
    told: list[str] = []
    # `make compose-check` launches a refresh, too, which takes as long again.
    check_started(ROOT, told.append, jobs=("ingest", "ingest"))
    for expected in (
        "code-server is healthy",
        "webserver is healthy",
        "daemon is healthy",
        "dashboard is healthy",
    ):
        assert any(expected in line for line in told), told
    assert any("one after the other" in line for line in told)
    # All processes, not our children: what is left behind has another parent.
    left = [process.info for process in psutil.process_iter(["cmdline", "cwd"])]
    assert not [process for process in left if str(temporary) in str(process)]
