"""Sessions that are looked up are the exchange's own: holidays, half days, closes in UTC."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from orchestration.market_sessions import UnknownCalendarError, sessions_of

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def test_new_york_in_2026() -> None:
    """251 sessions; closed on Good Friday (3 April), and early on the day after Thanksgiving (exchange's calendar)."""
    year = sessions_of("XNYS", *YEAR)
    assert year.table.height == 251
    days = year.expected(date(2026, 4, 1), date(2026, 4, 7))
    assert [day.day for day in days] == [1, 2, 6, 7]
    assert year.last_over(datetime(2026, 11, 27, 17, 59, tzinfo=UTC)) == date(2026, 11, 25)
    assert year.last_over(datetime(2026, 11, 27, 18, 0, tzinfo=UTC)) == date(2026, 11, 27)
    assert year.last_over(datetime(2026, 7, 1, 20, 0, tzinfo=UTC)) == date(2026, 7, 1)


def test_a_span_without_a_session_is_empty() -> None:
    assert sessions_of("XNYS", date(2026, 1, 3), date(2026, 1, 4)).table.is_empty()


def test_calendars_of_a_rule_need_no_library() -> None:
    code = (
        "import sys; from datetime import date; from orchestration.market_sessions import sessions_of as s;"
        "a = date(2026, 1, 1), date(2026, 1, 9);"
        "assert s('24/7', *a).table.height == 9 and s('TARGET', *a).table.height == 6;"
        "sys.exit('exchange_calendars' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


def test_an_unknown_calendar_is_told() -> None:
    with pytest.raises(UnknownCalendarError, match="There is no calendar XQQQ"):
        sessions_of("XQQQ", *YEAR)


def test_a_calendar_whose_records_begin_later_is_told_from_there() -> None:
    """Tadawul's are recorded since 2021."""
    known = sessions_of("XSAU", date(2010, 1, 1), date(2026, 11, 30))
    assert known.table["session_date"].min() > date(2020, 12, 31)  # type: ignore[operator]
    assert len(known.expected(date(2026, 1, 1), date(2026, 11, 30))) > 200


def test_a_calendar_that_the_library_cannot_tell_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import exchange_calendars

    def broken(*_: object, **__: object) -> None:
        raise NotImplementedError("implemented by subclasses")

    monkeypatch.setattr(exchange_calendars, "get_calendar", broken)
    with pytest.raises(UnknownCalendarError, match=r"cannot tell the sessions of ASEX \(implemented"):
        sessions_of("ASEX", date(2026, 1, 1), date(2026, 1, 9))
