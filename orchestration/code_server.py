"""`python -m orchestration.code_server`: Dagster's code server, for containers. It holds the place of the services.

Runs are its children. So it is the one that knows, when it starts, that what is still marked as running has died.
"""

import argparse
import os
import runpy
import sys

from config.settings import SettingsError, load_settings
from orchestration.build import ServicesRunningError, prepare_services, the_only_services

EXIT_USAGE = 2
CALLS_END_SECONDS = 20
"""How long calls under way may go on after the signal: a container is killed after half a minute, and Dagster's
own default is a whole one.
"""


def main(arguments: list[str]) -> int:
    """Serve the definitions until a signal comes; returns an exit code."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.code_server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default="4000")
    where = parser.parse_args(arguments)
    try:
        data = load_settings().data
        with the_only_services(data):
            prepare_services(data)
            _serve(where.host, where.port)
    except (SettingsError, ServicesRunningError) as error:
        print(f"tieout: {error}", file=sys.stderr)
        return EXIT_USAGE
    return 0


def _serve(host: str, port: str) -> None:
    """`dagster api grpc` in this process: a child would not know that we hold the place when we are killed."""
    sys.argv = [
        "dagster", "api", "grpc", "--module-name", "orchestration.definitions", "--host", host, "--port", port,
    ]  # fmt: skip
    os.environ.setdefault("DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD", str(CALLS_END_SECONDS))
    runpy.run_module("dagster", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
