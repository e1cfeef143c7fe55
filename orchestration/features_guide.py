"""`python -m orchestration.features_guide`: writes the table of docs/features.md from transforms/features/bars."""

import re
import sys
from pathlib import Path

from transforms.features.bars.guide import features_table

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "features.md"
_PLACE = re.compile(r"(<!-- features -->\n).*?(<!-- /features -->)", re.DOTALL)


def with_table(text: str) -> str:
    """The page with its table as it is now. Raises ValueError if the place for it is missing."""
    if not _PLACE.search(text):
        raise ValueError(f"{GUIDE.name} has no place for the features")
    return _PLACE.sub(lambda found: f"{found[1]}{features_table()}\n{found[2]}", text)


def main() -> int:
    """Write the page; returns an exit code."""
    GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
