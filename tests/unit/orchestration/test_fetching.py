"""Which fetched documents go into the inbox, and which are those that are here already."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.settings import Settings
from orchestration.fetching import FetchError, QueryOutcome, fetch_queries, flex_web_service
from orchestration.resources.raw_store import RawStore
from state_store.database import StateStore
from state_store.flex_fetches import recorded
from tests.fakes.flex_server import FlexServer, flex_server
from transforms.broker_simulator import simulate

TOKEN = "24681357"
LIFE = simulate(seed=3, years=1)


def document(made: datetime, last: date = date(2023, 1, 13)) -> bytes:
    return b"".join(LIFE.document(["U1000001"], date(2023, 1, 9), last, made).chunks())


@pytest.fixture
def server() -> Iterator[FlexServer]:
    with flex_server() as running:
        running.documents["777"] = document(datetime(2023, 1, 14, 2))
        yield running


@pytest.fixture
def settings(server: FlexServer, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "TIEOUT_DATA_DIR": tmp_path,
            "FLEX_TOKEN": TOKEN,
            "FLEX_QUERY_IDS": "daily=777",
            "FLEX_BASE_URL": server.base_url,
        }
    )


def fetched(settings: Settings) -> QueryOutcome:
    """What became of a fetch; what came is taken into the raw layer."""
    service = replace(flex_web_service(settings), sleep=lambda seconds: None)
    (outcome,) = fetch_queries(settings, None, service=service)
    RawStore(settings.data, settings.flex_timezone).ingest(lambda: datetime.now(UTC))
    return outcome


def loaded(settings: Settings) -> list[str]:
    receipts = RawStore(settings.data, settings.flex_timezone).manifest().receipts
    return [str(receipt.document_id) for receipt in receipts if receipt.status == "loaded"]


def test_a_document_that_differs_in_the_second_of_its_making_alone_is_known(settings: Settings) -> None:
    first, again, thrice = (fetched(settings) for _ in range(3))

    assert [first.result, again.result, thrice.result] == ["fetched", "known", "known"]
    assert again.problem == f"the same document is here already, as {first.file}"
    assert loaded(settings) == [first.document_id]
    (kept,) = recorded(StateStore(settings.state_url))
    assert kept.document_id == again.document_id == first.document_id, "the one that the raw layer has"


def test_a_document_that_says_something_else_is_fetched(server: FlexServer, settings: Settings) -> None:
    fetched(settings)
    server.documents["777"] = server.documents["777"].replace(b'tradePrice="', b'tradePrice="1')
    assert fetched(settings).result == "fetched"
    assert len(loaded(settings)) == 2


def test_while_its_last_day_goes_on_a_later_document_tells_more(
    server: FlexServer, settings: Settings
) -> None:
    """A fill after the first one is booked by neither: the second is the one that would have named it."""
    server.documents["777"] = document(datetime(2023, 1, 13, 14))
    assert [fetched(settings).result for _ in range(2)] == ["fetched", "fetched"]
    assert len(loaded(settings)) == 2


@pytest.mark.parametrize("period", [b'"20230109","20230113"', b'"2023-01-09","2023-01-13"'])
def test_a_csv_says_when_it_was_made_behind_its_period(
    server: FlexServer, settings: Settings, period: bytes
) -> None:
    def csv(first: bytes) -> bytes:
        rows = b'"BOA","U1000001"\n"BOS","TRNT","Trades"\n"ClientAccountID","TradeID"\n"U1000001","1"\n'
        return (
            b'"BOF","U1000001","daily","1",%b\n%b"EOS","TRNT","1"\n"EOA","U1000001"\n"EOF","U1000001"\n'
            % (
                first,
                rows,
            )
        )

    server.documents["777"] = csv(period + b',"20230114","020000"')
    assert fetched(settings).result == "fetched"
    server.documents["777"] = csv(period + b',"20230115","040101"')
    assert fetched(settings).result == "known"
    server.documents["777"] = csv(period.replace(b"13", b"12") + b',"20230115","040101"')
    assert fetched(settings).result == "fetched", "another period"


def test_a_query_that_the_settings_do_not_have_is_named(server: FlexServer, settings: Settings) -> None:
    with pytest.raises(FetchError, match="FLEX_QUERY_IDS names no query confirms"):
        fetch_queries(settings, None, ["daily", "confirms"])
    assert not server.asked
