"""Documents with one place changed: what became of each, by kind of change, and which of them were silent."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.support.fuzz_plan import (
    AUTUMN,
    OTHER_YEARS,
    QUARTER,
    SPRING,
    Plan,
    is_seen_rightly,
    is_told_once,
    told_once,
)
from tests.support.fuzzed_books import SILENT, VERDICTS, FuzzedBooks, Outcome
from tests.support.mutations import ATTRIBUTE, KINDS, NUMBER, ROW_DROPPED
from transforms.broker_simulator import Simulation, simulate

COUNT, SEED, RUN = 240, 7, 120
"""Changes, the seed of all chance, and changes that share one run of the pipeline."""
SHARES = ((QUARTER, 0.8), (SPRING, 0.1), (AUTUMN, 0.1))


def main() -> None:
    """Print the table and each silent change. `python -m bench.bench_fuzz COUNT SEED` takes another count and seed."""
    count, seed = (int(given) for given in sys.argv[1:3]) if len(sys.argv) == 3 else (COUNT, SEED)
    life = simulate(seed=7, years=1)
    outcomes: list[Outcome] = []
    while len(outcomes) < count:
        outcomes += _run(life, min(RUN, count - len(outcomes)), seed)
        seed += 1
    _print_table(outcomes)
    silent = [o for o in outcomes if o.verdict == SILENT and o.copy.mutation]
    uncheckable = [o for o in silent if is_told_once(o.copy.mutation)]
    holes = [o for o in silent if not is_told_once(o.copy.mutation)]
    wrong = [o for o in outcomes if not is_seen_rightly(o)]
    print(f"\nsilent: {len(holes)} of {len(outcomes)} ({len(holes) / len(outcomes):.2%}, to be 0)")
    print(f"silent in an attribute that is told once only: {len(uncheckable)}")
    print(f"breaks that do not stand where the changed section is seen: {len(wrong)}")
    for outcome in (*holes, *wrong):
        print(f"  {outcome.verdict}: {outcome.copy.mutation}")
        for column, example in list((outcome.differing or dict(outcome.checks)).items())[:8]:
            print(f"      {column}: {example}")
    print("\nattributes that are told once only, so that nothing can check them:")
    for entry in told_once():
        rows = f"{entry.row} ({entry.having})" if entry.having else entry.row
        print(f"  {rows} {entry.attribute}: {entry.reason}")


def _run(life: Simulation, count: int, seed: int) -> list[Outcome]:
    """So many changes in one run of the pipeline."""
    plan = Plan(life, seed)
    plan.add_shared(QUARTER, (NUMBER, (ROW_DROPPED, ATTRIBUTE)[seed % 2])[:count])
    rest = max(count - len(OTHER_YEARS), 0)
    for base, share in SHARES[1:]:
        plan.add(base, round(rest * share))
    plan.add(QUARTER, rest - sum(round(rest * share) for _, share in SHARES[1:]))
    with tempfile.TemporaryDirectory() as folder:
        return FuzzedBooks(plan.copies, Path(folder) / "data").outcomes()


def _print_table(outcomes: list[Outcome]) -> None:
    found = Counter((o.copy.mutation.kind, o.verdict) for o in outcomes if o.copy.mutation)
    print(f"{'change':20}" + "".join(f"{verdict:>16}" for verdict in VERDICTS))
    for kind in KINDS:
        print(f"{kind:20}" + "".join(f"{found[kind, verdict]:16,}" for verdict in VERDICTS))
    print(f"{'all':20}" + "".join(f"{sum(found[k, verdict] for k in KINDS):16,}" for verdict in VERDICTS))


if __name__ == "__main__":
    main()
