"""The fast path alone: which runs it takes, where it stops, and that it leaves what is not regular."""

from __future__ import annotations

import polars as pl
import pytest

from transforms.flex.fast_rows import LEAST_ROWS, Run, read_run

ROW = b'<Trade a="1" b="x y"/>\n'
CLOSE = b"</Trades>\n"


def run_of(data: bytes) -> Run | None:
    return read_run(data, 0, len(data), "Trades")


def values(run: Run) -> list[tuple[int, str, dict[str, str]]]:
    """Position, tag and attributes of every row."""
    rows = []
    for group in run.groups:
        height = group.rows.len()
        columns = {
            n: v.to_list() if isinstance(v, pl.Series) else [v] * height for n, v in group.columns.items()
        }
        for at, position in enumerate(group.rows):
            rows.append((position, group.element, {n: v[at] for n, v in columns.items()}))
    return sorted(rows, key=lambda row: row[0])


def test_a_regular_run_is_taken_up_to_the_sections_end() -> None:
    rows = b"".join(b'<Trade a="%d" b="" c="S&amp;P &#8364; &#x41;"/>\n' % n for n in range(100))
    run = run_of(b"\n  " + rows + CLOSE)
    assert run is not None
    assert (run.rows, run.end, run.complete) == (100, 3 + len(rows), True)
    assert values(run) == [(n, "Trade", {"a": str(n), "b": "", "c": "S&P € A"}) for n in range(100)]


def test_a_window_that_ends_amid_a_row_leaves_that_row() -> None:
    data = ROW * 50
    run = read_run(data, 0, len(data) - 5, "Trades")
    assert run is not None
    assert (run.rows, run.end, run.complete) == (49, 49 * len(ROW), True)


def test_rows_of_several_shapes_are_taken_together() -> None:
    rows = b"".join(b'<Trade a="%d"/>\n<Lot a="%d" q=">"/>\n' % (n, n) for n in range(40))
    run = run_of(rows + CLOSE)
    assert run is not None
    assert (run.rows, run.complete, len(run.groups)) == (80, True, 2)
    expected = [
        row for n in range(40) for row in [("Trade", {"a": str(n)}), ("Lot", {"a": str(n), "q": ">"})]
    ]
    assert values(run) == [(position, tag, attributes) for position, (tag, attributes) in enumerate(expected)]


IRREGULAR = {
    "single quotes": b"<Trade a='1' b=\"x\"/>\n",
    "another order with an entity unknown": b'<Trade b="&nbsp;" a="1"/>\n',
    "invalid reference": b'<Trade a="1" b="&#0;"/>\n',
    "surrogate reference": b'<Trade a="1" b="&#xD800;"/>\n',
    "bare ampersand": b'<Trade a="1" b="x & y"/>\n',
    "unterminated reference": b'<Trade a="1" b="&amp"/>\n',
    "reference of other digits": '<Trade a="1" b="&#٣;"/>\n'.encode(),
    "newline in a value": b'<Trade a="1" b="x\ny"/>\n',
    "tab in a value": b'<Trade a="1" b="x\ty"/>\n',
    "carriage return in a value": b'<Trade a="1" b="x\ry"/>\n',
    "NUL in a value": b'<Trade a="1" b="x\0"/>\n',
    "latin-1 byte": b'<Trade a="1" b="\xfc"/>\n',
    "U+FFFE": '<Trade a="1" b="\ufffe"/>\n'.encode(),
    "attribute twice": b'<Trade a="1" a="2"/>\n',
    "attribute missing a space": b'<Trade a="1"b="2"/>\n',
    "not closed": b'<Trade a="1" b="2">\n',
    "content": b'<Trade a="1" b="2"></Trade>\n',
    "text behind": b'<Trade a="1" b="x y"/>text\n',
    "comment": b'<!-- <Trade a="1" b="2"/> -->\n',
    "instruction": b'<?a "1" "2"?>\n',
    "cdata": b'<![CDATA[ a="1" b="2" ]]>\n',
    "less-than in a value": b'<Trade a="1" b="<"/>\n',
    "no attributes": b"<Trade/>\n",
    "name that is not ASCII": '<Trade größe="1" b="2"/>\n'.encode(),
    "name with a colon": b'<Trade xml:lang="1" b="2"/>\n',
    "name like our own": b'<Trade _row="1" b="2"/>\n',
}


@pytest.mark.parametrize("name", IRREGULAR)
@pytest.mark.parametrize("before", [40, 75])
def test_a_run_stops_before_a_row_that_is_not_regular(name: str, before: int) -> None:
    run = run_of(ROW * before + IRREGULAR[name] + ROW * 60 + CLOSE)
    assert run is not None
    assert (run.rows, run.end, run.complete) == (before, before * len(ROW), False)
    assert values(run) == [(n, "Trade", {"a": "1", "b": "x y"}) for n in range(before)]


@pytest.mark.parametrize("name", IRREGULAR)
def test_a_run_that_would_be_short_is_left(name: str) -> None:
    run = run_of(ROW * 5 + IRREGULAR[name] + ROW * 60 + CLOSE)
    assert run is None or run.rows == 0


def test_nothing_promising_is_no_run() -> None:
    assert run_of(b"") is None
    assert run_of(b"text" + ROW * 100) is None
    assert run_of(CLOSE) is None
    assert run_of(ROW * (LEAST_ROWS - 1) + CLOSE) is None


def test_more_shapes_than_are_worth_it_end_the_run() -> None:
    rows = ROW * 40 + b"".join(b'<Trade a%d="1"/>\n' % n for n in range(40))
    run = run_of(rows + CLOSE)
    assert run is not None
    assert run.rows == 40 + 15


def test_empty_values_all_over() -> None:
    run = run_of(b'<T a="" b=""/>' * 40 + CLOSE)
    assert run is not None
    assert values(run) == [(n, "T", {"a": "", "b": ""}) for n in range(40)]


def test_one_attribute_without_text_is_taken() -> None:
    rows = b"".join(b'<T a="%s"/>' % (b"" if n % 2 else b"x") for n in range(40))
    run = run_of(rows + CLOSE)
    assert run is not None
    assert [row[2]["a"] for row in values(run)] == ["x", ""] * 20


@pytest.mark.parametrize("end", [b" />\r\n", b"/>", b"/>\n\t ", b"\n/>\n"])
def test_line_ends_and_their_absence(end: bytes) -> None:
    rows = b"".join(b'<T a="%d"\n   b="x"' % n + end for n in range(40))
    run = run_of(rows + CLOSE)
    assert run is not None
    assert (run.rows, run.end, run.complete) == (40, len(rows), True)
