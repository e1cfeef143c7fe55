"""Recognising documents by content: what is read, and what is refused with words that help."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from pathlib import Path

import pytest

from transforms.documents import HEAD_BYTES, DocumentError, Recognised, recognise

FLEX = '<FlexQueryResponse queryName="q" type="AF"><FlexStatements count="0"/></FlexQueryResponse>'
SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "samples"


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.xml", FLEX)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["a.xml", "a.csv", "no-extension", "a.zip"])
@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff",
        "\n\t ",
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        "<!-- <html> -->\n",
        '<?xml version="1.0"?><!-- a --><?b c?> ',
    ],
)
def test_flex_xml_is_recognised_by_its_content(name: str, before: str) -> None:
    assert recognise((before + FLEX).encode(), name) == Recognised("flex_xml")


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_other_encodings_are_recognised(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.upper()}"?>' + FLEX
    assert recognise(text.encode(encoding), "a").kind == "flex_xml"
    assert recognise(FLEX.encode("utf-16"), "a").kind == "flex_xml"


def test_a_head_that_ends_amid_the_document_is_enough() -> None:
    assert recognise((FLEX * 10_000).encode()[:HEAD_BYTES], "a").kind == "flex_xml"
    assert recognise(FLEX.encode("utf-16")[:101], "a").kind == "flex_xml"


REFUSED = [
    (b"", "is empty", "byte 0"),
    (b" \r\n\t", "white space", "byte 0"),
    (b"\xef\xbb\xbf", "white space", "byte 0"),
    (zipped(), "zip archive", "byte 0"),
    (gzip.compress(FLEX.encode()), "gzip", "byte 0"),
    (b"%PDF-1.7 rest", "PDF", "byte 0"),
    (b"<!DOCTYPE html>\n<html>", "web page", "line 1, column 1"),
    (b"\n\n  <HTML lang='en'>", "web page", "line 3, column 3"),
    (
        b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]>' + FLEX.encode(),
        "DOCTYPE",
        "line 2, column 1",
    ),
    (b'{"positions": []}', "JSON", "byte 0"),
    (b"<Portfolio/>", "root element is Portfolio", "line 1, column 1"),
    (b"<123/>", "does not begin with an XML element", "line 1, column 1"),
    (b"just words", "not a document that can be read", "byte 0"),
    (FLEX.encode().replace(b"queryName", b"query\0ame"), "NUL", "byte 24"),
    (FLEX.encode("utf-16-le"), "without a byte order mark", "byte 0"),
    (FLEX.encode("utf-16-be"), "without a byte order mark", "byte 0"),
    (FLEX.encode("utf-32"), "UTF-32", "byte 0"),
    (
        ('<?xml version="1.0" encoding="UTF-8"?>' + FLEX).encode("utf-16"),
        "declaration says UTF-8",
        "byte 0",
    ),
    (
        b'<?xml version="1.0" encoding="UTF-16"?>' + FLEX.encode(),
        "declares the encoding UTF-16",
        "byte 0",
    ),
    (b"a,b,c\n1,2,3\n", "CSV table, but none that the broker writes", "line 1"),
]

CSV_KINDS = [
    (b'"ClientAccountID","AccountAlias"\n', "flex_csv"),
    (b"\xef\xbb\xbfBOF,U1,q,1,20230101,20231231\n", "flex_csv"),
    (b"HEADER,TRNT,ClientAccountID\n", "flex_csv"),
    (b'"MSG","Realized P/L is not ready"\n', "flex_csv"),
    (b'"Symbol","TradeDate","Quantity","TradePrice","IBCommission"\n', "flex_csv"),
    (b"Statement,Header,Field Name,Field Value\n", "activity_statement_csv"),
    (b"Trades,Header,DataDiscriminator,Asset Category\n", "activity_statement_csv"),
    (b"Statement,Header,Feldname,Feldwert\n", "activity_statement_csv"),
]


@pytest.mark.parametrize(("head", "kind"), CSV_KINDS, ids=[kind for _, kind in CSV_KINDS])
@pytest.mark.parametrize("encoding", ["as it is", "utf-16"])
def test_the_brokers_csv_documents_are_recognised(head: bytes, kind: str, encoding: str) -> None:
    if encoding == "utf-16":
        head = head.decode("utf-8-sig").encode("utf-16")
    assert recognise(head, "some.csv").kind == kind


@pytest.mark.parametrize(
    ("head", "words", "place"), REFUSED, ids=[f"{n}-{r[1]}" for n, r in enumerate(REFUSED)]
)
def test_what_is_refused(head: bytes, words: str, place: str) -> None:
    with pytest.raises(DocumentError) as caught:
        recognise(head, "some.xml")
    error = caught.value
    assert words in error.reason
    assert "some.xml" in error.reason
    assert any(todo in error.reason for todo in ("fetch", "unpack", "save it"))
    assert error.place == place


def test_the_web_services_answer_is_refused_with_its_own_words() -> None:
    answer = (
        '<FlexStatementResponse timestamp="01 January, 2024 01:00 AM EST">\n<Status>Warn</Status>\n'
        "<ErrorCode>1019</ErrorCode>\n<ErrorMessage>Statement generation in progress. "
        "Please try again &amp; wait.</ErrorMessage>\n</FlexStatementResponse>"
    )
    with pytest.raises(DocumentError) as caught:
        recognise(answer.encode(), "a.xml")
    assert "1019" in caught.value.reason
    assert "Statement generation in progress. Please try again & wait." in caught.value.reason


def test_the_web_services_reference_is_not_a_document() -> None:
    inside = "<Status>Success</Status><ReferenceCode>123</ReferenceCode><url>u</url>"
    answer = f"<FlexStatementResponse>{inside}</FlexStatementResponse>"
    with pytest.raises(DocumentError, match="reference 123"):
        recognise(answer.encode(), "a.xml")


def test_an_error_is_a_value_that_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(DocumentError("what, where, what to do", "line 1")))
    assert (error.reason, error.place) == ("what, where, what to do", "line 1")
    with pytest.raises(AttributeError):
        error.reason = "another"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not on this machine")
def test_the_samples_are_recognised() -> None:
    for path in sorted(SAMPLES.glob("flex/*/*.xml")):
        assert recognise(path.read_bytes()[:HEAD_BYTES], path.name).kind == "flex_xml"
    kinds = {
        "flex": "flex_csv",
        "activity-statement": "activity_statement_csv",
        "portfolio-analyst": "portfolio_analyst_csv",
    }
    for folder, kind in kinds.items():
        for path in sorted(SAMPLES.glob(f"csv/{folder}/*.csv")):
            assert recognise(path.read_bytes()[:HEAD_BYTES], path.name).kind == kind
    for path in sorted(SAMPLES.glob("flex/*/*.json")):
        with pytest.raises(DocumentError, match="JSON"):
            recognise(path.read_bytes()[:HEAD_BYTES], path.name)
