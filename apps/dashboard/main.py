"""Entry of the page: `streamlit run apps/dashboard/main.py -- --published DIR`. Navigation only."""

import argparse
import sys
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
        _show(published)

    st.navigation(
        [
            st.Page(
                show_overview,
                title="Overview",
                icon=":material/monitoring:",
                url_path="overview",
                default=True,
            )
        ],
        position="top",
    ).run()


def _show(published: Path) -> None:
    try:
        version = current_version(published)
        book = page.load_book(version.token, _version=version)
        if not book.accounts:
            empty.no_accounts()
            return
        overview.render(page.choose(version, book))
    except NothingPublishedError:
        empty.nothing_published(published)
    except VersionGoneError:
        st.rerun()  # it was pruned between our look at CURRENT and the opening; CURRENT names another one now
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        empty.other_layout(str(error))


run(published_folder(sys.argv[1:]))
