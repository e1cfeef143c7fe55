"""The fixture `life`, and a line per seed after tests of lives that TIEOUT_TEST_SEEDS names."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.lives import DEMO, DemoLife, Life, wanted_seeds

TEST_OF_A_SEED = re.compile(r"::(\w+)\[seed(\d+)\]")


@pytest.fixture(scope="session")
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Life:
    """A simulated life by its seed, or the demo's; `tests.support.lives.lives` gives the parameters."""
    if request.param == DEMO:
        demo: Path = request.getfixturevalue("demo")
        return DemoLife(demo / "published" / "current.duckdb")
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "lives" / str(request.param)
    folder.mkdir(parents=True, exist_ok=True)
    return Life(request.param, folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which seeds hold, and in which tests the others do not."""
    wanted = wanted_seeds()
    if not wanted:
        return
    passed, broken = defaultdict(set), defaultdict(set)
    for outcome, found in (("passed", passed), ("failed", broken), ("error", broken)):
        for report in terminalreporter.stats.get(outcome, ()):
            if match := TEST_OF_A_SEED.search(report.nodeid):
                found[int(match[2])].add(match[1])
    terminalreporter.section("seeds")
    for seed in wanted:
        count = len(passed[seed] - broken[seed])
        verdict = (
            f"BROKEN: {', '.join(sorted(broken[seed]))}" if broken[seed] else "holds" if count else "NOT RUN"
        )
        terminalreporter.line(f"seed {seed:>4}  {count:>3} tests passed  {verdict}")
    holding = sum(1 for seed in wanted if passed[seed] and not broken[seed])
    terminalreporter.line(f"{holding} of {len(wanted)} seeds hold")
