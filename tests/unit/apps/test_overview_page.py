"""The Overview in Streamlit's own test harness: what stands on it for each choice, without a browser."""

import html
import re
import sys
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from apps.dashboard.components.formatting import MASK
from apps.dashboard.views import overview
from tests.support.invented_books import EMPTY_ACCOUNT, EUR_ACCOUNT, USD_ACCOUNT
from tests.support.invented_marts import USD_IN_EUR, make_books
from tests.support.published_fixture import write_published

# The tables of the page, from the top.
POSITIONS, FINDINGS = 0, 2
MAIN = Path(__file__).parents[3] / "apps" / "dashboard" / "main.py"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(tmp_path_factory.mktemp("page") / "published")


def sql(published: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(published / "current.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def open_page(monkeypatch: pytest.MonkeyPatch, published: Path, **query: str) -> AppTest:
    """Run the page's script once, as the server does."""
    monkeypatch.setattr(sys, "argv", ["main.py", "--published", str(published)])
    monkeypatch.setattr(overview, "FIRST_PAINT_SECONDS", 0.0)
    page = AppTest.from_file(str(MAIN), default_timeout=30)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def body(page: AppTest) -> str:
    """All HTML of the page."""
    return "\n".join(element.proto.body for element in page.get("html"))


def figure(page: AppTest, key: str) -> str:
    """The value that a card shows."""
    found = re.search(rf'data-testid="value-{key}">([^<]*)<', body(page))
    assert found, f"no card {key}"
    return html.unescape(found.group(1))


def badge(page: AppTest, key: str) -> str:
    """The text of a badge."""
    found = re.search(rf'data-testid="badge-{key}"[^>]*><span>([^<]*)<', body(page))
    assert found, f"no badge {key}"
    return html.unescape(found.group(1))


def test_figures_are_those_of_the_marts(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published)
    ((nav, day, cash, twr),) = sql(
        published,
        "SELECT nav_base, day_pnl_base, cash_base, ytd_twr FROM marts.account_summary"
        f" WHERE account_id = '{EUR_ACCOUNT}'",
    )
    assert figure(page, "nav") == f"{nav:,.2f}"
    assert figure(page, "day-pnl") == f"{day:+,.2f}".replace("-", "−")
    assert figure(page, "cash") == f"{cash:,.2f}"
    assert figure(page, "twr") == f"{twr * 100:+.2f} %"
    assert len(page.get("plotly_chart")) == 2


def test_badges_say_how_fresh_and_how_tied(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published)
    assert badge(page, "freshness").startswith("As of close 12 Mar 2026")
    assert "built 13 Mar" in badge(page, "freshness")
    assert badge(page, "reconciliation") == "1 broken, 44 of 45 tied"
    assert badge(page, "not-reported") == "1 not reported"
    assert badge(page, "quarantine") == "1 document in quarantine"
    assert any("1 broken, 1 not reported" in expander.label for expander in page.expander)


def test_a_tied_book_has_no_warnings_about_reconciliation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    books = make_books(broken=False, gap=False)
    page = open_page(monkeypatch, write_published(tmp_path / "published", books))
    assert badge(page, "reconciliation") == "44 of 44 tied"
    assert 'class="badge good" data-testid="badge-reconciliation"' in body(page)


def test_another_account_from_the_address(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published, account=USD_ACCOUNT)
    ((nav,),) = sql(
        published, f"SELECT nav_base FROM marts.account_summary WHERE account_id = '{USD_ACCOUNT}'"
    )
    assert figure(page, "nav") == f"{nav:,.2f}"
    assert badge(page, "reconciliation") == "44 of 44 tied"


def test_choosing_puts_the_choice_into_the_address(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published)
    page.selectbox(key="account").set_value(USD_ACCOUNT).run()
    assert not page.exception
    assert page.query_params["account"] in (USD_ACCOUNT, [USD_ACCOUNT])
    page.selectbox(key="account").set_value(EUR_ACCOUNT).run()
    assert "account" not in page.query_params


def test_an_unknown_choice_in_the_address_is_the_default(
    monkeypatch: pytest.MonkeyPatch, published: Path
) -> None:
    page = open_page(monkeypatch, published, account="U0", period="17Y", colours="plaid")
    assert page.selectbox(key="account").value == EUR_ACCOUNT
    assert figure(page, "twr") != "—"


def test_a_withheld_figure_is_a_dash_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, published: Path
) -> None:
    page = open_page(monkeypatch, published, period="All")
    assert figure(page, "twr") == "—"
    assert "Withheld: NAV of 2025-09-12 is not in any document" in body(page)
    assert "The curve starts again from zero" in body(page)


@pytest.mark.parametrize("period", ["1D", "1W", "MTD", "QTD", "YTD", "1Y", "3Y", "All", "Custom"])
def test_every_period_draws(monkeypatch: pytest.MonkeyPatch, published: Path, period: str) -> None:
    page = open_page(monkeypatch, published, account=USD_ACCOUNT, period=period)
    ((nav,),) = sql(
        published, f"SELECT nav_base FROM marts.account_summary WHERE account_id = '{USD_ACCOUNT}'"
    )
    assert figure(page, "nav") == f"{nav:,.2f}", "the NAV is as of the last close, whatever the period"


def test_a_week_is_linked_from_its_days(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published, account=USD_ACCOUNT, period="1W")
    ((growth,),) = sql(
        published,
        f"SELECT product(1 + twr) FROM marts.fct_return_daily WHERE account_id = '{USD_ACCOUNT}'"
        " AND return_date >= DATE '2026-03-06'",
    )
    assert figure(page, "twr") == f"{(growth - 1) * 100:+.2f} %"
    assert figure(page, "mwr") == "—"
    assert "computed for MTD" in body(page)


def test_causes_add_up_to_the_pnl_of_the_period(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published)
    block = re.search(r'data-testid="bars-causes">(.*?)</div>', body(page), re.DOTALL)
    assert block
    texts = re.findall(r'class="figure[^>]*>([^<]*)<', block.group(1))
    amounts = [float(text.replace("−", "-").replace(",", "")) for text in texts]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=0.005)
    ((pnl,),) = sql(
        published,
        f"SELECT sum(pnl_base) FROM marts.fct_return_daily WHERE account_id = '{EUR_ACCOUNT}'"
        " AND return_date >= DATE '2026-01-01'",
    )
    assert amounts[-1] == float(pnl)


def test_privacy_hides_every_amount_and_keeps_ratios(
    monkeypatch: pytest.MonkeyPatch, published: Path
) -> None:
    page = open_page(monkeypatch, published)
    ratio = figure(page, "twr")
    page.toggle(key="privacy").set_value(True).run()
    assert not page.exception
    for key in ("nav", "day-pnl", "mtd-pnl", "ytd-pnl", "cash"):
        assert figure(page, key) == MASK
    assert figure(page, "twr") == ratio
    shown = body(page)
    for (amount,) in sql(
        published,
        "SELECT nav_base FROM marts.account_summary WHERE nav_base IS NOT NULL"
        " UNION ALL SELECT market_value_base FROM marts.position_current"
        " UNION ALL SELECT unrealized_pnl_base FROM marts.position_current"
        " WHERE unrealized_pnl_base IS NOT NULL",
    ):
        assert f"{abs(amount):,.2f}" not in shown
    table = page.dataframe[POSITIONS].value
    assert set(table["quantity"]) == {MASK}
    assert set(table["market_value_base"]) == {MASK}
    charts = "".join(element.proto.spec for element in page.get("plotly_chart"))
    assert "EUR" not in charts
    assert all(element.proto.disabled for element in page.get("download_button"))


def test_positions_are_all_there_heaviest_first(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    table = open_page(monkeypatch, published).dataframe[POSITIONS].value
    rows = sql(
        published,
        f"SELECT symbol FROM marts.position_current WHERE account_id = '{EUR_ACCOUNT}'"
        " ORDER BY abs(weight) DESC, symbol",
    )
    assert list(table["symbol"]) == [symbol for (symbol,) in rows]
    assert table.loc[table["symbol"] == "TSLA", "unrealized"].item() == "▼"


def test_dismissed_findings_are_gone(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published)
    assert "missing_mark_price" in set(page.dataframe[FINDINGS].value["check_name"])
    page.button_group(key="dismissed").set_value(["missing_mark_price"]).run()
    assert set(page.dataframe[FINDINGS].value["check_name"]) == {"quarantined_document"}


def test_an_account_without_nav_names_the_section(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published, account=EMPTY_ACCOUNT)
    text = body(page)
    assert "Net Asset Value (NAV) in Base" in text
    assert "EquitySummaryInBase" in text
    assert "make demo" in text
    assert not page.get("plotly_chart")


def test_nothing_published_offers_the_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = body(open_page(monkeypatch, tmp_path / "published"))
    assert "Nothing is published yet" in text
    assert "make demo" in text
    assert "tieout ingest" in text


def test_a_publish_is_seen_at_the_next_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = write_published(tmp_path / "published")
    page = open_page(monkeypatch, folder)
    before = figure(page, "nav")
    write_published(folder, make_books(version="000002-bb", shift=1000.0), version="000002-bb")
    page.run()
    assert not page.exception
    ((nav,),) = sql(folder, f"SELECT nav_base FROM marts.account_summary WHERE account_id = '{EUR_ACCOUNT}'")
    assert figure(page, "nav") == f"{nav:,.2f}"
    assert figure(page, "nav") != before
    assert "000002-bb" in body(page)


def test_a_version_of_another_layout_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = write_published(tmp_path / "published")
    with duckdb.connect(str(folder / "000001-3fa9c1d2" / "tieout.duckdb")) as connection:
        connection.execute("ALTER TABLE marts.account_summary DROP COLUMN as_of_date")
    assert "tieout run --force" in body(open_page(monkeypatch, folder))


def test_all_accounts_are_one_choice_in_one_currency(
    monkeypatch: pytest.MonkeyPatch, published: Path
) -> None:
    page = open_page(monkeypatch, published, account="ALL")
    (choice,) = [box for box in page.selectbox if box.label == "Account"]
    assert choice.options[-1] == "All accounts · EUR"
    navs = dict(
        sql(published, "SELECT account_id, nav_base FROM marts.account_summary WHERE nav_base IS NOT NULL")
    )
    whole = navs[EUR_ACCOUNT] + navs[USD_ACCOUNT] * USD_IN_EUR
    assert figure(page, "nav") == f"{whole:,.2f}"
    cash = dict(
        sql(published, "SELECT account_id, cash_base FROM marts.account_summary WHERE nav_base IS NOT NULL")
    )
    assert figure(page, "cash") == f"{cash[EUR_ACCOUNT] + cash[USD_ACCOUNT] * USD_IN_EUR:,.2f}"
    ((tied,),) = sql(published, "SELECT count(*) FROM marts.reconciliation WHERE status = 'tied'")
    assert f"{tied:,} of" in badge(page, "reconciliation")
    held = page.dataframe[POSITIONS].value
    ((instruments,),) = sql(published, "SELECT count(DISTINCT instrument_key) FROM marts.position_current")
    assert len(held) == instruments


def test_one_account_offers_no_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    books = make_books()
    for table, rows in books.rows.items():
        books.rows[table] = [
            row for row in rows if row.get("account_id") not in (USD_ACCOUNT, EMPTY_ACCOUNT, "ALL")
        ]
    page = open_page(monkeypatch, write_published(tmp_path / "published", books))
    (choice,) = [box for box in page.selectbox if box.label == "Account"]
    assert len(choice.options) == 1


def test_a_return_over_a_hole_names_its_method(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    books = make_books(gap=True)  # in 2025
    for row in books.rows["performance_metric"]:
        if (row["account_id"], row["metric"]) == (EUR_ACCOUNT, "twr") and row["window"] in ("SI", "YTD"):
            row |= {"value": 0.1234, "withheld_reason": None, "return_method": "daily_twr and modified_dietz"}
    for row in books.rows["account_summary"]:
        row["ytd_twr"] = None
    published = write_published(tmp_path / "published", books)
    page = open_page(monkeypatch, published, account=EUR_ACCOUNT, period="All")
    assert figure(page, "twr").startswith("+12.34")
    assert body(page).count("holes by modified Dietz") == 2, "since inception, and on the card of the year"


def test_a_version_without_the_joined_returns_still_opens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = write_published(tmp_path / "published")
    with duckdb.connect(str((folder / "CURRENT" / "tieout.duckdb").resolve())) as connection:
        connection.execute("DROP TABLE marts.performance_metric_reporting")
    page = open_page(monkeypatch, folder)
    (choice,) = [box for box in page.selectbox if box.label == "Account"]
    assert not [option for option in choice.options if option.startswith("All accounts")]
