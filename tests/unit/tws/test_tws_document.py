"""The JSON of a snapshot: stable bytes, exact texts, nothing lost. Its golden file is read by eye once, then held."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.tws_values import COMMISSION, EXECUTION, TAKEN, snapshot
from tws.document import content_of, document_of, document_of_executions

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "tws_snapshot.json"


def test_the_document_is_the_golden_one() -> None:
    assert document_of(snapshot()) == GOLDEN.read_bytes()


def test_the_order_in_which_tws_told_changes_nothing() -> None:
    told = snapshot()
    turned = replace(
        told,
        accounts=told.accounts[::-1],
        account_values=told.account_values[::-1],
        positions=told.positions[::-1],
        account_pnl=told.account_pnl[::-1],
        position_pnl=told.position_pnl[::-1],
        executions=told.executions[::-1],
    )
    assert document_of(turned) == document_of(told)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("-0.00", "0"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("12345678901234567890123456789.1", "12345678901234567890123456789.1"),
    ],
)
def test_amounts_are_exact_plain_text(amount: str, text: str) -> None:
    told = replace(EXECUTION, price=Decimal(amount))
    document = json.loads(document_of_executions(TAKEN, [told], []))
    assert document["executions"][0]["price"] == text


def test_the_exchange_of_the_execution_is_not_the_contracts() -> None:
    contract = replace(EXECUTION.contract, exchange="SMART")
    told = replace(EXECUTION, contract=contract, exchange="ARCA")
    (row,) = json.loads(document_of_executions(TAKEN, [told], []))["executions"]
    assert (row["exchange"], row["contract_exchange"]) == ("ARCA", "SMART")


def test_instants_are_utc_whatever_zone_told_them() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert document_of(replace(snapshot(), taken_at=TAKEN.astimezone(tokyo))) == document_of(snapshot())


def test_what_tws_did_not_tell_is_null() -> None:
    (row,) = json.loads(document_of_executions(TAKEN, [], [replace(COMMISSION, realized_pnl=None)]))[
        "commissions"
    ]
    assert row["realized_pnl"] is None


def test_a_document_of_executions_says_nothing_of_positions() -> None:
    document = json.loads(document_of_executions(TAKEN, [EXECUTION], [COMMISSION]))
    assert document["scope"] == "executions"
    assert document["accounts"] == [{"account_id": EXECUTION.account_id}]
    assert not {"positions", "account_values", "account_pnl", "position_pnl"} & set(document)


def test_only_the_clocks_are_left_out_of_the_content() -> None:
    told = snapshot()
    later = replace(told, taken_at=TAKEN + timedelta(minutes=15), server_time=TAKEN + timedelta(minutes=15))
    assert document_of(later) != document_of(told)
    assert content_of(document_of(later)) == content_of(document_of(told))
    other = replace(told, positions=told.positions[1:])
    assert content_of(document_of(other)) != content_of(document_of(told))
    alone = replace(told, account_values=(), positions=(), account_pnl=(), position_pnl=())
    executions = document_of_executions(TAKEN, told.executions, told.commissions)
    assert content_of(document_of(alone)) != content_of(executions)


def test_values_that_cannot_be_written_are_refused() -> None:
    with pytest.raises(ValueError, match="is no amount"):
        document_of_executions(TAKEN, [replace(EXECUTION, price=Decimal("NaN"))], [])
    with pytest.raises(ValueError, match="has no zone"):
        document_of_executions(datetime(2024, 1, 2, 15), [EXECUTION], [])
    assert document_of_executions(datetime(2024, 1, 2, 15, tzinfo=UTC), [], [])
