"""`python -m bench [--readme] [NAME…]`: all benchmarks, or those named.

Those of market data have targets; a missed one is said and fails nothing. `--readme` writes their table into README.md.
"""

import sys
from importlib import import_module
from pathlib import Path

from bench.targets import Target, machine, table, within

BENCHES = (
    "flex_reader",
    "pipeline",
    "ten_years",
    "tax_lots",
    "million_trades",
    "page",
    "fuzz",
    "live",
    "stooq_bulk",
    "import",
    "lake",
    "features",
)
README = Path(__file__).parents[1] / "README.md"


def main() -> None:
    """Run them one after the other."""
    names = [name for name in sys.argv[1:] if name != "--readme"]
    readme = len(names) < len(sys.argv) - 1
    targets: list[Target] = []
    busy = machine()
    for name in names or BENCHES:
        if name not in BENCHES:
            sys.exit(f"no benchmark {name}; there are: {', '.join(BENCHES)}")
        print(f"\n== {name}", flush=True)
        sys.argv = [name]
        targets += import_module(f"bench.bench_{name}").main() or ()
    if targets:
        print(f"\n{busy}\n\n{table(targets)}")
    if readme:
        text = f"{busy}\n\n{table(targets)}"
        README.write_text(within(README.read_text("utf-8"), text), "utf-8")


if __name__ == "__main__":
    main()
