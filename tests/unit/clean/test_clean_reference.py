"""Statements, their sections, accounts, instruments."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from tests.support.raw_frames import cash, clean, element, flex_document, position, section, statement, trade
from transforms.clean import CLEAN_TABLES, CleanContext
from transforms.schemas import CONTRACTS

OLDER = "20240201;060000"
NEWER = "20240202;060000"


def table(name: str, *documents: bytes, context: CleanContext | None = None) -> pl.DataFrame:
    return clean(documents, [name], context)[name].table


def test_statements_and_their_sections() -> None:
    document = flex_document(
        statement(section("Trades", trade()), section("OpenPositions"), account="U1", end="20240110"),
        statement(section("Trades"), account="U2", generated="2024-02-01;06:00:00 EDT"),
    )
    assert table("statements", document).drop("document_id").rows() == [
        (
            0,
            "U1",
            date(2024, 1, 1),
            date(2024, 1, 10),
            datetime(2024, 2, 1, 11, tzinfo=UTC),
            "Custom",
            "flex_xml",
            0,
        ),
        (
            1,
            "U2",
            date(2024, 1, 1),
            date(2024, 1, 31),
            datetime(2024, 2, 1, 10, tzinfo=UTC),
            "Custom",
            "flex_xml",
            0,
        ),
    ]
    sections = table("statement_sections", document)
    assert sections.select("statement", "account_id", "section", "rows").rows() == [
        (0, "U1", "OpenPositions", 0),
        (0, "U1", "Trades", 1),
        (1, "U2", "Trades", 0),
    ]
    assert sections["period_end_date"].to_list() == [date(2024, 1, 10)] * 2 + [date(2024, 1, 31)]


def test_a_generation_time_that_happened_twice_is_the_earlier_one() -> None:
    document = flex_document(statement(generated="20241103;013000"))
    assert table("statements", document)["when_generated_at"].to_list() == [
        datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    ]


def test_a_statement_whose_dates_cannot_be_read_is_told() -> None:
    cleaned = clean([flex_document(statement(start="soon", generated="never"))], ["statements"])["statements"]
    assert cleaned.table.select("period_start_date", "when_generated_at").row(0) == (None, None)
    assert cleaned.issues.select("column", "value").rows() == [
        ("fromDate", "soon"),
        ("whenGenerated", "never"),
    ]


def information(**attributes: str) -> str:
    facts = {
        "accountId": "U1",
        "acctAlias": "Mine",
        "currency": "EUR",
        "dateOpened": "20200115",
        "name": "Somebody",
        "street": "A 1",
    }
    return element("AccountInformation", **{**facts, **attributes})


def test_each_fact_of_an_account_comes_from_the_newest_document_that_says_it() -> None:
    older = flex_document(statement(information(accountType="Individual"), generated=OLDER))
    newer = flex_document(statement(information(acctAlias="Renamed", dateOpened=""), generated=NEWER))
    row = table("accounts", newer, older).row(0, named=True)
    assert row["alias"] == "Renamed"
    assert (row["account_type"], row["opened_date"]) == ("Individual", date(2020, 1, 15))
    assert (row["base_currency"], row["base_currency_source"]) == ("EUR", "AccountInformation")
    assert row["section"] == "AccountInformation"


def test_personal_data_are_not_in_the_clean_layer() -> None:
    cleaned = table("accounts", flex_document(statement(information(primaryEmail="a@example.org"))))
    text = cleaned.write_csv()
    assert not any(word in text for word in ("Somebody", "A 1", "example.org"))


def test_every_account_that_a_statement_or_a_row_names_has_a_row() -> None:
    document = flex_document(
        statement(information(), account="U1"),
        statement(section("Trades", trade(accountId="U3"), trade(accountId="-")), account="U2"),
    )
    accounts = table("accounts", document, context=CleanContext(base_currency="CHF"))
    assert accounts.select(
        "account_id", "base_currency", "base_currency_source", "section", "row_ordinal"
    ).rows() == [
        ("U1", "EUR", "AccountInformation", "AccountInformation", 0),
        ("U2", "CHF", "setting", "FlexStatement", 1),
        ("U3", "CHF", "setting", "FlexStatement", 1),
    ]


def test_without_a_setting_an_unknown_base_currency_is_missing() -> None:
    accounts = table("accounts", flex_document(statement(account="U2")))
    assert accounts.select("base_currency", "base_currency_source").row(0) == (None, None)


def test_an_instrument_is_told_by_securities_info_before_newer_rows_of_other_sections() -> None:
    info = {
        "assetCategory": "STK",
        "symbol": "ABC",
        "description": "ABC INC-CL A",
        "conid": "1001",
        "currency": "USD",
    }
    listed = element("SecurityInfo", **info, isin="US0000000001", multiplier="1")
    older = flex_document(statement(section("SecuritiesInfo", listed), generated=OLDER))
    newer = flex_document(
        statement(section("Trades", trade(description="ABC", subCategory="COMMON", isin="")), generated=NEWER)
    )
    row = table("instruments", newer, older).row(0, named=True)
    assert row["description"] == "ABC INC-CL A"
    assert (row["isin"], row["sub_category"]) == ("US0000000001", "COMMON")


def test_a_dividends_currency_and_text_are_not_the_instruments() -> None:
    dividend = cash(
        currency="EUR", description="ABC CASH DIVIDEND EUR 1", multiplier="0", isin="US0000000001"
    )
    bare = table("instruments", flex_document(statement(section("CashTransactions", dividend)))).row(
        0, named=True
    )
    assert (bare["currency"], bare["description"], bare["multiplier"]) == (None, None, None)
    assert bare["isin"] == "US0000000001"
    held = flex_document(
        statement(section("CashTransactions", dividend), section("OpenPositions", position()))
    )
    known = table("instruments", held).row(0, named=True)
    assert (known["currency"], known["description"], known["multiplier"]) == ("USD", "ABC INC", Decimal(1))


def test_the_newest_name_of_an_instrument_wins() -> None:
    older = flex_document(statement(section("Trades", trade(description="OLD NAME")), generated=OLDER))
    newer = flex_document(
        statement(section("OpenPositions", position(description="NEW NAME")), generated=NEWER)
    )
    assert table("instruments", older, newer)["description"].to_list() == ["NEW NAME"]
    days = [
        trade(transactionID="1", description="OLD NAME"),
        trade(transactionID="2", description="NEW NAME"),
    ]
    assert table("instruments", flex_document(statement(section("Trades", *days))))[
        "description"
    ].to_list() == ["NEW NAME"]


def test_an_option_keeps_strike_expiry_and_underlying() -> None:
    option = {"assetCategory": "OPT", "conid": "7", "symbol": "ABC   240119C00010000", "multiplier": "100"}
    option |= {"strike": "10", "expiry": "20240119", "putCall": "C"}
    option |= {"underlyingConid": "1001", "underlyingSymbol": "ABC"}
    row = table("instruments", flex_document(statement(section("Trades", trade(**option))))).row(
        0, named=True
    )
    assert (row["strike"], row["multiplier"], row["expiry_date"]) == (10, 100, date(2024, 1, 19))
    assert (row["underlying_conid"], row["underlying_symbol"], row["put_call"]) == (1001, "ABC", "C")


def test_every_instrument_of_a_fact_has_a_row() -> None:
    document = flex_document(
        statement(
            section("Trades", trade(), trade(conid="", symbol="XYZ", transactionID="2")),
            section("OpenPositions", position(conid="3")),
            section(
                "CashTransactions",
                cash(conid="4"),
                cash(conid="", symbol="Q", currency="EUR", transactionID="2"),
            ),
        )
    )
    cleaned = clean([document])
    known = set(cleaned["instruments"].table["instrument_key"])
    for name in ("trades", "positions", "cash_transactions"):
        assert set(cleaned[name].table["instrument_key"].drop_nulls()) <= known, name


def test_without_any_document_every_table_is_empty_and_keeps_its_contract() -> None:
    for name, cleaned in clean([]).items():
        assert cleaned.table.schema == CONTRACTS[name].polars_schema, name
        assert cleaned.table.is_empty(), name
        assert cleaned.issues.is_empty(), name


def test_there_is_a_builder_for_every_contract() -> None:
    assert list(CLEAN_TABLES) == list(CONTRACTS)
    assert all(name == built.name for name, built in CLEAN_TABLES.items())


def test_builders_read_only_the_sections_that_they_name() -> None:
    asked: set[str] = set()

    def raw(section_name: str) -> None:
        asked.add(section_name)

    for built in CLEAN_TABLES.values():
        asked.clear()
        built.build(raw, CleanContext())
        assert asked <= set(built.inputs), built.name
