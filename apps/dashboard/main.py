"""Entry of the page: `streamlit run apps/dashboard/main.py -- --published DIR`. Navigation only."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import streamlit as st

from apps.dashboard import page
from apps.dashboard.components import empty
from apps.dashboard.components.theme import style_sheet
from apps.dashboard.views import overview
from apps.published import NothingPublishedError, VersionGoneError, current_version

ASSETS = Path(__file__).parent / "assets"
DEFAULT_PUBLISHED = Path("data/published")


def published_folder(arguments: list[str]) -> Path:
    """The folder of published versions from the command line."""
    parser = argparse.ArgumentParser(prog="tieout dashboard")
    parser.add_argument(
        "--published", type=Path, default=DEFAULT_PUBLISHED, help="folder of published versions"
    )
    return Path(parser.parse_args(arguments).published)


def run(published: Path) -> None:
    """One run of the script: find the version, draw the controls, hand over to the chosen view."""
    st.set_page_config("Tieout", page_icon=str(ASSETS / "icon.svg"), layout="wide")
    st.logo(ASSETS / "tieout.svg", size="large")
    st.html(style_sheet())

    def show_overview() -> None:
        _show(published, lambda: _overview(published))

    def show_data() -> None:
        from apps.dashboard.views import data  # the first view need not wait for it

        _show(published, lambda: data.render(published))

    st.navigation(
        [
            st.Page(
                show_overview,
                title="Overview",
                icon=":material/monitoring:",
                url_path="overview",
                default=True,
            ),
            st.Page(show_data, title="Data", icon=":material/database:", url_path="data"),
        ],
        position="top",
    ).run()


def _overview(published: Path) -> None:
    version = current_version(published)
    book = page.load_book(version.token, _version=version)
    if not book.accounts:
        empty.no_accounts()
        return
    overview.render(page.choose(version, book))


def _show(published: Path, render: Callable[[], None]) -> None:
    try:
        render()
    except NothingPublishedError:
        empty.nothing_published(published)
    except VersionGoneError:
        st.rerun()  # it was pruned between our look at CURRENT and the opening; CURRENT names another one now
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        empty.other_layout(str(error))


run(published_folder(sys.argv[1:]))
