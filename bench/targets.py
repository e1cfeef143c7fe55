"""What the benchmarks of market data have to reach, printed as rows of a Markdown table. Nothing is measured here."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
HEAD = "| what | on the clock | of the processors | to reach |\n|---|---|---|---|"


@dataclass(frozen=True)
class Target:
    """A figure on the clock, that of the processors' time beside it, and its limit (`least`: what it has to exceed).

    The clock of a machine that does other work tells little: `judged` says which of the two is held to the limit.
    """

    what: str
    unit: str
    clock: float | None
    processors: float | None
    limit: float
    least: bool = False
    judged: str = "clock"

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit."""
        figure = self.clock if self.judged == "clock" else self.processors
        assert figure is not None
        return figure >= self.limit if self.least else figure <= self.limit

    def row(self) -> str:
        """Of the table."""
        way = "at least" if self.least else "at most"
        missed = "" if self.met else " (missed)"
        cells = (self.what, self._told(self.clock), self._told(self.processors))
        return f"| {' | '.join(cells)} | {way} {self._told(self.limit)}{missed} |"

    def _told(self, figure: float | None) -> str:
        if figure is None:
            return ""
        digits = 0 if abs(figure) >= 10 else 1 if self.unit in ("s", "×") else 2
        return f"{figure:,.{digits}f} {self.unit}"


def machine() -> str:
    """How many processors there are, and how many programs want them now: it makes the clock slower for all of them."""
    return (
        f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f} before it began. "
        "The clock is right on an idle machine only, the processors' time about so on a busy one."
    )


def table(targets: Sequence[Target]) -> str:
    """A row of Markdown for each."""
    return "\n".join([HEAD, *(one.row() for one in targets)])


def within(page: str, text: str) -> str:
    """A page with this text in the place that BEGIN and END mark. Raises ValueError where it has none."""
    if BEGIN not in page or END not in page:
        raise ValueError(f"the page has no place for the table: {BEGIN} … {END}")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    return f"{before}{BEGIN}\n{text}\n{END}{after}"
