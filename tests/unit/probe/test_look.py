"""What is seen in a Flex document: invented documents, each with one thing missing or wrong."""

from collections import defaultdict
from io import BytesIO

import polars as pl
import pytest

from orchestration.packaged_lineage import values_by_mart
from orchestration.resources.raw_documents import read_document
from transforms.flex.reader import SectionBatch
from transforms.probe.look import Sight, look
from transforms.probe.needs import attributes_read, lost_columns
from transforms.probe.sections import wanted_sections

LISTED = [tag for tag, section in wanted_sections().items() if section.need in ("always", "books")]
CASH = {
    "accountId": "U1", "currency": "EUR", "fxRateToBase": "1", "type": "Deposits/Withdrawals", "amount": "5",
    "dateTime": "20240102;120000", "reportDate": "20240102", "transactionID": "1", "levelOfDetail": "DETAIL",
}  # fmt: skip


def element(tag: str, attributes: dict[str, str]) -> str:
    told = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<{tag} {told}/>"


def document(sections: dict[str, str], account: str = "U1") -> str:
    """A statement of January 2024 with these sections, each by its content."""
    inside = "".join(f"<{tag}>{rows}</{tag}>" for tag, rows in sections.items())
    return (
        f'<FlexStatement accountId="{account}" fromDate="20240101" toDate="20240131" period="" '
        f'whenGenerated="20240201;020000">{inside}</FlexStatement>'
    )


def seen(*statements: str) -> list[Sight]:
    """What is seen in a document of these statements."""
    text = f'<FlexQueryResponse queryName="q" type="AF"><FlexStatements count="1">{"".join(statements)}'
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)

    def keep(batch: SectionBatch) -> None:
        frames[batch.section].append(batch.frame)

    content = f"{text}</FlexStatements></FlexQueryResponse>".encode()
    read_document(BytesIO(content), "a.xml", "", keep, "America/New_York")
    whole = {section: pl.concat(parts, how="diagonal") for section, parts in frames.items()}
    return look(whole, values_by_mart(), "America/New_York")


def full(**rows: str) -> dict[str, str]:
    """Every section of the guide, empty but for those that are given."""
    return {tag: rows.get(tag, "") for tag in LISTED}


def about(sights: list[Sight], section: str) -> list[Sight]:
    return [sight for sight in sights if sight.section == section]


def test_a_document_with_all_sections_is_well_and_says_what_it_could_not_see() -> None:
    found = seen(document(full()))
    assert {sight.state for sight in found} == {"ok"}
    assert f"all {len(LISTED)} sections are there" in found[-1].detail
    assert "without rows, so that their fields cannot be seen: " in found[0].detail


def test_a_section_that_is_not_ticked_is_named_with_its_cost_and_how_to_tick_it() -> None:
    sections = full()
    del sections["CashTransactions"], sections["EquitySummaryInBase"]
    cash, nav = (about(seen(document(sections)), s)[0] for s in ("CashTransactions", "EquitySummaryInBase"))

    assert cash.state == nav.state == "warning"
    assert "Cash Transactions is not in the document: no deposits and dividends" in cash.detail
    assert cash.fix == "In the query, tick Cash Transactions, with all types, Detail."
    assert ("fct_cash_transaction", "amount") in cash.lost
    assert ("fct_nav_daily", "cash_base") in nav.lost
    assert not any(mart == "fct_trade" for mart, _ in cash.lost + nav.lost)


def test_a_field_that_is_not_ticked_is_named_with_what_stays_empty() -> None:
    """The columns are those of the contract and the packaged lineage: ex_date is read from exDate alone."""
    with_it = dict.fromkeys(attributes_read("CashTransactions"), "") | CASH
    without = {name: value for name, value in with_it.items() if name != "exDate"}
    assert not about(
        seen(document(full(CashTransactions=element("CashTransaction", with_it)))), "CashTransactions"
    )
    (found,) = about(
        seen(document(full(CashTransactions=element("CashTransaction", without)))), "CashTransactions"
    )
    assert found.detail == "Cash Transactions lacks exDate"
    assert found.lost == (("fct_cash_transaction", "ex_date"),)
    assert "Select All" in found.fix


@pytest.mark.parametrize(
    ("attribute", "value", "said", "fix"),
    [
        ("reportDate", "03/04/2024", "reportDate is '03/04/2024'", "date format to yyyyMMdd"),
        ("dateTime", "yesterday", "dateTime is 'yesterday'", "date format to yyyyMMdd"),
        ("amount", "5 EUR", "amount is '5 EUR'", "format XML"),
    ],
)
def test_a_cell_in_the_wrong_format_is_shown_with_the_setting(
    attribute: str, value: str, said: str, fix: str
) -> None:
    rows = dict.fromkeys(attributes_read("CashTransactions"), "") | CASH | {attribute: value}
    found = about(seen(document(full(CashTransactions=element("CashTransaction", rows)))), "CashTransactions")
    assert any(said in sight.detail and fix in sight.fix for sight in found), found


def test_rows_that_are_summaries_alone_are_named_with_the_option() -> None:
    rows = dict.fromkeys(attributes_read("CashTransactions"), "") | CASH | {"levelOfDetail": "SUMMARY"}
    found = about(seen(document(full(CashTransactions=element("CashTransaction", rows)))), "CashTransactions")
    assert [(sight.detail, sight.fix) for sight in found] == [
        (
            "Cash Transactions has no rows of the level DETAIL, only SUMMARY",
            "In the query, tick Detail for Cash Transactions.",
        )
    ]


def test_a_cancel_without_its_trade_is_told() -> None:
    trade = {"accountId": "U1", "tradeID": "7", "origTradeID": "", "transactionType": "ExchTrade"}
    cancel = trade | {"tradeID": "8", "origTradeID": "7", "transactionType": "TradeCancel"}

    def alone(*rows: dict[str, str]) -> bool:
        trades = "".join(element("Trade", row) for row in rows)
        return any(
            "without the trade that they cancel" in s.detail for s in seen(document(full(Trades=trades)))
        )

    assert alone(cancel)
    assert not alone(trade, cancel)


def test_each_account_is_looked_at_alone() -> None:
    less = full()
    del less["Transfers"]
    found = seen(document(full(), "U1"), document(less, "U2"))
    assert {(s.account_id, s.state) for s in found} == {("U1", "ok"), ("U2", "ok"), ("U2", "warning")}


def test_a_document_without_a_statement_is_a_problem() -> None:
    (found,) = seen()
    assert (found.state, found.detail) == ("problem", "the document holds no statement")


def test_a_column_is_lost_when_no_value_reaches_it_and_touched_when_some_do() -> None:
    published = {"m": {"one": [("a", "x")], "both": [("a", "x"), ("a", "y")], "other": [("a", "y")]}}
    lost, touched = lost_columns(frozenset({("a", "x")}), published)
    assert (lost, touched) == ({("m", "one")}, {("m", "both")})
