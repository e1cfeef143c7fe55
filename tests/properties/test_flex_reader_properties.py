"""Properties of reading Flex documents, with lxml as the oracle for both of the reader's paths."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from transforms.documents import DocumentError
from transforms.flex import fast_rows, reader
from transforms.flex.flex_document import OWN_COLUMNS
from transforms.flex.reader import SectionBatch, read_flex

Row = tuple[int, str | None, int, str, int | None, dict[str, str]]
"""Statement, account, ordinal, tag, enclosing row's ordinal, attributes (with `_text`)."""

SPACE = " \t\r\n"


@contextmanager
def eager_fast_path(least_rows: int) -> Iterator[None]:
    """Let the fast path take runs of this length and the parser no more than it must, so that both meet
    often."""
    with (
        mock.patch.object(fast_rows, "LEAST_ROWS", least_rows),
        mock.patch.object(reader, "_LEAST_PIECE", 1),
        mock.patch.object(reader, "_MOST_WAIT", 16),
    ):
        yield


class Dribble(io.RawIOBase):
    """A stream that gives few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__()
        self._data = io.BytesIO(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._step if size < 0 else min(size, self._step))


def rows_of(batches: list[SectionBatch]) -> dict[str, list[Row]]:
    """All rows per section in the order of their ordinals."""
    rows: dict[str, list[Row]] = {}
    for batch in batches:
        for values in batch.frame.iter_rows(named=True):
            attributes = {n: v for n, v in values.items() if n not in OWN_COLUMNS and v is not None}
            own = (
                values["_statement"],
                values["_account_id"],
                values["_row"],
                values["_element"],
                values["_parent"],
            )
            rows.setdefault(batch.section, []).append((*own, attributes))
    return {section: sorted(found, key=lambda row: row[2]) for section, found in rows.items()}


def ours(
    data: bytes, *, fast: int | None, batch_rows: int = 50_000, step: int | None = None
) -> dict[str, list[Row]]:
    """Read with read_flex; `fast` is the least run that the fast path takes, None to keep it out."""
    batches: list[SectionBatch] = []
    stream = io.BytesIO(data) if step is None else Dribble(data, step)
    with eager_fast_path(10**9 if fast is None else fast):
        document = read_flex(stream, "d", batches.append, batch_rows)
    rows = rows_of(batches)
    assert {s: n for s, n in document.rows_read.items() if n} == {s: len(found) for s, found in rows.items()}
    assert all(batch.frame.height <= batch_rows for batch in batches)
    return rows


def oracle(data: bytes) -> dict[str, list[Row]]:
    """The same by lxml's tree."""
    root = etree.fromstring(data, etree.XMLParser(remove_comments=True, remove_pis=True, strip_cdata=True))
    rows: dict[str, list[Row]] = {}
    for statement, element in enumerate(root.findall("FlexStatements/FlexStatement")):
        for container in element:
            _collect(container, container, statement, element.get("accountId"), None, rows)
    return rows


def _collect(
    node: etree._Element,
    container: etree._Element,
    statement: int,
    account: str | None,
    parent: int | None,
    rows: dict[str, list[Row]],
) -> None:
    if node is not container or node.attrib:
        attributes = {("_" + n if n.startswith("_") else n): v for n, v in node.attrib.items()}
        text = ((node.text or "") + "".join(child.tail or "" for child in node)).strip(SPACE)
        if text:
            attributes["_text"] = text
        section = rows.setdefault(container.tag, [])
        section.append((statement, account, len(section), node.tag, parent, attributes))
        parent = len(section) - 1
    for child in node:
        _collect(child, container, statement, account, parent, rows)


PLAIN_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters='<&"\ufffe\uffff'
)
WRITTEN = [
    "'",
    ">",
    "/",
    "=",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#65;",
    "&#x20AC;",
    "&#10;",
    "&#9;",
    "]]>",
    "/>",
    "é",
    "中",
    "😀",
]
CHARACTERS = PLAIN_CHARACTERS | st.sampled_from([*WRITTEN, " ", "\t", "\n", "\r\n"])
PLAIN_VALUE = st.text("ABCabc0123456789.-;", max_size=14)
VALUE = st.one_of(PLAIN_VALUE, PLAIN_VALUE, st.lists(CHARACTERS, max_size=6).map("".join))
NAME = st.sampled_from(
    ["accountId", "symbol", "currency", "tradeID", "x", "_row", "_text", "a.b", "a-b", "größe", "quantity"]
)
TAG = st.sampled_from(["Trade", "Lot", "Order", "FxLot", "Überweisung", "T"])
GAP = st.sampled_from([" ", " ", " ", "  ", "\n", "\t", "\r\n "])
BETWEEN = st.sampled_from(["", "\n", "\n", "\r\n", "  ", "\r", '<!-- a <Trade x="1"/> -->', "<?pi <T/>?>"])


@st.composite
def attributes(draw: st.DrawFn) -> str:
    """Attributes of one element, as written."""
    written = []
    for name in draw(st.lists(NAME, unique=True, max_size=4)):
        value = draw(VALUE)
        quote = draw(st.sampled_from(['"', '"', '"', "'"]))
        equals = draw(st.sampled_from(["=", "=", "=", " = "]))
        written.append(draw(GAP) + name + equals + quote + value.replace(quote, "") + quote)
    return "".join(written)


@st.composite
def row(draw: st.DrawFn, depth: int) -> str:
    """One element of a section, now and then with text or rows inside."""
    tag, written = draw(TAG), draw(attributes())
    inside = draw(st.integers(0, 9)) if depth else 0
    if inside < 7:
        return f"<{tag}{written}{draw(st.sampled_from(['/>', ' />', '></' + tag + '>']))}"
    text = draw(st.sampled_from(["", "text", " &amp; ", '<![CDATA[ <Trade x="1"/> ]]>', "]", "é", "a\nb"]))
    children = draw(st.lists(row(depth - 1), max_size=2))
    return f"<{tag}{written}>{text}{''.join(children)}{text}</{tag}>"


@st.composite
def alike(draw: st.DrawFn) -> str:
    """Several rows of one or two shapes, as the broker writes them."""
    shapes = draw(
        st.lists(st.tuples(TAG, st.lists(NAME, unique=True, min_size=1, max_size=4)), min_size=1, max_size=2)
    )
    end = draw(st.sampled_from(["/>\n", " />\r\n", "/>"]))
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        tag, names = draw(st.sampled_from(shapes))
        written = " ".join(f'{name}="{draw(VALUE).replace(chr(34), "")}"' for name in names)
        rows.append(f"<{tag} {written}{end}")
    return "".join(rows)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """A well-formed Flex document in all the ways that XML allows."""
    statements = []
    for _ in range(draw(st.integers(0, 3))):
        sections = []
        for _ in range(draw(st.integers(0, 3))):
            tag = draw(st.sampled_from(["Trades", "ChangeInNAV", "Neu"]))
            pieces = draw(st.lists(st.one_of(row(2), alike(), BETWEEN), max_size=4))
            sections.append(f"<{tag}{draw(attributes())}>{''.join(pieces)}</{tag}>{draw(BETWEEN)}")
        account = draw(st.sampled_from(['accountId="U1"', "accountId='Ü&amp;2'", ""]))
        statements.append(
            f"<FlexStatement {account} period=''>{draw(BETWEEN)}{''.join(sections)}</FlexStatement>"
        )
    inside = f"<FlexStatements count='1'>{''.join(statements)}</FlexStatements>"
    body = f"<FlexQueryResponse queryName='q'>{inside}</FlexQueryResponse>"
    encoding = draw(st.sampled_from(["", "", "bom", "utf-8", "iso-8859-1", "utf-16", "windows-1252"]))
    if encoding in ("", "bom"):
        return body.encode("utf-8-sig" if encoding == "bom" else "utf-8")
    text = f"<?xml version='1.0' encoding='{encoding.upper()}'?>\n{body}"
    return text.encode(encoding, errors="strict" if encoding.startswith("utf") else "replace")


@given(
    data=documents(),
    least=st.integers(1, 3),
    batch_rows=st.integers(1, 7),
    step=st.none() | st.integers(1, 50),
)
@settings(max_examples=150, deadline=None)
def test_both_paths_read_what_lxml_reads(data: bytes, least: int, batch_rows: int, step: int | None) -> None:
    expected = oracle(data)
    assert ours(data, fast=None) == expected
    assert ours(data, fast=least) == expected
    assert ours(data, fast=least, batch_rows=batch_rows, step=step) == expected


@given(data=documents(), cut=st.floats(0, 1, exclude_max=True))
@settings(max_examples=100, deadline=None)
def test_a_document_cut_anywhere_is_refused(data: bytes, cut: float) -> None:
    short = data[: int(len(data) * cut)]
    for fast in (None, 1):
        with pytest.raises(DocumentError) as caught:
            ours(short, fast=fast)
        assert caught.value.place
        assert caught.value.place in caught.value.reason or caught.value.place == "byte 0"


def outcome(data: bytes, fast: int | None) -> dict[str, list[Row]] | str:
    try:
        return ours(data, fast=fast)
    except DocumentError as error:
        return f"refused at {error.place}"


@given(data=documents(), damage=st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_document_fares_alike_on_both_paths(data: bytes, damage: st.DataObject) -> None:
    at = damage.draw(st.integers(0, len(data) - 1))
    length = damage.draw(st.integers(0, 3))
    put = damage.draw(
        st.one_of(
            st.binary(max_size=2), st.sampled_from([b'"', b"<", b"&", b">", b"/", b"\0", b" x='1'", b"\xff"])
        )
    )
    damaged = data[:at] + put + data[at + length :]
    slow, fast = outcome(damaged, None), outcome(damaged, 1)
    assert slow == fast
    try:
        expected = oracle(damaged)
    except etree.XMLSyntaxError:
        return
    if not isinstance(slow, str) and b":" not in put:
        assert slow == expected
