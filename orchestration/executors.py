"""Where the steps of the market jobs run, as TIEOUT_EXECUTOR says. What they do is defs/market; the books stay here."""

from typing import TYPE_CHECKING

from config.settings import Settings

if TYPE_CHECKING:
    import dagster as dg


def market_executor(settings: Settings) -> "dg.ExecutorDefinition":
    """In this process, on Celery's workers, or in pods. Raises `ValueError` where a package is missing."""
    import dagster as dg

    try:
        if settings.executor == "celery":
            from orchestration.celery_steps import celery_steps

            return celery_steps
        if settings.executor == "kubernetes":
            from dagster_k8s import k8s_job_executor

            return k8s_job_executor
    except ImportError as missing:
        raise ValueError(
            f"TIEOUT_EXECUTOR is {settings.executor}, which needs a package: {missing}. "
            f"Install tieout[{settings.executor}]"
        ) from missing
    return dg.in_process_executor
