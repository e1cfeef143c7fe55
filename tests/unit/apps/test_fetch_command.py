"""What `tieout fetch` makes of its options, without asking anybody."""

from datetime import UTC, date, datetime

import pytest

from apps.cli import fetch_command


class Evening(datetime):
    """An hour after midnight in UTC, when it is still the day before in New York."""

    @classmethod
    def now(cls, tz: object = None) -> "Evening":
        return cls(2026, 11, 23, 1, tzinfo=UTC).astimezone(tz)  # type: ignore[arg-type]


def test_without_a_last_day_it_is_new_yorks_yesterday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_command, "datetime", Evening)
    period = fetch_command._period(datetime(2026, 11, 1), None)
    assert period == (date(2026, 11, 1), date(2026, 11, 21))
