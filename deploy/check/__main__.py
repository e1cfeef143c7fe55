"""`python -m deploy.check`: the containers without a container engine. A line per check; exit 1 if one fails."""

import sys

from deploy.check.compose import ROOT
from deploy.check.gateway import problems_of_the_probe
from deploy.check.rules import SERVICE_RULES, broken_rules
from deploy.check.started import CheckError, check_started


def main() -> int:
    """Check the files first, then start what they say; returns an exit code."""
    problems = [*broken_rules(ROOT), *problems_of_the_probe(ROOT / "deploy/gateway_answers.sh")]
    for problem in problems:
        print(f"failed  {problem}", flush=True)
    if problems:
        return 1
    for rule in SERVICE_RULES:
        print(f"ok      every service: {(rule.__doc__ or '').splitlines()[0]}")
    print(
        "ok      ib-gateway's health check knows a Gateway that answers from a port that is only open",
        flush=True,
    )
    try:
        check_started(ROOT, lambda told: print(f"ok      {told}", flush=True))
    except CheckError as error:
        print(f"failed  {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
