"""`tieout fetch` as a user calls it, against a Flex Web Service on loopback."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.fakes.flex_server import FlexServer, flex_server, refused
from tests.support.command import tieout
from transforms.broker_simulator import simulate

TOKEN = "24681357"


@pytest.fixture(scope="module")
def document() -> bytes:
    life = simulate(seed=3, years=1)
    return b"".join(
        life.document(["U1000001"], date(2023, 1, 2), date(2023, 1, 31), datetime(2023, 2, 1, 2)).chunks()
    )


@pytest.fixture
def server(document: bytes) -> Iterator[FlexServer]:
    with flex_server() as running:
        running.documents["777"] = document
        yield running


def settings(server: FlexServer, queries: str = "activity=777", token: str = TOKEN) -> dict[str, str]:
    return {"FLEX_BASE_URL": server.base_url, "FLEX_TOKEN": token, "FLEX_QUERY_IDS": queries}


def test_a_document_is_fetched_from_the_returned_url_and_loaded(server: FlexServer, tmp_path: Path) -> None:
    """A fixed host instead of the returned Url: the statements of the fake stand on another port."""
    done = tieout(tmp_path, "fetch", settings=settings(server))

    assert "loaded, account U1000001, 2023-01-02 to 2023-01-31" in done.stdout
    assert "Next: `tieout run`" in done.stdout
    assert len(server.calls("GetStatement")) == 1
    assert not list((tmp_path / "inbox").iterdir())
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert not kept, "the token was written"
    assert TOKEN not in done.stdout + done.stderr


def test_the_same_document_again_is_said_to_be_nothing_new(server: FlexServer, tmp_path: Path) -> None:
    tieout(tmp_path, "fetch", settings=settings(server))
    done = tieout(tmp_path, "fetch", settings=settings(server))
    assert "Nothing new: the broker's documents are those that are here already." in done.stdout


def test_one_query_that_fails_does_not_discard_the_others(server: FlexServer, tmp_path: Path) -> None:
    done = tieout(tmp_path, "fetch", settings=settings(server, "wrong=999, activity=777"), expect=1)

    assert "wrong: the query is invalid (code 1014)" in done.stderr
    assert "FLEX_QUERY_IDS" in done.stderr
    assert "loaded, account U1000001" in done.stdout


def test_a_document_that_cannot_be_read_is_no_success(server: FlexServer, tmp_path: Path) -> None:
    server.documents["777"] = b"<FlexQueryResponse><FlexStatements></Flex></FlexQueryResponse>"
    done = tieout(tmp_path, "fetch", settings=settings(server), expect=2)
    assert "cannot be read, set aside in quarantine" in done.stdout
    assert "Nothing new" not in done.stdout


def test_an_expired_token_says_how_to_renew_it(server: FlexServer, tmp_path: Path) -> None:
    server.sends.append(refused(1012))
    done = tieout(tmp_path, "fetch", settings=settings(server), expect=1)
    assert "the token has expired (code 1012). In Client Portal open" in done.stderr
    assert "No document came." in done.stdout


def test_no_statement_for_a_period_is_no_alarm(server: FlexServer, tmp_path: Path) -> None:
    server.gets.append(refused(1003))
    done = tieout(tmp_path, "fetch", settings=settings(server))
    assert "there is no statement for this period (code 1003)" in done.stdout


def test_a_long_period_is_fetched_in_years(server: FlexServer, tmp_path: Path) -> None:
    done = tieout(
        tmp_path, "fetch", "--from", "2022-01-01", "--to", "2023-06-30", "--json", settings=settings(server)
    )
    periods = [(q["fd"], q["td"]) for q in server.calls("SendRequest")]
    assert periods == [("20220101", "20221231"), ("20230101", "20230630")]
    found = json.loads(done.stdout)
    assert [receipt["status"] for receipt in found["ingest"]["receipts"]] == ["loaded", "loaded"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"FLEX_TOKEN": ""}, "FLEX_TOKEN not set"),
        ({"FLEX_QUERY_IDS": ""}, "FLEX_QUERY_IDS not set"),
        ({"FLEX_QUERY_IDS": "seven"}, "is no query"),
        ({"FLEX_BASE_URL": "http://example.com/x"}, "would send the token in the clear"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    server: FlexServer, tmp_path: Path, more: dict[str, str], said: str
) -> None:
    done = tieout(tmp_path, "fetch", settings=settings(server) | more, expect=2)
    assert said in done.stderr
    assert not server.asked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "2023-01-01"], "--to needs --from"),
        (["--from", "2023-02-01", "--to", "2023-01-01"], "is after"),
    ],
)
def test_periods_that_cannot_be_are_named(
    server: FlexServer, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = tieout(tmp_path, "fetch", *arguments, settings=settings(server), expect=2)
    assert said in done.stderr
    assert not server.asked
