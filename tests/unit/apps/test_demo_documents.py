"""Clearing the demo gives a person's own documents back, wherever the raw layer keeps their bytes."""

import json
from datetime import timedelta
from pathlib import Path

from apps.cli import demo_account
from config.data_folder import DataFolder
from orchestration.resources.raw_store import RawStore
from tests.support.tws_values import TAKEN, snapshot
from tws.document import document_of


def test_snapshots_that_were_packed_come_back(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    store = RawStore(data, "America/New_York", compact_at=3)
    data.raw.mkdir(parents=True)
    documents = [document_of(snapshot(TAKEN + timedelta(minutes=n))) for n in range(5)]
    for number, document in enumerate(documents):
        store.take(f"{number}.json", document, lambda: TAKEN)
    assert sum(path.is_file() for path in (data.raw / "documents").rglob("*")) < 5
    data.state.mkdir()
    (data.state / "demo.json").write_text(json.dumps({"seed": 7, "documents": []}))

    assert demo_account.clear(data) == [f"{n}.json" for n in range(5)]
    assert [(data.inbox / f"{n}.json").read_bytes() for n in range(5)] == documents
    assert not data.raw.exists()
