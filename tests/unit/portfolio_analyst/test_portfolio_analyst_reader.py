"""The reader of PortfolioAnalyst CSV: every line becomes a row, every cell keeps its text, damage is refused."""

import csv
import io
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.analysis_text import INTRODUCTION, SAMPLE, analysis, csv_bytes, raw_frames
from transforms.documents import DocumentError, recognise
from transforms.portfolio_analyst.reader import (
    PortfolioAnalystDocument,
    analysis_period,
    read_portfolio_analyst,
)

OWN = {"_document_id", "_statement", "_account_id", "_row", "_element", "_parent"}


def read(document: bytes) -> PortfolioAnalystDocument:
    return read_portfolio_analyst(io.BytesIO(document), "d", lambda batch: None)


@pytest.mark.skipif(not SAMPLE.exists(), reason="needs the documents in ../shared/samples")
def test_the_sample_is_read_whole() -> None:
    """Lines counted here with the csv module; every cell of every row is found again under its header's name."""
    lines = list(csv.reader(SAMPLE.read_text().splitlines()))
    frames = raw_frames(SAMPLE.read_bytes())
    counted = Counter("PA.MetaInfo" if kind == "MetaInfo" else f"PA.{section}"
                      for section, kind, *_ in lines if kind != "Header")  # fmt: skip
    assert {section: frame.height for section, frame in frames.items()} == dict(counted)
    assert sum(counted.values()) == 20
    cells = [cell for section, kind, *rest in lines if kind == "Data" for cell in rest]
    kept = [
        cell
        for section, frame in frames.items()
        if section != "PA.MetaInfo"
        for row in frame.drop(OWN).rows()
        for cell in row
        if cell is not None
    ]
    assert Counter(kept) == Counter(cells)
    document = read(SAMPLE.read_bytes())
    assert (document.account_id, document.period_start, document.period_end, document.notes) == (
        "U1234567", date(2026, 1, 1), date(2026, 7, 17), (),
    )  # fmt: skip


def test_a_section_that_is_headed_again_keeps_its_tables_apart() -> None:
    section = "Historical Performance"
    frames = raw_frames(
        analysis(
            [section, "Header", "Account", "MTD", "YTD"],
            [section, "Data", "U1", "1.00", "-"],
            [section, "Header", "Month", "Account", "AccountReturn"],
            [section, "Data", "202401", "U1", "0.50"],
            [section, "Data", "202402", "U1", "0.25"],
            [section, "Header", "Year", "Account", "AccountReturn"],
            [section, "Data", "2024", "U1", "0.75"],
        )
    )
    rows = frames[f"PA.{section}"]
    assert rows["_element"].to_list() == ["Account", "Month", "Month", "Year"]
    assert rows["_row"].to_list() == [0, 1, 2, 3]
    assert rows["AccountReturn"].to_list() == [None, "0.50", "0.25", "0.75"]
    assert rows["YTD"].to_list() == ["-", None, None, None]
    assert rows["_account_id"].unique().to_list() == ["U1"]


def test_odd_lines_are_kept() -> None:
    """A row of sums, a short row, a long one, blank and doubled names, a kind that is not known, blank lines."""
    rows = raw_frames(
        analysis(
            [],
            ["Fee Summary", "Header", "Date", "", "Amount", "Amount", "_row"],
            ["Fee Summary", "Data", "20240105", "x", "-1.50", "-1.6", "r", "more"],
            ["Fee Summary", "Data", "20240106"],
            ["Fee Summary", "SubTotal", "", "", "-1.50"],
            ["Fee Summary", "Data", "Total", "", "-3.00"],
            ["", "", ""],
        )
    )["PA.Fee Summary"]
    assert rows.columns[6:] == ["Date", "column_2", "Amount", "Amount (2)", "column_5", "column_6"]
    assert rows["_element"].to_list() == ["Date", "Date", "SubTotal", "Total"]
    assert rows["Amount (2)"].to_list() == ["-1.6", None, None, None]
    assert rows["column_6"].to_list() == ["more", None, None, None]
    assert rows["Amount"].to_list() == ["-1.50", None, "-1.50", "-3.00"]


def test_meta_lines_are_rows_of_their_own() -> None:
    frames = raw_frames(
        analysis(["Key Statistics", "MetaInfo", "Analysis Period", "January 2, 2024 - March 28, 2024", "Odd"])
    )
    rows = frames["PA.MetaInfo"].select("Section", "Name", "Value").rows()
    assert rows == [
        ("Key Statistics", "Analysis Period", "January 2, 2024 - March 28, 2024"),
        ("Key Statistics", "Odd", ""),
    ]


def test_the_period_may_stand_in_the_key_statistics_alone() -> None:
    head = [[*INTRODUCTION[0]], [*INTRODUCTION[1]]]
    head[1][7] = "Daily"
    meta = ["Key Statistics", "MetaInfo", "Analysis Period", "May 1, 2024 - May 31, 2024"]
    document = read(csv_bytes([*head, meta]))
    assert (document.period_start, document.period_end) == (date(2024, 5, 1), date(2024, 5, 31))
    without = read(csv_bytes(head))
    assert without.period_start is None
    assert "no period" in without.notes[0]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("January 1, 2026 to July 17, 2026 (Daily)", (date(2026, 1, 1), date(2026, 7, 17))),
        ("January 1, 2026 - July 17, 2026", (date(2026, 1, 1), date(2026, 7, 17))),
        ("July 17, 2026", (date(2026, 7, 17), date(2026, 7, 17))),
        ("July 17, 2026 to January 1, 2026", None),
        ("Juli 17, 2026 to Juli 18, 2026", None),
        ("February 30, 2026 to March 1, 2026", None),
        ("", None),
    ],
)
def test_the_period_in_words(words: str, expected: tuple[date, date] | None) -> None:
    assert analysis_period(words) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    document = analysis(["Fee Summary", "Header", "Date", "Description"],
                        ["Fee Summary", "Data", "20240105", "Gebühr, jährlich"]).decode().encode(encoding)  # fmt: skip
    assert recognise(document, "any.name").kind == "portfolio_analyst_csv"
    assert raw_frames(document)["PA.Fee Summary"]["Description"].to_list() == ["Gebühr, jährlich"]


@pytest.mark.parametrize(
    ("lines", "words", "place"),
    [
        ([["Fee Summary", "Data", "20240105"]], "before any header", "line 3"),
        ([["Fee Summary"]], "does not begin with a section", "line 3"),
        ([["", "Data", "x"]], "does not begin with a section", "line 3"),
        ([["Fee Summary", "Header", *["c"] * 3_000]], "too many", "line 3"),
    ],
)
def test_damage_is_refused_with_its_line(lines: list[list[str]], words: str, place: str) -> None:
    with pytest.raises(DocumentError, match=words) as caught:
        read(analysis(*lines))
    assert caught.value.place == place
    assert "download the analysis again" in caught.value.reason


def test_truncation_and_bytes_of_another_kind_are_refused() -> None:
    whole = analysis(["Fee Summary", "Header", "Date", "A, quoted name"])
    with pytest.raises(DocumentError, match="is no CSV"):
        read(whole[:-8])
    with pytest.raises(DocumentError, match="not UTF-8"):
        read(whole + b"Fee Summary,Data,\xff\xfe\n")
    with pytest.raises(DocumentError, match="no row in its section Introduction"):
        read(csv_bytes(INTRODUCTION[:1]))


NAMES = st.text("ABc %&()é", min_size=1, max_size=6).filter(lambda t: t.strip() == t)
CELLS = st.text('ab,"\n 1.5-é', max_size=8)


@given(
    header=st.lists(NAMES, min_size=1, max_size=5, unique=True),
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=8),
    batch_rows=st.integers(1, 5),
)
def test_any_cells_come_back(header: list[str], rows: list[list[str]], batch_rows: int) -> None:
    """Cells of any text survive, in order, whatever the size of a batch."""
    body = [["Some Section", "Data", *row] for row in rows]
    document = analysis(["Some Section", "Header", *header], *body)
    frames = raw_frames(document, batch_rows=batch_rows)
    if not rows:
        assert "PA.Some Section" not in frames
        return
    frame = frames["PA.Some Section"]
    assert frame["_row"].to_list() == list(range(len(rows)))
    names = [*header, *(f"column_{n}" for n in range(len(header) + 1, 7))]
    for row, cells in zip(frame.to_dicts(), rows, strict=True):
        expected = dict(zip(names, cells, strict=False))
        assert {name: row[name] for name in expected} == expected
        assert all(value is None for name, value in row.items() if name not in OWN and name not in expected)
