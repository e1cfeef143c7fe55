"""Whether a text is a cron line of five fields. When its ticks fall is Dagster's business."""

import re
from typing import Final

_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# First and last number of each field, and the names of its numbers from the first one on.
_FIELDS: Final[tuple[tuple[int, int, list[str]], ...]] = (
    (0, 59, []),
    (0, 23, []),
    (1, 31, []),
    (1, 12, _MONTHS),
    (0, 7, _DAYS),
)
_PART: Final = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d{0,2}))?", re.ASCII)


def is_cron(text: str) -> bool:
    """Whether a text is five fields of numbers or names that stand for a minute, hour, day, month and weekday."""
    fields = text.split()
    return len(fields) == len(_FIELDS) and all(
        _is_part(part, *_FIELDS[at]) for at, field in enumerate(fields) for part in field.lower().split(",")
    )


def _is_part(part: str, first: int, last: int, names: list[str]) -> bool:
    """Whether a part of a field is `*`, a number or a range, each with a step behind it or none."""
    found = _PART.fullmatch(part)
    if found is None:
        return False
    numbers = [_number(name, first, names) for name in found.groups()[:2] if name]
    return all(first <= number <= last for number in numbers) and numbers == sorted(numbers)


def _number(name: str, first: int, names: list[str]) -> int:
    if name in names:
        return first + names.index(name)
    return int(name) if name.isdigit() and len(name) < 3 else -1
