"""`tieout doctor flex` as a user calls it: fetched from a Flex Web Service on loopback, or from a file."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.fakes.flex_server import FlexServer, flex_server, refused
from tests.support.command import tieout
from tests.support.flex_text import flex_document
from transforms.broker_simulator import simulate
from transforms.probe.needs import attributes_read

TOKEN = "24681357"


@pytest.fixture(scope="module")
def document() -> bytes:
    life = simulate(seed=3, years=1)
    january = life.document(["U1000001"], date(2023, 1, 2), date(2023, 1, 31), datetime(2023, 2, 1, 2))
    return (
        b"".join(january.chunks()).replace(b"<Transfers>", b"<Others>").replace(b"</Transfers>", b"</Others>")
    )


@pytest.fixture
def server(document: bytes) -> Iterator[FlexServer]:
    with flex_server() as running:
        running.documents["777"] = document
        yield running


def settings(server: FlexServer, queries: str) -> dict[str, str]:
    return {
        "FLEX_BASE_URL": server.base_url,
        "FLEX_TOKEN": TOKEN,
        "FLEX_QUERY_IDS": queries,
        "COLUMNS": "400",
    }


def test_each_query_is_fetched_and_looked_at_and_nothing_is_kept(server: FlexServer, tmp_path: Path) -> None:
    done = tieout(tmp_path, "doctor", "flex", settings=settings(server, "daily=777, wrong=999"), expect=1)

    assert "the section Transfers is not in the document: positions that were transferred in" in done.stdout
    assert "In the query, tick Transfers, with Transfer." in done.stdout
    assert "the query is invalid (code 1014)" in done.stdout
    assert len(server.calls("SendRequest")) == 2
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "state"]
    assert kept == []
    assert TOKEN not in done.stdout + done.stderr


def test_a_query_that_was_mended_is_no_longer_a_problem(server: FlexServer, tmp_path: Path) -> None:
    given = settings(server, "daily=777")
    server.sends.append(refused(1014))
    tieout(tmp_path, "fetch", settings=given, expect=1)
    tieout(tmp_path, "doctor", "flex", settings=given)


def test_the_json_has_what_decides_the_exit_code(server: FlexServer, tmp_path: Path) -> None:
    given = settings(server, "daily=777") | {"FLEX_TOKEN_EXPIRES": "2026-01-31"}
    done = tieout(tmp_path, "doctor", "flex", "--json", settings=given, expect=1)
    probe, service = json.loads(done.stdout)
    assert (probe["name"], service["name"]) == ("daily", "Flex Web Service")
    (alert,) = service["alerts"]
    assert (alert["state"], alert["short"]) == ("problem", "Flex token expired")


def test_a_warning_is_no_failure_and_no_statement_is_no_alarm(server: FlexServer, tmp_path: Path) -> None:
    tieout(tmp_path, "doctor", "flex", settings=settings(server, "daily=777"))
    server.gets.append(refused(1003))
    done = tieout(tmp_path, "doctor", "flex", settings=settings(server, "daily=777"))
    assert "there is no statement for this period" in done.stdout


def test_a_file_is_looked_at_without_asking_anybody(document: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.xml").write_bytes(document)
    done = tieout(tmp_path, "doctor", "flex", "--file", "mine.xml", "--json")
    (probe,) = json.loads(done.stdout)
    (transfers,) = [sight for sight in probe["sights"] if sight["section"] == "Transfers"]
    assert (transfers["state"], transfers["account_id"]) == ("warning", "U1000001")
    assert all("." in column for column in transfers["touched"])

    (tmp_path / "page.xml").write_bytes(b"<!DOCTYPE html><html></html>")
    refused_file = tieout(tmp_path, "doctor", "flex", "--file", "page.xml", expect=2)
    assert "web page" in refused_file.stdout


def confirmations(**changes: str | None) -> bytes:
    """A document of a Trade Confirmation Flex Query, with all its fields; one that is None is not ticked."""
    told = dict.fromkeys(attributes_read("TradeConfirms"), "") | {
        "accountId": "U1",
        "levelOfDetail": "EXECUTION",
        "conid": "1",
        "symbol": "ABC",
        "currency": "USD",
        "assetCategory": "STK",
        "tradeID": "1",
        "execID": "e.1",
        "tradeDate": "20240102",
        "reportDate": "20240102",
        "settleDateTarget": "20240104",
        "dateTime": "20240102;100000",
        "buySell": "BUY",
        "quantity": "5",
        "price": "10",
    }
    row = {name: value for name, value in (told | changes).items() if value is not None}
    return flex_document({"TradeConfirms": [("TradeConfirm", row)]})


def test_confirmations_need_no_other_section(tmp_path: Path) -> None:
    (tmp_path / "confirms.xml").write_bytes(confirmations())
    done = tieout(tmp_path, "doctor", "flex", "--file", "confirms.xml", "--json")
    (probe,) = json.loads(done.stdout)
    assert {sight["state"] for sight in probe["sights"]} == {"ok"}, probe

    (tmp_path / "fewer.xml").write_bytes(confirmations(symbol=None, tradeDate="01/02/2024"))
    done = tieout(tmp_path, "doctor", "flex", "--file", "fewer.xml", "--json", expect=1)
    (probe,) = json.loads(done.stdout)
    odd = [sight for sight in probe["sights"] if sight["state"] != "ok"]
    assert {sight["section"] for sight in odd} == {"TradeConfirms"}
    assert any("symbol" in sight["detail"] for sight in odd)


def test_without_settings_the_doctor_says_which(tmp_path: Path) -> None:
    done = tieout(tmp_path, "doctor", "flex", expect=2)
    assert "FLEX_TOKEN and FLEX_QUERY_IDS not set" in done.stderr
