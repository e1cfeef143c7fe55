"""The `tieout` command: puts the commands together, turns errors into one sentence and an exit code. No logic."""

import atexit
import gc
import json
import logging
import sys
from importlib.metadata import version as package_version
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from apps.cli import (
    break_commands,
    data_command,
    doctor,
    fetch_command,
    lineage_command,
    live_command,
    pipeline_commands,
    read_commands,
    snapshot_command,
)
from apps.cli.context import EXIT_USAGE, CommandContext
from config.settings import SettingsError, load_settings, prepare_environment

# Imports and the manifest make millions of objects that live as long as the command: collecting among them
# at Python's default of 700 new objects costs about a tenth of a run.
_COLLECT_AFTER = (200_000, 50, 1000)

app = typer.Typer(
    name="tieout",
    help="The books of an Interactive Brokers account, reconciled with the broker to the cent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def settings(
    ctx: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing about progress.")] = False,
) -> None:
    """Read the settings once; every command finds them in its context."""
    loaded = load_settings()
    prepare_environment(loaded.data)
    _log_to_stderr(json_lines=loaded.log_format == "json", level=logging.WARNING if quiet else logging.INFO)
    ctx.obj = CommandContext(loaded)


@app.command()
def version() -> None:
    """Print the version of Tieout."""
    typer.echo(f"tieout {package_version('tieout')}")


pipeline_commands.register(app)
fetch_command.register(app)
snapshot_command.register(app)
read_commands.register(app)
doctor.register(app)
break_commands.register(app)
lineage_command.register(app)
live_command.register(app)
data_command.register(app)


def main() -> None:
    """Entry point: exit 0 ok, 1 a break or a failed check, 2 bad usage or unreadable input."""
    gc.set_threshold(*_COLLECT_AFTER)
    # What is left when the command ends goes back with the process: to look through it first takes two seconds.
    atexit.register(gc.freeze)
    try:
        app()
    except SettingsError as error:
        typer.echo(f"tieout: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except OSError as error:
        typer.echo(f"tieout: {error.filename or 'the system says'}: {error.strerror}", err=True)
        sys.exit(EXIT_USAGE)


class _JsonLine(logging.Formatter):
    """A log record as one JSON object on one line, whatever its message holds."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {"at": self.formatTime(record), "level": record.levelname, "message": record.getMessage()}
        return json.dumps(fields, ensure_ascii=False)


def _log_to_stderr(json_lines: bool, level: int) -> None:
    logger = logging.getLogger("tieout")
    if json_lines:
        handler: logging.Handler = logging.StreamHandler()
        handler.setFormatter(_JsonLine())
    else:
        handler = RichHandler(
            console=Console(stderr=True), show_time=False, show_path=False, show_level=False
        )
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False


if __name__ == "__main__":
    main()
