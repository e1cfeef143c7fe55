"""Documents that are broken or mean harm, given to the command together with good ones: each is set aside with its
reason, and the good ones are published as if they had come alone."""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import tieout
from tests.support.flex_text import cash_row, flex_document
from transforms.broker_simulator import simulate

ENTITY_BOMB = (
    b'<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in range(ord("b"), ord("k")))
    + b']>\n<FlexQueryResponse queryName="&j;" type="AF"/>'
)
SERVICE_ANSWER = (
    b"<FlexStatementResponse timestamp='01 February, 2023 02:00 AM EST'>\n<Status>Warn</Status>\n"
    b"<ErrorCode>1019</ErrorCode>\n<ErrorMessage>Statement generation in progress. Please try again shortly."
    b"</ErrorMessage>\n</FlexStatementResponse>"
)
LARGE = 500_000


@dataclass(frozen=True)
class Hostile:
    """A document that must not be taken, and words that its reason must hold."""

    content: bytes
    words: tuple[str, ...]


def deposit(text: str = "Deposit") -> bytes:
    return flex_document(
        {"CashTransactions": [cash_row("1", "5", accountId="U9", description=text)]}, account="U9"
    )


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("statement.xml", content)
    return buffer.getvalue()


def hostile_documents(secret: Path) -> dict[str, Hostile]:
    """By file name. `secret` is a file whose content an external entity asks for."""
    declared = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    external = b'<!DOCTYPE r [<!ENTITY x SYSTEM "%s">]>\n' % secret.as_uri().encode()
    return {
        "truncated.xml": Hostile(deposit()[:-30], ("truncated", "line ")),
        "empty.xml": Hostile(b"", ("empty", "byte 0")),
        "blank.xml": Hostile(b" \n\t\n", ("white space", "byte 0")),
        "login.xml": Hostile(b"<!DOCTYPE html>\n<html><body>Log in</body></html>", ("HTML", "line 1")),
        "external.xml": Hostile(declared + external + deposit("&x;"), ("DOCTYPE", "line 2")),
        "bomb.xml": Hostile(ENTITY_BOMB, ("DOCTYPE", "line 2")),
        "archive.zip": Hostile(zipped(deposit()), ("zip", "byte 0")),
        "latin.xml": Hostile(declared + deposit("Bücher").decode().encode("latin-1"), ("line 3", "UTF-8")),
        "nul.xml": Hostile(deposit("a\0b"), ("NUL", "byte ")),
        "late-nul.xml": Hostile(deposit("a" * 100_000 + "\0b"), ("line 2",)),
        "other.xml": Hostile(b"<Statement/>", ("Statement", "FlexQueryResponse", "line 1")),
        "answer.xml": Hostile(SERVICE_ANSWER, ("1019", "Please try again shortly", "line 1")),
        "table.csv": Hostile(b'"a","b","c"\n"U9","A","1"\n', ("CSV", "line 1")),
        "flex.csv": Hostile(b'"ClientAccountID","Symbol","Quantity"\n"U9","A"\n', ("shorter", "line 2")),
        "cut.csv": Hostile(
            b'"BOF","U9","q","20240102","20240102"\n"BOS","CRTT","Cash"\n', ("truncated", "line 2")
        ),
        "german.csv": Hostile(b"Statement,Header,Feldname,Feldwert\n", ("German", "line 1")),
        "twice.xml": Hostile(deposit() + deposit(), ("line ",)),
        "huge.xml": Hostile(deposit("x" * 8_000_000), ("longer than 1 MiB", "line 2")),
        "undefined.xml": Hostile(deposit("&nbsp;"), ("line 2",)),
        "a name\nof two lines.xml": Hostile(b"{}", ("JSON", "byte 0")),
        os.fsdecode(b"no utf-8 \xff.xml"): Hostile(b"[]", ("JSON", "byte 0")),
        "long " + "n" * 246 + ".xml": Hostile(b"words", ("not a document", "byte 0")),
        "U1.xml.reason.json": Hostile(b'{"no": "reason"}', ("JSON", "byte 0")),
    }


def as_shown(name: str) -> str:
    """How a name is written that cannot be written as it is."""
    return name.replace("\n", "\N{REPLACEMENT CHARACTER}").replace("\udcff", "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True)
class Outcome:
    """The data folder after the run, and what the run said."""

    data: Path
    hostile: dict[str, Hostile]
    said: dict[str, Any]
    output: str

    def query(self, sql: str) -> list[dict[str, Any]]:
        return list(json.loads(tieout(self.data, "query", sql, "--json").stdout, parse_float=Decimal))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """All of them and two good documents in one inbox, taken by one run."""
    base = tmp_path_factory.mktemp("hostile")
    secret = base / "secret.txt"
    secret.write_text("the secret of another file")
    hostile = hostile_documents(secret)
    inbox = base / "data" / "inbox"
    inbox.mkdir(parents=True)
    for name, document in hostile.items():
        (inbox / name).write_bytes(document.content)
    life = simulate(seed=3, years=1)
    good = life.document(["U1000001"], date(2023, 1, 2), date(2023, 1, 13), datetime(2023, 1, 14, 2))
    (inbox / "good.xml").write_bytes(b"".join(good.chunks()))
    (inbox / "large.xml").write_bytes(deposit("x" * LARGE))
    (inbox / "a folder.xml").mkdir()
    done = tieout(base / "data", "run", "--json", expect=2)
    return Outcome(base / "data", hostile, json.loads(done.stdout), done.stdout + done.stderr)


def test_the_good_documents_are_published(outcome: Outcome) -> None:
    assert outcome.said["success"] is True
    assert outcome.said["version"].startswith("000001-")
    assert {r["file_name"] for r in outcome.said["receipts"] if r["status"] == "loaded"} == {
        "good.xml",
        "large.xml",
    }
    counts = outcome.query("select status, count(*) as n from marts.reconciliation group by 1")
    assert {row["status"] for row in counts} <= {"tied", "not_reported"}
    assert outcome.query("select max(nav_date) as last from marts.fct_nav_daily") == [{"last": "2023-01-13"}]


def test_a_long_text_is_kept_whole(outcome: Outcome) -> None:
    rows = outcome.query(
        "select amount, length(description) as letters from marts.fct_cash_transaction where account_id = 'U9'"
    )
    assert rows == [{"amount": Decimal(5), "letters": LARGE}]


def test_nothing_else_reached_the_books(outcome: Outcome) -> None:
    accounts = outcome.query("select account_id from marts.dim_account order by 1")
    assert accounts == [{"account_id": "U1000001"}, {"account_id": "U9"}]
    sections = outcome.query("select count(distinct document_id) as n from marts.document_section")
    assert sections == [{"n": 2}]


def test_each_bad_document_is_set_aside_with_its_reason_and_place(outcome: Outcome) -> None:
    reasons = {
        told["document_id"]: told
        for path in (outcome.data / "quarantine").glob("*.reason.json")
        if "place" in (told := json.loads(path.read_bytes()))
    }
    assert len(reasons) == len(outcome.hostile)
    for name, document in outcome.hostile.items():
        told = reasons[sha256(document.content).hexdigest()]
        assert told["file_name"] == as_shown(name)
        assert set(told) == {"file_name", "document_id", "place", "reason"}
        for word in document.words:
            assert word in f"{told['reason']} ({told['place']})", (name, told)
        assert len(told["reason"]) < 1000


def test_the_bytes_in_quarantine_are_those_that_came(outcome: Outcome) -> None:
    kept = [
        path
        for path in (outcome.data / "quarantine").iterdir()
        if not (path.name.endswith(".reason.json") and path.with_name(path.name[:-12]).exists())
    ]
    assert sorted(p.read_bytes() for p in kept) == sorted(d.content for d in outcome.hostile.values())


def test_the_mart_of_documents_lists_them_all(outcome: Outcome) -> None:
    rows = outcome.query("select file_name, status, reason from marts.document order by file_name")
    told = {row["file_name"]: row for row in rows}
    assert len(rows) == len(outcome.hostile) + 2
    for name, document in outcome.hostile.items():
        row = told[as_shown(name)]
        assert row["status"] == "quarantined"
        assert all(word in row["reason"] for word in document.words), row
    assert outcome.query(
        "select documents_loaded, documents_quarantined as set_aside from marts.build_info"
    ) == [{"documents_loaded": 2, "set_aside": len(outcome.hostile)}]


def test_no_traceback_is_shown_and_no_secret_read(outcome: Outcome) -> None:
    assert "Traceback" not in outcome.output
    assert 'File "' not in outcome.output
    secret = b"the secret of another file"
    for path in outcome.data.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes()


def test_the_inbox_is_empty_but_for_what_is_no_file(outcome: Outcome) -> None:
    assert [path.name for path in (outcome.data / "inbox").iterdir()] == ["a folder.xml"]
    assert not list((outcome.data / "raw" / "documents").glob("*.tmp"))


def test_the_doctor_names_each_of_them(outcome: Outcome) -> None:
    findings = json.loads(tieout(outcome.data, "doctor", "--json", expect=None).stdout)
    quarantined = [f for f in findings if f["subject"] == "quarantine"]
    assert len(quarantined) == len(outcome.hostile)
    assert all(f["state"] == "warning" for f in quarantined)
    for name in outcome.hostile:
        assert any(as_shown(name) in f["detail"] for f in quarantined), name


def test_the_same_bad_documents_again_make_no_new_version(outcome: Outcome, tmp_path: Path) -> None:
    data = Path(shutil.copytree(outcome.data, tmp_path / "data", symlinks=True))
    for name, document in outcome.hostile.items():
        (data / "inbox" / name).write_bytes(document.content)
    done = json.loads(tieout(data, "run", "--json", expect=2).stdout)
    assert (done["nothing_new"], done["version"]) == (True, outcome.said["version"])
    assert [r["status"] for r in done["receipts"]] == ["quarantined"] * len(outcome.hostile)


@pytest.mark.parametrize("listed", [lambda: "", lambda: "folder"], ids=["nothing", "a folder"])
def test_a_folder_is_no_document(tmp_path: Path, listed: Callable[[], str]) -> None:
    (tmp_path / "folder").mkdir()
    arguments = [str(tmp_path / listed())] if listed() else []
    done = tieout(tmp_path / "data", "ingest", *arguments, expect=2)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "raw").exists()
