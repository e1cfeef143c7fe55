"""What the live strip says: when figures are believed, and what is added up."""

from datetime import UTC, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from apps.dashboard.joined import ALL
from apps.dashboard.live_figures import Line, lines, standing
from state_store.live import AccountState, LiveState
from tests.support.told_by_tws import DOWN, EUR_ACCOUNT, NOON, UP, USD_ACCOUNT, account_pnl, later
from tws.values import AccountPnl, Link, LinkState

EUR = AccountState(EUR_ACCOUNT, "EUR", account_pnl("12.34"), later(58))
OTHER_EUR = AccountState(USD_ACCOUNT, "EUR", account_pnl("-2.30", USD_ACCOUNT), NOON)
USD = AccountState(USD_ACCOUNT, "USD", account_pnl("1", USD_ACCOUNT), NOON)
SILENT = AccountState(USD_ACCOUNT, "EUR", None, None)
EMPTY = AccountState(USD_ACCOUNT, "EUR", AccountPnl(USD_ACCOUNT, None, None, None), later(58))
NOWHERE = AccountState(EUR_ACCOUNT, None, account_pnl("1"), NOON)


def state(
    *accounts: AccountState, link: Link = UP, ended: bool = False, problem: str | None = None
) -> LiveState:
    return LiveState(link, NOON, later(59), ended, accounts, problem)


def test_a_feed_that_is_up_says_when_something_last_changed() -> None:
    found = standing(state(EUR), later(60), UTC)
    assert (found.title, found.old) == ("Live", False)
    assert found.detail == "connected since 16:00:00 · last change 2 s ago"
    assert standing(state(EUR), later(60), ZoneInfo("Europe/Berlin")).detail.startswith(
        "connected since 17:00:00"
    )
    for account in (SILENT, EMPTY):
        assert "last change not yet" in standing(state(account), later(60), UTC).detail


def test_what_cannot_be_written_is_said_beside_figures_that_are_of_now() -> None:
    found = standing(state(EUR, problem="/data/inbox: Permission denied"), later(60), UTC)
    assert (found.title, found.old, found.warns) == ("Live, but not all of it is written", False, True)
    assert found.detail == "/data/inbox: Permission denied · last change 2 s ago"
    assert standing(state(EUR, link=DOWN), later(60), UTC).warns
    assert not standing(state(EUR), later(60), UTC).warns


@pytest.mark.parametrize(
    ("known", "seconds", "title", "says"),
    [
        (state(EUR), 59 + 11, "Not live: the feed is silent", "last spoke 11 s ago · figures of 16:00:58"),
        (state(EUR, link=DOWN), 60, "Not live: no connection", "start TWS · figures of 16:00:58"),
        (
            state(EUR, link=Link(LinkState.DEGRADED, NOON, "TWS has lost the broker.", 1100)),
            60,
            "Live, but TWS has lost the broker",
            "TWS has lost the broker · figures of",
        ),
        (
            state(EUR, link=Link(LinkState.STOPPED, NOON, "id 1 is in use: set IBKR_CLIENT_ID", 326)),
            60,
            "Not live: waits for a person",
            "set IBKR_CLIENT_ID · figures of",
        ),
        (
            state(EUR, link=Link(LinkState.STOPPED, later(59), "the live feed was ended"), ended=True),
            9000,
            "Not live: the feed has ended",
            "the live feed was ended at 16:00:59 · figures of 16:00:58 · `tieout live` starts it",
        ),
        (state(SILENT, link=DOWN), 60, "Not live: no connection", "no figures yet"),
    ],
)
def test_every_other_feed_says_why_and_of_when_the_figures_are(
    known: LiveState, seconds: float, title: str, says: str
) -> None:
    found = standing(known, later(seconds), UTC)
    assert (found.title, found.old) == (title, True)
    assert says in found.detail


def test_a_figure_of_another_day_bears_its_day() -> None:
    assert "figures of 12 Mar 16:00" in standing(state(EUR, link=DOWN), NOON + timedelta(1), UTC).detail


def test_one_account_stands_alone_and_several_are_added_up() -> None:
    assert [line.name for line in lines(state(EUR), EUR_ACCOUNT)] == [EUR_ACCOUNT]
    found = lines(state(EUR, OTHER_EUR), ALL)
    assert [line.name for line in found] == [EUR_ACCOUNT, USD_ACCOUNT, ALL]
    assert found[-1].pnl == AccountPnl(ALL, Decimal("10.04"), Decimal("10.04"), Decimal("10.02"))
    assert found[-1].total == Decimal("20.06")
    assert found[0].total == Decimal("17.35")
    assert [line.name for line in lines(state(EUR, OTHER_EUR), EUR_ACCOUNT)] == [EUR_ACCOUNT, ALL]


@pytest.mark.parametrize(
    ("accounts", "reason"),
    [
        ((EUR, USD), "not added up: the accounts are in EUR and USD"),
        ((EUR, SILENT), "not added up: an account's PnL is missing"),
        ((EUR, EMPTY), "not added up: an account's PnL is missing"),
        ((NOWHERE, NOWHERE), "not added up: the accounts are in an unknown currency"),
        ((EUR, AccountState(USD_ACCOUNT, None, account_pnl("1"), NOON)), "an unknown currency and EUR"),
    ],
)
def test_what_cannot_be_added_up_is_not_and_says_why(accounts: tuple[AccountState, ...], reason: str) -> None:
    whole = lines(state(*accounts), ALL)[-1]
    assert whole.pnl is None
    assert reason in str(whole.reason)


def test_an_account_whose_pnl_was_never_told_says_so() -> None:
    for account in (SILENT, EMPTY):
        (line,) = lines(state(account), USD_ACCOUNT)
        assert (line.pnl, line.told_at, line.reason) == (None, None, "TWS has not told its PnL yet")


def test_each_line_says_when_it_was_told_and_a_sum_is_as_old_as_its_oldest_part() -> None:
    assert [line.told_at for line in lines(state(EUR, OTHER_EUR), ALL)] == [later(58), NOON, NOON]


def test_a_missing_part_leaves_the_sum_missing() -> None:
    no_daily = AccountPnl(USD_ACCOUNT, None, Decimal(1), Decimal(2))
    whole = lines(state(EUR, AccountState(USD_ACCOUNT, "EUR", no_daily, NOON)), ALL)[-1]
    assert whole.pnl == AccountPnl(ALL, None, Decimal("13.34"), Decimal("7.01"))
    assert Line("U1", "EUR", AccountPnl("U1", Decimal(1), Decimal(1), None)).total is None


def test_an_account_of_another_login_is_said() -> None:
    (line,) = lines(state(EUR), "U9999999")
    assert (line.pnl, line.reason) == (None, "not an account of the login that the feed uses")
