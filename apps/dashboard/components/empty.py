"""What the page says when there is nothing to show: what is missing, how to get it, and the demo."""

from html import escape
from pathlib import Path

import streamlit as st

_DEMO = (
    "<p>To see the page with a synthetic account first: <code>make demo</code>. It refuses to "
    "mix with documents of "
    "yours.</p>"
)


def _box(title: str, body: str) -> None:
    st.html(f'<div class="empty" data-testid="empty"><h2>{escape(title)}</h2>{body}</div>')


def nothing_published(published: Path) -> None:
    """No version at all."""
    _box(
        "Nothing is published yet",
        "<p>Drop an Activity Flex document (XML or CSV) of your account into the inbox, or hand it over:</p>"
        "<p><code>tieout ingest statement.xml</code> then <code>tieout run</code></p>"
        f"{_DEMO}<p>Looked in <code>{escape(str(published))}</code>.</p>",
    )


def no_accounts() -> None:
    """A version without any account."""
    _box(
        "No document names an account",
        "<p>The published version holds no statement. <code>tieout doctor</code> says what the "
        "documents in the inbox "
        f"and in quarantine are.</p>{_DEMO}",
    )


def no_nav(account_id: str) -> None:
    """An account whose documents do not report a NAV."""
    _box(
        f"No net asset value for {account_id}",
        "<p>None of its documents holds the Flex section <b>Net Asset Value (NAV) in Base</b> "
        "(<code>EquitySummaryInBase</code>). Without it there is no NAV, no return and no drawdown.</p>"
        "<p>In Client Portal open <b>Performance &amp; Reports → Flex Queries</b>, edit your "
        "Activity Flex Query, tick "
        "<b>Net Asset Value (NAV) in Base</b> with all its fields, set the period, run it as "
        "XML, and ingest the "
        "document. <code>docs/guides/flex-query.md</code> lists every section to tick.</p>"
        f"{_DEMO}",
    )


def no_market_data() -> None:
    """No dataset of market data."""
    _box(
        "No market data yet",
        "<p>Bars, rates and exchange rates of vendors are kept beside the books, when you ask for them. Name a "
        "provider and symbols below, or in a terminal:</p>"
        "<p><code>tieout data pull stooq SPY --from 2016-01-01</code><br>"
        "<code>tieout data pull ecb EURUSD EURGBP --universe fx</code></p>"
        "<p><code>docs/guides/market-data.md</code> names the providers, and which of them want a key.</p>"
        "<p>To see the page with an invented market first: <code>make demo</code>, in a data folder of its own.</p>",
    )


def other_layout(message: str) -> None:
    """A version that another release of Tieout published."""
    _box(
        "This version was published by another release of Tieout",
        "<p>Its tables are not the ones this page reads. <code>tieout run --force</code> "
        "publishes them anew.</p>"
        f"<p>{escape(message)}</p>",
    )
