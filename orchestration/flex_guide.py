"""`python -m orchestration.flex_guide`: writes the tables of docs/guides/flex-query.md from transforms/probe."""

import re
import sys
from pathlib import Path

from transforms.probe.guide import fields_table, sections_table

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guides" / "flex-query.md"


def with_tables(text: str) -> str:
    """The guide with its tables as they are now. Raises ValueError if a place for one is missing."""
    for name, table in (("sections", sections_table()), ("fields", fields_table())):
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"{GUIDE.name} has no place for the {name}")
        text = place.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


def main() -> int:
    """Write the guide; returns an exit code."""
    GUIDE.write_text(with_tables(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
