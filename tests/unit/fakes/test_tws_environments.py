"""The two client libraries of TWS write the same package: each lock has one of them, and only one is installed."""

import importlib.metadata
from pathlib import Path

ROOT = Path(__file__).parents[3]
LIBRARIES = ("ib-insync", "ib-async")


def pinned(lock: str) -> dict[str, set[str]]:
    """The versions of each package; several where they differ by Python's."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        name, _, version = line.partition(" ;")[0].partition("==")
        found.setdefault(name, set()).add(version)
    return found


def test_each_lock_has_one_library() -> None:
    assert [name in pinned("requirements.lock") for name in LIBRARIES] == [True, False]
    assert [name in pinned("requirements-ib-async.lock") for name in LIBRARIES] == [False, True]


def test_one_library_is_installed() -> None:
    installed = {one.name.lower().replace("_", "-") for one in importlib.metadata.distributions()}
    assert len(installed & set(LIBRARIES)) == 1


def test_what_both_locks_have_is_the_same_version() -> None:
    """But for tzdata, which ib_async keeps older."""
    whole, small = pinned("requirements.lock"), pinned("requirements-ib-async.lock")
    assert {name for name in small.keys() & whole.keys() if small[name] != whole[name]} == {"tzdata"}
    assert {"numpy", "pytest", "hypothesis"} <= small.keys() & whole.keys()
