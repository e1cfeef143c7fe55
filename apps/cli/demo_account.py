"""The demo: puts the synthetic broker's documents into the inbox, and takes everything away again."""

import json
import shutil

from config.data_folder import DataFolder

ACCOUNTS = {"U1000001", "U2000002"}


def write_documents(data: DataFolder, seed: int) -> int:
    """Write the documents of the synthetic accounts into the inbox; returns how many."""
    from transforms.broker_simulator import simulate

    data.inbox.mkdir(parents=True, exist_ok=True)
    return len(simulate(seed=seed).write(data.inbox))


def foreign_documents(data: DataFolder) -> list[str]:
    """Names of documents here, in the inbox or loaded, that are not the demo's own."""
    loaded = []
    manifest = data.raw / "manifest.json"
    if manifest.exists():
        receipts = json.loads(manifest.read_bytes())["receipts"]
        loaded = [
            r["file_name"]
            for r in receipts
            if not r["accounts"] or not set(r["accounts"]) <= ACCOUNTS
            if r["status"] == "loaded"
        ]
    waiting = [p.name for p in data.inbox.glob("*")] if data.inbox.is_dir() else []
    return loaded + [name for name in waiting if name[:8] not in ACCOUNTS and not name.startswith("U1000001")]


def clear(data: DataFolder) -> None:
    """Remove what the demo made. The caller has made sure that nothing else is here."""
    for folder in (
        data.inbox,
        data.raw,
        data.clean,
        data.warehouse.parent,
        data.published,
        data.dagster_home,
    ):
        shutil.rmtree(folder, ignore_errors=True)
