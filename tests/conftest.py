"""Fixtures that many tests share. The demo is built once for all workers and must only be read."""

from pathlib import Path

import pytest

from orchestration.resources.files import exclusive
from tests.support.command import tieout


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The data folder of a finished `tieout demo`. Read only: other workers use the same one."""
    base = tmp_path_factory.getbasetemp()
    data = (base if worker_id == "master" else base.parent) / "demo"
    with exclusive(data.with_name("demo.lock")):
        done = data / "finished"
        if not done.exists():
            data.mkdir(exist_ok=True)
            (data / "demo.txt").write_text(tieout(data, "demo").stdout)
            done.touch()
    return data
