"""Documents of one account of the synthetic broker as files, as a person has them before `tieout ingest`."""

from datetime import date, datetime
from pathlib import Path

from transforms.broker_simulator import simulate


def write_papers(folder: Path) -> Path:
    """Two good documents of one account, the second overlapping the first, and one that was cut off."""
    life = simulate(seed=3, years=1)
    first = life.document(["U1000001"], date(2023, 1, 2), date(2023, 1, 31), datetime(2023, 2, 1, 2))
    second = life.document(["U1000001"], date(2023, 1, 16), date(2023, 2, 10), datetime(2023, 2, 11, 2))
    (folder / "january.xml").write_bytes(b"".join(first.chunks()))
    (folder / "february.xml").write_bytes(b"".join(second.chunks()))
    (folder / "cut.xml").write_bytes((folder / "january.xml").read_bytes()[:5000])
    return folder
