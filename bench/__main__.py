"""`python -m bench [NAME…]`: all benchmarks, or those named."""

import sys
from importlib import import_module

BENCHES = ("flex_reader", "pipeline", "ten_years", "tax_lots", "million_trades", "page", "fuzz", "live")


def main() -> None:
    """Run them one after the other."""
    for name in sys.argv[1:] or BENCHES:
        if name not in BENCHES:
            sys.exit(f"no benchmark {name}; there are: {', '.join(BENCHES)}")
        print(f"\n== {name}", flush=True)
        sys.argv = [name]
        import_module(f"bench.bench_{name}").main()


if __name__ == "__main__":
    main()
