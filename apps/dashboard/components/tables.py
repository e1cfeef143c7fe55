"""Tables with their downloads. Rows come as dictionaries; which columns are amounts is said by the caller."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from apps.dashboard.components.formatting import MASK
from apps.exact_text import instant, write_csv

Row = Mapping[str, Any]
EXCEL_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_bytes(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    """The rows as CSV with exact decimals."""
    stream = io.StringIO()
    write_csv(columns, [[row[column] for column in columns] for row in rows], stream)
    return stream.getvalue().encode()


def excel_bytes(rows: Sequence[Row], columns: Sequence[str], sheet: str) -> bytes:
    """The rows as a workbook: numbers as Excel's doubles, dates as dates, text never taken for a formula."""
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet[:31])
        heading = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        number = book.add_format({"num_format": "#,##0.00########"})
        for place, column in enumerate(columns):
            page.write_string(0, place, column, heading)
            page.set_column(place, place, max(len(column) + 2, 12))
        for line, row in enumerate(rows, start=1):
            for place, column in enumerate(columns):
                value = row[column]
                if value is None:
                    continue
                if isinstance(value, (Decimal, float, int)) and not isinstance(value, bool):
                    page.write_number(line, place, float(value), number)
                elif isinstance(value, datetime):
                    page.write_string(line, place, instant(value))
                elif isinstance(value, date):
                    page.write_datetime(line, place, datetime(value.year, value.month, value.day), day)
                else:
                    page.write_string(line, place, str(value))
        page.freeze_panes(1, 0)
        if rows:
            page.autofilter(0, 0, len(rows), len(columns) - 1)
    return stream.getvalue()


def downloads(name: str, rows: Sequence[Row], columns: Sequence[str], *, private: bool) -> None:
    """CSV and Excel buttons. With privacy on they are off: a file would hold what the screen hides."""
    reason = "Off while privacy is on" if private else None
    with st.container(horizontal=True, gap="small", key=f"downloads-{name}"):
        st.download_button(
            "CSV",
            lambda: csv_bytes(rows, columns),
            f"{name}.csv",
            "text/csv",
            key=f"csv-{name}",
            on_click="ignore",
            disabled=private,
            help=reason,
            icon=":material/download:",
            type="tertiary",
        )
        st.download_button(
            "Excel",
            lambda: excel_bytes(rows, columns, name),
            f"{name}.xlsx",
            EXCEL_MIME,
            key=f"excel-{name}",
            on_click="ignore",
            disabled=private,
            help=reason,
            icon=":material/download:",
            type="tertiary",
        )


def frame(rows: Sequence[Row], columns: Sequence[str], *, masked: Sequence[str] = ()) -> pl.DataFrame:
    """Rows for the screen: decimals as doubles (the grid draws no decimals), masked columns as dots."""

    def shown(column: str, value: Any) -> Any:
        if value is None:
            return None
        if column in masked:
            return MASK
        return float(value) if isinstance(value, Decimal) else value

    # Columns that are NULL in every row would have no type, so text is what they get.
    data = {column: [shown(column, row[column]) for row in rows] for column in columns}
    return pl.DataFrame(
        {
            column: pl.Series(column, values, strict=False)
            if any(value is not None for value in values)
            else pl.Series(column, values, dtype=pl.String)
            for column, values in data.items()
        }
    )
