"""Recognising a Flex query's CSV by its first line. Reading it is csv_reader.py."""

from __future__ import annotations

import csv

from transforms.flex.csv_columns import fold, load_csv_columns

_FIRST_MARKS = ("BOF", "BOA", "BOS", "HEADER", "MSG")


def is_flex_csv(text: str) -> bool:
    """Whether a document that begins with `text` is a Flex query's CSV, in any of its framings.

    The first line is a record that begins a file or section, or a row of headers of a section that they show.
    """
    lines = text.lstrip("\ufeff \t\r\n").splitlines()
    cells = next(csv.reader(lines[:1]), [])
    if len(cells) > 1 and cells[0] in _FIRST_MARKS:
        return True
    columns = load_csv_columns()
    if len(cells) < 2 or not columns.is_header(cells):
        return False
    return fold(cells[0]) == "clientaccountid" or columns.by_headers(cells) is not None
