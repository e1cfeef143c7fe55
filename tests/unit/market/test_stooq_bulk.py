"""Stooq's bulk files: what is read, and how each bad line, file and zip is named. No disk, no network."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest

from transforms.market import stooq_bulk
from transforms.market.stooq_bulk import HEADER, Bulk, BulkError, File, read_files, read_zip
from transforms.schemas.market import READ_BARS

FOLDER = "data/daily/us/nasdaq stocks/1/"
AS_OF = date(2026, 10, 5)


def file(ticker: str, *lines: str, folder: str = FOLDER) -> File:
    """A text file as Stooq packs it; each line is what follows the ticker."""
    text = "".join(f"{line}\r\n" for line in (HEADER, *(f"{ticker}.US,{line}" for line in lines)))
    return f"{folder}{ticker.lower()}.us.txt", text.encode()


def bar(day: int, close: str = "10.5") -> str:
    """A line of October 2026."""
    return f"D,202610{day:02d},000000,10,11,9,{close},1000,0"


def packed(*files: File) -> io.BytesIO:
    """A zip of text files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    stream.seek(0)
    return stream


def told(bulk: Bulk) -> list[str]:
    """The problems as they are told."""
    return [str(problem) for problem in bulk.problems]


def test_a_line_is_a_bar() -> None:
    bulk = read_files([file("AAPL", "D,20261001,000000,10,11,9,10.5,1000,0")], AS_OF)
    READ_BARS.validate(bulk.rows)
    assert bulk.rows.to_dicts() == [
        {
            "provider_symbol": "aapl.us",
            "timestamp": datetime(2026, 10, 1, tzinfo=UTC),
            "session_date": date(2026, 10, 1),
            "open": 10.0,
            "high": 11.0,
            "low": 9.0,
            "close": 10.5,
            "volume": 1000.0,
            "vwap": None,
            "trades": None,
            "is_final": True,
        }
    ]
    assert bulk.problems == ()


def test_many_files_are_sorted_whatever_their_order_and_folders() -> None:
    files = [file("MSFT", bar(2), bar(1)), file("AAPL", bar(1), bar(2), folder="data/daily/us/nyse etfs/2/")]
    rows = read_files(files, AS_OF).rows
    READ_BARS.validate(rows)
    assert rows.select("provider_symbol", "session_date").rows() == [
        ("aapl.us", date(2026, 10, 1)),
        ("aapl.us", date(2026, 10, 2)),
        ("msft.us", date(2026, 10, 1)),
        ("msft.us", date(2026, 10, 2)),
    ]


def test_rows_are_sorted_by_the_ticker_that_is_told_and_not_by_the_files_name() -> None:
    (_, first), (_, second) = file("MSFT", bar(1)), file("AAPL", bar(1))
    rows = read_files([("a.us.txt", first), ("b.us.txt", second)], AS_OF).rows
    assert rows["provider_symbol"].to_list() == ["aapl.us", "msft.us"]


@pytest.mark.parametrize("ticker", ["", " "])
def test_a_line_without_a_ticker_is_named(ticker: str) -> None:
    name, content = file("KO", bar(1), bar(2))
    bulk = read_files([(name, content.replace(b"KO.US", ticker.encode(), 1))], AS_OF)
    assert told(bulk) == [f"{name}, line 2: there is no ticker"]
    assert bulk.rows["session_date"].to_list() == [date(2026, 10, 2)]


def test_bars_of_the_day_of_the_zip_and_later_are_not_final() -> None:
    rows = read_files([file("AAPL", bar(4), bar(5), bar(6))], AS_OF).rows
    assert rows["is_final"].to_list() == [True, False, False]


def test_nothing_is_read_in_no_files_and_in_empty_ones() -> None:
    for files in (
        [],
        [("a.us.txt", b"")],
        [file("AAPL")],
        [("a.us.txt", b" \r\n")],
        [("a.us.txt", HEADER.encode())],
    ):
        bulk = read_files(files, AS_OF)
        READ_BARS.validate(bulk.rows)
        assert bulk.rows.is_empty()
        assert bulk.problems == ()


def test_the_last_line_may_have_no_end_and_lines_may_be_blank() -> None:
    name, content = file("AAPL", bar(1), bar(2))
    files = [(name, content.rstrip()), file("MSFT", bar(1))]
    assert read_files(files, AS_OF).rows.height == 3
    blank = [(name, content.replace(b"AAPL.US,D,20261002", b"\r\nAAPL.US,D,20261002") + b"\r\n")]
    bulk = read_files(blank, AS_OF)
    assert (bulk.rows.height, bulk.problems) == (2, ())


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("D,20261002,000000,10,11,x,10.5,1000,0", "low is 'x', which is no number"),
        ("D,20261002,000000,10,11,,10.5,1000,0", "low is '', which is no number"),
        ("D,20261002,000000,nan,11,9,10.5,1000,0", "open is 'nan', which is no number"),
        ("D,20261002,000000,10,inf,9,10.5,1000,0", "high is 'inf', which is no number"),
        ("D,20261002,000000,10,11,9,1e999,1000,0", "close is '1e999', which is no number"),
        ("D,20261002,000000,10,11,9,10.5,many,0", "volume is 'many', which is no number"),
        ("D,20261302,000000,10,11,9,10.5,1000,0", "'20261302' is no day"),
        ("D,20260230,000000,10,11,9,10.5,1000,0", "'20260230' is no day"),
        ("D,0,000000,10,11,9,10.5,1000,0", "'0' is no day"),
        ("D,16991231,000000,10,11,9,10.5,1000,0", "'16991231' is no day"),
        ("D,,000000,10,11,9,10.5,1000,0", "'' is no day"),
        ("D,2026-10-02,000000,10,11,9,10.5,1000,0", "'2026-10-02' is no day"),
        ("60,20261002,160000,10,11,9,10.5,1000,0", "the period is '60'; only daily bars (D) are read"),
        ("D,20261002,000000,10,11,9,10.5", "there are 8 cells, and not 10"),
        ("D,20261002,000000,10,11,9,10.5,1000,0,7", "there are 11 cells, and not 10"),
        ('D,20261002,000000,"10",11,9,10.5,1000,0', "open is '\"10\"', which is no number"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken(line: str, what: str) -> None:
    files = [file("AAPL", bar(1)), file("KO", bar(1), line, bar(5)), file("MSFT", bar(1))]
    bulk = read_files(files, AS_OF)
    assert told(bulk) == [f"{FOLDER}ko.us.txt, line 3: {what}"]
    assert bulk.rows.select("provider_symbol", "session_date").rows() == [
        ("aapl.us", date(2026, 10, 1)),
        ("ko.us", date(2026, 10, 1)),
        ("ko.us", date(2026, 10, 5)),
        ("msft.us", date(2026, 10, 1)),
    ]


def test_a_file_of_other_data_is_not_told_line_by_line() -> None:
    name, content = file("KO", *(f"60,202610{day:02d},160000,10,11,9,10.5,1000,0" for day in range(1, 29)))
    bulk = read_files([(name, content)], AS_OF)
    assert bulk.rows.is_empty()
    assert len(bulk.problems) == 11
    assert told(bulk)[-1] == f"{name}: 18 more lines could not be read"


def test_bytes_that_are_no_text_and_an_absent_ticker_are_named() -> None:
    name, content = file("KO", bar(1))
    bulk = read_files(
        [(name, content + b"K\xffO.US,D,20261002,000000,1,1,1,1,1,0\n,D,20261002,0,1,1,1,1,1,0\n")], AS_OF
    )
    assert told(bulk) == [f"{name}, line 3: this is no text", f"{name}, line 4: there is no ticker"]
    assert bulk.rows.height == 1


def test_an_absent_volume_is_none() -> None:
    bulk = read_files([file("^SPX", "D,20261001,000000,10,11,9,10.5,,0")], AS_OF)
    assert (bulk.rows["volume"].to_list(), bulk.problems) == ([None], ())


def test_negative_prices_and_odd_ranges_are_read_for_the_checks_to_judge() -> None:
    bulk = read_files([file("CL", "D,20200420,000000,17.7,9,17.8,-37.63,0,0")], AS_OF)
    assert bulk.rows.select("high", "low", "close", "volume").rows() == [(9.0, 17.8, -37.63, 0.0)]


def test_a_file_with_another_header_is_left_out() -> None:
    other = ("aapl.us.txt", b"<TICKER>,<DATE>,<CLOSE>\r\nAAPL.US,20261001,1\r\n")
    bulk = read_files([other, file("MSFT", bar(1))], AS_OF)
    assert told(bulk) == [
        f"aapl.us.txt, line 1: the first line is '<TICKER>,<DATE>,<CLOSE>', and not {HEADER}"
    ]
    assert bulk.rows["provider_symbol"].to_list() == ["msft.us"]


def test_a_repeated_line_counts_once_and_two_answers_for_a_day_are_none() -> None:
    files = [
        file("KO", bar(1), bar(1), bar(2), bar(2, "10.6"), bar(5)),
        file("KO", bar(5), bar(6), folder="data/daily/us/nyse stocks/1/"),
    ]
    bulk = read_files(files, AS_OF)
    READ_BARS.validate(bulk.rows)
    assert [each.day for each in bulk.rows["session_date"]] == [1, 5, 6]
    assert told(bulk) == ["ko.us: 2026-10-02 is told twice, and differently"]


def test_a_zip_is_read_whole() -> None:
    stream = packed(file("MSFT", bar(1)), ("readme.pdf", b"%PDF"), file("AAPL", bar(1), bar(2)))
    (bulk,) = read_zip(stream, AS_OF)
    assert bulk.rows["provider_symbol"].to_list() == ["aapl.us", "aapl.us", "msft.us"]
    assert bulk.problems == ()


def test_only_wanted_symbols_are_unpacked() -> None:
    stream = packed(file("MSFT", bar(1)), file("AAPL", bar(1)), file("KO", "bad"))
    (bulk,) = read_zip(stream, AS_OF, {"aapl.us"})
    assert bulk.rows["provider_symbol"].to_list() == ["aapl.us"]
    assert bulk.problems == ()


def test_a_large_zip_comes_in_batches_that_cut_no_file() -> None:
    files = [file(f"A{n}", *(bar(day) for day in range(1, 29))) for n in range(9)]
    with patch.object(stooq_bulk, "BATCH_BYTES", 3 * len(files[0][1])):
        bulks = list(read_zip(packed(*files), AS_OF))
    assert [bulk.rows.height for bulk in bulks] == [84, 84, 84]
    assert [bulk.rows["provider_symbol"].n_unique() for bulk in bulks] == [3, 3, 3]


def test_two_files_of_a_symbol_stay_together() -> None:
    files = [file("KO", bar(day), folder=f"data/daily/us/{day}/") for day in (1, 2, 3)]
    with patch.object(stooq_bulk, "BATCH_BYTES", 1):
        (bulk,) = read_zip(packed(*files), AS_OF)
    assert bulk.rows.height == 3


def test_one_damaged_or_endless_file_leaves_the_others() -> None:
    stream = packed(
        file("AAPL", bar(1)), file("KO", *(bar(day) for day in range(1, 29))), file("MSFT", bar(1))
    )
    content = bytearray(stream.getvalue())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = archive.getinfo(f"{FOLDER}ko.us.txt")
    begins = member.header_offset + 30 + len(member.filename)
    content[begins + 20 : begins + 40] = bytes(20)
    (bulk,) = read_zip(io.BytesIO(bytes(content)), AS_OF)
    assert bulk.rows["provider_symbol"].to_list() == ["aapl.us", "msft.us"]
    assert len(told(bulk)) == 1
    assert told(bulk)[0].startswith(f"{FOLDER}ko.us.txt: the file cannot be unpacked")
    with patch.object(stooq_bulk, "LONGEST_FILE", 1000):
        (bulk,) = read_zip(stream, AS_OF)
    assert told(bulk) == [f"{FOLDER}ko.us.txt: the file is longer than 1,000 bytes"]


@pytest.mark.parametrize("content", [b"", b"<html></html>", packed(file("AAPL", bar(1))).getvalue()[:-30]])
def test_what_is_no_zip_is_one_error(content: bytes) -> None:
    with pytest.raises(BulkError, match="Download it again"):
        list(read_zip(io.BytesIO(content), AS_OF))


def test_a_zip_of_something_else_is_one_error() -> None:
    with pytest.raises(BulkError, match="no text files"):
        list(read_zip(packed(("a.csv", b"x")), AS_OF))
