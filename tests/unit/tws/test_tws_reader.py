"""Documents of TWS as the raw layer reads them: every text as written, and an error that names the place."""

import json
from io import BytesIO
from typing import Any

import polars as pl
import pytest

from orchestration.resources.raw_documents import read_document
from tests.support.csv_documents import read
from tests.support.tws_values import COMMISSION, EXECUTION, TAKEN, snapshot
from transforms.documents import DocumentError, recognise
from tws.document import document_of, document_of_executions

WHOLE = document_of(snapshot())


def changed(**values: Any) -> bytes:
    """The golden document with other values at its top."""
    return json.dumps({**json.loads(WHOLE), **values}).encode()


def refused(document: bytes) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read_document(BytesIO(document), "told.json", "d", lambda batch: None, "America/New_York")
    return caught.value


def test_every_attribute_of_every_value_is_kept_as_it_was_told() -> None:
    _, frames = read(WHOLE)
    told = json.loads(WHOLE)
    for section, rows in told.items():
        if not isinstance(rows, list):
            continue
        frame = frames[f"TWS.{section}"]
        texts = frame.drop([name for name in frame.columns if name.startswith("_")])
        assert texts.to_dicts() == rows, section
        assert frame["_row"].to_list() == list(range(len(rows)))
        assert set(frame["_element"]) == {section}
    (head,) = frames["TWS.snapshot"].to_dicts()
    assert (head["scope"], head["taken_at"]) == ("all", "2024-01-03T19:00:00.250000+00:00")


def test_what_the_document_says_of_itself() -> None:
    (facts,), frames = read(WHOLE)
    assert (facts.kind, facts.accounts) == ("tws_snapshot", ("U1", "U2"))
    assert (facts.period_start_date, facts.period_end_date) == (None, None)
    assert facts.when_generated_at == "2024-01-03T19:00:00.250000+00:00"
    assert facts.news == (EXECUTION.execution_id, f"{EXECUTION.execution_id}:commission")
    assert "_statements" not in frames, "a snapshot covers no day"
    counted = frames["_document_sections"].select("section", "rows_read", "unknown_columns").rows()
    assert ("TWS.positions", 3, 0) in counted
    assert frames["_document_sections"]["known_section"].all()
    assert frames["_document_sections"]["unknown_columns"].sum() == 0, "the writer's names are the reader's"


def test_an_empty_section_is_told_and_has_no_rows() -> None:
    (facts,), frames = read(document_of_executions(TAKEN, [], [COMMISSION]))
    assert facts.news == (f"{EXECUTION.execution_id}:commission",)
    assert "TWS.executions" not in frames
    counted = dict(frames["_document_sections"].select("section", "rows_read").rows())
    assert counted == {"TWS.snapshot": 1, "TWS.accounts": 0, "TWS.executions": 0, "TWS.commissions": 1}


def test_numbers_of_another_writer_are_kept_as_they_stand() -> None:
    row = {"account_id": "U1", "quantity": 0.1000000000000000055511151231257827, "conid": 7}
    text = changed(positions=[row]).replace(b"0.1,", b"0.1000000000000000055511151231257827,")
    _, frames = read(text)
    assert frames["TWS.positions"].select("quantity", "conid").rows() == [
        ("0.1000000000000000055511151231257827", "7")
    ]


def test_what_is_unknown_is_kept_and_counted() -> None:
    positions = [{"account_id": "U1", "conid": "1", "mood": "calm"}]
    _, frames = read(changed(positions=positions, rumours=[{"about": "ABC"}]))
    assert frames["TWS.positions"]["mood"].to_list() == ["calm"]
    assert frames["TWS.rumours"]["about"].to_list() == ["ABC"]
    sections = frames["_document_sections"].filter(pl.col("unknown_columns") > 0).sort("section")
    assert sections.select("section", "unknown_column_names", "known_section").rows() == [
        ("TWS.positions", "mood", True),
        ("TWS.rumours", "about", False),
    ]


def test_it_is_recognised_by_its_beginning_alone() -> None:
    assert recognise(WHOLE[:64], "x").kind == "tws_snapshot"
    assert recognise(b'\xef\xbb\xbf\n{ "kind" : "tws_snapshot"', "x").kind == "tws_snapshot"
    with pytest.raises(DocumentError, match="is JSON, which is not a broker's document"):
        recognise(b'{"kind": "tws_snapshots"}', "x")


@pytest.mark.parametrize("cut", [40, 400, 1500, -2])
def test_a_truncated_document_says_where_it_ends(cut: int) -> None:
    error = refused(WHOLE[:cut])
    assert "truncated or damaged" in error.reason
    assert error.place.startswith("line ")
    assert "tieout snapshot" in error.reason


@pytest.mark.parametrize(
    ("document", "said", "place"),
    [
        (changed(version=2), "version 2", "version"),
        (changed(scope="rumours"), "scope 'rumours'", "scope"),
        (changed(taken_at="soon"), "no instant with a zone", "taken_at"),
        (changed(taken_at="2024-01-03T19:00:00"), "no instant with a zone", "taken_at"),
        (changed(server_time="soon"), "no instant with a zone", "server_time"),
        (changed(positions={}), "A section is a list", "positions"),
        (changed(snapshot=[]), "A section is a list", "snapshot"),
        (changed(positions=["x"]), "A row is an object", "positions[0]"),
        (changed(positions=[{}, {"symbol": ["x"]}]), "a text or null", "positions[1].symbol"),
        (changed(positions=[{"_row": "7"}]), "is no name", "positions[0]"),
        (changed(positions=[{"symbol": "\ud800"}]), "half of a character", "positions[0].symbol"),
        (WHOLE.replace(b'"positions":', b'"posture":'), "lacks its section positions", "positions"),
        (WHOLE.replace(b'"10.5"', b"NaN", 1), "no amount", "NaN"),
        (WHOLE.replace(b'"tag": "CashBalance"', b'"currency": "X"', 1), "'currency' twice", "'currency'"),
        (WHOLE.replace(b"INDIVIDUAL", b"INDIVIDU\xc4L"), "not in UTF-8", "byte "),
        (changed(positions=[])[:-1] + b', "deep": ' + b"[" * 100_000, "", "line 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: bytes, said: str, place: str) -> None:
    error = refused(document)
    assert said in error.reason
    assert error.place.startswith(place)
    assert "tieout" in error.reason.lower()
