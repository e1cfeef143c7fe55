"""Steps on Celery's workers: the executor that hands them out, and the app that takes them. Needs tieout[celery].

The broker's address is a setting: it stands neither in a run's configuration nor in a file that we write.
"""

import time
from collections.abc import Iterator
from typing import Any, Final

import dagster as dg
from celery import Celery
from celery.result import AsyncResult
from celery.states import STARTED
from dagster_celery.core_execution_loop import core_celery_execution_loop
from dagster_celery.executor import CeleryExecutor, RetryMode, _submit_task
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_task

from config.settings import Settings, load_settings

LOOK_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 2.0
MISSES: Final = 3
"""How often nobody may know of a step that was begun until it is lost."""


class LostStepError(RuntimeError):
    """The worker that had begun a step is gone."""


@dg.executor(name="celery", requirements=dg.multiple_process_executor_requirements())
def celery_steps(_: dg.InitExecutorContext) -> "CelerySteps":
    """Each step is a task of Celery, for the worker that is free first."""
    return CelerySteps(load_settings())


class CelerySteps(CeleryExecutor):
    """Dagster's executor for Celery, on the broker of the settings. A run fails when the worker of a step is gone."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            retries=RetryMode.DISABLED,
            broker=settings.broker_url,
            backend=settings.broker_url,
            config_source=_CONFIG,
        )

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        """Hand out the steps in their order, and give their events."""
        return core_celery_execution_loop(plan_context, execution_plan, step_execution_fn=_submitted)


_CONFIG: Final = {
    "broker_connection_retry_on_startup": True,
    "result_expires": 24 * 3600,
    "task_track_started": True,  # so that a step that waits for a worker is told from one whose worker is gone
    # a busy worker keeps no second step waiting while another is free
    "worker_disable_prefetch": True,
    "worker_prefetch_multiplier": 1,
}


def worker_app(settings: Settings) -> Celery:
    """The app of a worker: it executes steps, and nothing else."""
    app = make_app(CelerySteps(settings).app_args())
    create_task(app)
    return app


def _submitted(app: Celery, *step: Any) -> "_Watched":
    return _Watched(app, _submit_task(app, *step))


class _Watched:
    """The result of a task, which Celery alone would wait for for ever when its worker was killed."""

    def __init__(self, app: Celery, result: AsyncResult) -> None:
        self._app, self._result = app, result
        self._misses, self._next = 0, 0.0

    def ready(self) -> bool:
        """Whether the step has ended, or its worker has."""
        return self._result.ready() or self._lost()

    def get(self) -> Any:
        """The step's events. Raises `LostStepError`."""
        if not self._result.ready():
            raise LostStepError(
                "no worker knows of this step any more: the one that had begun it was ended or cannot be reached. "
                "What it stored is whole; run the job again"
            )
        return self._result.get()

    def revoke(self) -> None:
        """Let no worker begin it."""
        self._result.revoke()

    def _lost(self) -> bool:
        if time.monotonic() < self._next or self._result.state != STARTED:
            return False
        told = self._app.control.inspect(timeout=ANSWER_SECONDS).query_task(self._result.id) or {}
        self._misses = 0 if any(told.values()) else self._misses + 1
        self._next = time.monotonic() + LOOK_SECONDS
        return self._misses >= MISSES
