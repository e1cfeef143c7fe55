"""A million trades from the document to the published marts: wall time and peak memory of one `tieout run`.

Then the page's first view on those marts.
"""

import sys
import tempfile
from pathlib import Path

from bench import bench_page
from bench.measure import run
from tests.support.command import command, environment
from transforms.broker_simulator import simulate

TRADES = 1_000_000


def main() -> None:
    """Print what it took. The documents (the two accounts' years) are written first and are not counted."""
    trades = int(sys.argv[1]) if len(sys.argv) > 1 else TRADES
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        inbox = data / "inbox"
        inbox.mkdir()
        life = simulate(extra_trades=trades)
        size = 0
        for document in life.documents():
            # The years alone hold every trade once; the months and days would tell them again.
            if len(document.file_name) == len("U1000001_2023.xml"):
                with (inbox / document.file_name).open("wb") as stream:
                    size += sum(stream.write(chunk) for chunk in document.chunks())
        print(f"{trades:,} trades besides the life, {size / 1e9:.2f} GB of documents", flush=True)
        figure = run(command("run"), environment(data), data)
        print(f"document to published marts:  {figure.seconds:6.1f} s  (limit 180)")
        print(f"peak memory:                  {figure.peak_bytes / 1e9:6.2f} GB (limit 4)")
        bench_page.report(data)


if __name__ == "__main__":
    main()
