"""The demo: puts the synthetic broker's documents into the inbox, and takes away again what it made.

It remembers the hashes of the documents that it wrote. Accounts and file names decide nothing: a person's own document
may bear any of them.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from apps.cli import inbox
from config.data_folder import DataFolder


@dataclass(frozen=True)
class Demo:
    """What the demo has put into a data folder: the seed, and its documents by SHA-256."""

    seed: int
    documents: frozenset[str]


def remembered(data: DataFolder) -> Demo | None:
    """The demo of this folder; None if it has none."""
    path = _record(data)
    if not path.exists():
        return None
    content = json.loads(path.read_bytes())
    return Demo(content["seed"], frozenset(content["documents"]))


def foreign_documents(data: DataFolder) -> list[str]:
    """Names of documents here, loaded or waiting in the inbox, that are not the demo's own."""
    demo = remembered(data)
    own = demo.documents if demo else frozenset()
    loaded = [r["file_name"] for r in _loaded(data) if r["document_id"] not in own]
    return loaded + [path.name for path in _waiting(data) if _sha256(path) not in own]


def write_documents(data: DataFolder, seed: int) -> None:
    """Put the documents of the synthetic accounts into the inbox; nothing if all of them are loaded already.

    Safe to kill: they are remembered before the first of them can be seen, and each gets its name in one step.
    """
    before = remembered(data)
    if before and before.documents <= {r["document_id"] for r in _loaded(data)}:
        return
    from transforms.broker_simulator import simulate

    staging = data.state / "demo.tmp"
    shutil.rmtree(staging, ignore_errors=True)
    simulation = simulate(seed=seed)
    paths = [*simulation.write(staging), *simulation.write_analyses(staging)]
    documents = {path: _sha256(path) for path in paths}
    own = frozenset(documents.values()) | (before.documents if before else frozenset())
    _remember(data, Demo(seed, own))
    data.inbox.mkdir(parents=True, exist_ok=True)
    for path in documents:
        path.replace(data.inbox / path.name)
    staging.rmdir()


def clear(data: DataFolder) -> list[str]:
    """Remove the demo's documents and all that was made of them; returns the names of documents that were put back.

    Documents of a person that were loaded beside the demo go back into the inbox, and the next run takes them again.
    """
    demo = remembered(data)
    if demo is None:
        return []
    put_back = [r for r in _loaded(data) if r["document_id"] not in demo.documents]
    for receipt in put_back:
        inbox.put(_bytes_of(data, receipt["document_id"]), data.inbox, receipt["file_name"])
    for path in list(_waiting(data)):
        if _sha256(path) in demo.documents:
            path.unlink()
    for folder in (
        data.raw,
        data.clean,
        data.features,
        data.warehouse.parent,
        data.published,
        data.quality,
        data.dagster,
        *_market(data),
    ):
        if folder.exists():
            shutil.rmtree(folder)
    shutil.rmtree(data.state / "demo.tmp", ignore_errors=True)
    _record(data).unlink()
    return [str(receipt["file_name"]) for receipt in put_back]


def _market(data: DataFolder) -> list[Path]:
    """The folders of the demo's market, whose plan goes with it; none where the market is a person's."""
    plan = data.market_plan
    if not plan.exists() or "simulated = true" not in plan.read_text(encoding="utf-8").splitlines():
        return []
    plan.unlink()
    return [data.lake, data.market_records, data.vendor_pace, data.vendor_journals]


def _record(data: DataFolder) -> Path:
    return data.state / "demo.json"


def _remember(data: DataFolder, demo: Demo) -> None:
    path = _record(data)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps({"seed": demo.seed, "documents": sorted(demo.documents)}, indent=1))
    temporary.replace(path)


def _loaded(data: DataFolder) -> list[dict[str, Any]]:
    manifest = data.raw / "manifest.json"
    if not manifest.exists():
        return []
    return [r for r in json.loads(manifest.read_bytes())["receipts"] if r["status"] == "loaded"]


def _bytes_of(data: DataFolder, document_id: str) -> Path:
    """The file with a document's bytes; those of TWS may stand in a batch, and are written out then."""
    path = data.raw / "documents" / document_id[:2] / document_id
    if path.exists():
        return path
    batches = json.loads((data.raw / "manifest.json").read_bytes())["batches"]
    parts = [
        str(data.raw / "batches" / batch["batch_id"] / name)
        for batch in batches
        for name in batch["files"].get("_documents", [])
    ]
    sql = "select _bytes from read_parquet(?) where _document_id = ? limit 1"
    found = duckdb.execute(sql, [parts, document_id]).fetchone() if parts else None
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(found[0])
    return path


def _waiting(data: DataFolder) -> Iterator[Path]:
    """Files in the inbox, those that are still being copied in too. Hidden files are no documents."""
    if data.inbox.is_dir():
        for path in sorted(data.inbox.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
