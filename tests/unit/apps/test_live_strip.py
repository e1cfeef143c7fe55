"""The live strip in Streamlit's own test harness: what a person sees of the state that the feed wrote."""

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.dashboard.components.formatting import MASK, MISSING
from state_store.database import StateStore
from state_store.live import Changes, write
from tests.support import told_by_tws as told
from tests.support.invented_books import EUR_ACCOUNT, USD_ACCOUNT
from tests.support.published_fixture import write_published
from tests.unit.apps.test_overview_page import body, open_page

BOOK = told.snapshot(
    told.position(account_id=EUR_ACCOUNT),
    told.position("-2", told.OPTION, EUR_ACCOUNT),
    told.position(account_id=USD_ACCOUNT),
    pnl=(
        told.position_pnl("-1234.5", account_id=EUR_ACCOUNT),
        told.position_pnl(None, told.OPTION, EUR_ACCOUNT),
    ),
    accounts=(EUR_ACCOUNT, USD_ACCOUNT),
    account_pnls=(told.account_pnl("-12.34", EUR_ACCOUNT), told.account_pnl(None, USD_ACCOUNT)),
)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_published(tmp_path / "published")


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(f"sqlite:///{tmp_path / 'state' / 'tieout.sqlite'}")


def tell(store: StateStore, age: float = 0.0, link: told.Link = told.UP) -> None:
    """The feed wrote the book so many seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=age)
    write(store, Changes(snapshot=(BOOK, at), link=link), at)


def cell(page: AppTest, key: str) -> str:
    found = re.search(rf'data-testid="live-{key}">([^<]*)<', body(page))
    assert found, f"no {key} in the strip"
    return html.unescape(found.group(1))


def test_without_a_feed_there_is_one_line_and_no_strip(
    monkeypatch: pytest.MonkeyPatch, published: Path
) -> None:
    page = open_page(monkeypatch, published)
    assert body(page).count("No live figures here") == 1
    assert "live-table" not in body(page)
    assert not (published.parent / "state").exists(), "the page makes nothing"


def test_figures_have_signs_arrows_and_dashes(
    monkeypatch: pytest.MonkeyPatch, published: Path, store: StateStore
) -> None:
    tell(store)
    page = open_page(monkeypatch, published)
    assert re.search(r'class="badge good" data-testid="live-link"><span>Live<', body(page))
    assert cell(page, f"daily-{EUR_ACCOUNT}") == "−12.34"
    assert cell(page, f"realized-{EUR_ACCOUNT}") == "+5.01"
    assert cell(page, f"total-{EUR_ACCOUNT}") == "−7.33"
    assert "▼" in body(page).split("live-daily")[0].split("live-table")[1]
    assert "accounts are in" in body(page), "the two accounts are in two currencies"


def test_privacy_hides_the_amounts(
    monkeypatch: pytest.MonkeyPatch, published: Path, store: StateStore
) -> None:
    tell(store)
    page = open_page(monkeypatch, published, privacy="true")
    assert cell(page, f"daily-{EUR_ACCOUNT}") == MASK
    assert "12.34" not in body(page)


def test_what_tws_did_not_tell_is_a_dash(
    monkeypatch: pytest.MonkeyPatch, published: Path, store: StateStore
) -> None:
    tell(store)
    page = open_page(monkeypatch, published, account=USD_ACCOUNT)
    assert f"{MISSING} TWS has not told its PnL yet" in body(page)
    assert f"live-daily-{USD_ACCOUNT}" not in body(page)
    assert "last change not yet" not in body(page), "the other account has one"


def test_each_account_says_how_old_its_figures_are(
    monkeypatch: pytest.MonkeyPatch, published: Path, store: StateStore
) -> None:
    tell(store)
    other = told.account_pnl("1", USD_ACCOUNT)
    at = datetime.now(UTC) - timedelta(minutes=5)
    write(store, Changes(account_pnl={USD_ACCOUNT: (other, at)}), datetime.now(UTC))
    page = open_page(monkeypatch, published, account=EUR_ACCOUNT)
    assert re.fullmatch(r"\d+ s ago", cell(page, f"age-{EUR_ACCOUNT}"))
    page = open_page(monkeypatch, published, account=USD_ACCOUNT)
    assert cell(page, f"age-{USD_ACCOUNT}") == "5 min ago"


def test_what_the_feed_cannot_write_is_said(
    monkeypatch: pytest.MonkeyPatch, published: Path, store: StateStore
) -> None:
    tell(store)
    write(store, Changes(), datetime.now(UTC), problem="/data/inbox: Permission denied")
    page = open_page(monkeypatch, published)
    assert 'class="badge warn" data-testid="live-link"><span>Live, but not all of it is written<' in body(
        page
    )
    assert "/data/inbox: Permission denied" in body(page)
    assert 'class="live" data-testid="live-table"' in body(page), "the figures are of now"


@pytest.mark.parametrize(
    ("age", "link", "says"),
    [(60, told.UP, "Not live: the feed is silent"), (0, told.DOWN, "Not live: no connection")],
)
def test_old_figures_are_called_old_in_words(
    monkeypatch: pytest.MonkeyPatch,
    published: Path,
    store: StateStore,
    age: float,
    link: told.Link,
    says: str,
) -> None:
    tell(store, age, link)
    page = open_page(monkeypatch, published)
    assert f'class="badge warn" data-testid="live-link"><span>{says}<' in body(page)
    assert "figures of" in body(page)
    assert cell(page, f"daily-{EUR_ACCOUNT}") == "−12.34", "old figures are shown as such, not hidden"


def test_a_store_that_cannot_be_read_leaves_the_rest_of_the_page(
    monkeypatch: pytest.MonkeyPatch, published: Path
) -> None:
    state = published.parent / "state"
    state.mkdir()
    (state / "tieout.sqlite").write_bytes(b"no database" * 500)
    # Acknowledgements are in the same file: an account without breaks does not look there.
    page = open_page(monkeypatch, published, account=USD_ACCOUNT)
    assert "No live figures: the state store" in body(page)
    assert 'data-testid="value-nav"' in body(page)


def test_positions_are_read_on_demand(
    monkeypatch: pytest.MonkeyPatch, published: Path, store: StateStore
) -> None:
    tell(store)
    page = open_page(monkeypatch, published)
    before = len(page.dataframe)
    page.session_state["live-positions"] = True
    page.run()
    assert not page.exception
    assert len(page.dataframe) == before + 1
    shown = json.loads(page.dataframe[0].value.to_json(orient="records"))
    assert [(row["symbol"], row["unrealized"], row["sign"]) for row in shown] == [
        ("AAPL", -1234.5, "▼"),
        (told.OPTION.local_symbol, None, None),
    ]
    assert "No price for 1 position" in body(page)
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d|.* \d\d:\d\d", row["told"]) for row in shown)


def test_fills_are_read_on_demand(
    monkeypatch: pytest.MonkeyPatch, published: Path, store: StateStore
) -> None:
    tell(store)
    page = open_page(monkeypatch, published)
    before = len(page.dataframe)
    page.session_state["live-fills"] = True
    page.run()
    assert "TWS told no fill today" in body(page)
    first, second = told.execution("1.01"), told.execution("2.01", "-2.5", told.later(1))
    other = replace(told.execution("3.01"), account_id=USD_ACCOUNT)
    executions = {one.execution_id: (one, told.NOON) for one in (first, second, other)}
    write(
        store,
        Changes(executions=executions, commissions={"1.01": (told.commission("1.01"), told.NOON)}),
        told.NOON,
    )
    page = open_page(monkeypatch, published, account=EUR_ACCOUNT)
    page.session_state["live-fills"] = True
    page.run()
    assert not page.exception
    shown = json.loads(page.dataframe[0].value.to_json(orient="records"))
    assert [(row["symbol"], row["quantity"], row["price"], row["commission"]) for row in shown] == [
        ("AAPL", -2.5, 190.55, None),
        ("AAPL", 10.0, 190.55, 1.05),
    ]
    assert len(page.dataframe) == before + 1
