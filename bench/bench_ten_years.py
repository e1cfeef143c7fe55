"""One more daily document on ten years of daily documents, against the same on one year of them."""

import shutil
import tempfile
from datetime import datetime, time, timedelta
from pathlib import Path

from bench.measure import run
from tests.support.command import command, environment
from transforms.broker_simulator import simulate

YEARS = 10
ROUNDS = 3


def main() -> None:
    """Print the seconds of the last day's run on both accounts: its own cost and the models', not the history's."""
    with tempfile.TemporaryDirectory() as name:
        documents = _daily_documents(Path(name) / "documents")
        year = [path for path in documents if path.stem[-8:-4] == documents[-1].stem[-8:-4]]
        short, long = (
            _Account(Path(name) / label, files) for label, files in (("1", year), ("10", documents))
        )
        seconds = [(short.last_day(n), long.last_day(n)) for n in range(ROUNDS)]
    ratio = sorted(long / short for short, long in seconds)[ROUNDS // 2]
    one, ten = (sorted(column)[ROUNDS // 2] for column in zip(*seconds, strict=True))
    print(f"one more day after {len(year) - 1:5,} daily documents:  {one:6.2f} s")
    print(f"one more day after {len(documents) - 1:5,} daily documents:  {ten:6.2f} s  {ratio:5.2f} ×")


def _daily_documents(folder: Path) -> list[Path]:
    """A document a day for one account over all years, in order of their days."""
    folder.mkdir()
    life = simulate(years=YEARS)
    account = life.accounts[0]
    paths = []
    for day in life.days:
        generated = datetime.combine(day + timedelta(1), time(3))
        document = life.document([account], day, day, generated, file_name=f"{account}_{day:%Y%m%d}.xml")
        document.write(folder / document.file_name)
        paths.append(folder / document.file_name)
    return paths


class _Account:
    """An account whose documents but the last are published; each round takes the last day into a copy of it."""

    def __init__(self, folder: Path, files: list[Path]) -> None:
        self._folder = folder
        self._last = files[-1]
        inbox = folder / "base" / "inbox"
        inbox.mkdir(parents=True)
        for path in files[:-1]:
            shutil.copy(path, inbox)
        run(command("run"), environment(folder / "base"), folder / "base")

    def last_day(self, number: int) -> float:
        data = self._folder / f"round{number}"
        shutil.copytree(self._folder / "base", data, symlinks=True)
        shutil.copy(self._last, data / "inbox")
        seconds = run(command("run"), environment(data), data).seconds
        shutil.rmtree(data)
        return seconds


if __name__ == "__main__":
    main()
