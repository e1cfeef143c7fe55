"""Which texts are cron lines; what is accepted is one for Dagster, too."""

import pytest
from dagster._utils.schedules import is_valid_cron_string

from config.cron import is_cron
from config.settings import FLEX_MORNING

LINES = [
    FLEX_MORNING, "*/30 5-9 * * *", "0 5 * * mon-fri", "0,59 0,23 1,31 1,12 0,7", "5 4 1-15/2 JAN,dec SUN",
    "  0  5 * * *", "0/10 5 * * *", "*/99 5 * * *",
]  # fmt: skip
NO_LINES = [
    "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
    "*/0 * * * *", "5-1 * * * *", "1- * * * *", "-1 * * * *", "1,,2 * * * *", "mon * * * *", "* * * * monday", "@daily",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_cron_line(line: str) -> None:
    assert is_cron(line)
    assert is_valid_cron_string(line)


@pytest.mark.parametrize("line", NO_LINES)
def test_no_cron_line(line: str) -> None:
    assert not is_cron(line)
