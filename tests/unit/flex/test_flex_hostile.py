"""Hostile and broken documents: each is refused with its place and what to do, in bounded memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import pytest

from transforms.documents import DocumentError
from transforms.flex.flex_document import MAX_ATTRIBUTES, MAX_DEPTH, MAX_SECTIONS
from transforms.flex.reader import SectionBatch, read_flex

OPEN = (
    '<FlexQueryResponse queryName="q" type="AF">\n<FlexStatements count="1">\n'
    '<FlexStatement accountId="U1" fromDate="20230101" toDate="20231231" period="" '
    'whenGenerated="20240101;000000">\n'
)
CLOSE = "</FlexStatement>\n</FlexStatements>\n</FlexQueryResponse>\n"
ROW = '<Trade accountId="U1" symbol="A" quantity="1" tradeID="{}" />\n'


class Lazy(io.RawIOBase):
    """A stream that is made while it is read, and counts what was read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._rest = b""
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        self.given += len(data)
        return data


def read(document: str | bytes | BinaryIO) -> list[SectionBatch]:
    batches: list[SectionBatch] = []
    data = document.encode() if isinstance(document, str) else document
    read_flex(io.BytesIO(data) if isinstance(data, bytes) else data, "d", batches.append)
    return batches


def refused(document: str | bytes | BinaryIO) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(document)
    error = caught.value
    assert error.place in error.reason or error.place == "byte 0"
    assert any(todo in error.reason for todo in ("fetch", "save it", "unpack"))
    return error


def whole(rows: str) -> str:
    return f"{OPEN}<Trades>\n{rows}</Trades>\n{CLOSE}"


@pytest.mark.parametrize("rows_before", [0, 10, 1_000])
@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ('<Trade symbol="A" symbol="B" />\n', 19, "duplicate attribute"),
        ('<Trade symbol="A<B" />\n', 17, "not well-formed"),
        ('<Trade symbol="A&nbsp;B" />\n', 1, "undefined entity"),
        ('<Trade symbol="A & B" />\n', 19, "not well-formed"),
        ('<Trade symbol="&#0;" />\n', 16, "reference to invalid character number"),
        ('<Trade symbol="&#xD800;" />\n', 16, "reference to invalid character number"),
        ('<Trade symbol="A\0" />\n', 17, "0x00 at"),
        ('<Trade symbol="A\x01" />\n', 17, "0x01 at"),
        ("<Trade symbol=A />\n", 15, "not well-formed"),
        ('<Trade symbol="A"currency="B" />\n', 18, "not well-formed"),
        ('<Trade symbol="A">\n</Lot>\n', 3, "mismatched tag"),
        ("<Trade></Trade>]]>\n", 18, "not well-formed"),
    ],
)
def test_malformed_rows_name_their_line_and_column(
    rows_before: int, row: str, column: int, words: str
) -> None:
    before = "".join(ROW.format(n) for n in range(rows_before))
    error = refused(whole(before + row + before))
    line = 5 + rows_before + row.count("\n") - 1
    assert error.place == f"line {line}, column {column}"
    assert words in error.reason


def test_the_place_is_true_behind_rows_that_share_a_line() -> None:
    row = '<T a="é" b="2"/>'
    document = f"{OPEN}<Trades>{row * 5_000}<T a='&x;'/></Trades>{CLOSE}"
    assert refused(document).place == f"line 4, column {len('<Trades>') + 5_000 * len(row) + 1}"


@pytest.mark.parametrize("rows", [2, 2_000])
def test_truncated_documents_are_refused_as_a_whole(rows: int) -> None:
    document = whole("".join(ROW.format(n) for n in range(rows))).rstrip("\n").encode()
    for cut in (1, 20, len(document) // 2, len(document) - 30, len(document) - 1):
        error = refused(document[:cut])
        assert "truncated" in error.reason
    inside = refused(document[: document.index(b"tradeID") + 3])
    assert "FlexQueryResponse/FlexStatements/FlexStatement/Trades" in inside.reason
    assert read(document)


def test_every_cut_of_a_small_document_is_refused() -> None:
    document = whole(ROW.format(1) * 3).rstrip("\n").encode()
    for cut in range(len(document)):
        refused(document[:cut])


@pytest.mark.parametrize("document", [b"", b"   \n"])
def test_empty_documents(document: bytes) -> None:
    assert "empty" in refused(document).reason or "truncated" in refused(document).reason


def test_what_is_not_xml_at_all() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("a.xml", whole(""))
    for document in (
        archive.getvalue(),
        b"\x1f\x8b\x08\x00rest",
        b'{"a": 1}',
        b"a,b,c\n1,2,3\n",
        b"%PDF-1.7\n",
    ):
        assert "line 1" in refused(document).place


def test_html_is_refused() -> None:
    assert "DOCTYPE" in refused("<!DOCTYPE html><html><body>log in</body></html>").reason
    assert "'html'" in refused("<html><body>log in</body></html>").reason


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE FlexQueryResponse [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE FlexQueryResponse SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
        "<!DOCTYPE FlexQueryResponse>",
    ],
)
def test_any_doctype_is_refused_before_its_entities_count(doctype: str) -> None:
    error = refused(doctype + "\n" + whole('<Trade symbol="&c;&x;" />'))
    assert "DOCTYPE" in error.reason
    assert error.place.startswith("line 1,")


def endless(before: str, middle: bytes, megabytes: int) -> Iterator[bytes]:
    yield before.encode()
    piece = middle * (1_000_000 // len(middle))
    for _ in range(megabytes):
        yield piece
    yield b'" /></Trades>' + CLOSE.encode()


@pytest.mark.parametrize(
    ("before", "middle"),
    [
        (f'{OPEN}<Trades>\n<Trade symbol="', b"A"),
        (f'{OPEN}<Trades>\n<Trade symbol="', b"&amp;"),
        (f"{OPEN}<Trades>\n<Trade ", b' a="1"'),
        (f"{OPEN}<Trades>\n<Trade>", b"text "),
        (f"{OPEN}<Trades>\n<!-- ", b"text "),
        (f"{OPEN}<", b"T"),
        ('<FlexQueryResponse queryName="', b"A"),
    ],
)
def test_a_gigabyte_in_one_place_is_refused_early_and_in_bounded_memory(before: str, middle: bytes) -> None:
    stream = Lazy(endless(before, middle, 1_000))
    tracemalloc.start()
    try:
        refused(stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stream.given < 12_000_000
    assert peak < 60_000_000


def test_deep_nesting_is_refused() -> None:
    error = refused(whole("<a>" * 100_000))
    assert f"more than {MAX_DEPTH} deep" in error.reason
    assert error.place == f"line 5, column {3 * (MAX_DEPTH - 4) + 1}"
    assert read(whole("<a>" * (MAX_DEPTH - 4) + "</a>" * (MAX_DEPTH - 4)))


def test_an_absurd_number_of_attributes_is_refused() -> None:
    one_row = "<Trade " + " ".join(f'a{n}="1"' for n in range(MAX_ATTRIBUTES + 1)) + " />"
    many_rows = "".join(f'<Trade b{n}="1" />\n' for n in range(MAX_ATTRIBUTES + 1))
    for rows in (one_row, many_rows):
        assert f"Trades has more than {MAX_ATTRIBUTES} different attributes" in refused(whole(rows)).reason
    assert read(whole("<Trade " + " ".join(f'a{n}="1"' for n in range(MAX_ATTRIBUTES)) + " />"))


def test_an_absurd_number_of_sections_is_refused() -> None:
    sections = "".join(f"<S{n}><R/></S{n}>" for n in range(MAX_SECTIONS + 1))
    assert f"more than {MAX_SECTIONS} different sections" in refused(OPEN + sections + CLOSE).reason


def test_rows_of_an_attribute_each_do_not_swell_a_batch() -> None:
    rows = "".join(f'<Trade a{n % MAX_ATTRIBUTES}="1" />' for n in range(10_000))
    batches = read(whole(rows))
    assert sum(batch.frame.height for batch in batches) == 10_000
    assert max(batch.frame.height * batch.frame.width for batch in batches) < 16_000_000


def test_bytes_that_are_not_in_the_declared_encoding() -> None:
    text = whole("".join(ROW.format(n) for n in range(100)) + '<Trade name="Zürich" />\n')
    for declaration in ("", '<?xml version="1.0" encoding="UTF-8"?>\n'):
        error = refused((declaration + text).encode("latin-1"))
        assert "0xFC" in error.reason
        assert "save it as UTF-8" in error.reason
        assert error.place == f"line {105 + bool(declaration)}, column 15"
    batches = read(('<?xml version="1.0" encoding="ISO-8859-1"?>' + text).encode("latin-1"))
    assert batches[0].frame["name"][-1] == "Zürich"


def test_utf_16_with_a_byte_order_mark_is_read() -> None:
    text = whole(ROW.format("é"))
    for document in (text, '<?xml version="1.0" encoding="UTF-16"?>' + text):
        assert read(document.encode("utf-16"))[0].frame["tradeID"].to_list() == ["é"]
    error = refused(('<?xml version="1.0" encoding="UTF-8"?>' + text).encode("utf-16"))
    assert "encoding" in error.reason


@pytest.mark.parametrize("encoding", ["UTF-7", "shift_jis", "rot13", "no-such", "UTF-32"])
def test_an_encoding_that_is_not_read_is_named(encoding: str) -> None:
    error = refused(f'<?xml version="1.0" encoding="{encoding}"?>' + whole(""))
    assert repr(encoding) in error.reason
    assert "save it as UTF-8" in error.reason


def test_another_root_element_is_refused() -> None:
    assert "'FlexStatementResponse'" in refused("<FlexStatementResponse/>").reason


def test_what_follows_the_document_is_refused() -> None:
    assert "junk after document element" in refused(whole("") + "<x/>").reason
