"""The part of an execution's id that corrections share, and which of them it is."""

import pytest

from tws.values import root_and_revision


@pytest.mark.parametrize(
    ("execution_id", "root", "revision"),
    [
        ("0000e0d5.65951e11.01.01", "0000e0d5.65951e11.01", 1),
        ("0000e0d5.65951e11.01.02", "0000e0d5.65951e11.01", 2),
        ("x.10", "x", 10),
        ("x", "x", 1),
        ("x.abc", "x.abc", 1),
        ("x.", "x.", 1),
        ("x.1234567890", "x", 1),
        ("", "", 1),
    ],
)
def test_only_digits_behind_the_last_dot_are_a_revision(execution_id: str, root: str, revision: int) -> None:
    assert root_and_revision(execution_id) == (root, revision)
