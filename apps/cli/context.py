"""What every command needs: the settings, the exit codes, and one way to say that something is wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer

from config.data_folder import DataFolder
from config.settings import Settings

EXIT_OK = 0
EXIT_BREAK = 1
EXIT_USAGE = 2


@dataclass(frozen=True)
class CommandContext:
    """What the command line hands to its commands."""

    settings: Settings

    @property
    def data(self) -> DataFolder:
        """The data folder."""
        return self.settings.data

    @property
    def published(self) -> Path:
        """The folder of published versions."""
        return self.data.published

    @property
    def state_url(self) -> str:
        """The state store's database. It may hold a password: never print it."""
        return self.settings.state_url


def fail(message: str, code: int = EXIT_USAGE) -> NoReturn:
    """Say what is wrong in one sentence on stderr, and leave."""
    typer.echo(f"tieout: {message}", err=True)
    raise typer.Exit(code)
