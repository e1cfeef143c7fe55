"""How the command runs a job of Dagster: on the instance that the UI shows, in this process, and silently."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from config.settings import Settings, prepare_environment
from orchestration.instance import end_killed_runs, prepare_instance
from orchestration.keys import SERVICES_LOCK, WRITER_LOCK
from orchestration.resources.files import exclusive, try_exclusive

if TYPE_CHECKING:
    import dagster as dg

# The command says itself what goes on; Dagster's events are in the instance, for its UI.
QUIET_CONSOLE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@contextmanager
def instance_for_command(settings: Settings) -> Iterator["dg.DagsterInstance"]:
    """Dagster's instance for one run of the command; runs that were killed are ended first."""
    prepare_environment(settings.data)
    prepare_instance(settings.data)
    import dagster as dg

    with (
        exclusive(settings.data.dagster / ".command.lock"),
        dg.DagsterInstance.get() as instance,
    ):
        end_killed_runs(instance, by_command=True)
        with (
            try_exclusive(settings.data.root / SERVICES_LOCK) as no_services,
            try_exclusive(settings.data.root / WRITER_LOCK) as no_writer,
        ):
            if no_services and no_writer:
                end_killed_runs(instance, by_command=False)
        yield instance


def failure_of(result: "dg.ExecuteInProcessResult") -> str:
    """What went wrong first, in the words of the code that found it. The stack is in Dagster's log of the run."""
    where = f"More in the log of run {result.run_id} (`tieout up` shows it)."
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            said = data.user_failure_data.description if data.user_failure_data else None
            return f"{said or _innermost(data.error)}\n{where}"
    for event in result.all_events:
        if event.is_failure:
            return (
                f"{_innermost(getattr(event.event_specific_data, 'error', None)) or event.message}\n{where}"
            )
    return where


def _innermost(error: Any) -> str:
    """The message of the error that Dagster's own errors are wrapped around."""
    if error is None:
        return ""
    return str((error.cause or error).message).strip()
