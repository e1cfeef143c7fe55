"""`tieout doctor`: what is set up, what is missing, and what to do about it, in plain words. It changes nothing."""

import json
import os
import platform
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Annotated

import typer

from apps.breaks import broken_checks, note_of, read_acknowledged
from apps.cli import doctor_flex, doctor_tws
from apps.cli.context import CommandContext
from apps.cli.findings import Finding, State, report
from apps.flex_alerts import flex_alerts
from apps.live.health import judge
from apps.published import NothingPublishedError, Reader, open_current
from transforms.probe.sections import wanted_sections

LEAST_FREE_BYTES = 2 * 1024**3
GUIDE = "docs/guides/flex-query.md"
WANTED = {s.tag: s.without for s in wanted_sections().values() if s.need == "always"}


# Parts of the installation that can be looked at alone (`tieout doctor TOPIC`): modules that register their command.
TOPICS: tuple[ModuleType, ...] = (doctor_flex, doctor_tws)


def doctor(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Look at the installation, the data folder and the documents; say what is missing and what it costs."""
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise typer.BadParameter(f"write it behind the topic: `doctor {ctx.invoked_subcommand} --json`")
        return
    command: CommandContext = ctx.obj
    found = (_machine, _documents, _flex, _live, _published)
    report([finding for look in found for finding in look(command)], as_json)


def register(app: typer.Typer) -> None:
    """Add the command and its topics to the command line."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(doctor)
    for topic in TOPICS:
        topic.register(group)
    app.add_typer(group, name="doctor")


def _machine(command: CommandContext) -> Iterator[Finding]:
    supported = (3, 11) <= sys.version_info[:2] < (3, 14)
    fix = "" if supported else "remove .venv and run `make venv PYTHON=python3.11`"
    yield Finding("Python", "ok" if supported else "problem", platform.python_version(), fix)
    root = command.data.root
    parent = next(folder for folder in (root, *root.parents) if folder.exists())
    if not os.access(parent, os.W_OK):
        yield Finding(
            "data folder", "problem", f"{root} cannot be written", "set TIEOUT_DATA_DIR to another folder"
        )
    else:
        free = shutil.disk_usage(parent).free
        enough = free >= LEAST_FREE_BYTES
        fix = "" if enough else "make room, or move the folder and set TIEOUT_DATA_DIR"
        yield Finding(
            "data folder", "ok" if enough else "warning", f"{root}, {free / 1024**3:.0f} GiB free", fix
        )
    yield Finding("time zone of Flex times", "ok", command.settings.flex_timezone)


def _documents(command: CommandContext) -> Iterator[Finding]:
    waiting = (
        sorted(p.name for p in command.data.inbox.iterdir() if p.is_file() and not p.name.startswith("."))
        if command.data.inbox.is_dir()
        else []
    )
    if waiting:
        yield Finding(
            "inbox", "warning", f"{len(waiting)} file(s) waiting, such as {waiting[0]}", "run `tieout run`"
        )
    else:
        yield Finding("inbox", "ok", "empty")
    for path in sorted(command.data.quarantine.glob("*.reason.json")):
        if not path.with_name(path.name.removesuffix(".reason.json")).exists():
            continue  # the document is gone, or this is itself a document that bears such a name
        told = json.loads(path.read_bytes())
        name = told["file_name"]
        yield Finding(
            "quarantine",
            "warning",
            told["reason"] if name in told["reason"] else f"{name}: {told['reason']}",
            f"then remove {path.name.removesuffix('.reason.json')} from {command.data.quarantine}",
        )


def _flex(command: CommandContext) -> Iterator[Finding]:
    """What the Flex Web Service said last, and how long the token is good."""
    for alert in flex_alerts(command.settings, command.state_url, datetime.now(UTC)):
        yield Finding("Flex Web Service", alert.state, alert.text, alert.fix)


def _live(command: CommandContext) -> Iterator[Finding]:
    """How the live feed does, where one ever ran; one that was ended in order is no fault."""
    verdict = judge(command.data, datetime.now(UTC))
    if verdict.health is not None:
        fine = verdict.ok or verdict.ended
        fix = "" if fine else "see `tieout live --status` (docs/guides/live.md)"
        yield Finding("live feed", "ok" if fine else "warning", verdict.says, fix)


def _published(command: CommandContext) -> Iterator[Finding]:
    try:
        with open_current(command.published) as reader:
            yield from _version(reader)
            yield from _breaks(reader, command.state_url)
            yield from _sections(reader)
            yield from _health(reader)
    except NothingPublishedError as error:
        yield Finding("published version", "warning", "none", str(error))


def _version(reader: Reader) -> Iterator[Finding]:
    (build,) = reader.records("select built_at, documents_loaded, last_date from marts.build_info")
    if not build["documents_loaded"]:
        yield Finding(
            "published version",
            "warning",
            f"{reader.version.id} is made from no document",
            f"put a Flex document into the inbox and run `tieout run` ({GUIDE})",
        )
        return
    detail = (
        f"{reader.version.id}, built {build['built_at']:%Y-%m-%d %H:%M} UTC "
        f"from {build['documents_loaded']} documents, up to {build['last_date']}"
    )
    yield Finding("published version", "ok", detail)


def _breaks(reader: Reader, state_url: str) -> Iterator[Finding]:
    """Per account, the broken checks that nobody acknowledged."""
    broken = broken_checks(reader)
    if not broken:
        return
    from state_store.database import StateError

    try:
        known = read_acknowledged(state_url)
    except StateError as error:
        yield Finding("state store", "problem", str(error), "every break counts as open until it can be read")
        known = {}
    left = Counter(row["account_id"] for row in broken if note_of(row, known) is None)
    for account_id, count in left.items():
        yield Finding(
            f"account {account_id}", "problem", f"{count} check(s) do not tie", "see `tieout reconcile`"
        )


def _sections(reader: Reader) -> Iterator[Finding]:
    """Per account, the sections that none of its documents has."""
    rows = reader.records(
        """
        with named as (
            select document_id, unnest(string_split(accounts, ', ')) as account_id
            from marts.document
            where status = 'loaded' and accounts <> '' and kind is distinct from 'portfolio_analyst_csv'
        )
        select account_id, list(distinct section) as sections
        from named join marts.document_section using (document_id)
        group by account_id
        order by account_id
        """
    )
    for row in rows:
        missing = [section for section in WANTED if section not in row["sections"]]
        if not missing:
            yield Finding(f"account {row['account_id']}", "ok", f"all {len(WANTED)} sections are there")
        for section in missing:
            yield Finding(
                f"account {row['account_id']}",
                "warning",
                f"no document has the section {section}: {WANTED[section]}",
                f"tick it in the Flex query ({GUIDE})",
            )


def _health(reader: Reader) -> Iterator[Finding]:
    rows = reader.records(
        """
        select check_name, severity, count(*) as n, min(detail) as detail, min(suggestion) as suggestion
        from marts.data_health
        where severity <> 'info'
        group by check_name, severity
        order by severity, check_name
        """
    )
    for row in rows:
        more = f" (and {row['n'] - 1} more like it)" if row["n"] > 1 else ""
        state: State = "problem" if row["severity"] == "error" else "warning"
        yield Finding(
            row["check_name"].replace("_", " "), state, row["detail"] + more, row["suggestion"] or ""
        )
