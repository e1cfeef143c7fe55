"""`tieout doctor flex`: what the documents of the Flex queries have, lack, or have in the wrong format."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.context import EXIT_BREAK, EXIT_OK, EXIT_USAGE, CommandContext, fail
from apps.cli.findings import Finding, print_findings
from apps.flex_alerts import FlexAlert, flex_alerts
from orchestration.build import FetchError, probe_flex_file, probe_flex_queries

if TYPE_CHECKING:
    from orchestration.build import Probe
    from transforms.probe.look import Sight

_NAMED = 4
_SERVICE = "Flex Web Service"


def flex(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Option("--file", help="Look at this document and fetch nothing.", exists=True, dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch each Flex query and say what its document has, lacks or has in the wrong format, and what that costs."""
    command: CommandContext = ctx.obj
    alerts: list[FlexAlert] = []
    try:
        if files:
            probes = [probe_flex_file(command.settings, file) for file in files]
        else:
            probes = list(probe_flex_queries(command.settings))
            alerts = flex_alerts(command.settings, command.state_url, datetime.now(UTC))
    except FetchError as error:
        fail(str(error))
    findings = [Finding(_SERVICE, alert.state, alert.text, alert.fix) for alert in alerts]
    findings += [finding for probe in probes for finding in _findings(probe)]
    if as_json:
        service = [{"name": _SERVICE, "alerts": [asdict(alert) for alert in alerts]}] if alerts else []
        typer.echo(json.dumps([*(_as_json(probe) for probe in probes), *service], indent=1))
    else:
        print_findings(findings)
    if any(probe.unreadable for probe in probes):
        raise typer.Exit(EXIT_USAGE)
    problems = any(finding.state == "problem" for finding in findings)
    raise typer.Exit(EXIT_BREAK if problems else EXIT_OK)


def register(app: typer.Typer) -> None:
    """Add the topic to the doctor."""
    app.command()(flex)


def _findings(probe: "Probe") -> Iterator[Finding]:
    if probe.unreadable:
        yield Finding(probe.name, "problem", probe.unreadable)
    if probe.refused:
        yield Finding(probe.name, "problem" if probe.alarm else "warning", probe.refused)
    for sight in probe.sights:
        where = " ".join(part for part in (probe.name, sight.account_id) if part)
        yield Finding(where, sight.state, sight.detail + _cost(sight), sight.fix)


def _cost(sight: "Sight") -> str:
    """What a sight costs, in published columns: those that stay empty by mart, and how many others it touches."""
    lost = _by_mart(sight.lost)
    parts = []
    if lost:
        named = [f"{mart} ({_some(columns)})" for mart, columns in list(lost.items())[:_NAMED]]
        more = f" and {len(lost) - _NAMED} more tables" if len(lost) > _NAMED else ""
        parts.append(f"stays empty: {', '.join(named)}{more}")
    if sight.touched:
        parts.append(f"published columns that it reaches in part: {len(sight.touched)}")
    return f"\n{'; '.join(parts)}" if parts else ""


def _by_mart(columns: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for mart, column in columns:
        found[mart].append(column)
    return found


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _as_json(probe: "Probe") -> dict[str, object]:
    """A probe with its published columns as `mart.column`."""
    told = asdict(probe)
    for sight in told["sights"]:
        for name in ("lost", "touched"):
            sight[name] = [f"{mart}.{column}" for mart, column in sight[name]]
    return told
