"""Making the pages of Great Expectations safe to open: whatever they would load from the network is taken out.

Their own first page is drawn by scripts from the network; ours stands in its place.
"""

import re
import shutil
from collections.abc import Iterable
from html import escape
from pathlib import Path

_SCRIPTS = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)
# A picture in these pages is a logo, or a beacon that tells its maker who has opened them.
_PICTURES = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_REMOTE_LINKS = re.compile(r"<link\b[^>]*https?://[^>]*>", re.IGNORECASE)
_REMOTE_ADDRESSES = re.compile(
    r"\s(?:href|src|action)\s*=\s*(['\"])\s*(?:https?:)?//.*?\1", re.DOTALL | re.IGNORECASE
)
_REMOTE_STYLES = re.compile(r"url\(\s*['\"]?\s*(?:https?:)?//[^)]*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_UNUSED = ("static/images", "static/fonts")

# The browser itself refuses what is not on this machine; and the plain tables that are left can be read.
_OUR_HEAD = """
<meta http-equiv="Content-Security-Policy" content="default-src 'self' file: data: 'unsafe-inline'; script-src 'none'">
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; } th, td { border: 1px solid #8886; padding: .3rem .6rem; text-align: left; }
.modal, .modal-dialog, .popover, .cooltip .top, #ge-cta-footer, footer, button, label.btn { display: none !important; }
.fa-check-circle::before { content: "\2713"; } .fa-times::before { content: "\2717"; }
.fa-exclamation-triangle::before { content: "!"; }
.row { margin: .5rem 0; } .text-success { color: #17803d; } .text-danger { color: #b91c1c; }
</style>
"""


def make_local(site: Path) -> None:
    """Rewrite every page below a folder so that opening it needs and tells nobody else."""
    for page in site.rglob("*.html"):
        page.write_text(local_page(page.read_text(encoding="utf-8")), encoding="utf-8")
    for style in site.rglob("*.css"):
        style.write_text(_REMOTE_STYLES.sub("none", style.read_text(encoding="utf-8")), encoding="utf-8")
    for folder in _UNUSED:
        shutil.rmtree(site / folder, ignore_errors=True)


def first_page(version: str, lines: Iterable[tuple[bool, str, str, str, str]]) -> str:
    """The page of a version: what was expected, whether it holds, and a link to the topic's page.

    A line: holds, severity, sentence, what was observed, address of the page.
    """
    rows = "\n".join(
        f'<tr><td class="{"text-success" if holds else "text-danger"}">{"holds" if holds else escape(severity)}</td>'
        f'<td><a href="{escape(address)}">{escape(says)}</a></td><td>{escape(observed)}</td></tr>'
        for holds, severity, says, observed, address in lines
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{_OUR_HEAD}<meta charset="utf-8"><title>Inspection</title></head>\n'
        f"<body><h1>Version {escape(version)}</h1>\n"
        f"<table><tr><th></th><th>Expected</th><th>Found instead</th></tr>\n{rows}\n</table></body></html>\n"
    )


def local_page(text: str) -> str:
    """One page without scripts, pictures, and addresses of other machines."""
    for pattern in (_SCRIPTS, _PICTURES, _REMOTE_LINKS, _REMOTE_ADDRESSES):
        text = pattern.sub("", text)
    text = _REMOTE_STYLES.sub("none", text)
    return _HEAD.sub(lambda head: head[0] + _OUR_HEAD, text, count=1)
