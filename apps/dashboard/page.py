"""What every page is given: the version, cached readers, and the global choices. Figures are drawn elsewhere.

The choices (account, period, privacy, colours) live in the address, so that a view can be bookmarked.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import streamlit as st

from apps.dashboard import data, joined
from apps.dashboard.benchmark import Benchmark, read_benchmark
from apps.dashboard.components.formatting import Formats, zone_named
from apps.dashboard.components.theme import DEFAULT_SCHEME, SCHEMES, Palette, palette, scheme_style
from apps.flex_alerts import FlexAlert, flex_alerts
from apps.periods import DEFAULT_PERIOD, PERIODS, Period, resolve
from apps.published import Version, current_version, open_version
from config.data_folder import DataFolder
from config.settings import load_settings
from state_store.database import StateStore


@dataclass(frozen=True)
class Page:
    """One run of one page, on one version."""

    version: Version
    book: data.Book
    account: data.Row
    period: Period | None
    """None when the account has no NAV, so that no period has an end."""
    formats: Formats
    colours: Palette
    zone: tzinfo
    now: datetime

    @property
    def account_id(self) -> str:
        """The chosen account."""
        return str(self.account["account_id"])

    @property
    def currency(self) -> str:
        """Its base currency, empty when no document says it."""
        return str(self.account["base_currency"] or "")


@dataclass(frozen=True)
class Place:
    """One run of a page that is of no account: the data folder, and how things are drawn."""

    data: DataFolder
    colours: Palette
    zone: tzinfo
    now: datetime

    def version(self) -> Version:
        """The version that is current now. Raises NothingPublishedError."""
        return current_version(self.data.published)


def place(published: Path) -> Place:
    """The place of a page beside these published versions."""
    zone = zone_named(st.context.timezone)
    scheme = st.query_params.get("colours", DEFAULT_SCHEME)
    return Place(
        DataFolder(published.absolute().parent),
        palette(scheme, dark=st.context.theme.type == "dark"),
        zone,
        datetime.now(zone),
    )


# Keyed by the version's token: a new publish is a new key, and an old answer is never shown for a new
# version.
@st.cache_data(max_entries=8, show_spinner=False)
def load_book(token: str, _version: Version) -> data.Book:
    """Accounts and build of a version."""
    with open_version(_version) as reader:
        book = data.read_book(reader)
        whole = joined.read_account(reader)
        return data.Book([*book.accounts, whole], book.build) if whole else book


def _source(account_id: str) -> ModuleType:
    """Where an account's figures are read: one account's marts, or those of all accounts as one."""
    return joined if account_id == joined.ALL else data


@st.cache_data(max_entries=64, show_spinner=False)
def load_overview(token: str, account_id: str, period: Period, _version: Version) -> data.Overview:
    """The Overview's rows of a version, account and period."""
    with open_version(_version) as reader:
        return _source(account_id).read_overview(reader, account_id, period)


@st.cache_data(max_entries=32, show_spinner=False)
def load_benchmark(token: str, period: Period, _version: Version) -> Benchmark | None:
    """The benchmark of a version over a period."""
    with open_version(_version) as reader:
        return read_benchmark(reader, period)


@st.cache_data(max_entries=32, show_spinner=False)
def load_positions(token: str, account_id: str, _version: Version) -> list[data.Row]:
    """What an account holds in a version."""
    with open_version(_version) as reader:
        return _source(account_id).read_positions(reader, account_id)


@st.cache_data(max_entries=32, show_spinner=False)
def load_health(token: str, account_id: str, _version: Version) -> data.Health:
    """Reconciliation and problems of a version and account."""
    with open_version(_version) as reader:
        return _source(account_id).read_health(reader, account_id)


def load_checked(page: Page) -> data.Health:
    """Reconciliation and problems of the page's account, with what people acknowledged since the version was made."""
    state = load_health(page.version.token, page.account_id, _version=page.version)
    if not state.counts["broken"]:
        return data.acknowledged_apart(state, "")
    return data.acknowledged_apart(state, _state_url(page))


def state_store(page: Page) -> StateStore:
    """The state store beside the page's version, or the one that DB_URL names."""
    return _opened(_state_url(page))


@lru_cache(maxsize=4)
def _opened(url: str) -> StateStore:
    return StateStore(url)


def _state_url(page: Page) -> str:
    """It may hold a password: never shown."""
    named = load_settings().db_url
    own = DataFolder(page.version.path.parents[2]).state_url
    return (named.get_secret_value() if named else "") or own


def load_flex_alerts(page: Page) -> list[FlexAlert]:
    """What to know of the Flex Web Service."""
    return read_flex_alerts(_state_url(page))


# Kept for seconds, whatever the version: it changes between two of them.
@st.cache_data(ttl=15, max_entries=4, show_spinner=False)
def read_flex_alerts(state_url: str) -> list[FlexAlert]:
    """What to know of the Flex Web Service, from the state store behind a URL."""
    return flex_alerts(load_settings(), state_url, datetime.now(UTC))


def _from_address(key: str, options: list[str], default: str) -> str:
    """Start a widget from the address; returns its key.

    Streamlit's own binding would write the label into the address, which changes with an account's alias.
    """
    if st.session_state.get(key) not in options:
        wanted = st.query_params.get(key)
        st.session_state[key] = wanted if wanted in options else default
    return key


def _to_address(key: str, value: str, default: str) -> None:
    """Keep a choice in the address; the default leaves it clean."""
    if value != default:
        if st.query_params.get(key) != value:
            st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]


def account_label(account: data.Row) -> str:
    """Long term · U1234567 · EUR; all accounts as one have no number."""
    keys = ("alias", "account_id", "base_currency")
    shown = [str(account[key]) for key in keys if account[key] and account[key] != joined.ALL]
    return " · ".join(shown)


def choose(version: Version, book: data.Book) -> Page:
    """Draw the global controls and return what they say."""
    accounts = {str(account["account_id"]): account for account in book.accounts}
    with st.container(horizontal=True, key="toolbar", gap="medium", vertical_alignment="center"):
        chosen = st.selectbox(
            "Account",
            list(accounts),
            format_func=lambda account_id: account_label(accounts[account_id]),
            key=_from_address("account", list(accounts), next(iter(accounts))),
            label_visibility="collapsed",
            width=290,
        )
        _to_address("account", chosen, next(iter(accounts)))
        account = accounts[chosen]
        name = st.segmented_control(
            "Period",
            PERIODS,
            default=DEFAULT_PERIOD,
            required=True,
            key="period",
            bind="query-params",
            label_visibility="collapsed",
        )
        period = _period(account, str(name))
        private = st.toggle("Privacy", key="privacy", bind="query-params", help="Hide amounts, keep ratios.")
        with st.popover("Colours", icon=":material/palette:", type="tertiary"):
            scheme = st.radio(
                "Gains and losses",
                list(SCHEMES),
                format_func=lambda key: SCHEMES[key].label,
                key=_from_address("colours", list(SCHEMES), DEFAULT_SCHEME),
            )
            _to_address("colours", scheme, DEFAULT_SCHEME)
            st.caption("Dark or light follows your system; the menu at the top right overrides it.")
    st.html(scheme_style(scheme))
    zone = zone_named(st.context.timezone)
    return Page(
        version=version,
        book=book,
        account=account,
        period=period,
        formats=Formats(private=private),
        colours=palette(scheme, dark=st.context.theme.type == "dark"),
        zone=zone,
        now=datetime.now(zone),
    )


def _period(account: data.Row, name: str) -> Period | None:
    as_of, inception = account["as_of_date"], account["first_nav_date"]
    if as_of is None or inception is None:
        return None
    custom: tuple[date, date] | None = None
    if name == "Custom":
        picked = st.date_input(
            "Days",
            value=(date(as_of.year, 1, 1), as_of),
            min_value=inception,
            max_value=as_of,
            format="YYYY-MM-DD",
            key="days",
            label_visibility="collapsed",
            bind="query-params",
            width=230,
        )
        # While the second day is being picked there is only one: then it is the whole range.
        days = [picked] if isinstance(picked, date) else list(picked)
        custom = (days[0], days[-1]) if days else None
    return resolve(name, as_of, inception, custom)
