"""`tieout data import` of a market's zip: bars a second of processor time from the file to the lake, and the memory.

`python -m bench.bench_import 8000 600` takes 8,000 symbols with 600 bars each instead of 600 with 2,500.
"""

import resource
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from bench.bench_stooq_bulk import BARS, SYMBOLS, text_files
from config.settings import Settings
from orchestration.market.work import MarketData


def main() -> None:
    """Import a zip into an empty lake, and once more."""
    symbols, bars = (int(given) for given in sys.argv[1:3]) if len(sys.argv) == 3 else (SYMBOLS, BARS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d_us_txt.zip"
        ((name, content),) = text_files(1, bars)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(symbols):
                ticker = f"s{number:05d}"
                archive.writestr(
                    name.replace("s0000", ticker), content.replace(b"S0000", ticker.upper().encode())
                )
        market = MarketData(Settings.model_validate({"TIEOUT_DATA_DIR": Path(folder) / "data"}))
        for what in ("into an empty lake", "the same again"):
            began, begun = time.process_time(), time.perf_counter()
            done = market.import_file(path, "us")
            seconds, waited = time.process_time() - began, time.perf_counter() - begun
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(
                f"{what:<20}{done.outcome.added:>12,} bars into {len(done.outcome.years)} years: {seconds:6.1f} s of "
                f"processor time, {waited:6.1f} s in all, {memory:.1f} GB at most"
            )


if __name__ == "__main__":
    main()
