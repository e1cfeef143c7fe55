"""Whether a vendor still answers in this run. What an answer means is the vendors' modules' business."""

from dataclasses import dataclass
from typing import Final

from transforms.market.vendors.contract import Reach, VendorError

MOST_FAILURES: Final = 3


@dataclass
class SourceState:
    """Shared by all series of one vendor in one run: what ended it, and how many series failed in a row.

    `ended` is the error with which the vendor was given up, for one message about all that was not asked.
    """

    ended: VendorError | None = None
    failures: int = 0

    def check(self) -> None:
        """Raises the error that ended the source, anew each time: an exception's traceback grows when it is reused."""
        if self.ended is not None:
            raise VendorError(Reach.SOURCE, self.ended.problem, self.ended.fix)

    def answered(self) -> None:
        """A request was answered in full."""
        self.failures = 0

    def judged(self, error: VendorError, asked_often: bool) -> VendorError:
        """The error to tell. It ends the source if it says so, or if series after series fails, each asked often."""
        if error.reach is Reach.SERIES:
            self.failures = self.failures + 1 if asked_often else 0
            if self.failures == MOST_FAILURES:
                error = VendorError(
                    Reach.SOURCE, f"{error.problem} ({MOST_FAILURES} series in a row)", error.fix, error.wait
                )
        if error.reach is Reach.SOURCE and self.ended is None:
            self.ended = error
        return error
