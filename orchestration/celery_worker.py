"""`python -m orchestration.celery_worker`: a worker that takes steps of market data from Celery's broker."""

import argparse
import sys

from config.settings import SettingsError, load_settings, prepare_environment

EXIT_USAGE = 2


def main(arguments: list[str]) -> int:
    """Work until a signal comes; returns an exit code. A first SIGTERM lets the steps that were begun end."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.celery_worker")
    parser.add_argument("--name", default="tieout", help="what the worker is called beside the host's name")
    parser.add_argument("--steps", type=int, default=1, help="how many steps it executes at once")
    asked = parser.parse_args(arguments)
    try:
        settings = load_settings()
        if settings.executor != "celery":
            raise SettingsError("TIEOUT_EXECUTOR is not celery: set it for the workers, too")
    except SettingsError as error:
        print(f"tieout: {error}", file=sys.stderr)
        return EXIT_USAGE
    try:
        from orchestration.celery_steps import worker_app
    except ImportError as missing:
        print(f"tieout: a worker needs a package: {missing}. Install tieout[celery]", file=sys.stderr)
        return EXIT_USAGE
    prepare_environment(settings.data)
    worker_app(settings).worker_main(
        ["worker", "--loglevel=INFO", f"--concurrency={asked.steps}", f"--hostname={asked.name}@%h"]
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
