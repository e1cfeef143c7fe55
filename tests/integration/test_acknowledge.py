"""`tieout acknowledge` in processes of its own, on a published folder with one break."""

import json
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT, command, environment, tieout
from tests.support.invented_books import EUR_ACCOUNT
from tests.support.invented_marts import make_books
from tests.support.published_fixture import write_published

BREAK = (EUR_ACCOUNT, "realized_pnl", "2026-02-28")
NOTE = "the broker books the fee in March"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_published(tmp_path / "published")
    return tmp_path


def broken(data: Path, expect: int) -> list[dict[str, Any]]:
    rows = json.loads(tieout(data, "reconcile", "--json", expect=expect).stdout, parse_float=Decimal)
    return [row for row in rows if row["status"] == "broken"]


def test_an_acknowledged_break_is_shown_and_does_not_count(data: Path) -> None:
    assert [row["acknowledged"] for row in broken(data, expect=1)] == [None]
    said = tieout(data, "acknowledge", *BREAK, "--note", NOTE).stdout
    assert "realized_pnl in EUR, 2026-02-01 to 2026-02-28, difference -18.25 is acknowledged." in said
    assert [row["acknowledged"] for row in broken(data, expect=0)] == [NOTE]
    table = tieout(data, "reconcile").stdout
    assert NOTE in table
    assert "88 of 89 tied to the broker's totals · 1 acknowledged · 2 not reported" in table
    assert "1 acknowledged" in tieout(data, "summary").stdout
    assert (
        "It was acknowledged before: " + NOTE in tieout(data, "acknowledge", *BREAK, "--note", "again").stdout
    )
    assert "is open again." in tieout(data, "acknowledge", *BREAK, "--undo").stdout
    assert "was open already" not in tieout(data, "reconcile", expect=1).stdout


def test_a_break_whose_difference_changes_is_open_again(data: Path) -> None:
    tieout(data, "acknowledge", *BREAK, "--note", NOTE)
    books = make_books(version="000002-3fa9c1d2")
    (row,) = (row for row in books.rows["reconciliation"] if row["status"] == "broken")
    row["ours"] -= Decimal("0.01")
    row["difference"] -= Decimal("0.01")
    write_published(data / "published", books, version="000002-3fa9c1d2")
    assert [row["acknowledged"] for row in broken(data, expect=1)] == [None]
    row["ours"] += Decimal("0.01")
    row["difference"] += Decimal("0.01")
    write_published(data / "published", books, version="000003-3fa9c1d2")
    assert [row["acknowledged"] for row in broken(data, expect=0)] == [NOTE]


def test_nobody_writes_into_the_published_file(data: Path) -> None:
    file = data / "published" / "000001-3fa9c1d2" / "tieout.duckdb"
    before = file.read_bytes()
    tieout(data, "acknowledge", *BREAK, "--note", NOTE)
    assert file.read_bytes() == before
    assert sorted(path.name for path in (data / "state").iterdir()) == ["tieout.sqlite"]


def test_the_store_is_where_db_url_says(data: Path, tmp_path: Path) -> None:
    settings = {"DB_URL": f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"}
    tieout(data, "acknowledge", *BREAK, "--note", NOTE, settings=settings)
    tieout(data, "reconcile", settings=settings)
    tieout(data, "reconcile", expect=1)
    assert not (data / "state").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*BREAK,), "say why the break may stay: --note TEXT"),
        ((*BREAK, "--note", "  "), "say why the break may stay: --note TEXT"),
        ((*BREAK, "--undo", "--note", "x"), "it does not go with --undo"),
        ((EUR_ACCOUNT, "twr", "2026-02-28", "--note", "x"), "no such break: twr to 2026-02-28; there are: "),
        ((*BREAK, "--currency", "USD", "--note", "x"), "no such break"),
        (("U404", "twr", "2026-02-28", "--note", "x"), "is not published; known accounts"),
        ((*BREAK, "--undo"), "no such break"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_acknowledged_is_said_in_one_sentence(
    data: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = tieout(data, "acknowledge", *arguments, expect=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (data / "state").exists()


def test_several_breaks_of_one_day_ask_which(data: Path) -> None:
    books = make_books(version="000002-3fa9c1d2")
    (row,) = (row for row in books.rows["reconciliation"] if row["status"] == "broken")
    books.rows["reconciliation"].append({**row, "currency": "USD"})
    books.rows["reconciliation"].append({**row, "period_start": date(2026, 1, 1)})
    write_published(data / "published", books, version="000002-3fa9c1d2")
    done = tieout(data, "acknowledge", *BREAK, "--note", NOTE, expect=2)
    assert "several breaks match, add --currency or --from" in done.stderr
    tieout(data, "acknowledge", *BREAK, "--note", NOTE, "--currency", "usd")
    tieout(data, "acknowledge", *BREAK, "--note", NOTE, "--currency", "EUR", "--from", "2026-01-01")
    assert sorted(str(row["acknowledged"]) for row in broken(data, expect=1)) == sorted(["None", NOTE, NOTE])


def test_two_at_once_both_succeed_and_one_is_first(data: Path) -> None:
    running = [
        subprocess.Popen(
            command("acknowledge", *BREAK, "--note", name),
            env=environment(data), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sum("acknowledged before" in out for out, _ in said) == 1
    assert broken(data, expect=0)[0]["acknowledged"] in {"one", "two"}
