"""`tieout snapshot` from a simulated TWS to the marts: provisional fills, and what becomes of them.

The statements are the synthetic broker's; the fill that one of them books bears the simulated TWS's execution id there.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.command import runs, tieout, version, without_a_traceback
from transforms.broker_simulator import simulate

ACCOUNT = "U1000001"
SOLD, BOUGHT = 910000203, 910000302
SOLD_ID = b"a9a48281.a9a48282.01.01"
"""What the statement calls the sale of 57 BLTC on 7 February 2023 at 11:56:57 in New York."""
SOLD_AT = datetime(2023, 2, 7, 16, 56, 57, tzinfo=UTC)
NOT_OF_THE_BOOKS = {
    *("fct_trade", "account_intraday", "position_intraday", "document", "document_section", "build_info"),
    "data_health",
}


@dataclass(frozen=True)
class Told:
    """A data folder after January's statement and a snapshot with two fills of February, with the book behind it."""

    data: Path
    gateway: Gateway
    before: dict[str, list[str]]
    said: str
    sold_id: str
    phantom_id: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    data = tmp_path_factory.mktemp("snapshots")
    life = simulate(seed=3, years=1)
    january = life.document([ACCOUNT], date(2023, 1, 2), date(2023, 1, 31), datetime(2023, 2, 1, 2))
    (data / "january.xml").write_bytes(b"".join(january.chunks()))
    february = life.document([ACCOUNT], date(2023, 1, 16), date(2023, 2, 10), datetime(2023, 2, 11, 2))
    tieout(data, "ingest", str(data / "january.xml"))
    tieout(data, "run")
    before = books(data)
    with tws_gateway(Book.from_broker(life, date(2023, 1, 31))) as gateway:
        sold = gateway.fill(ACCOUNT, SOLD, -57, "38.89", "1.25", at=SOLD_AT)
        phantom = gateway.fill(ACCOUNT, BOUGHT, 5, "4.58", "1.25", at=SOLD_AT)
        content = b"".join(february.chunks())
        assert content.count(SOLD_ID) >= 1
        (data / "february.xml").write_bytes(content.replace(SOLD_ID, sold.execution_id.encode()))
        said = tieout(data, "snapshot", settings=listening(gateway)).stdout
        yield Told(data, gateway, before, said, sold.execution_id, phantom.execution_id)


def listening(gateway: Gateway) -> dict[str, str]:
    return {"IBKR_HOST": "127.0.0.1", "IBKR_PORT": str(gateway.port)}


def query(data: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of the published file."""
    with duckdb.connect(str((data / "published" / "current.duckdb").resolve()), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.execute(sql)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def books(data: Path) -> dict[str, list[str]]:
    """Every mart that is made of booked figures, row by row."""
    names = query(data, "select table_name from duckdb_tables() where schema_name = 'marts' order by 1")
    return {
        table: sorted(str(tuple(row.values())) for row in query(data, f"select * from marts.{table}"))
        for table in (row["table_name"] for row in names)
        if table not in NOT_OF_THE_BOOKS
    }


def fills(data: Path) -> dict[str, dict[str, Any]]:
    rows = query(
        data, "select * from marts.fct_trade where report_date > '2023-01-31' or report_date is null"
    )
    return {row["exec_id"]: row for row in rows}


def test_fills_show_at_once_as_provisional(told: Told) -> None:
    assert "2 executions, 2 of them new" in told.said
    assert f"Published version {version(told.data)}" in told.said
    found = fills(told.data)
    assert set(found) == {told.sold_id, told.phantom_id}
    sold = found[told.sold_id]
    assert sold["is_provisional"]
    assert (sold["side"], sold["quantity"], sold["price"]) == ("SELL", -57, Decimal("38.89"))
    assert (sold["proceeds"], sold["commission"]) == (Decimal("2216.73"), Decimal("-1.25"))
    assert (sold["trade_date"], sold["report_date"], sold["realized_pnl"]) == (None, None, None)
    assert sold["trade_at"] == SOLD_AT


def test_no_booked_figure_moves_by_them(told: Told) -> None:
    after = books(told.data)
    assert {name for name, rows in told.before.items() if rows != after[name]} == set()
    assert len(after) > 20


def test_the_command_lists_them_first(told: Told) -> None:
    rows = json.loads(tieout(told.data, "trades", "--json").stdout)
    assert [row["is_provisional"] for row in rows[:3]] == [True, True, False]


def test_the_marts_show_the_account_as_tws_does(told: Told) -> None:
    book = told.gateway.book
    rows = query(told.data, "select * from marts.position_intraday")
    assert {(row["account_id"], row["conid"]): row["quantity"] for row in rows} == {
        key: quantity for key, (quantity, _) in book.positions.items()
    }
    accounts = query(told.data, "select * from marts.account_intraday")
    assert {row["account_id"]: row["base_currency"] for row in accounts} == {
        account_id: account.base for account_id, account in book.accounts.items()
    }
    for row in accounts:
        result = book.account_pnl(row["account_id"])
        assert (row["daily_pnl_base"], row["realized_pnl_base"]) == (result.daily, result.realized)
        held = [key for key in book.positions if key[0] == row["account_id"]]
        assert row["position_count"] == len(held)


def test_a_snapshot_that_tells_nothing_new_is_not_kept(told: Told) -> None:
    before = query(told.data, "select count(*) as n from marts.document")
    documents = list((told.data / "raw" / "documents").rglob("*"))
    again = tieout(told.data, "snapshot", "--json", settings=listening(told.gateway))
    found = json.loads(again.stdout)
    assert (found["status"], found["receipt"], found["refresh"]) == ("unchanged", None, None)
    assert list((told.data / "raw" / "documents").rglob("*")) == documents
    assert query(told.data, "select count(*) as n from marts.document") == before


def test_a_snapshot_without_new_fills_is_kept_and_starts_no_refresh(told: Told) -> None:
    told.gateway.set_price(SOLD, "40.5")
    standing, done = version(told.data), len(runs(told.data))
    said = tieout(told.data, "snapshot", settings=listening(told.gateway)).stdout
    assert "0 of them new" in said
    assert "with the next refresh" in said
    assert [job for job, _ in runs(told.data)[done:]] == ["snapshot"]
    again = tieout(told.data, "run")
    assert again.stdout.startswith(f"Nothing new: version {standing} is made from all statements and fills")
    assert "1 snapshot(s) of TWS wait" in again.stdout
    assert version(told.data) == standing


def test_the_statement_supersedes_its_fill_and_the_other_is_said(told: Told) -> None:
    tieout(told.data, "ingest", str(told.data / "february.xml"))
    tieout(told.data, "run")

    found = fills(told.data)
    assert told.phantom_id not in found
    assert not any(row["is_provisional"] for row in found.values())
    sold = found[told.sold_id]
    assert (sold["report_date"], sold["section"], sold["quantity"]) == (date(2023, 2, 7), "Trades", -57)
    count = "select count(*) as n from marts.fct_trade where conid = 910000203 and report_date > '2023-01-31'"
    assert query(told.data, count) == [{"n": 1}]
    (finding,) = query(told.data, "select * from marts.data_health where check_name = 'execution_not_booked'")
    assert (finding["account_id"], finding["subject"], finding["severity"]) == (
        ACCOUNT,
        told.phantom_id,
        "warning",
    )
    assert "5.00 CLYD" in finding["detail"]
    tieout(told.data, "reconcile")


def test_where_the_rows_of_snapshots_went_adds_up(told: Told) -> None:
    sql = (
        "select section, sum(rows_read) as rows_read, sum(rows_kept) as rows_kept, "
        "sum(rows_superseded) as rows_superseded, sum(rows_rejected) as rows_rejected "
        "from marts.document_section where section like 'TWS.%' group by 1"
    )
    rows = {row["section"]: row for row in query(told.data, sql)}
    executions = rows["TWS.executions"]
    assert (executions["rows_read"], executions["rows_kept"], executions["rows_superseded"]) == (4, 2, 2)
    assert rows["TWS.positions"]["rows_superseded"] == rows["TWS.positions"]["rows_kept"]
    assert all(row["rows_rejected"] == 0 for row in rows.values())


def test_a_port_where_nothing_listens_is_one_clear_error(tmp_path: Path) -> None:
    with tws_gateway(Book.of(1)) as gateway:
        port = gateway.port
    done = tieout(tmp_path, "snapshot", settings={"IBKR_PORT": str(port)}, expect=1)
    assert "no snapshot was taken" in done.stderr
    assert "IBKR_PORT" in done.stderr
    without_a_traceback(done)
    failed = tieout(tmp_path, "snapshot", "--json", settings={"IBKR_PORT": str(port)}, expect=1)
    assert json.loads(failed.stdout)["status"] == "failed"


def test_a_missing_end_is_no_flat_account(tmp_path: Path) -> None:
    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.withheld = {"positionEnd"}
        done = tieout(tmp_path, "snapshot", settings=listening(gateway), expect=1)
    assert "position" in done.stderr
    assert not (tmp_path / "raw" / "manifest.json").exists()
