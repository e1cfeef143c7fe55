"""Recognising an Activity Statement's CSV by its first line. Reading it is activity_reader.py."""

from __future__ import annotations

import csv

ROW_KINDS = ("Header", "Data", "SubTotal", "Total")
"""What the second cell of a record says it is."""

_OTHER_REPORTS = ("Introduction",)


def is_activity_statement(text: str) -> bool:
    """Whether a document that begins with `text` is an Activity Statement: its records begin section, row kind.

    A PortfolioAnalyst report is built alike, but begins with its Introduction.
    """
    lines = text.lstrip("\ufeff \t\r\n").splitlines()
    cells = next(csv.reader(lines[:1]), [])
    return len(cells) > 2 and cells[1] == ROW_KINDS[0] and cells[0] not in _OTHER_REPORTS
