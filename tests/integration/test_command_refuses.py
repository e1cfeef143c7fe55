"""What the command refuses before it does anything: settings it cannot use, questions while nothing is published."""

from pathlib import Path

import pytest

from tests.support.command import tieout, without_a_traceback


@pytest.mark.parametrize(
    ("setting", "value", "hint"),
    [
        ("FLEX_TIMEZONE", "Mars/Base", "America/New_York"),
        ("BASE_CURRENCY", "EURO", "EUR"),
        ("TIEOUT_KEEP_VERSIONS", "0", "1"),
        ("RISK_FREE_RATE", "a lot", "number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_said_in_one_sentence(
    tmp_path: Path, setting: str, value: str, hint: str
) -> None:
    done = tieout(tmp_path, "run", expect=2, settings={setting: value})
    (line,) = done.stderr.splitlines()
    assert line.startswith("tieout: ")
    assert setting in line
    assert hint in line
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_be_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = tieout(tmp_path / "file", "run", expect=2)
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "file") in line


@pytest.mark.parametrize(
    "call", [["summary"], ["daily"], ["positions", "--json"], ["reconcile"], ["query", "select 1"]]
)
def test_reading_before_anything_is_published_says_what_to_do(tmp_path: Path, call: list[str]) -> None:
    done = tieout(tmp_path, *call, expect=2)
    assert done.stdout == ""
    assert "nothing is published" in done.stderr
    assert "tieout run" in done.stderr
    without_a_traceback(done)
