"""What the doctor found: one value per thing looked at, and how it is printed. What is looked at stands elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from apps.cli.context import EXIT_BREAK, EXIT_OK

State = Literal["ok", "warning", "problem"]
_SIGNS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "problem": "[red]✗[/]"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` says what to do, where there is something to do."""

    subject: str
    state: State
    detail: str
    fix: str = ""


def report(findings: Sequence[Finding], as_json: bool) -> None:
    """Print them and leave: exit 1 if one is a problem."""
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        print_findings(findings)
    raise typer.Exit(EXIT_BREAK if any(finding.state == "problem" for finding in findings) else EXIT_OK)


def print_findings(findings: Sequence[Finding]) -> None:
    """A line each, with what to do below it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for finding in findings:
        fix = f"\n[dim]→ {escape(finding.fix)}[/]" if finding.fix else ""
        table.add_row(_SIGNS[finding.state], escape(finding.subject), escape(finding.detail) + fix)
    Console().print(table)
