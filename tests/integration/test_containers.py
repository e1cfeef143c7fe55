"""The containers' commands, run as one stack with a real PostgreSQL: the check of `make compose-check`."""

import psutil
import pytest

from deploy.check.compose import ROOT
from deploy.check.postgres import MISSING, binaries
from deploy.check.started import check_started


@pytest.mark.slow
@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_the_stack_starts_works_and_ends() -> None:
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
    left = [process.cmdline() for process in psutil.Process().children(recursive=True)]
    assert not [command for command in left if any("tieout-containers-" in word for word in command)]
